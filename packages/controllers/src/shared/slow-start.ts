/**
 * Does `count` things, in batches that double while all goes well: what is refused once is not asked five hundred times.
 * Every started piece of work is awaited; the first failure ends it after its batch.
 */
export async function slowStart(count: number, work: (n: number) => Promise<void>): Promise<void> {
  for (let size = 1, begun = 0; begun < count; size *= 2) {
    const batch = Array.from({ length: Math.min(size, count - begun) }, (_, i) => work(begun + i));
    begun += batch.length;
    const failed = (await Promise.allSettled(batch)).find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
  }
}
