import { node, type LoadBalancerStatus, type Node, service, type Service } from '@navarch/api';
import type { EventText } from '@navarch/client';
import { equalJson, hasReason, type Key, keyOf } from '@navarch/machinery';
import {
  type Change,
  type Context,
  type Controller,
  defineController,
  type Outcome,
  type Watch,
} from '../controller.ts';
import { changesOf, wantsBalancer } from './changes.ts';
import { HOSTS_SECONDS, SYNC_ERRORS, SYNC_SECONDS, SYNCS } from './measures.ts';
import type { LoadBalancers } from './ports.ts';

/** Keeps a service while something outside of the cluster sends to it. */
const FINALIZER = 'service.kubernetes.io/load-balancer-cleanup';
const EXCLUDED = 'node.kubernetes.io/exclude-from-external-load-balancers';
/** The key of all nodes; those of services have a slash. */
const NODES = 'nodes';

const isHeld = ({ metadata }: Service): boolean => metadata.finalizers?.includes(FINALIZER) ?? false;

/** A balancer is there, or may be, that is wanted no longer. One of a class is another's. */
const isLeftover = (s: Service): boolean =>
  isHeld(s) &&
  (s.metadata.deletionTimestamp !== undefined
    ? s.spec.loadBalancerClass === undefined
    : s.spec.type !== 'LoadBalancer');

const isServed = (n: Node): boolean => !n.metadata.deletionTimestamp && n.metadata.labels?.[EXCLUDED] === undefined;

const nodes: Watch<Node> = {
  kind: node,
  *keys({ current, previous }) {
    if ((current !== undefined && isServed(current)) !== (previous !== undefined && isServed(previous))) yield NODES;
  },
};

/** Makes load balancers for the services that want one of no particular class, and removes them. */
export const serviceLoadBalancerController = (balancers: LoadBalancers): Controller => {
  /** What changed of services, to be told when they are looked at. An entry goes then, or with the service. */
  const news = new Map<Key, readonly EventText[]>();
  /** To which nodes balancers send, by name; undefined before the first look. */
  let known: ReadonlySet<string> | undefined;
  /** Services whose balancer has not taken in the nodes as they are now. An entry goes when it has, or with the service. */
  const behind = new Set<Key>();

  const services: Watch<Service> = {
    kind: service,
    *keys({ current, previous }: Change<Service>, cache) {
      const object = current ?? previous;
      if (!object) return;
      if (!current) news.delete(keyOf(object));
      else if (isLeftover(current) || (!previous && wantsBalancer(current))) yield keyOf(current);
      const changes = current && previous ? changesOf(previous, current) : undefined;
      if (changes) {
        news.set(keyOf(object), [...(news.get(keyOf(object)) ?? []), ...changes]);
        yield keyOf(object);
      }
      // What it had may be what another waits for.
      if (previous?.status.loadBalancer.ingress && !current?.status.loadBalancer.ingress)
        for (const other of cache.list(service))
          if (wantsBalancer(other) && !other.status.loadBalancer.ingress) yield keyOf(other);
    },
  };

  return defineController({
    name: 'service-lb-controller',
    eventSource: 'service-controller',
    watches: [services, nodes],
    workers: 1,

    async reconcile(key, context) {
      if (key === NODES) {
        const before = known;
        known = new Set(servedNodes(context).map(({ metadata }) => metadata.name));
        if (before && !equalJson([...before].sort(), [...known].sort()))
          for (const s of context.cache.list(service)) if (isBalanced(s)) behind.add(keyOf(s));
        return sendToNodes(balancers, behind, context);
      }
      const found = context.cache.get(service, key);
      if (!found) return undefined;
      for (const text of news.get(key) ?? []) context.events.record(found, text);
      news.delete(key);
      if (isLeftover(found)) return saying(found, context, remove(found, balancers, context));
      if (!wantsBalancer(found) || found.metadata.deletionTimestamp) return undefined;
      return saying(found, context, ensure(found, balancers, context));
    },
  });
};

/** Something balances for it: it may have to be told of nodes. */
const isBalanced = (s: Service): boolean => wantsBalancer(s) && s.status.loadBalancer.ingress !== undefined;

const servedNodes = ({ cache }: Context): readonly Node[] => cache.list(node).filter(isServed);

async function saying(found: Service, { events, signal }: Context, work: Promise<void>): Promise<Outcome> {
  try {
    await work;
  } catch (error) {
    if (!signal.aborted)
      events.record(found, {
        type: 'Warning',
        reason: 'SyncLoadBalancerFailed',
        message: `Error syncing load balancer: ${textOf(error)}`,
      });
    throw error;
  }
  return undefined;
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

async function attempt<T>(what: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw new Error(`failed to ${what}: ${textOf(error)}`, { cause: error });
  }
}

async function ensure(found: Service, balancers: LoadBalancers, context: Context): Promise<void> {
  const { cache, events, signal } = context;
  const tell = (reason: string, message: string, type: 'Normal' | 'Warning' = 'Normal'): void =>
    events.record(found, { type, reason, message });
  tell('EnsuringLoadBalancer', 'Ensuring load balancer');
  // First: a service that goes in between must not leave a balancer behind.
  const held = await attempt('add load balancer cleanup finalizer', setHeld(found, true, context));
  // It has gone already: nobody would remove what is made for it.
  if (held?.metadata.uid !== found.metadata.uid) return;
  const served = servedNodes(context);
  if (served.length === 0) tell('UnAvailableLoadBalancer', 'There are no available nodes for LoadBalancer', 'Warning');
  const surroundings = { nodes: served, services: cache.list(service) };
  const status = await attempt('ensure load balancer', balancers.ensure(found, surroundings, signal));
  tell('EnsuredLoadBalancer', 'Ensured load balancer');
  await attempt('update load balancer status', writeStatus(found, status, context));
}

async function remove(found: Service, balancers: LoadBalancers, context: Context): Promise<void> {
  const { events, signal } = context;
  const tell = (reason: string, message: string): void => events.record(found, { type: 'Normal', reason, message });
  if (await attempt('check if load balancer exists before cleanup', balancers.find(found, signal))) {
    tell('DeletingLoadBalancer', 'Deleting load balancer');
    await attempt('delete load balancer', balancers.remove(found, signal));
  }
  await attempt('remove load balancer cleanup finalizer', setHeld(found, false, context));
  tell('DeletedLoadBalancer', 'Deleted load balancer');
  await attempt('update load balancer status', writeStatus(found, {}, context));
}

/** A balancer that cannot be told keeps no other waiting: it alone is told again. */
async function sendToNodes(balancers: LoadBalancers, behind: Set<Key>, context: Context): Promise<Outcome> {
  const { cache, clock, metrics, signal } = context;
  if (!balancers.sendTo) behind.clear();
  if (behind.size === 0) return undefined;
  const beganMs = clock.monotonic();
  let failed: { readonly error: unknown } | undefined;
  for (const key of behind) {
    const s = cache.get(service, key);
    try {
      if (s && isBalanced(s)) await sendTo(s, balancers, context);
      behind.delete(key);
    } catch (error) {
      signal.throwIfAborted();
      SYNC_ERRORS.add(metrics);
      failed ??= { error };
    }
  }
  SYNC_SECONDS.observe(metrics, (clock.monotonic() - beganMs) / 1000);
  if (failed) throw failed.error;
  return undefined;
}

async function sendTo(s: Service, balancers: LoadBalancers, context: Context): Promise<void> {
  const { clock, events, metrics, signal } = context;
  const served = servedNodes(context);
  const tell = (type: 'Normal' | 'Warning', reason: string, message: string): void =>
    events.record(s, { type, reason, message });
  const beganMs = clock.monotonic();
  SYNCS.add(metrics);
  try {
    await balancers.sendTo?.(s, served, signal);
  } catch (error) {
    const names = served.map(({ metadata }) => metadata.name).sort();
    tell(
      'Warning',
      'UpdateLoadBalancerFailed',
      `Error updating load balancer with new hosts [${names.join(' ')}]: ${textOf(error)}`,
    );
    throw error;
  } finally {
    HOSTS_SECONDS.observe(metrics, (clock.monotonic() - beganMs) / 1000);
  }
  if (served.length === 0) tell('Warning', 'UnAvailableLoadBalancer', 'There are no available nodes for LoadBalancer');
  else tell('Normal', 'UpdatedLoadBalancer', 'Updated load balancer with new hosts');
}

const setHeld = (found: Service, held: boolean, { api }: Context): Promise<Service | undefined> =>
  unlessGone(
    api.of(service).update(
      keyOf(found),
      (current) => {
        const others = (current.metadata.finalizers ?? []).filter((name) => name !== FINALIZER);
        if (current.metadata.uid !== found.metadata.uid || isHeld(current) === held) return current;
        return { ...current, metadata: { ...current.metadata, finalizers: held ? [...others, FINALIZER] : others } };
        // Its rights are for statuses, as upstream's.
      },
      { subresource: 'status' },
    ),
  );

const writeStatus = (
  found: Service,
  loadBalancer: LoadBalancerStatus,
  { api }: Context,
): Promise<Service | undefined> =>
  unlessGone(
    api
      .of(service)
      .update(
        keyOf(found),
        (current) =>
          current.metadata.uid !== found.metadata.uid || isSame(current.status.loadBalancer, loadBalancer)
            ? current
            : { ...current, status: { ...current.status, loadBalancer } },
        { subresource: 'status' },
      ),
  );

/** The server adds how packets are to be sent to an address, where nobody said it. */
const isSame = (one: LoadBalancerStatus, other: LoadBalancerStatus): boolean => {
  const plain = ({ ingress = [] }: LoadBalancerStatus): unknown =>
    ingress.map(({ ip = '', hostname = '', ipMode = ip ? 'VIP' : '', ports = [] }) => [ip, hostname, ipMode, ports]);
  return equalJson(plain(one), plain(other));
};

async function unlessGone<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error;
    return undefined;
  }
}
