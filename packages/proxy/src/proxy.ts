import { endpointSlice, node as nodeKind, service } from '@navarch/api';
import { type Clock, type Logger, Marks, type Metrics, noMetrics, TaskGroup } from '@navarch/base';
import type { Cache } from '@navarch/client';
import { keyOf } from '@navarch/machinery';
import type { HealthCheck } from './health-checks.ts';
import type { ProxyNode } from './reachable.ts';
import { FAMILIES } from './families.ts';
import { ProxyHealth } from './proxy-health.ts';
import { TABLE } from './service-table.ts';
import { ServiceView } from './service-view.ts';
import { placeMap } from './shared-chains.ts';
import type { KnownFlow, StaleFlows } from './stale-flows.ts';
import { SyncRecord } from './sync-record.ts';

/** Applies a script of nft commands as one transaction. Rejects, and changes nothing, when any of it is refused. */
export interface PacketFilter {
  apply(script: string, signal: AbortSignal): Promise<void>;
  /**
   * Whether rules of a table name each of these, `map services` or `chain drops`; what is named by rules of a chain comes
   * before that chain. False also where there is no such table.
   */
  areNamed(table: string, named: readonly string[], signal: AbortSignal): Promise<boolean>;
  /** Flows of UDP that the kernel knows. */
  flows(signal: AbortSignal): Promise<readonly KnownFlow[]>;
  /** Lets the kernel forget flows of UDP, so that their next packet meets the rules as a first one: how many. None is fine. */
  forget(flows: readonly StaleFlows[], signal: AbortSignal): Promise<number>;
}

/** Answers balancers that ask on node ports whether this node has endpoints. */
export interface HealthPorts {
  /** Listens on these ports and no others from now on. Rejects where some cannot be had; the others are served. */
  publish(checks: ReadonlyMap<number, HealthCheck>, signal: AbortSignal): Promise<void>;
}

export interface ProxyDeps {
  readonly cache: Cache;
  readonly clock: Clock;
  readonly log: Logger;
  readonly filter: PacketFilter;
  /** Absent: nobody asks. */
  readonly health?: HealthPorts;
  /** Told of what the proxy does. */
  readonly ownHealth?: ProxyHealth;
  readonly metrics?: Metrics;
  readonly node: Omit<ProxyNode, 'zone'>;
}

/** Changes that arrive within this time are applied together. */
const COALESCE_MS = 20;
const RETRY_MS = 1000;
/** Someone may throw away all rules of the machine: whether ours are there is looked at this often. */
const LOOK_MS = 5_000;
/** What the first rules of packets to services name: who empties a table (`nft flush table`) leaves its chains. */
const LOOKED_AT = [`map ${placeMap('address', FAMILIES[0])}`, 'chain services'];
const ZONE = 'topology.kubernetes.io/zone';
/** Flows that wait to be forgotten while the kernel refuses rules: the first of more end by themselves, in silence. */
const STALE_MAX = 10_000;
/** Ways that flows lead astray when everything is made anew: no more, for each takes milliseconds in which no rule changes. */
const STRAYS_MAX = 1000;

/** Keeps the node's packet rules equal to what services and endpoints say, until the signal aborts. The rules stay. */
export async function runProxy(
  { cache, clock, log, filter, health, ownHealth = new ProxyHealth(clock), metrics = noMetrics, node }: ProxyDeps,
  signal: AbortSignal,
): Promise<void> {
  await using group = new TaskGroup(signal);
  const marks = new Marks();
  const record = new SyncRecord(metrics, ownHealth, clock);
  const again = (): void => {
    record.queued();
    marks.set();
  };
  const view = new ServiceView(node);
  record.followWithoutLocal((which) => view.withoutLocal(which));
  cache.onChange(service, (current, previous) => {
    const changed = current ?? previous;
    if (changed) view.setService(keyOf(changed), current);
    record.serviceChanged();
    marks.set();
  });
  cache.onChange(endpointSlice, (current, previous) => {
    const changed = current ?? previous;
    if (changed) view.setSlice(keyOf(changed), current);
    record.sliceChanged(current);
    marks.set();
  });
  cache.onChange(nodeKind, (current) => {
    if (current?.metadata.name !== node.name) return;
    ownHealth.setNode(current);
    if (view.setZone(current.metadata.labels?.[ZONE])) again();
  });
  await cache.whenSynced([service, endpointSlice, nodeKind], group.signal);
  // What an earlier run left is not known: the first transaction replaces the table whole.
  let isKnown = false;
  let transactions = 0;
  group.spawn(async (s) => {
    for (;;) {
      await clock.sleep(LOOK_MS, s);
      const before = transactions;
      const trouble = isKnown ? await missing(filter, s) : undefined;
      if (trouble === undefined || s.aborted) continue;
      // What was applied meanwhile has made the table anew, or is refused and will.
      if (transactions !== before) continue;
      log.warn('the rules of services were gone: they are made anew', { error: trouble });
      view.forget();
      again();
    }
  });
  let stale: readonly StaleFlows[] = [];
  while (await marks.take(clock, COALESCE_MS, group.signal)) {
    const sync = record.began();
    const change = view.take();
    // What a refused transaction was about is still to be forgotten after the next.
    stale = [...stale, ...change.stale].slice(-STALE_MAX);
    try {
      if (change.script !== '') {
        transactions++;
        await filter.apply(change.script, group.signal);
      }
      isKnown = true;
      sync.done(change.isWhole);
      const gone = stale;
      stale = [];
      const strays = change.isWhole ? view.strayed(await known({ filter, log }, group.signal)) : [];
      await forget({ filter, log, record }, [...gone, ...strays.slice(0, STRAYS_MAX)], group.signal);
    } catch (error) {
      if (group.signal.aborted) return;
      log.warn('packet rules refused', { error });
      sync.failed();
      view.forget();
      isKnown = false;
      again();
      await clock.sleep(RETRY_MS, group.signal).catch(() => undefined);
    }
    if (health) await publish({ health, log }, view.healthChecks(), group.signal);
  }
}

/** Why the rules cannot be found; undefined: they are there. */
async function missing(filter: PacketFilter, signal: AbortSignal): Promise<Error | undefined> {
  try {
    if (await filter.areNamed(TABLE, LOOKED_AT, signal)) return undefined;
    return new Error(`no rule of the table ${TABLE} names ${LOOKED_AT.join(', or ')}`);
  } catch (error) {
    return error as Error;
  }
}

/** A port that another program has is no reason to do without the rules. */
async function publish(
  { health, log }: { readonly health: HealthPorts; readonly log: Logger },
  checks: ReadonlyMap<number, HealthCheck>,
  signal: AbortSignal,
): Promise<void> {
  try {
    await health.publish(checks, signal);
  } catch (error) {
    if (!signal.aborted) log.warn('health check node port not served', { error });
  }
}

/** What went on while nobody looked: while no agent ran, or while the rules were gone. */
async function known(
  { filter, log }: Pick<ProxyDeps, 'filter' | 'log'>,
  signal: AbortSignal,
): Promise<readonly KnownFlow[]> {
  try {
    return await filter.flows(signal);
  } catch (error) {
    if (!signal.aborted) log.warn('flows from before not known', { error });
    return [];
  }
}

/** Flows that could not be forgotten end when their client has been silent for a while: no reason to do the rules anew. */
async function forget(
  { filter, log, record }: Pick<ProxyDeps, 'filter' | 'log'> & { readonly record: SyncRecord },
  flows: readonly StaleFlows[],
  signal: AbortSignal,
): Promise<void> {
  for (const { name } of FAMILIES) {
    const own = flows.filter(({ family }) => family === name);
    if (own.length === 0) continue;
    try {
      await record.timeForgetting(name, () => filter.forget(own, signal));
    } catch (error) {
      if (!signal.aborted) log.warn('flows to former endpoints not forgotten', { error });
    }
  }
}
