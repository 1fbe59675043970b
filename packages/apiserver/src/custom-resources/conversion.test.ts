import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Webhooks } from '../admission/webhooks/port.ts';
import { type Asked, asked, settled } from '../testing/ask.ts';

const DEFINITION = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/stacks.example.com';
const [V1, V2] = ['/apis/example.com/v1/namespaces/d/stacks', '/apis/example.com/v2/namespaces/d/stacks'];
const MERGE = { 'content-type': 'application/merge-patch+json' };
const schemas = {
  v1: { type: 'object', properties: { hostPort: { type: 'string' } } },
  v2: { type: 'object', properties: { host: { type: 'string' }, port: { type: 'string' } } },
};
const version = (name: 'v1' | 'v2', storage: boolean): object => ({
  name,
  served: true,
  storage,
  schema: { openAPIV3Schema: schemas[name] },
});
const definition = (stored = 'v1', conversion: object = webhook()): any => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'stacks.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'stacks', kind: 'Stack' },
    versions: [version('v1', stored === 'v1'), version('v2', stored === 'v2')],
    conversion,
  },
});
const webhook = (
  conversionReviewVersions = ['v1'],
  clientConfig: object = { url: 'https://hook.example.com:9443/convert' },
): object => ({ strategy: 'Webhook', webhook: { clientConfig, conversionReviewVersions } });
const stack = (name: string, apiVersion: 'v1' | 'v2'): object => ({
  apiVersion: `example.com/${apiVersion}`,
  kind: 'Stack',
  metadata: { name },
  ...(apiVersion === 'v1' ? { hostPort: 'a:80' } : { host: 'a', port: '80' }),
});

/** What a converter that knows its business answers. */
function converted(object: any, desired: string): any {
  const { apiVersion: _, kind, metadata, ...rest } = object;
  const [host, port] = (rest.hostPort ?? ':').split(':');
  const fields = desired.endsWith('/v2') ? { host, port } : { hostPort: `${rest.host}:${rest.port}` };
  return {
    apiVersion: desired,
    kind,
    metadata: { ...metadata, labels: { ...metadata.labels, converted: desired.split('/')[1] } },
    ...fields,
  };
}

interface Hook extends Webhooks {
  /** Objects of each question so far. */
  readonly asked: number[];
  readonly paths: string[];
  /** How to answer instead. */
  answer?: ((review: any) => unknown) | undefined;
}

function hook(): Hook {
  const self: Hook = {
    asked: [],
    paths: [],
    async post({ host, path }, body) {
      const { request, apiVersion } = JSON.parse(body);
      self.asked.push(request.objects.length);
      self.paths.push(host + path);
      const { uid, objects, desiredAPIVersion } = request;
      const review = {
        kind: 'ConversionReview',
        apiVersion,
        response: {
          uid,
          convertedObjects: objects.map((o: any) => converted(o, desiredAPIVersion)),
          result: { status: 'Success' },
        },
      };
      return { status: 200, body: JSON.stringify(self.answer ? self.answer(review) : review) };
    },
  };
  return self;
}

async function defined(one = definition()): Promise<Asked & { readonly hook: Hook }> {
  const webhooks = hook();
  const server = await asked({ webhooks });
  const { status, text } = await server.ask('POST', DEFINITION.slice(0, DEFINITION.lastIndexOf('/')), one);
  assert.equal(status, 201, text);
  await settled();
  return { ...server, hook: webhooks };
}

test('an object is shown in every version, whichever it was made in', async () => {
  const { ask, hook } = await defined();
  await ask('POST', V1, stack('one', 'v1'));
  const made = await ask('POST', V2, stack('two', 'v2'));
  assert.deepEqual(
    [made.status, made.body.apiVersion, made.body.host, made.body.metadata.labels],
    [201, 'example.com/v2', 'a', { converted: 'v2' }],
  );
  assert.deepEqual((await ask('GET', `${V2}/one`)).body.port, '80');
  assert.deepEqual((await ask('GET', `${V1}/two`)).body.hostPort, 'a:80');
  assert.equal((await ask('GET', `${V1}/two`)).body.apiVersion, 'example.com/v1');
  const before = hook.asked.length;
  await ask('GET', `${V2}/one`);
  assert.equal(hook.asked.length, before, 'asked once of each state of an object');
  assert.equal(hook.paths[0], 'hook.example.com/convert?timeout=30s');
});

test('lists of objects stored in several versions show them all in one; after a change of the stored version an update stores anew', async () => {
  const { ask, hook, store } = await defined();
  for (const name of ['a', 'b', 'c']) await ask('POST', V1, stack(name, 'v1'));
  const held = (await ask('GET', DEFINITION)).body;
  await ask('PUT', DEFINITION, { ...held, spec: definition('v2').spec });
  await settled();
  assert.deepEqual((await ask('GET', DEFINITION)).body.status.storedVersions, ['v1', 'v2']);
  await ask('POST', V2, stack('d', 'v2'));
  hook.asked.length = 0;
  const list = (await ask('GET', V2)).body;
  assert.deepEqual(
    list.items.map((item: any) => [item.apiVersion, item.metadata.name, item.host]),
    ['a', 'b', 'c', 'd'].map((name) => ['example.com/v2', name, 'a']),
  );
  assert.deepEqual(hook.asked, [3], 'one question about all that is stored otherwise');
  assert.deepEqual(
    (await ask('GET', V1)).body.items.map((item: any) => item.hostPort),
    ['a:80', 'a:80', 'a:80', 'a:80'],
  );
  const versions = async (): Promise<unknown> =>
    (await store.list('/registry/example.com/stacks/')).entries.map(
      ({ value }) => JSON.parse(new TextDecoder().decode(value)).apiVersion,
    );
  assert.deepEqual(await versions(), ['example.com/v1', 'example.com/v1', 'example.com/v1', 'example.com/v2']);
  // What a migration does: it writes everything as it reads it.
  const same = list.items[0];
  assert.equal((await ask('PUT', `${V2}/a`, same)).status, 200);
  assert.deepEqual(await versions(), ['example.com/v2', 'example.com/v1', 'example.com/v1', 'example.com/v2']);
  const { body: migrated } = await ask('GET', `${V2}/a`);
  assert.equal(
    (await ask('PUT', `${V2}/a`, migrated)).body.metadata.resourceVersion,
    migrated.metadata.resourceVersion,
    'once it is stored so, nothing changes',
  );
});

test('what changes nothing is not written, in whichever version it is sent', async () => {
  const { ask } = await defined();
  for (const [at, apiVersion] of [
    [V1, 'v1'],
    [V2, 'v2'],
  ] as const) {
    const { body: made } = await ask('POST', at, stack(apiVersion, apiVersion));
    for (const patch of [{}, { metadata: { uid: made.metadata.uid } }]) {
      const { body } = await ask('PATCH', `${at}/${apiVersion}`, patch, MERGE);
      assert.equal(body.metadata.resourceVersion, made.metadata.resourceVersion, apiVersion);
    }
  }
});

test('watches follow in their own version, in order', async () => {
  const { ask, watch } = await defined();
  await ask('POST', V1, stack('a', 'v1'));
  const open = await watch(
    `${V2}?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`,
  );
  await settled();
  await ask('PATCH', `${V1}/a`, { hostPort: 'b:81' }, MERGE);
  await ask('POST', V2, stack('c', 'v2'));
  await ask('DELETE', `${V1}/a`);
  await settled();
  const seen = open
    .frames()
    .filter((frame) => frame.type !== 'BOOKMARK')
    .map(({ type, object }) => [type, object.apiVersion, object.metadata.name, object.host]);
  assert.deepEqual(seen, [
    ['ADDED', 'example.com/v2', 'a', 'a'],
    ['MODIFIED', 'example.com/v2', 'a', 'b'],
    ['ADDED', 'example.com/v2', 'c', 'a'],
    ['DELETED', 'example.com/v2', 'a', 'b'],
  ]);
  await open.close();
});

test("a conversion that fails is a refusal in upstream's words; what needs none goes on", async () => {
  const { ask, hook } = await defined();
  await ask('POST', V1, stack('a', 'v1'));
  const type = 'conversion webhook for example.com/v1, Kind=Stack';
  const cases: readonly [(review: any) => unknown, string][] = [
    [
      () => {
        throw new Error('Post "https://hook.example.com:9443/convert?timeout=30s": EOF');
      },
      `${type} failed: Post "https://hook.example.com:9443/convert?timeout=30s": EOF`,
    ],
    [
      (r) => ({ ...r, response: { ...r.response, result: { status: 'Failure', message: 'no such host' } } }),
      `${type} failed: no such host`,
    ],
    [
      (r) => ({ ...r, response: { ...r.response, result: {} } }),
      `${type} failed: response.result.status was '', not 'Success'`,
    ],
    [(r) => ({ ...r, response: { ...r.response, uid: 'x' } }), `${type} failed: expected response.uid=`],
    [
      (r) => ({ ...r, kind: 'Pod' }),
      `${type} failed: expected webhook response of apiextensions.k8s.io/v1, Kind=ConversionReview, got apiextensions.k8s.io/v1, Kind=Pod`,
    ],
    [(r) => ({ ...r, response: { ...r.response, convertedObjects: [] } }), `${type} returned 0 objects, expected 1`],
    [
      (r) => ({
        ...r,
        response: {
          ...r.response,
          convertedObjects: [{ ...r.response.convertedObjects[0], apiVersion: 'example.com/v1' }],
        },
      }),
      `${type} returned invalid converted object at index 0: invalid groupVersion (expected example.com/v2, received example.com/v1)`,
    ],
    [
      (r) => ({
        ...r,
        response: { ...r.response, convertedObjects: [{ ...r.response.convertedObjects[0], metadata: { name: 'b' } }] },
      }),
      `${type} returned invalid converted object at index 0: must have the same name: a != b`,
    ],
  ];
  for (const [answer, words] of cases) {
    hook.answer = answer;
    for (const path of [`${V2}/a`, V2]) {
      const { status, body } = await ask('GET', path);
      assert.deepEqual(
        [status, body.kind, body.reason, body.message.slice(0, words.length)],
        [500, 'Status', undefined, words],
      );
    }
  }
  assert.equal((await ask('GET', `${V1}/a`)).status, 200);
  hook.answer = undefined;
  assert.equal((await ask('GET', `${V2}/a`)).body.host, 'a');
});

test('what cannot be converted is refused for that, and only then for what is there already', async () => {
  const { ask, hook } = await defined();
  assert.equal((await ask('POST', V1, stack('one', 'v1'))).status, 201);
  assert.deepEqual((await ask('POST', V2, stack('one', 'v2'))).body.reason, 'AlreadyExists');
  hook.answer = (review) => ({
    ...review,
    response: { ...review.response, result: { status: 'Failure', message: 'not today' } },
  });
  assert.equal(
    (await ask('POST', V2, stack('one', 'v2'))).body.message,
    'conversion webhook for example.com/v2, Kind=Stack failed: not today',
  );
  assert.equal((await ask('POST', V1, stack('one', 'v1'))).body.reason, 'AlreadyExists');
});

test('a watch ends with the word of a conversion that failed', async () => {
  const { ask, hook, watch } = await defined();
  const open = await watch(`${V2}?watch=true`);
  hook.answer = () => {
    throw new Error('down');
  };
  await ask('POST', V1, stack('a', 'v1'));
  await open.ended;
  assert.deepEqual(
    open.frames().map(({ type, object }) => [type, object.message]),
    [['ERROR', 'conversion webhook for example.com/v1, Kind=Stack failed: down']],
  );
});

test('of metadata a converter changes labels and annotations and nothing else', async () => {
  const { ask, hook } = await defined();
  await ask('POST', V1, {
    ...stack('a', 'v1'),
    metadata: { name: 'a', finalizers: ['example.com/hold'], labels: { mine: 'yes' } },
  });
  const changed =
    (metadata: object) =>
    (r: any): unknown => {
      const [object] = r.response.convertedObjects;
      return {
        ...r,
        response: { ...r.response, convertedObjects: [{ ...object, metadata: { ...object.metadata, ...metadata } }] },
      };
    };
  hook.answer = changed({ labels: { x: 1 } });
  assert.match(
    (await ask('GET', `${V2}/a`)).body.message,
    /returned invalid metadata in object at index 0: metadata.labels\[x\] must be a string, but is int64 in converted object$/,
  );
  hook.answer = changed({ finalizers: [], labels: { x: 'y' }, annotations: { b: 'c' } });
  const { metadata } = (await ask('GET', `${V2}/a`)).body;
  assert.deepEqual(
    [metadata.finalizers, metadata.labels, metadata.annotations],
    [['example.com/hold'], { x: 'y' }, { b: 'c' }],
  );
});

test('a converter may speak the older review, which says nothing of its uid', async () => {
  const { ask, hook } = await defined(definition('v1', webhook(['v9', 'v1beta1', 'v1'])));
  hook.answer = (r) => ({ ...r, apiVersion: 'apiextensions.k8s.io/v1beta1', response: { ...r.response, uid: '' } });
  await ask('POST', V1, stack('a', 'v1'));
  assert.equal((await ask('GET', `${V2}/a`)).body.host, 'a');
});

test('without a converter versions differ in their names only, each pruned by its schema and held to it', async () => {
  const { ask } = await defined(definition('v1', { strategy: 'None' }));
  await ask('POST', V1, stack('a', 'v1'));
  const { body } = await ask('GET', `${V2}/a`);
  assert.deepEqual([body.apiVersion, body.hostPort, body.metadata.name], ['example.com/v2', undefined, 'a']);
  assert.equal(
    (await ask('POST', V2, { ...stack('b', 'v2'), port: 8 })).body.message,
    'Stack.example.com "b" is invalid: port: Invalid value: "integer": port in body must be of type string: "integer"',
  );
});

test('an object that cannot be converted can be deleted by who insists, whatever holds it', async () => {
  const { ask, hook } = await defined();
  const { metadata, ...rest } = stack('one', 'v1') as { readonly metadata: object };
  await ask('POST', V1, { ...rest, metadata: { ...metadata, finalizers: ['x.dev/f'] } });
  hook.answer = ({ response: { uid }, ...review }) => ({
    ...review,
    response: { uid, result: { status: 'Failure', message: 'no idea' } },
  });
  const unsafe = `${V2}/one?ignoreStoreReadErrorWithClusterBreakingPotential=true`;
  assert.equal((await ask('DELETE', `${V2}/one`)).status, 500);
  assert.equal((await ask('DELETE', `${unsafe}&dryRun=All`)).status, 200);
  const answer = await ask('DELETE', unsafe);
  assert.deepEqual(
    [answer.status, answer.body.status, answer.body.details],
    [200, 'Success', { name: 'one', kind: 'Stack' }],
  );
  assert.equal((await ask('GET', `${V1}/one`)).status, 404);
});
