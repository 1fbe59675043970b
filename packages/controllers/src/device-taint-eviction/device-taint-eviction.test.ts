import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pod as podKind, type Pod, resourceClaim } from '@navarch/api';
import type { CacheReader } from '@navarch/client';
import { deviceTaintEvictionController } from './device-taint-eviction.ts';

test('a pod with devices that is bound wakes nobody by a look through the claims of all others', () => {
  const reader: CacheReader = {
    get: () => undefined,
    list: (kind) => (kind.kind === resourceClaim.kind ? assert.fail('all claims were read') : []),
    find: () => [],
    hasSeen: () => true,
  };
  const previous = {
    metadata: { name: 'p', namespace: 'n' },
    spec: { resourceClaims: [{ name: 'gpu', resourceClaimName: 'g' }] },
    status: {},
  } as unknown as Pod;
  const current = { ...previous, spec: { ...previous.spec, nodeName: 'a' } };
  const watch = deviceTaintEvictionController().watches.find(({ kind }) => kind === podKind);
  assert.deepEqual(
    [...(watch?.keys({ type: 'updated', key: 'n/p', current, previous } as never, reader) ?? [])],
    ['n/p'],
  );
});
