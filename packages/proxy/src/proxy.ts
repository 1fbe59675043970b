import { endpointSlice, service } from '@navarch/api';
import { type Clock, type Logger, Notifier, TaskGroup } from '@navarch/base';
import type { Cache } from '@navarch/client';
import { type ProxyNode, type Ruleset, ruleset } from './ruleset.ts';
import { difference } from './script.ts';

/** Applies a script of nft commands as one transaction. Rejects, and changes nothing, when any of it is refused. */
export interface PacketFilter {
  apply(script: string, signal: AbortSignal): Promise<void>;
}

export interface ProxyDeps {
  readonly cache: Cache;
  readonly clock: Clock;
  readonly log: Logger;
  readonly filter: PacketFilter;
  readonly node: ProxyNode;
}

/** Changes that arrive within this time are applied together. */
const COALESCE_MS = 20;
const RETRY_MS = 1000;

/** Keeps the node's packet rules equal to what services and endpoints say, until the signal aborts. The rules stay. */
export async function runProxy({ cache, clock, log, filter, node }: ProxyDeps, signal: AbortSignal): Promise<void> {
  await using group = new TaskGroup(signal);
  const changed = new Notifier();
  let isDirty = true;
  const mark = (): void => {
    isDirty = true;
    changed.notify();
  };
  cache.onChange(service, mark);
  cache.onChange(endpointSlice, mark);
  await cache.whenSynced([service, endpointSlice], group.signal);
  // What an earlier run left is not known: the first transaction replaces the table whole.
  let applied: Ruleset | undefined;
  while (!group.signal.aborted) {
    if (!isDirty) await changed.wait(group.signal).catch(() => undefined);
    await clock.sleep(COALESCE_MS, group.signal).catch(() => undefined);
    if (group.signal.aborted) return;
    isDirty = false;
    const next = ruleset(cache.list(service), cache.list(endpointSlice), node);
    const script = difference(applied, next, node);
    try {
      if (script !== '') await filter.apply(script, group.signal);
      applied = next;
    } catch (error) {
      if (group.signal.aborted) return;
      log.warn('packet rules refused', { error });
      applied = undefined;
      isDirty = true;
      await clock.sleep(RETRY_MS, group.signal).catch(() => undefined);
    }
  }
}
