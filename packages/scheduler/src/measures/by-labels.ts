/** Makes the series of some labels once: they are few, and much is counted. */
export function byLabels<T>(make: (first: string, second?: string, third?: string) => T): typeof make {
  const known = new Map<string, Map<string, Map<string, T>>>();
  return (first, second = '', third = '') => {
    const seconds = found(known, first, () => new Map<string, Map<string, T>>());
    const thirds = found(seconds, second, () => new Map<string, T>());
    return found(thirds, third, () => make(first, second, third));
  };
}

function found<V>(map: Map<string, V>, key: string, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
