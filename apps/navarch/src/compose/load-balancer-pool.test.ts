import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadBalancerPool } from './load-balancer-pool.ts';

test('loadBalancerPool() makes nothing of nothing, and names what is no address', () => {
  assert.equal(loadBalancerPool([]), undefined);
  assert.ok(loadBalancerPool(['192.168.1.240-192.168.1.250, 10.9.0.0/24', 'fd00::1']));
  assert.throws(
    () => loadBalancerPool(['10.9.0.0/24,here']),
    /^UserError: --load-balancer-pool takes addresses such as 192\.168\.1\.240-192\.168\.1\.250 or 10\.9\.0\.0\/24, not "here"$/,
  );
});
