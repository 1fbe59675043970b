import { equalJson, type Field, type Kind } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { validateConditions } from '../../checks/conditions.ts';
import { columnsOf } from '../../columns.ts';
import type { Eviction, EvictionStatus } from '../../generated/types/lifecycle-v1alpha1.ts';
import { statusOnlyPart } from '../../parts.ts';
import { validateResponders, validateTargets } from './responders.ts';

/** Conditions that end an eviction, and are never taken back. */
const ENDS = ['TargetEvicted', 'Failed'] as const;

/** What becomes of the wishes to evict one pod: who responds to them, in turn (KEP-4563). */
export const eviction: Kind<Eviction> = builtIn<Eviction>('lifecycle.k8s.io/v1alpha1.Eviction', {
  columns: columnsOf('lifecycle.k8s.io/Eviction', {}),
  behaviour: {
    updatesUnconditionally: false,
    prepareCreate(e) {
      e.status = {};
    },
    desired: (e) => [e.spec],
    parts: {
      status: statusOnlyPart<Eviction>({
        validate: (next, previous, at, { now }) => validateStatus(next.status, previous.status, at.at('status'), now),
      }),
    },
  },
});

const holds = ({ conditions }: EvictionStatus, type: string): boolean =>
  conditions?.some((c) => c.type === type && c.status === 'True') ?? false;

function validateStatus(status: EvictionStatus, previous: EvictionStatus, at: Field, now: number): void {
  validateConditions(status.conditions, at.at('conditions'));
  for (const before of previous.conditions ?? []) {
    if (!ENDS.some((type) => type === before.type) || before.status !== 'True') continue;
    const after = status.conditions?.find(({ type }) => type === before.type);
    if (!equalJson(before, after))
      at.at('conditions').invalid(status.conditions ?? null, `${before.type} condition status cannot be reverted`);
  }
  const isOver = ENDS.some((type) => holds(status, type) || holds(previous, type));
  validateTargets({ status, previous, isOver, now }, at.at('targetResponders'));
  validateResponders(status, previous, at.at('responders'), now);
}
