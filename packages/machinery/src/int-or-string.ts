/** intstr.IntOrString: a number, or a percentage as text. */
export type IntOrString = number | string;

/**
 * The number itself, or so many percent of `total`, rounded as asked (deployments round surge up and unavailable
 * down). undefined when the text is no percentage.
 */
export function scaledValue(value: IntOrString, total: number, rounding: 'up' | 'down'): number | undefined {
  if (typeof value === 'number') return value;
  const percent = parsePercent(value);
  if (percent === undefined) return undefined;
  const exact = (percent * total) / 100;
  return rounding === 'up' ? Math.ceil(exact) : Math.floor(exact);
}

/** 25 for `25%`. */
export function parsePercent(text: string): number | undefined {
  return /^[+-]?\d+%$/.test(text) ? Number(text.slice(0, -1)) : undefined;
}
