import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silent } from '@navarch/base';
import { dnsEndpoints } from './dns-endpoints.ts';

const PORT = 20_000 + ((process.pid + 7777) % 20_000);

test('dnsEndpoints() tells what it shall where it shall, and nothing where it shall no longer', async () => {
  await using endpoints = dnsEndpoints({ address: '127.0.0.1', log: silent, metrics: () => 'coredns_x 1\n' });
  const asked = async (path: string): Promise<string> => {
    const answer = await fetch(`http://127.0.0.1:${PORT}${path}`).catch(() => undefined);
    return answer ? `${answer.status} ${(await answer.text()).trim()}` : 'nobody';
  };
  await endpoints.publish(new Map([[`:${PORT}`, new Set(['metrics', 'ready'] as const)]]));
  assert.deepEqual(
    [await asked('/metrics'), await asked('/ready'), await asked('/health')],
    ['200 coredns_x 1', '200 OK', '404 404 page not found'],
  );
  await endpoints.publish(new Map());
  assert.equal(await asked('/metrics'), 'nobody');
});
