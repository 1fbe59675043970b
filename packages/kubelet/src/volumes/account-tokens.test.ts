import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '@navarch/api';
import type { Api } from '@navarch/client';
import { SimClock } from '@navarch/sim';
import { AccountTokens } from './account-tokens.ts';

const podOf = (uid: string): Pod =>
  ({ metadata: { name: 'web', namespace: 'ns', uid }, spec: { serviceAccountName: 'sa' } }) as unknown as Pod;

/** An API server that counts its tokens and gives them a life of its own choice. */
function server(lifeSeconds: (asked: number) => number = (asked) => asked) {
  const clock = new SimClock();
  const asked: string[] = [];
  const state = { isDown: false };
  const api = {
    of: () => ({
      post: async (
        key: string,
        subresource: string,
        body: { spec: { audiences: readonly string[]; expirationSeconds: number; boundObjectRef: { uid: string } } },
      ) => {
        if (state.isDown) throw new Error('down');
        const { audiences, expirationSeconds, boundObjectRef } = body.spec;
        asked.push(`${key} ${subresource} ${audiences.join(',')} ${expirationSeconds} ${boundObjectRef.uid}`);
        const life = lifeSeconds(expirationSeconds);
        return {
          spec: { expirationSeconds: life },
          status: { token: `t${asked.length}`, expirationTimestamp: new Date(clock.now() + life * 1000).toISOString() },
        };
      },
    }),
  } as unknown as Api;
  return { clock, asked, state, tokens: new AccountTokens({ api, clock }) };
}

test('AccountTokens asks for a token once, by pod, audience and life', async () => {
  const { tokens, asked } = server();
  const got = [
    await tokens.get(podOf('a'), '', 3600),
    await tokens.get(podOf('a'), '', 3600),
    await tokens.get(podOf('a'), 'vault', 3600),
    await tokens.get(podOf('a'), '', 600),
    await tokens.get(podOf('b'), '', 3600),
  ];
  assert.deepEqual(got, ['t1', 't1', 't2', 't3', 't4']);
  assert.deepEqual(asked, [
    'ns/sa token  3600 a',
    'ns/sa token vault 3600 a',
    'ns/sa token  600 a',
    'ns/sa token  3600 b',
  ]);
  tokens.forget('a');
  assert.equal(await tokens.get(podOf('a'), '', 3600), 't5');
});

test('AccountTokens renews after four fifths of a life, or a day', async () => {
  for (const [life, renewedAfter] of [
    [3600, 2880],
    [86_400 * 30, 86_400],
  ] as const) {
    const { tokens, clock } = server(() => life);
    assert.equal(await tokens.get(podOf('a'), '', 3600), 't1');
    await clock.advance(renewedAfter * 1000 - 1);
    assert.equal(await tokens.get(podOf('a'), '', 3600), 't1');
    await clock.advance(1);
    assert.equal(await tokens.get(podOf('a'), '', 3600), 't2');
  }
});

test('AccountTokens makes do with the old token while it holds', async () => {
  const { tokens, clock, state } = server();
  await tokens.get(podOf('a'), '', 3600);
  state.isDown = true;
  await clock.advance(3_599_000);
  assert.equal(await tokens.get(podOf('a'), '', 3600), 't1');
  await clock.advance(1000);
  await assert.rejects(tokens.get(podOf('a'), '', 3600), /down/);
});
