import type { Clock, Logger } from '@navarch/base';
import type { Registry } from '../registry/registry.ts';

/** How long history is kept at least, in milliseconds: upstream's --etcd-compaction-interval. */
const INTERVAL_MS = 5 * 60_000;

/** Lets the store forget what is older than the interval, for as long as the signal lasts. */
export async function keepCompacted(registry: Registry, clock: Clock, log: Logger, signal: AbortSignal): Promise<void> {
  const { store } = registry.deps;
  for (let before = store.revision(); ;) {
    await clock.sleep(INTERVAL_MS, signal);
    const now = store.revision();
    try {
      if (before > store.oldest()) await store.compact(before);
      registry.compactedAt(before);
    } catch (error) {
      // Nothing is lost by keeping more: the next round tries again.
      log.warn('history could not be compacted', { revision: before, error });
    }
    before = now;
  }
}
