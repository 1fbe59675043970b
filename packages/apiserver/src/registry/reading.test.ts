import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Answer, type Ask, asked } from '../testing/ask.ts';

const configMaps = '/api/v1/namespaces/d/configmaps';
const config = (name: string, data: object = {}): object => ({ metadata: { name }, data });
const names = ({ body }: Answer): readonly string[] => body.items.map((item: any) => item.metadata.name);

async function three(): ReturnType<typeof asked> {
  const all = await asked();
  for (const name of ['a', 'b', 'c']) await all.ask('POST', configMaps, config(name, { at: 'first' }));
  return all;
}
const page = (ask: Ask, token: string): Promise<Answer> => ask('GET', `${configMaps}?limit=1&continue=${token}`);

test('page() shows all pages of a list as of the first one, whatever happens between', async () => {
  const { ask } = await three();
  const first = await ask('GET', `${configMaps}?limit=1`);
  await ask('DELETE', `${configMaps}/b`);
  await ask('PUT', `${configMaps}/c`, config('c', { at: 'later' }));
  await ask('POST', configMaps, config('d'));
  const second = await page(ask, first.body.metadata.continue);
  const third = await page(ask, second.body.metadata.continue);
  assert.deepEqual([names(first), names(second), names(third)], [['a'], ['b'], ['c']]);
  assert.equal(third.body.items[0].data.at, 'first');
  assert.deepEqual(
    [first, second, third].map(({ body }) => [body.metadata.resourceVersion, body.metadata.remainingItemCount]),
    [2, 1, undefined].map((remaining) => [first.body.metadata.resourceVersion, remaining]),
  );
});

test('page() says 410 with a token to go on in the present when the past has been compacted', async () => {
  const { ask, store } = await three();
  const first = await ask('GET', `${configMaps}?limit=1`);
  await ask('DELETE', `${configMaps}/b`);
  await ask('POST', configMaps, config('d'));
  await store.compact(store.revision());
  const gone = await page(ask, first.body.metadata.continue);
  assert.deepEqual([gone.status, gone.body.reason], [410, 'Expired']);
  assert.match(
    gone.body.message,
    /^The provided continue parameter is too old to display a consistent list result\. .* inconsistent list/,
  );
  assert.deepEqual(names(await ask('GET', `${configMaps}?continue=${gone.body.metadata.continue}`)), ['c', 'd']);
});

test('page() lets a token expire with its revision, even where nothing that it is about has changed', async () => {
  const { ask, clock } = await three();
  const first = await ask('GET', `${configMaps}?limit=1`);
  await ask('POST', '/api/v1/namespaces/d/secrets', { metadata: { name: 's' } });
  assert.equal((await page(ask, first.body.metadata.continue)).status, 200);
  // Compacted every five minutes, up to what was so five minutes before.
  await clock.advance(11 * 60_000);
  const gone = await page(ask, first.body.metadata.continue);
  assert.deepEqual([gone.status, gone.body.reason], [410, 'Expired']);
  assert.deepEqual(names(await ask('GET', `${configMaps}?continue=${gone.body.metadata.continue}`)), ['b', 'c']);
});

test('page() gives the version asked for: exactly, or no older', async () => {
  const { ask } = await three();
  const { resourceVersion } = (await ask('GET', configMaps)).body.metadata;
  await ask('DELETE', `${configMaps}/b`);
  const at = (query: string): Promise<Answer> => ask('GET', `${configMaps}?resourceVersion=${resourceVersion}${query}`);
  assert.deepEqual(names(await at('&resourceVersionMatch=Exact')), ['a', 'b', 'c']);
  assert.deepEqual(names(await at('&limit=2')), ['a', 'b']);
  assert.deepEqual(names(await at('&resourceVersionMatch=NotOlderThan')), ['a', 'c']);
  assert.deepEqual(names(await at('')), ['a', 'c']);
  assert.deepEqual(names(await ask('GET', `${configMaps}?resourceVersion=0&limit=1`)), ['a', 'c']);
});

test('page() chooses by fields in the past as in the present', async () => {
  const { ask } = await three();
  const first = await ask('GET', `${configMaps}?limit=1&fieldSelector=metadata.name!=b`);
  await ask('DELETE', `${configMaps}/c`);
  const second = await ask(
    'GET',
    `${configMaps}?limit=1&fieldSelector=metadata.name!=b&continue=${first.body.metadata.continue}`,
  );
  assert.deepEqual([names(first), names(second), first.body.metadata.remainingItemCount], [['a'], ['c'], undefined]);
});

const forbidden = (text: string): string => `ListOptions.meta.k8s.io "" is invalid: ${text}`;
for (const [query, status, message] of [
  [
    'resourceVersionMatch=Exact',
    422,
    forbidden('resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided'),
  ],
  [
    'resourceVersion=5&resourceVersionMatch=Newest',
    422,
    forbidden('resourceVersionMatch: Unsupported value: "Newest": supported values: "Exact", "NotOlderThan", ""'),
  ],
  [
    'resourceVersion=0&resourceVersionMatch=Exact',
    422,
    forbidden('resourceVersionMatch: Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"'),
  ],
  ['sendInitialEvents=true', 422, forbidden('sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list')],
  [
    'watch=1&sendInitialEvents=true',
    422,
    forbidden(
      'resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
    ),
  ],
  [
    'watch=1&resourceVersionMatch=NotOlderThan',
    422,
    forbidden(
      'resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
    ),
  ],
  ['limit=many', 400, 'strconv.ParseInt: parsing "many": invalid syntax'],
  [
    'resourceVersion=x',
    400,
    'invalid resource version: resourceVersion: Invalid value: "x": strconv.ParseUint: parsing "x": invalid syntax',
  ],
  ['continue=x', 400, 'invalid continue token: continue key is not valid: illegal base64 data at input byte 0'],
  [
    'continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MCwic3RhcnQiOiJhIn0',
    400,
    'invalid continue token: continue key is not valid: incorrect encoded start resourceVersion (version meta.k8s.io/v1)',
  ],
  [
    'continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiJhIn0&resourceVersion=5',
    400,
    'specifying resource version is not allowed when using continue',
  ],
  [
    'fieldSelector=data.k%3Dv',
    400,
    '"data.k" is not a known field selector: only "metadata.name", "metadata.namespace"',
  ],
] as const) {
  test(`page() refuses ?${query}`, async () => {
    const answer = await (await asked()).ask('GET', `${configMaps}?${query}`);
    assert.deepEqual([answer.status, answer.body.message], [status, message]);
  });
}

test('page() refuses a field that a kind with selectable fields does not have in other words', async () => {
  const answer = await (await asked()).ask('GET', '/api/v1/namespaces/d/pods?fieldSelector=spec.image%3Dx');
  assert.deepEqual([answer.status, answer.body.message], [400, 'field label not supported: spec.image']);
});

test('page() says 504 with its cause for a version that is not yet there', async () => {
  const { ask, store } = await three();
  const now = store.revision();
  const { status, body, headers } = await ask('GET', `${configMaps}?resourceVersion=${now + 5}`);
  assert.deepEqual(
    [status, body.reason, body.message],
    [504, 'Timeout', `Timeout: Too large resource version: ${now + 5}, current: ${now}`],
  );
  assert.deepEqual(
    [body.details, headers['retry-after']],
    [
      { causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }], retryAfterSeconds: 1 },
      '1',
    ],
  );
});

test('page() and watches choose by the fields of the version asked for, whichever is stored', async () => {
  const { ask, watch } = await asked();
  for (const name of ['a', 'b']) {
    await ask('POST', '/api/v1/namespaces/d/events', {
      metadata: { name },
      involvedObject: { kind: 'Pod', namespace: 'd', name },
      reason: 'Because',
      type: 'Normal',
    });
  }
  const events = '/apis/events.k8s.io/v1/namespaces/d/events?fieldSelector=regarding.name%3Db,reason%3DBecause';
  assert.deepEqual(names(await ask('GET', events)), ['b']);
  const open = await watch(`${events}&watch=1`);
  assert.deepEqual(
    open.frames().map(({ object }) => [object.apiVersion, object.metadata.name]),
    [['events.k8s.io/v1', 'b']],
  );
  await open.close();
});
