interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
  readonly lastUpdateTime?: string;
}

/** RFC 3339, whole seconds, from milliseconds. */
export const timeText = (now: number): string => `${new Date(now).toISOString().slice(0, 19)}Z`;

/** The list with the condition set; times move only when something did (API conventions, "Typical status properties"). */
export function withCondition<C extends Condition>(conditions: readonly C[] = [], next: Omit<C, 'lastTransitionTime' | 'lastUpdateTime'>, now: number, hasUpdateTime = false): readonly C[] {
  const before = conditions.find((c) => c.type === next.type);
  if (before && before.status === next.status && before.reason === next.reason && before.message === next.message) return conditions;
  const time = timeText(now);
  const condition = {
    ...next, ...(hasUpdateTime ? { lastUpdateTime: time } : {}), lastTransitionTime: before?.status === next.status ? (before.lastTransitionTime ?? time) : time,
  } as unknown as C;
  return before ? conditions.map((c) => (c === before ? condition : c)) : [...conditions, condition];
}

export const withoutCondition = <C extends Condition>(conditions: readonly C[] = [], type: string): readonly C[] => conditions.filter((c) => c.type !== type);

/** A count, or a share of `total` as a percentage, rounded as asked. */
export function scaled(value: number | string | undefined, total: number, up: boolean): number {
  if (typeof value === 'number') return value;
  const share = (Number.parseInt(value ?? '0', 10) * total) / 100;
  return up ? Math.ceil(share) : Math.floor(share);
}
