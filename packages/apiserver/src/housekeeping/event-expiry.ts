import { event } from '@navarch/api';
import type { Clock } from '@navarch/base';
import { type ApiObject, StatusError } from '@navarch/machinery';
import type { Cached } from '@navarch/store';
import type { Registry } from '../registry/registry.ts';

/** How long an event is kept after it was last seen, unless upstream's --event-ttl says otherwise. */
const TTL_MS = 60 * 60_000;
const INTERVAL_MS = 60_000;

interface Timed {
  readonly lastTimestamp?: string | null;
  readonly eventTime?: string | null;
  readonly series?: { readonly lastObservedTime?: string };
}

interface Keeping {
  readonly clock: Clock;
  /** Absent: an hour. */
  readonly ttlMs: number | undefined;
}

/** Removes events that nobody has seen for that long, for as long as the signal lasts. */
export async function keepEventsFresh(
  registry: Registry,
  { clock, ttlMs = TTL_MS }: Keeping,
  signal: AbortSignal,
): Promise<void> {
  const { shelf } = registry.of(event);
  // Read once for each version of an event: there may be more of them than are kept parsed.
  const lastSeen = new WeakMap<Cached<ApiObject>, number>();
  const isOld = (cached: Cached<ApiObject>): boolean => {
    const known = lastSeen.get(cached);
    const seenMs = known ?? lastSeenMs(cached.object);
    if (known === undefined) lastSeen.set(cached, seenMs);
    return clock.now() - seenMs > ttlMs;
  };
  for (;;) {
    await clock.sleep(Math.min(INTERVAL_MS, ttlMs), signal);
    const old = [...shelf.cache.range(shelf.cache.prefix)].filter(isOld);
    for (const cached of old) {
      try {
        await shelf.remove(cached);
      } catch (error) {
        if (!(error instanceof StatusError)) throw error; // Seen again meanwhile.
      }
    }
  }
}

function lastSeenMs(seen: ApiObject & Timed): number {
  const times = [seen.metadata.creationTimestamp, seen.lastTimestamp, seen.eventTime, seen.series?.lastObservedTime];
  return Math.max(...times.map((time) => (time ? Date.parse(time) : 0)));
}
