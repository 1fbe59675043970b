/** Like `Promise.all`, but leaves nothing running behind: waits for every one, then throws the first failure. */
export async function settleAll<T>(work: Iterable<Promise<T>>): Promise<readonly T[]> {
  const results = await Promise.allSettled(work);
  const values: T[] = [];
  for (const result of results) {
    if (result.status === 'rejected') throw result.reason;
    values.push(result.value);
  }
  return values;
}
