import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asked } from '../testing/ask.ts';

const MAPS = '/api/v1/namespaces/d/configmaps';
const token = (value: unknown): string => btoa(JSON.stringify(value)).replaceAll('=', '');

for (const [query, says] of [
  ['limit=', 'strconv.ParseInt: parsing "": invalid syntax'],
  ['timeoutSeconds=', 'strconv.ParseInt: parsing "": invalid syntax'],
  [
    `continue=${token('x')}`,
    'invalid continue token: continue key is not valid: json: cannot unmarshal string into Go value of type storage.continueToken',
  ],
  [
    `continue=${token({ v: 'meta.k8s.io/v1', rv: 'x', start: 'a' })}`,
    'invalid continue token: continue key is not valid: json: cannot unmarshal string into Go struct field continueToken.rv of type int64',
  ],
  [
    `continue=${token({ v: 'meta.k8s.io/v1', rv: 1.5, start: 'a' })}`,
    'invalid continue token: continue key is not valid: json: cannot unmarshal number 1.5 into Go struct field continueToken.rv of type int64',
  ],
] as const)
  test(`a list refuses ${query}`, async () => {
    const { status, body } = await (await asked()).ask('GET', `${MAPS}?${query}`);
    assert.deepEqual([status, body.message], [400, says]);
  });

test('a version from the future is shown to its last digit', async () => {
  const { body } = await (await asked()).ask('GET', `${MAPS}?resourceVersion=18446744073709551615`);
  assert.match(body.message, /^Timeout: Too large resource version: 18446744073709551615, current: \d+$/);
});

test('a watch that begins with what is there says in an event that it is asked for the future', async () => {
  const { watch } = await asked();
  const open = await watch(
    `${MAPS}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&resourceVersion=99999999`,
  );
  await open.ended;
  const [{ type, object }] = open.frames();
  assert.deepEqual([type, object.reason, object.code], ['ERROR', 'Timeout', 504]);
});

test('a watch that begins with what is there takes no token', async () => {
  const { status, body } = await (await asked()).ask('GET', `${MAPS}?watch=1&continue=x`);
  assert.deepEqual([status, body.reason], [422, 'Invalid']);
});

test('nothing is exported any more', async () => {
  const { ask } = await asked();
  assert.equal((await ask('GET', `${MAPS}/none?export=true`)).status, 400);
  assert.equal((await ask('GET', `${MAPS}/none?export=0`)).status, 404);
});

test('who is turned away at the door is told so in a text that is none to be run', async () => {
  const { ask } = await asked();
  const answer = await ask('GET', MAPS, undefined, { 'impersonate-group': 'g' });
  assert.deepEqual([answer.status, answer.headers['x-content-type-options']], [400, 'nosniff']);
  assert.equal((await ask('GET', `${MAPS}/none`)).headers['x-content-type-options'], undefined);
});
