import { type AddressRange, endpointSlice, node, service } from '@navarch/api';
import { type Clock, type Logger, Marks, TaskGroup } from '@navarch/base';
import type { Cache } from '@navarch/client';
import { announcements } from './announcements.ts';

/** Addresses of the node's own on its network: the machine answers who asks for them (ARP, NDP). */
export interface LinkAddresses {
  /** Has these of the pool from now on and no others of it; neighbours are told of new ones. Rejects where one cannot be had. */
  hold(addresses: ReadonlySet<string>, signal: AbortSignal): Promise<void>;
}

export interface AnnounceDeps {
  readonly cache: Cache;
  readonly clock: Clock;
  readonly log: Logger;
  readonly link: LinkAddresses;
  readonly pool: readonly AddressRange[];
  readonly nodeName: string;
}

/** Changes that arrive within this time are applied together. */
const COALESCE_MS = 50;
/** Addresses are looked at anew this often: a network that is set up again has lost them. */
const LOOK_MS = 30_000;

/** Keeps this node answering for its part of the load balancers' addresses (ADR 10), until the signal aborts. They stay. */
export async function runAnnouncer(
  { cache, clock, log, link, pool, nodeName }: AnnounceDeps,
  signal: AbortSignal,
): Promise<void> {
  await using group = new TaskGroup(signal);
  const marks = new Marks();
  cache.onChange(node, marks.set);
  cache.onChange(service, marks.set);
  cache.onChange(endpointSlice, marks.set);
  await cache.whenSynced([node, service, endpointSlice], group.signal);
  group.spawn((s) => marks.setEvery(clock, LOOK_MS, s));
  let told = '';
  let isNoneHeld = false;
  while (await marks.take(clock, COALESCE_MS, group.signal)) {
    const view = { nodes: cache.list(node), services: cache.list(service), slices: cache.list(endpointSlice) };
    const wanted = announcements(view, pool, nodeName);
    // Nobody takes away what is not there: a node that has none to announce asks about its devices once, not every half minute.
    if (wanted.size === 0 && isNoneHeld) continue;
    const failure = await attempt(() => link.hold(wanted, group.signal));
    // What is tried again every half minute is said once.
    if (failure !== '' && failure !== told && !group.signal.aborted)
      log.warn('addresses of load balancers not announced', { error: failure });
    told = failure;
    isNoneHeld = wanted.size === 0 && failure === '';
  }
}

async function attempt(work: () => Promise<void>): Promise<string> {
  try {
    await work();
    return '';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
