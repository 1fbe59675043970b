export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
}

export const findCondition = <C extends Condition>(conditions: readonly C[] | undefined, type: string): C | undefined =>
  conditions?.find((condition) => condition.type === type);

export const withoutCondition = <C extends Condition>(conditions: readonly C[], type: string): readonly C[] =>
  conditions.filter((condition) => condition.type !== type);

/**
 * The conditions with this one put in. One of equal status and reason stays as it was; one of equal status keeps the
 * time of its transition.
 */
export function withCondition<C extends Condition>(conditions: readonly C[], next: C): readonly C[] {
  const current = findCondition(conditions, next.type);
  if (current?.status === next.status && current.reason === next.reason) return conditions;
  const since = current?.status === next.status ? current.lastTransitionTime : next.lastTransitionTime;
  return [
    ...withoutCondition(conditions, next.type),
    { ...next, ...(since === undefined ? {} : { lastTransitionTime: since }) },
  ];
}
