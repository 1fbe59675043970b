import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Asked, asked, settled } from '../testing/ask.ts';

const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const TABS = '/apis/stable.example.com/v1/namespaces/d/crontabs';
const schema = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      required: ['cronSpec'],
      properties: {
        cronSpec: { type: 'string', pattern: '^(\\d+|\\*)(/\\d+)?(\\s+(\\d+|\\*)(/\\d+)?){4}$' },
        replicas: { type: 'integer', minimum: 1, maximum: 10, default: 1 },
        ports: {
          type: 'array',
          items: {
            type: 'object',
            required: ['name'],
            properties: { name: { type: 'string' }, port: { type: 'integer' } },
          },
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['name'],
        },
        target: { 'x-kubernetes-int-or-string': true },
      },
    },
    status: { type: 'object', properties: { replicas: { type: 'integer' }, labelSelector: { type: 'string' } } },
  },
};
const version = (name: string, more: object = {}): object => ({
  name,
  served: true,
  storage: true,
  schema: { openAPIV3Schema: schema },
  ...more,
});
const definition = (plural = 'crontabs', kind = 'CronTab', versions: readonly object[] = [version('v1')]): any => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${plural}.stable.example.com` },
  spec: {
    group: 'stable.example.com',
    scope: 'Namespaced',
    names: { plural, kind, shortNames: plural === 'crontabs' ? ['ct'] : [] },
    versions,
  },
});
const tab = (name: string, spec: object = { cronSpec: '* * * * */5' }): object => ({
  apiVersion: 'stable.example.com/v1',
  kind: 'CronTab',
  metadata: { name },
  spec,
});

/** A server that serves the definition. */
async function defined(one = definition()): Promise<Asked> {
  const server = await asked();
  const { status, text } = await server.ask('POST', DEFINITIONS, one);
  assert.equal(status, 201, text);
  await settled();
  return server;
}

test('a definition is established, and what it defines is there at once', async () => {
  const { ask } = await defined();
  const { body } = await ask('GET', `${DEFINITIONS}/crontabs.stable.example.com`);
  assert.deepEqual(
    body.status.conditions.map((c: any) => [c.type, c.status, c.reason, c.message]),
    [
      ['NamesAccepted', 'True', 'NoConflicts', 'no conflicts found'],
      ['Established', 'True', 'InitialNamesAccepted', 'the initial names have been accepted'],
    ],
  );
  assert.deepEqual(
    [body.status.acceptedNames.kind, body.status.acceptedNames.listKind, body.status.storedVersions],
    ['CronTab', 'CronTabList', ['v1']],
  );
  assert.deepEqual(
    [body.metadata.finalizers, body.metadata.managedFields.map((entry: any) => [entry.manager, entry.subresource])],
    [
      undefined,
      [
        ['kube-apiserver', 'status'],
        ['unknown', undefined],
      ],
    ],
  );
  const { body: list } = await ask('GET', '/apis/stable.example.com/v1');
  assert.deepEqual(
    list.resources.map((r: any) => [r.name, r.kind, r.shortNames]),
    [['crontabs', 'CronTab', ['ct']]],
  );
  assert.equal((await ask('GET', TABS)).body.kind, 'CronTabList');
});

test('objects are completed, pruned and printed by name', async () => {
  const { ask } = await defined();
  const { status, body, text } = await ask('POST', TABS, {
    ...tab('a', { cronSpec: '* * * * */5', unknown: 1, target: 'x' }),
    extra: true,
  });
  assert.equal(status, 201, text);
  assert.deepEqual(body.spec, { cronSpec: '* * * * */5', replicas: 1, target: 'x' });
  assert.equal(body.extra, undefined);
  assert.match(
    (await ask('GET', `${TABS}/a`)).text,
    /^\{"apiVersion":"stable.example.com\/v1","kind":"CronTab","metadata":\{"creationTimestamp":/,
  );
  const { items } = (await ask('GET', TABS)).body;
  assert.deepEqual(
    [items[0].kind, items[0].apiVersion, items[0].metadata.generation],
    ['CronTab', 'stable.example.com/v1', 1],
  );
});

test("objects that do not fit are refused in upstream's words", async () => {
  const { ask } = await defined();
  const { status, body } = await ask('POST', TABS, tab('a', { replicas: 11, cronSpec: 'x' }));
  assert.equal(status, 422);
  assert.equal(
    body.message,
    'CronTab.stable.example.com "a" is invalid: [spec.cronSpec: Invalid value: "x": spec.cronSpec in body should match \'^(\\d+|\\*)(/\\d+)?(\\s+(\\d+|\\*)(/\\d+)?){4}$\', spec.replicas: Invalid value: 11: spec.replicas in body should be less than or equal to 10]',
  );
  const strict = await ask('POST', `${TABS}?fieldValidation=Strict`, { ...tab('a'), foo: 1 });
  assert.match(strict.body.message, /strict decoding error: unknown field "foo"/);
  const patch = await ask('PATCH', `${TABS}/a`, {}, { 'content-type': 'application/strategic-merge-patch+json' });
  assert.equal(patch.status, 415);
});

test('status and scale are parts of their own where the definition says so', async () => {
  const subresources = {
    status: {},
    scale: {
      specReplicasPath: '.spec.replicas',
      statusReplicasPath: '.status.replicas',
      labelSelectorPath: '.status.labelSelector',
    },
  };
  const { ask } = await defined(definition('crontabs', 'CronTab', [version('v1', { subresources })]));
  const { body } = await ask('POST', TABS, { ...tab('a'), status: { replicas: 5 } });
  assert.equal(body.status, undefined);
  const done = await ask('PUT', `${TABS}/a/status`, {
    ...body,
    spec: { cronSpec: 'ignored', replicas: 3 },
    status: { replicas: 2, labelSelector: 'a=b' },
  });
  assert.deepEqual(
    [done.status, done.body.spec.replicas, done.body.status.replicas, done.body.metadata.generation],
    [200, 1, 2, 1],
  );
  const scale = (await ask('GET', `${TABS}/a/scale`)).body;
  assert.deepEqual(
    [scale.kind, scale.spec, scale.status],
    ['Scale', { replicas: 1 }, { replicas: 2, selector: 'a=b' }],
  );
  await ask('PATCH', `${TABS}/a/scale`, { spec: { replicas: 4 } }, { 'content-type': 'application/merge-patch+json' });
  const after = (await ask('GET', `${TABS}/a`)).body;
  assert.deepEqual([after.spec.replicas, after.metadata.generation, after.status.replicas], [4, 2, 2]);
});

test('columns, selectable fields and watches work as for any kind', async () => {
  const more = {
    additionalPrinterColumns: [
      { name: 'Spec', type: 'string', jsonPath: '.spec.cronSpec' },
      { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
    ],
    selectableFields: [{ jsonPath: '.spec.cronSpec' }],
  };
  const { ask, watch } = await defined(definition('crontabs', 'CronTab', [version('v1', more)]));
  const open = await watch(`${TABS}?watch=true`);
  for (const name of ['a', 'b'])
    await ask('POST', TABS, tab(name, { cronSpec: name === 'a' ? '* * * * *' : '1 * * * *' }));
  const table = (await ask('GET', TABS, undefined, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' })).body;
  assert.deepEqual(
    [table.columnDefinitions.map((c: any) => c.name), table.rows.map((r: any) => r.cells[1])],
    [
      ['Name', 'Spec', 'Age'],
      ['* * * * *', '1 * * * *'],
    ],
  );
  const chosen = (await ask('GET', `${TABS}?fieldSelector=${encodeURIComponent('spec.cronSpec=1 * * * *')}`)).body;
  assert.deepEqual(
    chosen.items.map((item: any) => item.metadata.name),
    ['b'],
  );
  assert.deepEqual(
    open.frames().map((frame) => [frame.type, frame.object.metadata.name]),
    [
      ['ADDED', 'a'],
      ['ADDED', 'b'],
    ],
  );
  await open.close();
});

test('server-side apply merges lists by their keys', async () => {
  const { ask } = await defined();
  const apply = (manager: string, spec: object): Promise<any> =>
    ask('PATCH', `${TABS}/a?fieldManager=${manager}`, tab('a', spec), {
      'content-type': 'application/apply-patch+yaml',
    });
  assert.equal((await apply('one', { cronSpec: '* * * * *', ports: [{ name: 'http', port: 80 }] })).status, 201);
  const { body } = await apply('two', { ports: [{ name: 'https', port: 443 }] });
  assert.deepEqual(body.spec.ports, [
    { name: 'http', port: 80 },
    { name: 'https', port: 443 },
  ]);
  assert.equal((await apply('two', { ports: [{ name: 'http', port: 81 }] })).status, 409);
});

test('an apply is refused while somebody owns fields in a version that is no more', async () => {
  const versions = [version('v1', { storage: false }), version('v2')];
  const { ask } = await defined(definition('crontabs', 'CronTab', versions));
  const at = (name: string): string => `${TABS.replace('/v1/', `/${name}/`)}/a`;
  const apply = (name: string, manager: string, spec: object): Promise<any> =>
    ask(
      'PATCH',
      `${at(name)}?fieldManager=${manager}&force=true`,
      { ...tab('a', spec), apiVersion: `stable.example.com/${name}` },
      { 'content-type': 'application/apply-patch+yaml' },
    );
  await apply('v1', 'ann', { cronSpec: '* * * * */5' });
  assert.equal((await apply('v2', 'bob', { replicas: 2 })).status, 200);
  const path = `${DEFINITIONS}/crontabs.stable.example.com`;
  const merge = (target: string, body: object): Promise<any> =>
    ask('PATCH', target, body, { 'content-type': 'application/merge-patch+json' });
  await merge(`${path}/status`, { status: { storedVersions: ['v2'] } });
  assert.equal((await merge(path, { spec: { versions: [version('v2')] } })).status, 200);
  await settled();
  for (const manager of ['bob', 'ann']) {
    const refused = await apply('v2', manager, { replicas: 3 });
    assert.deepEqual(
      [refused.status, refused.body.message],
      [500, 'request to convert CR to an invalid group/version: stable.example.com/v1'],
    );
  }
});

test('versions show the same objects, each by its own name', async () => {
  const { ask } = await defined(
    definition('crontabs', 'CronTab', [version('v1'), version('v1beta1', { storage: false, deprecated: true })]),
  );
  await ask('POST', TABS, tab('a'));
  const old = await ask('GET', `${TABS.replace('/v1/', '/v1beta1/')}/a`);
  assert.deepEqual([old.body.apiVersion, old.body.spec.cronSpec], ['stable.example.com/v1beta1', '* * * * */5']);
});

test('a change of the schema holds for what is stored already', async () => {
  const { ask } = await defined();
  await ask('POST', TABS, tab('a'));
  const wider = structuredClone(schema) as any;
  wider.properties.spec.properties.color = { type: 'string', default: 'red' };
  const { body } = await ask('GET', `${DEFINITIONS}/crontabs.stable.example.com`);
  body.spec.versions[0].schema.openAPIV3Schema = wider;
  assert.equal((await ask('PUT', `${DEFINITIONS}/crontabs.stable.example.com`, body)).status, 200);
  await settled();
  assert.equal((await ask('GET', `${TABS}/a`)).body.spec.color, 'red');
});

test('a definition whose kind another has already is not established until the other goes', async () => {
  const { ask } = await defined();
  await ask('POST', DEFINITIONS, definition('others', 'CronTab'));
  await settled();
  const conditions = async (): Promise<unknown> =>
    (await ask('GET', `${DEFINITIONS}/others.stable.example.com`)).body.status.conditions.map((c: any) => [
      c.type,
      c.status,
      c.reason,
    ]);
  assert.deepEqual(await conditions(), [
    ['NamesAccepted', 'False', 'ListKindConflict'],
    ['Established', 'False', 'NotAccepted'],
  ]);
  await ask('DELETE', `${DEFINITIONS}/crontabs.stable.example.com`);
  await settled();
  assert.deepEqual(await conditions(), [
    ['NamesAccepted', 'True', 'NoConflicts'],
    ['Established', 'True', 'InitialNamesAccepted'],
  ]);
});

test('a definition takes its objects with it, and waits for those that are held', async () => {
  const { ask } = await defined();
  await ask('POST', TABS, tab('free'));
  await ask('POST', TABS, { ...tab('held'), metadata: { name: 'held', finalizers: ['example.com/wait'] } });
  await ask('DELETE', `${DEFINITIONS}/crontabs.stable.example.com`);
  await settled();
  const { body } = await ask('GET', `${DEFINITIONS}/crontabs.stable.example.com`);
  assert.deepEqual(body.status.conditions.at(-1).reason, 'InstanceDeletionInProgress');
  assert.deepEqual(
    (await ask('GET', TABS)).body.items.map((item: any) => item.metadata.name),
    ['held'],
  );
  assert.equal((await ask('POST', TABS, tab('late'))).status, 403);
  await ask(
    'PATCH',
    `${TABS}/held`,
    { metadata: { finalizers: null } },
    { 'content-type': 'application/merge-patch+json' },
  );
  await settled();
  assert.equal((await ask('GET', `${DEFINITIONS}/crontabs.stable.example.com`)).status, 404);
  assert.equal((await ask('GET', TABS)).status, 404);
});

test('the schema is published for explain and apply', async () => {
  const { ask } = await defined();
  const v3 = (await ask('GET', '/openapi/v3/apis/stable.example.com/v1')).body.components.schemas[
    'com.example.stable.v1.CronTab'
  ];
  assert.equal(v3.properties.spec.properties.replicas.maximum, 10);
  assert.deepEqual(v3['x-kubernetes-group-version-kind'], [
    { group: 'stable.example.com', kind: 'CronTab', version: 'v1' },
  ]);
  assert.ok((await ask('GET', '/openapi/v2')).body.definitions['com.example.stable.v1.CronTab'].properties.metadata);
});

test('definitions that are none are refused by every fault at once', async () => {
  const { ask } = await asked();
  const bad = definition('crontabs', 'CronTab', [
    {
      name: 'v1',
      served: true,
      storage: true,
      schema: { openAPIV3Schema: { type: 'object', properties: { a: {}, b: { type: 'array' } } } },
    },
  ]);
  const { status, body } = await ask('POST', DEFINITIONS, { ...bad, metadata: { name: 'x' } });
  assert.equal(status, 422);
  assert.deepEqual(
    body.details.causes.map((cause: any) => `${cause.field}: ${cause.message}`),
    [
      'metadata.name: Invalid value: "x": must be spec.names.plural+"."+spec.group',
      'spec.validation.openAPIV3Schema.properties[a].type: Required value: must not be empty for specified object fields',
      'spec.validation.openAPIV3Schema.properties[b].items: Required value: must be specified',
    ],
  );
});

test('rules of the schema hold, also those about what was before', async () => {
  const ruled = structuredClone(schema) as any;
  ruled.properties.spec['x-kubernetes-validations'] = [
    { rule: "self.replicas <= 5 || self.cronSpec == '* * * * *'", message: 'too many for such a schedule' },
    { rule: 'has(self.target) ? self.replicas > 0 : true' },
    {
      rule: 'self.replicas >= oldSelf.replicas',
      messageExpression: "oldSelf.replicas == 6 ? 'cannot shrink from 6' : 'cannot shrink'",
      reason: 'FieldValueForbidden',
    },
  ];
  const { ask } = await defined(
    definition('crontabs', 'CronTab', [version('v1', { schema: { openAPIV3Schema: ruled } })]),
  );
  const refused = await ask('POST', TABS, tab('a', { cronSpec: '1 * * * *', replicas: 6 }));
  assert.equal(
    refused.body.message,
    'CronTab.stable.example.com "a" is invalid: spec: Invalid value: too many for such a schedule',
  );
  assert.equal((await ask('POST', TABS, tab('a', { cronSpec: '* * * * *', replicas: 6 }))).status, 201);
  const shrunk = await ask(
    'PATCH',
    `${TABS}/a`,
    { spec: { replicas: 2 } },
    { 'content-type': 'application/merge-patch+json' },
  );
  assert.equal(shrunk.body.message, 'CronTab.stable.example.com "a" is invalid: spec: Forbidden: cannot shrink from 6');
  assert.equal(
    (await ask('PATCH', `${TABS}/a`, { spec: { replicas: 7 } }, { 'content-type': 'application/merge-patch+json' }))
      .status,
    200,
  );
});

test('a rule that is none is refused with its definition', async () => {
  const { ask } = await asked();
  const bad = structuredClone(schema) as any;
  bad.properties.spec['x-kubernetes-validations'] = [{ rule: 'self.replicas >' }];
  const { status, body } = await ask(
    'POST',
    DEFINITIONS,
    definition('crontabs', 'CronTab', [version('v1', { schema: { openAPIV3Schema: bad } })]),
  );
  assert.equal(status, 422);
  assert.match(
    body.message,
    /x-kubernetes-validations\[0\]\.rule: Invalid value: {"Rule":"self.replicas \\u003e",.*}: compilation failed: ERROR: <input>:1:16: Syntax error: /,
  );
});

test('what is served can be changed at once: its definition has been told so before', async () => {
  const { ask, store } = await asked();
  const commit = store.commit.bind(store);
  const gate = Promise.withResolvers<void>();
  // The server's own write takes its time.
  store.commit = async (operations) => {
    if (operations.some((one) => one.type === 'put' && JSON.stringify(one.attachment).includes('NamesAccepted')))
      await gate.promise;
    return commit(operations);
  };
  await ask('POST', DEFINITIONS, definition());
  await settled();
  assert.equal((await ask('GET', '/apis/stable.example.com/v1')).status, 404);
  gate.resolve();
  await settled();
  const { body } = await ask('GET', `${DEFINITIONS}/crontabs.stable.example.com`);
  assert.deepEqual([(await ask('GET', '/apis/stable.example.com/v1')).status, body.status.conditions.length], [200, 2]);
});

const merge = { 'content-type': 'application/merge-patch+json' };

test('what an update leaves alone may be wrong, as long as it was before; what it touches may not', async () => {
  const { ask } = await defined(definition('crontabs', 'CronTab', [version('v1', { subresources: { status: {} } })]));
  await ask(
    'POST',
    TABS,
    tab('a', {
      cronSpec: '* * * * *',
      replicas: 9,
      ports: [
        { name: 'x', port: 1 },
        { name: 'y', port: 2 },
      ],
    }),
  );
  const narrow = structuredClone(schema) as any;
  narrow.properties.spec.properties.replicas.maximum = 5;
  narrow.properties.spec.properties.ports.items.properties.port.maximum = 1;
  narrow.properties.spec['x-kubernetes-validations'] = [
    { rule: 'self.replicas <= 5', message: 'too many' },
    { rule: 'oldSelf.replicas <= 20' },
  ];
  const { body } = await ask('GET', `${DEFINITIONS}/crontabs.stable.example.com`);
  body.spec.versions[0].schema.openAPIV3Schema = narrow;
  assert.equal((await ask('PUT', `${DEFINITIONS}/crontabs.stable.example.com`, body)).status, 200);
  await settled();
  const patch = async (change: object, path = `${TABS}/a`): Promise<unknown> => {
    const { status, body: answer } = await ask('PATCH', path, change, merge);
    return status === 200 ? 200 : answer.details.causes.map((cause: any) => `${cause.field}: ${cause.message}`);
  };
  assert.equal(await patch({ metadata: { labels: { a: 'b' } } }), 200);
  // Another field of the object: the schema's errors are of fields that stay, the rule's is of what changes.
  assert.deepEqual(await patch({ spec: { target: 'x' } }), ['spec: Invalid value: too many']);
  assert.deepEqual(await patch({ spec: { replicas: 8 } }), [
    'spec.replicas: Invalid value: 8: spec.replicas in body should be less than or equal to 5',
    'spec: Invalid value: too many',
  ]);
  assert.equal(
    await patch({
      spec: {
        replicas: 5,
        ports: [
          { name: 'y', port: 2 },
          { name: 'x', port: 0 },
        ],
      },
    }),
    200,
  );
  assert.deepEqual(await patch({ spec: { ports: [{ name: 'y', port: 3 }] } }), [
    'spec.ports[0].port: Invalid value: 3: spec.ports[0].port in body should be less than or equal to 1',
  ]);
  assert.deepEqual(await patch({ status: { replicas: 'x' } }, `${TABS}/a/status`), [
    'status.replicas: Invalid value: "string": replicas in body must be of type integer: "string"',
    '<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
  ]);
});

test('rules may not be within allOf, and values of scalars are shown', async () => {
  const ruled = structuredClone(schema) as any;
  ruled.properties.spec['x-kubernetes-validations'] = [{ rule: 'self.replicas != 3', message: 'not three' }];
  ruled.properties.spec.properties.cronSpec['x-kubernetes-validations'] = [
    { rule: "self != '1 * * * *'", message: 'not at one' },
  ];
  const { ask } = await defined(
    definition('crontabs', 'CronTab', [version('v1', { schema: { openAPIV3Schema: ruled } })]),
  );
  assert.equal(
    (await ask('POST', TABS, tab('a', { cronSpec: '1 * * * *', replicas: 3 }))).body.message,
    'CronTab.stable.example.com "a" is invalid: [spec: Invalid value: not three, spec.cronSpec: Invalid value: "1 * * * *": not at one]',
  );
  ruled.properties.spec.allOf = [{ 'x-kubernetes-validations': [{ rule: 'true' }] }];
  const refused = await ask(
    'POST',
    DEFINITIONS,
    definition('cronjars', 'CronJar', [version('v1', { schema: { openAPIV3Schema: ruled } })]),
  );
  assert.match(
    refused.body.message,
    /properties\[spec\]\.allOf\[0\]\.x-kubernetes-validations: Forbidden: must be empty to be structural/,
  );
});

test('a deprecated version names the one to use instead', async () => {
  const versions = [
    version('v1alpha1', { storage: false, deprecated: true }),
    version('v1beta2'),
    version('v1beta3', { storage: false }),
    version('v1', { storage: false, deprecated: true }),
  ];
  const { ask } = await defined(definition('crontabs', 'CronTab', versions));
  const warning = async (name: string): Promise<string | undefined> =>
    (await ask('GET', TABS.replace('/v1/', `/${name}/`))).headers['warning'];
  assert.equal(
    await warning('v1alpha1'),
    '299 - "stable.example.com/v1alpha1 CronTab is deprecated; use stable.example.com/v1beta3 CronTab"',
  );
  assert.equal(await warning('v1'), '299 - "stable.example.com/v1 CronTab is deprecated"');
});

test('no part of a custom resource takes strategic patches', async () => {
  const subresources = {
    status: {},
    scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' },
  };
  const { ask } = await defined(definition('crontabs', 'CronTab', [version('v1', { subresources })]));
  assert.equal((await ask('POST', TABS, tab('a'))).status, 201);
  for (const part of ['', '/status', '/scale']) {
    const { status, body } = await ask(
      'PATCH',
      `${TABS}/a${part}`,
      {},
      { 'content-type': 'application/strategic-merge-patch+json' },
    );
    assert.deepEqual([status, body.reason], [415, 'UnsupportedMediaType'], part);
  }
});

test('what is in namespaces is not deleted across them', async () => {
  const { ask } = await defined();
  assert.equal((await ask('DELETE', '/apis/stable.example.com/v1/crontabs')).status, 404);
  assert.equal((await ask('DELETE', '/api/v1/configmaps')).status, 405);
});

test('a definition is established once certificates for its webhook can be read, which then must stay so', async () => {
  const converted = (caBundle: string): any => {
    const made = definition();
    made.spec.conversion = {
      strategy: 'Webhook',
      webhook: { conversionReviewVersions: ['v1'], clientConfig: { caBundle, service: { namespace: 'd', name: 'w' } } },
    };
    return made;
  };
  const { ask } = await defined(converted('Cg=='));
  const path = `${DEFINITIONS}/crontabs.stable.example.com`;
  const established = async (): Promise<unknown> => {
    await settled();
    const { status, reason, message } = (await ask('GET', path)).body.status.conditions.find(
      (c: any) => c.type === 'Established',
    );
    return [status, reason, message];
  };
  assert.deepEqual(await established(), ['False', 'InvalidCABundle', 'The conversion webhook CABundle is invalid']);
  const put = async (caBundle: string): Promise<any> => {
    const {
      metadata: { resourceVersion },
    } = (await ask('GET', path)).body;
    const next = converted(caBundle);
    return (await ask('PUT', path, { ...next, metadata: { ...next.metadata, resourceVersion } })).body;
  };
  await put('');
  assert.deepEqual(await established(), ['True', 'InitialNamesAccepted', 'the initial names have been accepted']);
  const { message } = await put('Cg==');
  assert.match(
    message,
    /spec\.conversion\.webhookClientConfig\.caBundle: Invalid value: "Cg==": unable to load root certificates: unable to parse bytes as PEM block$/,
  );
});

test('what is wrong with a whole has the place of the whole: of an object none, of a status its own', async () => {
  const whole = {
    type: 'object',
    maxProperties: 4,
    properties: {
      spec: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
      a: { type: 'string' },
      status: { type: 'object', properties: { replicas: { type: 'integer' } } },
    },
  };
  const { ask } = await defined(
    definition('crontabs', 'CronTab', [version('v1', { schema: { openAPIV3Schema: whole } })]),
  );
  const refused = await ask('POST', TABS, { ...tab('a'), a: 'x', status: {} });
  assert.deepEqual(refused.body.details.causes, [
    { reason: 'FieldValueTooMany', message: 'Too many: 6: must have at most 4 items', field: '<nil>' },
  ]);
  const parted = {
    ...whole,
    maxProperties: undefined,
    properties: { ...whole.properties, status: { ...whole.properties.status, default: 'x' } },
  };
  const wrong = await ask(
    'POST',
    DEFINITIONS,
    definition('cronjars', 'CronJar', [version('v1', { schema: { openAPIV3Schema: parted } })]),
  );
  assert.equal(wrong.body.details.causes[0].field, 'spec.validation.openAPIV3Schema.properties[status].default');
  const served = await ask(
    'POST',
    DEFINITIONS,
    definition('cronjobs', 'CronJob', [
      version('v1', {
        subresources: { status: {} },
        schema: { openAPIV3Schema: { ...whole, maxProperties: undefined } },
      }),
    ]),
  );
  assert.equal(served.status, 201, served.text);
  await settled();
  const jobs = TABS.replace('crontabs', 'cronjobs');
  await ask('POST', jobs, { apiVersion: 'stable.example.com/v1', kind: 'CronJob', metadata: { name: 'a' } });
  assert.deepEqual((await ask('PATCH', `${jobs}/a/status`, { status: 'x' }, merge)).body.details.causes, [
    {
      reason: 'FieldValueTypeInvalid',
      message: 'Invalid value: "string":  in body must be of type object: "string"',
      field: 'status',
    },
  ]);
});

test('defaults of metadata within may say too much: what the API does not know is left out', async () => {
  const embedded = (metadata: object): object => ({
    type: 'object',
    'x-kubernetes-embedded-resource': true,
    properties: { apiVersion: { type: 'string', default: 'v1' }, kind: { type: 'string', default: 'Pod' }, metadata },
  });
  const text = (of: string): object => ({ type: 'string', default: of });
  const openAPIV3Schema = {
    type: 'object',
    properties: {
      whole: embedded({ type: 'object', default: { name: 'a', unknown: 'x' } }),
      parts: embedded({ type: 'object', properties: { name: text('b'), unknown: text('x') } }),
    },
  };
  const { ask } = await defined(definition('crontabs', 'CronTab', [version('v1', { schema: { openAPIV3Schema } })]));
  const { body, text: told } = await ask('POST', TABS, {
    apiVersion: 'stable.example.com/v1',
    kind: 'CronTab',
    metadata: { name: 'a' },
    whole: {},
    parts: { metadata: {} },
  });
  const identity = { apiVersion: 'v1', kind: 'Pod' };
  assert.deepEqual(
    [body.whole, body.parts],
    [
      { ...identity, metadata: { name: 'a' } },
      { ...identity, metadata: { name: 'b' } },
    ],
    told,
  );
});

test('whoever watches objects sees them go with their definition, and what a change of it shows ends the watch', async () => {
  const { ask, watch } = await defined();
  await ask('POST', TABS, tab('a'));
  const before = await watch(`${TABS}?watch=true`);
  assert.equal(
    (await ask('PATCH', `${DEFINITIONS}/crontabs.stable.example.com`, { metadata: { labels: { a: 'b' } } }, merge))
      .status,
    200,
  );
  await settled();
  await ask('POST', TABS, tab('b'));
  assert.deepEqual(
    before.frames().map((frame) => [frame.type, frame.object.metadata.name]),
    [
      ['ADDED', 'a'],
      ['ADDED', 'b'],
    ],
  );
  await ask('PATCH', `${DEFINITIONS}/crontabs.stable.example.com`, { spec: { names: { categories: ['all'] } } }, merge);
  await before.ended;
  await settled();
  const after = await watch(`${TABS}?watch=true`);
  await ask('DELETE', `${DEFINITIONS}/crontabs.stable.example.com`);
  await after.ended;
  assert.deepEqual(
    after.frames().map((frame) => [frame.type, frame.object.metadata.name]),
    [
      ['ADDED', 'a'],
      ['ADDED', 'b'],
      ['DELETED', 'a'],
      ['DELETED', 'b'],
    ],
  );
});
