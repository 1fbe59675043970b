import type { Scenario } from './scenario.ts';

const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const head = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' } as const;
const [JSON_PATCH, MERGE_PATCH, STRATEGIC, APPLY] = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
] as const;

/** What a merge may say of a definition, in either of the two ways. */
const MERGES: readonly unknown[] = [
  {},
  { spec: null },
  { spec: { scope: null } },
  { spec: { names: { shortNames: ['w'] } } },
  { spec: { names: { plural: 'others' } } },
  { spec: { versions: {} } },
  { spec: { versions: [] } },
  { spec: { versions: [{ name: 'v1' }] } },
  { spec: { versions: [{ name: 1 }] } },
  { spec: { group: 5 } },
  { spec: { unknown: 1 } },
  { unknown: { a: 1 } },
  { kind: 'Gadget' },
  { kind: 'CustomResourceDefinitionList' },
  { kind: null },
  { kind: 5 },
  { apiVersion: 'v9' },
  { apiVersion: 'apiextensions.k8s.io/v1beta1' },
  { apiVersion: null },
  { metadata: null },
  { metadata: { name: 'b' } },
  { metadata: { name: null } },
  { metadata: { namespace: 'b' } },
  { metadata: { resourceVersion: '1' } },
  { metadata: { resourceVersion: 'x' } },
  { metadata: { uid: 'x' } },
  { metadata: { generation: 9 } },
  { metadata: { generation: 'x' } },
  { metadata: { creationTimestamp: null } },
  { metadata: { creationTimestamp: 'x' } },
  { metadata: { deletionTimestamp: '2001-01-01T00:00:00Z' } },
  { metadata: { managedFields: [{}] } },
  { metadata: { managedFields: [{ manager: 'x', operation: 'Bad' }] } },
  { metadata: { labels: { a: 'b c' } } },
  { metadata: { labels: { a: 1 } } },
  { metadata: { annotations: { 'a/b/c': 'd' } } },
  { metadata: { finalizers: ['x'] } },
  { metadata: { finalizers: ['x.dev/y', 'x.dev/y'] } },
  { metadata: { ownerReferences: [{}] } },
  {
    metadata: {
      ownerReferences: [
        { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u' },
        { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u' },
      ],
    },
  },
  { metadata: { $patch: 'delete' } },
  { metadata: { $patch: 'x' } },
  { metadata: { $setElementOrder: 1 } },
  { metadata: { '$deleteFromPrimitiveList/finalizers': ['x'] } },
  { metadata: { '$setElementOrder/finalizers': ['a', 'b'], finalizers: ['b/c', 'a/d'] } },
  { status: { conditions: [] } },
  [],
  null,
  1,
  'x',
  '{',
  '',
  '{} x',
  '{"spec":{"scope":"Cluster","scope":"Namespaced"}}',
  '{"spec":{"preserveUnknownFields":1e400}}',
];

const OPERATIONS: readonly unknown[] = [
  null,
  [],
  [{}],
  [1],
  [{ op: 'add' }],
  [{ op: 1, path: '/spec' }],
  [{ op: 'test', path: '/spec/scope', value: 'x' }],
  [{ op: 'remove', path: '/kind' }],
  [{ op: 'remove', path: '/apiVersion' }],
  [{ op: 'replace', path: '/kind', value: 'Gadget' }],
  [{ op: 'replace', path: '/apiVersion', value: 'apiextensions.k8s.io/v2' }],
  [{ op: 'replace', path: '/spec', value: 5 }],
  [{ op: 'replace', path: '', value: 5 }],
  [{ op: 'replace', path: '', value: [] }],
  [{ op: 'replace', path: '', value: {} }],
  [{ op: 'add', path: '/spec/unknown', value: 1 }],
  [{ op: 'add', path: '/spec/names/shortNames', value: ['x'], more: 1 }],
  [{ op: 'add', path: '/metadata/labels', value: { a: 1 } }],
  [{ op: 'remove', path: '/metadata' }],
  [{ op: 'remove', path: '/spec/versions' }],
  [{ op: 'add', path: '/metadata/uid', value: 'x' }],
];

const CONFIGS: readonly unknown[] = [
  {},
  { ...head },
  { ...head, metadata: {} },
  { ...head, metadata: { name: '' } },
  { ...head, metadata: { name: 'other' } },
  { ...head, metadata: { name: 'NAME', namespace: 'x' } },
  { ...head, metadata: { name: 'NAME', uid: 'x' } },
  { ...head, metadata: { name: 'NAME', resourceVersion: '1' } },
  { ...head, metadata: { name: 'NAME', managedFields: [] } },
  { ...head, metadata: { name: 'NAME', labels: { a: 1 } } },
  { ...head, metadata: { name: 'NAME', labels: { a: 'b c' } } },
  { ...head, metadata: { name: 'NAME' }, spec: { names: { shortNames: ['w'] } } },
  { ...head, metadata: { name: 'NAME' }, spec: { scope: 'Cluster' } },
  { ...head, metadata: { name: 'NAME' }, spec: { unknown: 1 } },
  { ...head, metadata: { name: 'NAME' }, spec: { group: 1 } },
  { ...head, metadata: { name: 'NAME' }, spec: { versions: {} } },
  { ...head, metadata: { name: 'NAME' }, spec: { versions: [{ name: 'v1' }] } },
  { ...head, metadata: { name: 'NAME' }, spec: 'x' },
  { ...head, metadata: { name: 'NAME' }, spec: null },
  { ...head, metadata: 'x' },
  { ...head, metadata: { name: 'NAME' }, unknown: 1 },
  { ...head, kind: 'Gadget', metadata: { name: 'NAME' } },
  { ...head, apiVersion: 'apiextensions.k8s.io/v1beta1', metadata: { name: 'NAME' } },
  'x',
  [],
  null,
];

/** Of the two kinds of resources these are those whose type is known: what is said of the other built-in ones comes the same way. */
export const typed: readonly Scenario[] = [
  {
    name: 'patches of what is typed',
    async run({ ask }) {
      const patch = async (type: string, body: unknown): Promise<void> => {
        const sent = typeof body === 'string' ? body : JSON.stringify(body);
        for (const query of ['', '&fieldValidation=Strict', '&fieldValidation=Ignore']) {
          await ask('PATCH', `${DEFINITIONS}/widgets.oracle.dev?dryRun=All${query}`, { type, body: sent });
        }
        await ask('PATCH', `${DEFINITIONS}/widgets.oracle.dev/status?dryRun=All`, { type, body: sent });
      };
      for (const body of MERGES) {
        await patch(MERGE_PATCH, body);
        await patch(STRATEGIC, body);
      }
      for (const body of OPERATIONS) await patch(JSON_PATCH, body);
    },
  },
  {
    name: 'applies of what is typed',
    async run({ ask }) {
      for (const config of CONFIGS) {
        for (const name of ['widgets.oracle.dev', 'none.oracle.dev']) {
          const body = JSON.stringify(config).replaceAll('NAME', name);
          for (const query of ['', '&force=true', '&fieldValidation=Strict'])
            await ask('PATCH', `${DEFINITIONS}/${name}?dryRun=All&fieldManager=me${query}`, { type: APPLY, body });
        }
        const body = JSON.stringify(config).replaceAll('NAME', 'widgets.oracle.dev');
        await ask('PATCH', `${DEFINITIONS}/widgets.oracle.dev/status?dryRun=All&fieldManager=me`, {
          type: APPLY,
          body,
        });
      }
    },
  },
];
