import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Asked, asked } from '../testing/ask.ts';

const MAPS = '/api/v1/namespaces/d/configmaps';
const [MERGE, STRATEGIC] = ['merge', 'strategic-merge'].map((name) => ({
  'content-type': `application/${name}-patch+json`,
}));

async function withMap(): Promise<Asked> {
  const server = await asked();
  await server.ask('POST', MAPS, { metadata: { name: 'a' }, data: { k: 'v' } });
  return server;
}

for (const [claim, patch, type, status, message] of [
  [
    'another kind',
    { kind: 'Pod' },
    MERGE,
    422,
    /": converting \(v1\.Pod\) to \(core\.ConfigMap\): unknown conversion$/,
  ],
  ['a kind that nobody knows', { kind: 'X' }, MERGE, 422, /": no kind "X" is registered for version "v1" in scheme /],
  ['no version', { apiVersion: null }, MERGE, 400, /was undeterminable: name must be provided$/],
  ['a kind that is no text', { kind: 5 }, STRATEGIC, 422, /"map\[kind:5\]": cannot convert int64 to string$/],
  [
    'a directive that nobody knows',
    { data: { $patch: 'x' } },
    STRATEGIC,
    500,
    /^unknown patch type: x in map: map\[\$patch:x\]$/,
  ],
  [
    'an order that is none',
    { metadata: { $setElementOrder: 1 } },
    STRATEGIC,
    500,
    /^expected a \[\]interface \{\}, but received a int64$/,
  ],
  [
    'an order that the list has not',
    { metadata: { '$setElementOrder/finalizers': ['a', 'b'], finalizers: ['b', 'a'] } },
    STRATEGIC,
    500,
    /^The order in patch list:\n\[b a\]\n doesn't match \$setElementOrder list:\n\[a b\]\n$/,
  ],
] as const) {
  test(`a patch of a built-in kind with ${claim} is refused`, async () => {
    const { ask } = await withMap();
    const answer = await ask('PATCH', `${MAPS}/a`, patch, type);
    assert.equal(answer.status, status, answer.text);
    assert.match(answer.body.message, message);
  });
}

test('a strategic patch cannot make another kind of an object, and nothing of null', async () => {
  const { ask } = await withMap();
  for (const patch of [{ kind: 'Pod', apiVersion: 'v9' }, 'null']) {
    const answer = await ask('PATCH', `${MAPS}/a`, patch, STRATEGIC);
    assert.deepEqual([answer.status, answer.body.kind, answer.body.data], [200, 'ConfigMap', { k: 'v' }], answer.text);
  }
});

test('owners that are named twice are named once, and warned of', async () => {
  const { ask } = await withMap();
  const owner = { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u' };
  const metadata = { ownerReferences: [owner, { ...owner, uid: 'w' }, owner] };
  const patched = await ask('PATCH', `${MAPS}/a`, { metadata }, MERGE);
  const made = await ask('POST', MAPS, { metadata: { name: 'b', ...metadata } });
  for (const [{ body, headers }, when] of [
    [patched, ' after mutating admission happens'],
    [made, ''],
  ] as const) {
    assert.deepEqual(
      body.metadata.ownerReferences.map(({ uid }: { readonly uid: string }) => uid),
      ['u', 'w'],
    );
    assert.equal(
      headers['warning'],
      `299 - ".metadata.ownerReferences contains duplicate entries${when}; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: u"`,
    );
  }
});

test('who writes through a part of an object cannot begin its record anew', async () => {
  const { ask } = await asked();
  const status = await ask('PATCH', '/api/v1/namespaces/d/status', { metadata: { managedFields: [{}] } }, MERGE);
  assert.equal(status.body.metadata.managedFields.length, 1, status.text);
});
