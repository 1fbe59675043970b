import type { CustomResourceDefinition } from '@navarch/api';
import type { Mutable } from '@navarch/machinery';

export type Definition = CustomResourceDefinition;
export type Condition = NonNullable<Definition['status']['conditions']>[number];

const conditionOf = (definition: Definition, type: string): Condition | undefined =>
  definition.status.conditions?.find((condition) => condition.type === type);

export const isTrue = (definition: Definition, type: string): boolean => conditionOf(definition, type)?.status === 'True';

/** The definition with that condition, whose time moves only with its status. */
export function withCondition(definition: Definition, type: string, status: 'True' | 'False', reason: string, message: string, now: string): Definition {
  const all = definition.status.conditions ?? [];
  const before = all.find((condition) => condition.type === type);
  const lastTransitionTime = before?.status === status ? (before.lastTransitionTime ?? now) : now;
  const condition: Condition = { type, status, lastTransitionTime, reason, message };
  const conditions = before ? all.map((one) => (one === before ? condition : one)) : [...all, condition];
  return { ...definition, status: { ...definition.status, conditions } } as Mutable<Definition>;
}
