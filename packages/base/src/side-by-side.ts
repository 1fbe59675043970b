/**
 * Does the work for every item, for no more than `most` at the same time; answers are in the order of the items. Leaves
 * nothing running behind: waits for every one, then throws the first failure.
 */
export async function sideBySide<T, R>(
  items: readonly T[],
  most: number,
  work: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const results: PromiseSettledResult<R>[] = [];
  const queue = items.entries();
  const workThrough = async (): Promise<void> => {
    for (const [i, item] of queue)
      results[i] = await work(item).then(
        (value) => ({ status: 'fulfilled', value }),
        (reason: unknown) => ({ status: 'rejected', reason }),
      );
  };
  await Promise.allSettled(Array.from({ length: Math.min(most, items.length) }, workThrough));
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
}
