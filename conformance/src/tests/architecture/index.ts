import assert from 'node:assert/strict';
import { isNodeReady, node } from '@navarch/api';
import { type ConformanceTest, conformanceTest } from '../../conformance-test.ts';

export const architectureTests: readonly ConformanceTest[] = [
  conformanceTest('[sig-architecture] Conformance Tests should have at least two untainted nodes', async (context) => {
    const { items } = await context.api.of(node).list();
    const usable = items.filter(
      (n) =>
        !n.spec.unschedulable &&
        isNodeReady(n) &&
        !(n.spec.taints ?? []).some(({ effect }) => effect !== 'PreferNoSchedule'),
    );
    assert.ok(usable.length >= 2, `${usable.length} of ${items.length} nodes take pods`);
  }),
];
