import { type CustomScenario, scenario } from './custom-client.ts';
import { type Definition, definition, DEFINITIONS, version } from './custom-definitions.ts';

const hook = { clientConfig: { url: 'https://x.example.com/c' }, conversionReviewVersions: ['v1'] };
const GROUP = 'bad.example.com';

/** A definition with a fault, or with something odd that is none. */
const bad = (
  name: string,
  change: (definition: any) => void,
): readonly [name: string, change: (definition: any) => void] => [name, change];

const faults: readonly (readonly [name: string, change: (definition: any) => void])[] = [
  bad('empty spec', (d) => {
    d.spec = {};
  }),
  bad('no spec', (d) => {
    delete d.spec;
  }),
  bad('no name', (d) => {
    delete d.metadata.name;
  }),
  bad('wrong name', (d) => {
    d.metadata.name = 'bars.bad.example.com';
  }),
  bad('upper name', (d) => {
    d.metadata.name = 'Foos.bad.example.com';
  }),
  bad('no group', (d) => {
    d.spec.group = '';
    d.metadata.name = 'foos.';
  }),
  bad('one-part group', (d) => {
    d.spec.group = 'foo';
    d.metadata.name = 'foos.foo';
  }),
  bad('bad group', (d) => {
    d.spec.group = 'foo_.Bar';
    d.metadata.name = 'foos.foo_.Bar';
  }),
  bad('no scope', (d) => {
    delete d.spec.scope;
  }),
  bad('bad scope', (d) => {
    d.spec.scope = 'Foo';
  }),
  bad('null versions', (d) => {
    d.spec.versions = null;
  }),
  bad('versions missing', (d) => {
    delete d.spec.versions;
  }),
  bad('bad version name', (d) => {
    d.spec.versions[0].name = 'V1_x';
  }),
  bad('empty version name', (d) => {
    d.spec.versions[0].name = '';
  }),
  bad('same version twice', (d) => {
    d.spec.versions.push(version('v1', { storage: false }));
  }),
  bad('two storage', (d) => {
    d.spec.versions.push(version('v2'));
  }),
  bad('no storage', (d) => {
    d.spec.versions[0].storage = false;
  }),
  bad('no storage two', (d) => {
    d.spec.versions[0].storage = false;
    d.spec.versions.push(version('v2', { storage: false }));
  }),
  bad('no schema', (d) => {
    delete d.spec.versions[0].schema;
  }),
  bad('empty schema', (d) => {
    d.spec.versions[0].schema = {};
  }),
  bad('null schema', (d) => {
    d.spec.versions[0].schema = { openAPIV3Schema: null };
  }),
  bad('empty openapi schema', (d) => {
    d.spec.versions[0].schema = { openAPIV3Schema: {} };
  }),
  bad('array root', (d) => {
    d.spec.versions[0].schema = { openAPIV3Schema: { type: 'array', items: { type: 'string' } } };
  }),
  bad('preserveUnknownFields', (d) => {
    d.spec.preserveUnknownFields = true;
  }),
  bad('preserveUnknownFields false', (d) => {
    d.spec.preserveUnknownFields = false;
  }),
  bad('preserveUnknownFields no schema', (d) => {
    d.spec.preserveUnknownFields = true;
    delete d.spec.versions[0].schema;
  }),
  bad('v1beta1 fields', (d) => {
    d.spec.version = 'v1';
    d.spec.validation = { openAPIV3Schema: { type: 'object' } };
    d.spec.subresources = { status: {} };
    d.spec.additionalPrinterColumns = [{ name: 'x', type: 'string', JSONPath: '.x' }];
  }),
  bad('v1beta1 api', (d) => {
    d.apiVersion = 'apiextensions.k8s.io/v1beta1';
  }),
  bad('not served', (d) => {
    d.spec.versions[0].served = false;
  }),
  bad('conversion none webhook', (d) => {
    d.spec.conversion = { strategy: 'None', webhook: hook };
  }),
  bad('conversion empty', (d) => {
    d.spec.conversion = {};
  }),
  bad('conversion empty strategy', (d) => {
    d.spec.conversion = { strategy: '' };
  }),
  bad('conversion unknown', (d) => {
    d.spec.conversion = { strategy: 'Foo' };
  }),
  bad('conversion webhook missing', (d) => {
    d.spec.conversion = { strategy: 'Webhook' };
  }),
  bad('conversion webhook no client', (d) => {
    d.spec.conversion = { strategy: 'Webhook', webhook: { conversionReviewVersions: ['v1'] } };
  }),
  bad('conversion webhook empty client', (d) => {
    d.spec.conversion = { strategy: 'Webhook', webhook: { clientConfig: {}, conversionReviewVersions: ['v1'] } };
  }),
  bad('conversion webhook both', (d) => {
    d.spec.conversion = {
      strategy: 'Webhook',
      webhook: {
        clientConfig: { url: 'https://x.y/z', service: { namespace: 'a', name: 'b' } },
        conversionReviewVersions: ['v1'],
      },
    };
  }),
  bad('conversion webhook http', (d) => {
    d.spec.conversion = {
      strategy: 'Webhook',
      webhook: { clientConfig: { url: 'http://x.y/z' }, conversionReviewVersions: ['v1'] },
    };
  }),
  bad('conversion webhook odd url', (d) => {
    d.spec.conversion = {
      strategy: 'Webhook',
      webhook: { clientConfig: { url: 'https://u:p@x.y/z?a=b#c' }, conversionReviewVersions: ['v1'] },
    };
  }),
  bad('conversion webhook bad url', (d) => {
    d.spec.conversion = {
      strategy: 'Webhook',
      webhook: { clientConfig: { url: '%zz' }, conversionReviewVersions: ['v1'] },
    };
  }),
  bad('conversion webhook caBundle', (d) => {
    d.spec.conversion = {
      strategy: 'Webhook',
      webhook: { clientConfig: { url: 'https://x.y/z', caBundle: 'Zm9v' }, conversionReviewVersions: ['v1'] },
    };
  }),
  bad('conversion webhook no versions', (d) => {
    d.spec.conversion = { strategy: 'Webhook', webhook: { clientConfig: { url: 'https://x.y/z' } } };
  }),
  bad('conversion webhook odd versions', (d) => {
    d.spec.conversion = {
      strategy: 'Webhook',
      webhook: { clientConfig: { url: 'https://x.y/z' }, conversionReviewVersions: ['v2', 'v2', '0v', ''] },
    };
  }),
  bad('conversion webhook unknown versions', (d) => {
    d.spec.conversion = {
      strategy: 'Webhook',
      webhook: { clientConfig: { url: 'https://x.y/z' }, conversionReviewVersions: ['v2', 'v3'] },
    };
  }),
  bad('conversion webhook service', (d) => {
    d.spec.conversion = {
      strategy: 'Webhook',
      webhook: {
        clientConfig: { service: { namespace: '', name: '', path: 'x', port: 70000 } },
        conversionReviewVersions: ['v1'],
      },
    };
  }),
  bad('conversion webhook service path', (d) => {
    d.spec.conversion = {
      strategy: 'Webhook',
      webhook: {
        clientConfig: { service: { namespace: 'a', name: 'b', path: '/A//b/_c' } },
        conversionReviewVersions: ['v1'],
      },
    };
  }),
  bad('conversion webhook good service', (d) => {
    d.spec.conversion = {
      strategy: 'Webhook',
      webhook: { clientConfig: { service: { namespace: 'a', name: 'b' } }, conversionReviewVersions: ['v1'] },
    };
  }),
  bad('names', (d) => {
    d.spec.names = {
      plural: 'Foos',
      singular: 'Fo_o',
      kind: '1Foo',
      listKind: 'Foo_List',
      shortNames: ['F', ''],
      categories: ['A', ''],
    };
  }),
  bad('names empty', (d) => {
    d.spec.names = {};
  }),
  bad('names kind list same', (d) => {
    d.spec.names = { plural: 'foos', kind: 'Foo', listKind: 'Foo' };
  }),
  bad('names only plural', (d) => {
    d.spec.names = { plural: 'foos' };
  }),
  bad('long names', (d) => {
    const l = 'a'.repeat(64);
    d.spec.names = { plural: l, kind: l, singular: l, listKind: l + 'List', shortNames: [l], categories: [l] };
    d.metadata.name = `${l}.bad.example.com`;
  }),
  bad('columns', (d) => {
    d.spec.versions[0].additionalPrinterColumns = [
      { name: '', type: '', jsonPath: '' },
      { name: 'x', type: 'foo', jsonPath: 'x' },
      { name: 'x', type: 'integer', format: 'foo', jsonPath: '.x[' },
      { name: 'y', type: 'string', jsonPath: '.x[*].y' },
      { name: 'z', type: 'date', jsonPath: '{.x}' },
    ];
  }),
  bad('scale', (d) => {
    d.spec.versions[0].subresources = { scale: {} };
  }),
  bad('scale paths', (d) => {
    d.spec.versions[0].subresources = {
      scale: { specReplicasPath: '.foo', statusReplicasPath: '.bar', labelSelectorPath: '.foo' },
    };
  }),
  bad('scale paths 2', (d) => {
    d.spec.versions[0].subresources = {
      scale: { specReplicasPath: 'spec.x', statusReplicasPath: '.spec.replicas', labelSelectorPath: '.status.x[0]' },
    };
  }),
  bad('scale paths 3', (d) => {
    d.spec.versions[0].subresources = {
      scale: { specReplicasPath: '.spec[', statusReplicasPath: '.status.a.*', labelSelectorPath: '.spec.sel' },
    };
  }),
  bad('selectable', (d) => {
    d.spec.versions[0].selectableFields = [
      { jsonPath: '' },
      { jsonPath: '.metadata.name' },
      { jsonPath: 'spec.x' },
      { jsonPath: '.spec.x' },
      { jsonPath: '.spec.x' },
      { jsonPath: '.spec.l[0]' },
    ];
  }),
  bad('selectable types', (d) => {
    d.spec.versions[0].schema.openAPIV3Schema = {
      type: 'object',
      properties: {
        spec: {
          type: 'object',
          properties: {
            o: { type: 'object' },
            l: { type: 'array', items: { type: 'string' } },
            n: { type: 'number' },
            i: { type: 'integer' },
            b: { type: 'boolean' },
            s: { type: 'string' },
            x: { 'x-kubernetes-int-or-string': true },
          },
        },
      },
    };
    d.spec.versions[0].selectableFields = ['o', 'l', 'n', 'i', 'b', 's', 'x', 'missing'].map((x) => ({
      jsonPath: `.spec.${x}`,
    }));
  }),
  bad('selectable too many', (d) => {
    const names = Array.from('abcdefghi');
    d.spec.versions[0].schema.openAPIV3Schema = {
      type: 'object',
      properties: Object.fromEntries(names.map((x) => [x, { type: 'string' }])),
    };
    d.spec.versions[0].selectableFields = names.map((x) => ({ jsonPath: `.${x}` }));
  }),
  bad('deprecated warning', (d) => {
    d.spec.versions[0].deprecationWarning = 'x';
  }),
  bad('deprecated warning empty', (d) => {
    d.spec.versions[0].deprecated = true;
    d.spec.versions[0].deprecationWarning = '';
  }),
  bad('deprecated warning control', (d) => {
    d.spec.versions[0].deprecated = true;
    d.spec.versions[0].deprecationWarning = 'a\nb\u0001' + 'x'.repeat(300);
  }),
  bad('api group', (d) => {
    d.spec.group = 'foo.k8s.io';
    d.metadata.name = 'foos.foo.k8s.io';
  }),
  bad('api group bad', (d) => {
    d.spec.group = 'foo.k8s.io';
    d.metadata.name = 'foos.foo.k8s.io';
    d.metadata.annotations = { 'api-approved.kubernetes.io': 'foo' };
  }),
  bad('api group empty', (d) => {
    d.spec.group = 'foo.k8s.io';
    d.metadata.name = 'foos.foo.k8s.io';
    d.metadata.annotations = { 'api-approved.kubernetes.io': '' };
  }),
  bad('api group url', (d) => {
    d.spec.group = 'foo.k8s.io';
    d.metadata.name = 'foos.foo.k8s.io';
    d.metadata.annotations = { 'api-approved.kubernetes.io': 'https://github.com/kubernetes/kubernetes/pull/1' };
  }),
  bad('api group unapproved', (d) => {
    d.spec.group = 'foo.kubernetes.io';
    d.metadata.name = 'foos.foo.kubernetes.io';
    d.metadata.annotations = { 'api-approved.kubernetes.io': 'unapproved, x' };
  }),
  bad('api group x', (d) => {
    d.spec.group = 'x-foo.x-k8s.io';
    d.metadata.name = 'foos.x-foo.x-k8s.io';
  }),
  bad('api group scaling', (d) => {
    d.spec.group = 'kubernetes.io';
    d.metadata.name = 'foos.kubernetes.io';
  }),
  bad('unknown field strict', (d) => {
    d.spec.foo = 1;
  }),
  bad('status sent', (d) => {
    d.status = {
      conditions: [{ type: 'Established', status: 'True' }],
      acceptedNames: { plural: 'x', kind: 'Y' },
      storedVersions: ['v9'],
    };
  }),
  bad('deep types', (d) => {
    d.spec.versions = 'x';
  }),
  bad('int name', (d) => {
    d.spec.names.kind = 5;
  }),
];

/** What creating each of them is answered. */
export const faultyDefinitions: readonly CustomScenario[] = [
  scenario('faulty definitions', async (client) => {
    for (const [, change] of faults) {
      const made: Definition = definition(GROUP);
      change(made);
      const { status } = await client.ask('POST', DEFINITIONS, made);
      if (status !== 201) continue;
      await client.settle(made.metadata.name);
      await client.drop(made.metadata.name);
    }
  }),
];
