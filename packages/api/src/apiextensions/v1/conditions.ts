import type { Mutable } from '@navarch/machinery';
import type { CustomResourceDefinition } from '../../generated/types/apiextensions-v1.ts';

type Definition = CustomResourceDefinition;
type Condition = NonNullable<Definition['status']['conditions']>[number];

const conditionOf = (definition: Definition, type: string): Condition | undefined =>
  definition.status.conditions?.find((condition) => condition.type === type);

export const hasCondition = (definition: Definition, type: string): boolean =>
  conditionOf(definition, type)?.status === 'True';

/** What a condition says; `now` is when, as the API writes times. */
export interface Saying {
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
  readonly now: string;
}

/** The definition with that condition, whose time moves only with its status. */
export function withCondition(
  definition: Definition,
  type: string,
  { status, reason, message, now }: Saying,
): Definition {
  const all = definition.status.conditions ?? [];
  const before = all.find((condition) => condition.type === type);
  const lastTransitionTime = before?.status === status ? (before.lastTransitionTime ?? now) : now;
  const condition: Condition = { type, status, lastTransitionTime, reason, message };
  const conditions = before ? all.map((one) => (one === before ? condition : one)) : [...all, condition];
  return { ...definition, status: { ...definition.status, conditions } } as Mutable<Definition>;
}
