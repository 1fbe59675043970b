import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzz } from './fuzz.ts';

test('the API server takes hundreds of mutated requests over real HTTP without an error of its own', async () => {
  const { problems, statuses } = await fuzz({ requests: 600, seed: 1, say: () => undefined });
  assert.deepEqual(problems, []);
  // Requests that all fail alike would reach little of the server.
  for (const status of [200, 201, 400, 404, 422])
    assert.ok((statuses.get(status) ?? 0) > 3, `${status}: ${statuses.get(status)}`);
});
