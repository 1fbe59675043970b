import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '@navarch/api';
import { type Budget, disruptedPods } from './budget.ts';

const EVICTED_AT = '2026-01-01T00:00:00Z';
const at = (seconds: number): number => Date.parse(EVICTED_AT) + seconds * 1000;
const budget = { status: { disruptedPods: { a: EVICTED_AT } } } as unknown as Budget;
const podOf = (name: string, deletionTimestamp?: string): Pod =>
  ({ metadata: { name, ...(deletionTimestamp ? { deletionTimestamp } : {}) } }) as unknown as Pod;

const cases: readonly (readonly [string, readonly Pod[], boolean, number, readonly string[], readonly string[]])[] = [
  ['waits for a pod that is there', [podOf('a')], true, 5, ['a'], []],
  ['is done with a pod that goes', [podOf('a', EVICTED_AT)], false, 5, [], []],
  ['is done with a pod that is gone', [podOf('b')], true, 5, [], []],
  ['waits for a pod that was evicted before it was seen', [podOf('b')], false, 5, ['a'], []],
  ['waits no longer than two minutes for a pod to be seen', [], false, 121, [], []],
  ['says after two minutes that a pod stayed', [podOf('a')], true, 121, [], ['a']],
];
for (const [claim, pods, areCurrent, seconds, still, stayed] of cases) {
  test(`disruptedPods() ${claim}`, () => {
    const found = disruptedPods(budget, { pods, areCurrent }, at(seconds));
    assert.deepEqual([Object.keys(found.pods), found.stayed.map((p) => p.metadata.name)], [still, stayed]);
    assert.equal(found.recheckAt, still.length > 0 ? at(120) : undefined);
  });
}
