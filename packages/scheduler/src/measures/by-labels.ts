/** Makes the series of some labels once: they are few, and much is counted. */
export function byLabels<T>(make: (first: string, second?: string, third?: string) => T): typeof make {
  const known = new Map<string, Map<string, Map<string, T>>>();
  const made = (first: string, second: string, third: string): T => {
    const seconds = known.get(first) ?? new Map<string, Map<string, T>>();
    const thirds = seconds.get(second) ?? new Map<string, T>();
    const series = make(first, second, third);
    known.set(first, seconds.set(second, thirds.set(third, series)));
    return series;
  };
  return (first, second = '', third = '') => known.get(first)?.get(second)?.get(third) ?? made(first, second, third);
}
