import type { Client, Scenario } from './scenario.ts';
import { writeJson } from '@navarch/machinery';

const collectionOf = (namespace: string): string => `/apis/oracle.dev/v1/namespaces/${namespace}/widgets`;
const head = { apiVersion: 'oracle.dev/v1', kind: 'Widget' } as const;
const [JSON_PATCH, MERGE_PATCH, STRATEGIC, APPLY] = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
] as const;

async function make(
  { namespace, quietly }: Client,
  name = 'a',
  spec: object = { name: 'x', list: ['a', 'b'], labels: { k: 'v' } },
): Promise<any> {
  return (
    await quietly('POST', collectionOf(namespace), { body: { ...head, metadata: { name, labels: { l: 'm' } }, spec } })
  ).json;
}

const PATCHES: readonly (readonly [type: string, body: unknown])[] = [
  ...[
    [],
    [{ op: 'test', path: '/spec/name', value: 'x' }],
    [{ op: 'test', path: '/spec/name', value: 'y' }],
    [{ op: 'test', path: '/spec/none', value: 'y' }],
    [{ op: 'test', path: '/spec/none', value: null }],
    [{ op: 'add', path: '/spec/list/-', value: 'c' }],
    [{ op: 'add', path: '/spec/list/0', value: 'z' }],
    [{ op: 'add', path: '/spec/list/9', value: 'z' }],
    [{ op: 'add', path: '/spec/list/-1', value: 'z' }],
    [{ op: 'add', path: '/spec/list/x', value: 'z' }],
    [{ op: 'remove', path: '/spec/list/0' }],
    [{ op: 'remove', path: '/spec/list/9' }],
    [{ op: 'remove', path: '/spec/none' }],
    [{ op: 'remove', path: '/spec/none/deep' }],
    [{ op: 'replace', path: '/spec/name', value: 'w' }],
    [{ op: 'replace', path: '/spec/none', value: 'w' }],
    [{ op: 'replace', path: '/spec/none/deep', value: 'w' }],
    [{ op: 'move', from: '/spec/name', path: '/spec/labels/n' }],
    [{ op: 'move', from: '/spec/none', path: '/spec/labels/n' }],
    [{ op: 'copy', from: '/spec/name', path: '/spec/labels/n' }],
    [{ op: 'copy', from: '/spec/none', path: '/x' }],
    [{ op: 'add', path: '/spec/labels/a~1b', value: 'c' }],
    [{ op: 'add', path: '/spec/labels/a~0b', value: 'c' }],
    [{ op: 'add', path: '', value: {} }],
    [{ op: 'replace', path: '', value: { ...head, metadata: { name: 'a' } } }],
    [{ op: 'remove', path: '' }],
    [{ op: 'add', path: 'spec', value: {} }],
    [{ op: 'add', path: '/', value: 1 }],
    [{ op: 'x', path: '/spec' }],
    [{ op: 'add' }],
    [{ path: '/spec' }],
    [{ op: 'add', path: '/spec/name' }],
    [{ op: 'add', path: 1, value: 1 }],
    [{}],
    [1],
    [{ op: 'replace', path: '/metadata/name', value: 'b' }],
    [{ op: 'replace', path: '/metadata/namespace', value: 'b' }],
    [{ op: 'remove', path: '/metadata' }],
    [{ op: 'replace', path: '/kind', value: 'Gadget' }],
    [{ op: 'replace', path: '/apiVersion', value: 'oracle.dev/v2' }],
    [{ op: 'remove', path: '/kind' }],
    [{ op: 'replace', path: '/metadata/resourceVersion', value: '1' }],
    [{ op: 'replace', path: '/metadata/uid', value: 'x' }],
    [{ op: 'add', path: '/spec/unknown', value: 1 }],
    [{ op: 'replace', path: '/spec/name', value: 'UPPER' }],
    [{ op: 'add', path: '/status', value: { size: 1 } }],
    [{ op: 'add', path: '/metadata/finalizers', value: ['x'] }],
    {},
    null,
    1,
    '"x"',
    '[',
    '',
    '[{"op":"add","path":"/spec/name","value":"x"}] x',
  ].map((body) => [JSON_PATCH, body] as const),
  [JSON_PATCH, Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/kind', value: 'Widget' }))],
  ...[
    {},
    { spec: null },
    { spec: { name: null } },
    { spec: { list: ['q'] } },
    { spec: { labels: { k: null, j: 'v' } } },
    { metadata: { labels: { l: null } } },
    { metadata: { labels: null } },
    { metadata: null },
    { kind: 'Gadget' },
    { kind: null },
    { apiVersion: 'v9' },
    { metadata: { name: 'b' } },
    { metadata: { name: null } },
    { metadata: { namespace: 'b' } },
    { metadata: { resourceVersion: '1' } },
    { metadata: { resourceVersion: 'x' } },
    { metadata: { resourceVersion: null } },
    { metadata: { uid: 'x' } },
    { metadata: { creationTimestamp: '2001-01-01T00:00:00Z' } },
    { metadata: { creationTimestamp: null } },
    { metadata: { generation: 9 } },
    { metadata: { deletionTimestamp: '2001-01-01T00:00:00Z' } },
    { metadata: { selfLink: 'x' } },
    { metadata: { managedFields: [] } },
    { metadata: { managedFields: [{}] } },
    { metadata: { managedFields: null } },
    { metadata: { unknown: 1 } },
    { spec: { unknown: 1 } },
    { unknown: 1 },
    { spec: { size: 'x' } },
    { status: { size: 1 } },
    { metadata: { ownerReferences: [{}] } },
    {
      metadata: {
        ownerReferences: [
          { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u', controller: true },
          { apiVersion: 'v1', kind: 'Pod', name: 'q', uid: 'v', controller: true },
        ],
      },
    },
    { metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u' }] } },
    { metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'Event', name: 'p', uid: 'u' }] } },
    { metadata: { finalizers: ['x'] } },
    { metadata: { finalizers: ['x.dev/y', 'foregroundDeletion'] } },
    { metadata: { finalizers: ['orphan', 'foregroundDeletion'] } },
    { metadata: { finalizers: ['a b'] } },
    { metadata: { labels: { 'a b': 'c' } } },
    { metadata: { labels: { a: 'b c' } } },
    { metadata: { labels: { a: 1 } } },
    { metadata: { annotations: { 'a/b/c': 'd' } } },
    { metadata: { annotations: { a: 'x'.repeat(262_145) } } },
    { metadata: { generateName: 'x-' } },
    [],
    null,
    1,
    'x',
    '{',
    '',
    '{} x',
    '{"spec":{"name":"a","name":"b"}}',
  ].map((body) => [MERGE_PATCH, body] as const),
  [STRATEGIC, {}],
  ['application/json', {}],
  ['', {}],
];

export const writing: readonly Scenario[] = [
  {
    name: 'patches',
    async run(client) {
      const { namespace, ask, quietly } = client;
      const list = collectionOf(namespace);
      for (const [type, body] of PATCHES) {
        await make(client);
        const sent = typeof body === 'string' ? body : writeJson(body);
        await ask('PATCH', `${list}/a`, { type, body: sent });
        await ask('PATCH', `${list}/a?fieldValidation=Strict`, { type, body: sent });
        await ask('PATCH', `${list}/a/status`, { type, body: sent });
        await ask('PATCH', `${list}/none`, { type, body: sent });
        await quietly('PATCH', `${list}/a`, { type: MERGE_PATCH, body: { metadata: { finalizers: null } } });
        await quietly('DELETE', `${list}/a`);
      }
      await make(client);
      await ask('PATCH', list, { type: MERGE_PATCH, body: {} });
      await ask('PATCH', `${list}/a?force=true`, { type: MERGE_PATCH, body: {} });
      await ask('PATCH', `${list}/a?dryRun=All`, { type: MERGE_PATCH, body: { spec: { name: 'dry' } } });
      await ask('PATCH', `${list}/a?dryRun=Some`, { type: MERGE_PATCH, body: { spec: { name: 'dry' } } });
      await ask('PATCH', `${list}/a?dryRun=`, { type: MERGE_PATCH, body: { spec: { name: 'wet' } } });
      await ask('PATCH', `${list}/a?fieldManager=${'x'.repeat(129)}`, {
        type: MERGE_PATCH,
        body: { spec: { name: 'wet' } },
      });
      await ask('PATCH', `${list}/a?fieldManager=${encodeURIComponent('a\u0007b')}`, {
        type: MERGE_PATCH,
        body: { spec: { name: 'wet' } },
      });
      await ask('PATCH', `${list}/a?fieldManager=me`, { type: MERGE_PATCH, body: { spec: { name: 'mine' } } });
      await ask('PATCH', `${list}/a`, {
        type: MERGE_PATCH,
        body: { spec: { name: 'agent' } },
        headers: { 'user-agent': 'agent/1.0 (x)' },
      });
    },
  },
  {
    name: 'updates',
    async run(client) {
      const { namespace, ask } = client;
      const list = collectionOf(namespace);
      const made = await make(client);
      const { metadata } = made;
      const put = (change: object, more: object = {}, query = '', part = ''): Promise<unknown> =>
        ask('PUT', `${list}/a${part}${query}`, { body: { ...made, ...more, metadata: { ...metadata, ...change } } });
      await put({});
      await put({ resourceVersion: undefined });
      await put({ resourceVersion: '0' });
      await put({ resourceVersion: '1' });
      await put({ resourceVersion: 'x' });
      await put({ uid: 'x' });
      await put({ uid: undefined });
      await put({ name: 'b' });
      await put({ namespace: 'b' });
      await put({ namespace: undefined });
      await put({
        creationTimestamp: '2001-01-01T00:00:00Z',
        generation: 77,
        selfLink: 'x',
        deletionTimestamp: '2001-01-01T00:00:00Z',
        deletionGracePeriodSeconds: 3,
      });
      await put({ managedFields: [] });
      await put({ managedFields: [{}] });
      await put({ managedFields: [{ manager: 'x' }] });
      await put({
        managedFields: [
          {
            manager: 'x',
            operation: 'Apply',
            apiVersion: 'oracle.dev/v1',
            time: '2001-01-01T00:00:00Z',
            fieldsType: 'FieldsV1',
            fieldsV1: { 'f:spec': { 'f:name': {} } },
          },
        ],
      });
      await put({
        managedFields: [
          { manager: 'x', operation: 'Other', apiVersion: 'oracle.dev/v1', fieldsType: 'FieldsV1', fieldsV1: {} },
        ],
      });
      await put({
        managedFields: [
          { manager: 'x', operation: 'Update', apiVersion: 'x/v1', fieldsType: 'FieldsV2', fieldsV1: {} },
        ],
      });
      await put({}, { spec: { name: 'y' } }, '?dryRun=All');
      await put({}, { spec: { name: 'y' }, status: { size: 3 } });
      await put({ resourceVersion: undefined }, { status: { size: 3 } }, '', '/status');
      await ask('GET', `${list}/a`);
      const current = (await ask('GET', `${list}/a`)).json;
      await ask('PUT', `${list}/a/status`, {
        body: { ...current, spec: { name: 'ignored' }, status: { size: 3, phase: 'on', unknown: 1 } },
      });
      await ask('PUT', `${list}/a/status`, { body: { ...current, status: { size: 'x' } } });
      await ask('PUT', `${list}/none`, { body: { ...current, metadata: { name: 'none' } } });
      await ask('PUT', `${list}/none`, {
        body: { ...current, metadata: { name: 'none', resourceVersion: '1', uid: 'x' } },
      });
      await ask('PUT', list, { body: current });
      await ask('POST', `${list}/a`, { body: current });
      for (const part of ['scale']) {
        const scale = (await ask('GET', `${list}/a/${part}`)).json;
        await ask('PUT', `${list}/a/${part}`, { body: { ...scale, spec: { replicas: 4 } } });
        await ask('PUT', `${list}/a/${part}`, { body: { ...scale, spec: { replicas: 5 } } });
        await ask('PUT', `${list}/a/${part}`, {
          body: { ...scale, metadata: { name: 'a', namespace }, spec: { replicas: 6 } },
        });
        await ask('PUT', `${list}/a/${part}`, {
          body: { ...scale, metadata: { name: 'a', namespace }, spec: { replicas: -1 } },
        });
        await ask('PUT', `${list}/a/${part}`, { body: { ...scale, metadata: { name: 'a', namespace }, spec: {} } });
        await ask('PUT', `${list}/a/${part}`, {
          body: { ...scale, metadata: { name: 'b', namespace }, spec: { replicas: 1 } },
        });
        await ask('PUT', `${list}/a/${part}`, { body: { ...scale, kind: 'Widget' } });
        await ask('PUT', `${list}/a/${part}`, {
          body: { metadata: { name: 'a', namespace }, spec: { replicas: 'x' } },
        });
        await ask('PATCH', `${list}/a/${part}`, { type: MERGE_PATCH, body: { spec: { replicas: 8 } } });
        await ask('PATCH', `${list}/a/${part}`, {
          type: JSON_PATCH,
          body: [{ op: 'replace', path: '/spec/replicas', value: 9 }],
        });
        await ask('PATCH', `${list}/a/${part}`, { type: MERGE_PATCH, body: { spec: { replicas: null } } });
        await ask('PATCH', `${list}/a/${part}?dryRun=All`, { type: MERGE_PATCH, body: { spec: { replicas: 2 } } });
        await ask('PATCH', `${list}/a/${part}?fieldManager=s`, {
          type: APPLY,
          body: {
            apiVersion: 'autoscaling/v1',
            kind: 'Scale',
            metadata: { name: 'a', namespace },
            spec: { replicas: 3 },
          },
        });
        await ask('DELETE', `${list}/a/${part}`);
        await ask('POST', `${list}/a/${part}`, { body: scale });
      }
      await ask('GET', `${list}/a`);
      await ask('GET', `${list}/a/other`);
      await ask('GET', `${list}/a/status/more`);
    },
  },
  {
    name: 'creations',
    async run(client) {
      const { namespace, ask, quietly } = client;
      const list = collectionOf(namespace);
      const post = async (metadata: object, more: object = {}, query = ''): Promise<void> => {
        await ask('POST', `${list}${query}`, { body: { ...head, metadata, ...more } });
        await quietly('DELETE', list);
      };
      await post({ name: 'a', uid: 'x', resourceVersion: '5' });
      await post({
        name: 'a',
        uid: 'x',
        creationTimestamp: '2001-01-01T00:00:00Z',
        generation: 5,
        selfLink: '/x',
        deletionTimestamp: '2001-01-01T00:00:00Z',
        deletionGracePeriodSeconds: 5,
      });
      await post(
        {
          name: 'a',
          managedFields: [
            {
              manager: 'x',
              operation: 'Apply',
              apiVersion: 'oracle.dev/v1',
              time: '2001-01-01T00:00:00Z',
              fieldsType: 'FieldsV1',
              fieldsV1: { 'f:spec': { 'f:name': {} } },
            },
          ],
        },
        { spec: { name: 'x' } },
      );
      await post({ name: 'a', managedFields: [{ manager: 'x', operation: 'Bad' }] });
      await post({ name: 'a'.repeat(253) });
      await post({ name: 'a'.repeat(254) });
      await post({ name: 'a.b-c' });
      await post({ name: '-a' });
      await post({ name: 'a_b' });
      await post({ generateName: 'X' });
      await post({ generateName: 'x'.repeat(300), name: 'a' });
      for (const label of ['x y', '', 'a/', 'a.b/c', 'A.b/c', '/c'])
        await post({ name: 'a', labels: { 'a.b/c': 'd', [label]: 'z' } });
      for (const value of ['b'.repeat(64), '-', 'a b', '.']) await post({ name: 'a', labels: { a: value } });
      await post({ name: 'a', annotations: { '': 'x' } });
      await post({ name: 'a', annotations: { A: 'x'.repeat(262_144) } });
      await post({ name: 'a', finalizers: ['a', 'b/c', ''] });
      await post({ name: 'a', ownerReferences: [{ apiVersion: '', kind: '', name: '', uid: '' }] });
      await post({
        name: 'a',
        ownerReferences: [{ apiVersion: 'a/b/c', kind: 'X', name: 'n', uid: 'u', blockOwnerDeletion: true }],
      });
      await post({ name: 'a', deletionGracePeriodSeconds: 'x' });
      await post({ name: 'a', namespace: 'other' });
      await post({ name: 'a' }, {}, '?dryRun=All');
      await post({ name: 'a' }, {}, '?dryRun=all');
      await post({ name: 'a' }, {}, '?dryRun=All&dryRun=All');
      await post({ name: 'a' }, {}, '?dryRun=All&dryRun=x');
      await post({ name: 'a' }, {}, '?unknown=1&pretty=&x');
      await post({ name: 'a' }, { spec: { name: 'm' } }, '?fieldManager=me');
      await post({ name: 'a' }, { spec: { name: 'm' } }, `?fieldManager=${'m'.repeat(129)}`);
      await post({ name: 'a' }, { spec: { name: 'm' } }, '?fieldManager=%00');
      await post({ name: 'a' }, { spec: { name: 'm' } }, '?fieldManager=a&fieldManager=b');
      await post({ name: 'a' }, {}, '?fieldValidation=x&dryRun=y');
      await ask('POST', list, { body: { ...head, metadata: { name: 'twice' } } });
      await ask('POST', list, { body: { ...head, metadata: { name: 'twice' } } });
      await ask('POST', `${list}?dryRun=All`, { body: { ...head, metadata: { name: 'twice' } } });
      await ask('POST', list, {
        body: { ...head, metadata: { name: 'big' }, spec: { any: { x: 'x'.repeat(3 * 1024 * 1024) } } },
      });
      await ask('PATCH', `${list}/twice`, {
        type: MERGE_PATCH,
        body: { spec: { any: { x: 'x'.repeat(3 * 1024 * 1024) } } },
      });
      await ask('POST', list, {
        body: { ...head, metadata: { name: 'nearly' }, spec: { any: { x: 'x'.repeat(1_600_000) } } },
      });
    },
  },
];
