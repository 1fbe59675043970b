import { node, type Node } from '@navarch/api';
import { type Clock, type Logger, Marks, TaskGroup } from '@navarch/base';
import type { Cache } from '@navarch/client';
import { type RefusedRoute, replaceRoutes, type Route } from '@navarch/node/host';

export interface RouteDeps {
  readonly cache: Cache;
  readonly clock: Clock;
  readonly log: Logger;
  readonly nodeName: string;
}

/** Routes are looked at anew this often: a network that goes down takes them with it. */
const LOOK_MS = 30_000;
/** Nodes that come together are routed together. */
const COALESCE_MS = 50;

/** The way to every other node's pods is that node, which must be on a network of this one. Pure. */
export const podRoutes = (nodes: readonly Node[], ownName: string): readonly Route[] =>
  nodes
    .filter(({ metadata }) => metadata.name !== ownName)
    .flatMap((other) => {
      const blocks = other.spec.podCIDRs ?? (other.spec.podCIDR ? [other.spec.podCIDR] : []);
      return blocks.flatMap((destination) => {
        const via = addressLike(destination, other);
        return via === undefined ? [] : [{ destination, via }];
      });
    })
    .toSorted((a, b) => (a.destination < b.destination ? -1 : 1));

/** The node's address of the family that a block is of. */
const addressLike = (block: string, { status }: Node): string | undefined =>
  status.addresses?.find(({ type, address }) => type === 'InternalIP' && address.includes(':') === block.includes(':'))
    ?.address;

/** Keeps this machine's routes to the pods of other nodes until the signal aborts. The routes stay. */
export async function keepPodRoutes({ cache, clock, log, nodeName }: RouteDeps, signal: AbortSignal): Promise<void> {
  await using group = new TaskGroup(signal);
  const marks = new Marks();
  cache.onChange(node, marks.set);
  await cache.whenSynced([node], group.signal);
  group.spawn((s) => marks.setEvery(clock, LOOK_MS, s));
  let complained = '';
  let areNone = false;
  while (await marks.take(clock, COALESCE_MS, group.signal)) {
    const routes = podRoutes(cache.list(node), nodeName);
    // Where there is no other node nothing can go away: the kernel is asked once, not every half minute.
    if (routes.length === 0 && areNone) continue;
    const refused = await attempt(routes, log, group.signal);
    areNone = routes.length === 0 && refused !== undefined;
    if (!refused) continue;
    const complaint = JSON.stringify(refused);
    if (refused.length > 0 && complaint !== complained) {
      log.warn('pods of other nodes cannot be reached: their node must have its address on a network of this machine', {
        refused,
      });
    }
    complained = complaint;
  }
}

/** Undefined where that could not be done at all. */
async function attempt(
  routes: readonly Route[],
  log: Logger,
  signal: AbortSignal,
): Promise<readonly RefusedRoute[] | undefined> {
  try {
    return await replaceRoutes(routes, signal);
  } catch (error) {
    if (!signal.aborted) log.warn('cannot set routes to the pods of other nodes', { error });
    return undefined;
  }
}
