import { isReady, lease, node, type Lease, type Node, pod, type Pod } from '@navarch/api';
import { exponential } from '@navarch/base';
import type { Recorder } from '@navarch/client';
import { equalJson, hasReason, keyOf } from '@navarch/machinery';
import { type Context, type Controller, defineController, type Outcome, self, type Watch } from '../controller.ts';
import { count, spread } from '../shared/measure.ts';
import { podsByNode } from '../shared/pods-on-node.ts';
import { timestamp } from '../shared/time.ts';
import { type Heartbeat, observe, readyOf, silentConditions } from './health.ts';
import { evictionKey, isEvictionTaint, isSchedulingTaint, schedulingKeys, withTaints } from './taints.ts';
import { viewZones, zoneGauges, zoneLabel, zoneOf, type ZoneView } from './zones.ts';

export interface NodeLifecycleOptions {
  /** A node that was silent for so long is no longer known to run. Upstream: 50 s. */
  readonly graceMs?: number;
  /** The same for a node that has never said anything. Upstream: 60 s. */
  readonly startupGraceMs?: number;
}

const LEASES = 'kube-node-lease';
/** How often zones are looked at as a whole, and a node again that could not be marked yet. */
const MONITOR_MS = 5000;

const EVICTIONS = count(
  'node_collector_evictions_total',
  '[STABLE] Number of Node evictions that happened since current instance of NodeController started.',
);
const HEALTH_SECONDS = spread(
  'node_collector_update_node_health_duration_seconds',
  '[ALPHA] How long a look at the health of one node took, in seconds',
  exponential(0.001, 4, 8),
);

const ALL_HEALTH_SECONDS = spread(
  'node_collector_update_all_nodes_health_duration_seconds',
  '[ALPHA] How long looks at the health of nodes took in five seconds, all together, in seconds',
  exponential(0.01, 4, 8),
);

const leases: Watch<Lease> = {
  kind: lease,
  *keys({ current, previous }) {
    if (current?.metadata.namespace === LEASES && current.spec.renewTime !== previous?.spec.renewTime)
      yield current.metadata.name;
  },
};

/** Finds out which nodes are lost, marks them, their pods, and with taints who may stay. */
export function nodeLifecycleController({
  graceMs = 50_000,
  startupGraceMs = 60_000,
}: NodeLifecycleOptions = {}): Controller {
  const memory = new Memory();
  return defineController({
    name: 'node-lifecycle-controller',
    queueName: 'node_lifecycle_controller',
    eventSource: 'node-controller',
    watches: [self(node), leases],
    reads: [pod],
    workers: 8,
    gauges: zoneGauges,
    async reconcile(key, context) {
      const beganMs = context.clock.monotonic();
      const found = context.cache.get(node, key);
      if (!found) {
        memory.forget(key, context.events);
        return undefined;
      }
      const silentMs = memory.silence(found, context);
      const allowed = readyOf(found) ? graceMs : startupGraceMs;
      const conditions = silentMs >= allowed ? silentConditions(found, context.clock.now()) : undefined;
      // Everything below follows from the conditions: it is done in the pass that this write wakes.
      if (conditions) return void (await markSilent(found, conditions, context));
      memory.looked(context.clock.monotonic() - beganMs, context);
      await taintForScheduling(found, context);
      await markPods(found, memory, context);
      const next = await taintForEviction(found, memory.zones(context, graceMs), memory, context);
      const waits = [next, silentMs < allowed ? allowed - silentMs : undefined].filter((ms) => ms !== undefined);
      return waits.length > 0 ? { requeueAfterMs: Math.max(1, Math.min(...waits)) } : undefined;
    },
  });
}

/** What cannot be read from the cluster: when things were seen. It may be lost at any time, and then counts anew. */
class Memory {
  /** By name, for the nodes there are. */
  readonly #heartbeats = new Map<string, Heartbeat>();
  readonly #markedPods = new Map<string, string>();
  /** Those that were ready when they were looked at last. */
  readonly #ready = new Set<string>();
  readonly #nextMark = new Map<string, number>();
  #round: { readonly sinceMs: number; tookMs: number } | undefined;
  #zones: { readonly view: ZoneView; readonly atMs: number } | undefined;

  /** Milliseconds since the node was last heard of. */
  silence(found: Node, { cache, clock, events }: Context): number {
    const { name } = found.metadata;
    const before = this.#heartbeats.get(name);
    if (before?.uid !== found.metadata.uid)
      say(events, name, found.metadata.uid, 'RegisteredNode', `event: Registered Node ${name} in Controller`);
    const heartbeat = observe(found, cache.get(lease, `${LEASES}/${name}`), before, clock.monotonic());
    this.#heartbeats.set(name, heartbeat);
    return clock.monotonic() - heartbeat.seenMs;
  }

  /** Every node is looked at by itself; what there is of a round over all of them is what that took in the time of one. */
  looked(tookMs: number, { clock, metrics }: Context): void {
    HEALTH_SECONDS.observe(metrics, tookMs / 1000);
    const now = clock.monotonic();
    const round = (this.#round ??= { sinceMs: now, tookMs: 0 });
    round.tookMs += tookMs;
    if (now - round.sinceMs < MONITOR_MS) return;
    ALL_HEALTH_SECONDS.observe(metrics, round.tookMs / 1000);
    this.#round = { sinceMs: now, tookMs: 0 };
  }

  forget(name: string, events: Recorder): void {
    const before = this.#heartbeats.get(name);
    if (before) say(events, name, before.uid, 'RemovingNode', `event: Removing Node ${name} from Controller`);
    this.#heartbeats.delete(name);
    this.#markedPods.delete(name);
    this.#ready.delete(name);
  }

  /** Whether the pods of this loss of the node were not marked yet, and whether it is one: a node that joins has lost nothing. */
  beginMarking({ metadata: { name } }: Node, since: string): { readonly isNew: boolean; readonly isLoss: boolean } {
    const isNew = this.#markedPods.get(name) !== since;
    this.#markedPods.set(name, since);
    return { isNew, isLoss: this.#ready.delete(name) };
  }

  endMarking({ metadata: { name } }: Node, ready: boolean): void {
    this.#markedPods.delete(name);
    if (ready) this.#ready.add(name);
  }

  /**
   * Nodes of a zone that are lost together fall silent one after the other. Those that are about to be lost count for
   * what is left of their zone: else the first of them would lose its pods before it is seen how many they are.
   */
  zones({ cache, clock }: Context, graceMs: number): ZoneView {
    const now = clock.monotonic();
    const silentMs = graceMs - Math.min(2 * MONITOR_MS, graceMs / 5);
    const isSilent = ({ metadata: { name, uid } }: Node): boolean => {
      const heartbeat = this.#heartbeats.get(name);
      return heartbeat?.uid === uid && now - heartbeat.seenMs >= silentMs;
    };
    if (!this.#zones || now - this.#zones.atMs >= MONITOR_MS)
      this.#zones = { view: viewZones(cache.list(node), isSilent), atMs: now };
    return this.#zones.view;
  }

  /** Milliseconds until the next node of the zone may be marked; 0 takes the turn. */
  turn(zone: string, ratePerSecond: number, nowMs: number): number {
    if (ratePerSecond === 0) return MONITOR_MS;
    const at = this.#nextMark.get(zone) ?? 0;
    if (at > nowMs) return at - nowMs;
    this.#nextMark.set(zone, nowMs + 1000 / ratePerSecond);
    return 0;
  }
}

async function markSilent(
  found: Node,
  conditions: NonNullable<Node['status']['conditions']>,
  context: Context,
): Promise<Outcome> {
  const wasReady = readyOf(found)?.status === 'True';
  await context.api.of(node).replace({ ...found, status: { ...found.status, conditions } }, { subresource: 'status' });
  if (wasReady) sayNotReady(found, context.events);
  return undefined;
}

async function taintForScheduling(found: Node, { api, clock }: Context): Promise<void> {
  const make = (key: string) => ({ key, effect: 'NoSchedule', timeAdded: timestamp(clock.now()) }) as const;
  const change = (n: Node): Node => {
    const taints = withTaints(n, isSchedulingTaint, schedulingKeys(n), make);
    return equalJson(taints, n.spec.taints ?? []) ? n : { ...n, spec: { ...n.spec, taints } };
  };
  if (change(found) !== found) await api.of(node).update(found.metadata.name, change);
}

/** Pods of a node that is not ready do not serve, whatever they said last. A node that still talks is told once. */
async function markPods(found: Node, memory: Memory, context: Context): Promise<void> {
  const ready = readyOf(found);
  if (!ready || ready.status === 'True') return memory.endMarking(found, ready !== undefined);
  const { isNew, isLoss } = memory.beginMarking(
    found,
    `${found.metadata.uid} ${ready.status} ${ready.lastTransitionTime}`,
  );
  if (ready.status === 'False' && !isNew) return;
  if (ready.status === 'False' && isLoss) sayNotReady(found, context.events);
  for (const p of context.cache.find(pod, podsByNode, found.metadata.name))
    if (isReady(p)) await markNotReady(p, context);
}

async function markNotReady(p: Pod, { api, clock, events }: Context): Promise<void> {
  const now = timestamp(clock.now());
  try {
    await api.of(pod).update(
      keyOf(p),
      (current) =>
        current.metadata.uid !== p.metadata.uid || !isReady(current)
          ? current
          : {
              ...current,
              status: {
                ...current.status,
                conditions:
                  current.status.conditions?.map((c) =>
                    c.type === 'Ready' ? { ...c, status: 'False', lastTransitionTime: now } : c,
                  ) ?? [],
              },
            },
      { subresource: 'status' },
    );
    events.record(p, { type: 'Warning', reason: 'NodeNotReady', message: 'Node is not ready' });
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error;
  }
}

/** The taint from which pods are evicted. Resolves to the milliseconds after which to try again, if it is to be tried again. */
async function taintForEviction(
  found: Node,
  zones: ZoneView,
  memory: Memory,
  context: Context,
): Promise<number | undefined> {
  const { api, clock } = context;
  const key = zones.isBlind ? undefined : evictionKey(found);
  const make = (name: string) => ({ key: name, effect: 'NoExecute', timeAdded: timestamp(clock.now()) }) as const;
  const change = (n: Node): Node => {
    const taints = withTaints(n, isEvictionTaint, key === undefined ? [] : [key], make);
    return equalJson(taints, n.spec.taints ?? []) ? n : { ...n, spec: { ...n.spec, taints } };
  };
  const isTainted = found.spec.taints?.some(isEvictionTaint) ?? false;
  if (change(found) !== found) {
    // Only losing pods is rationed; taking a taint back, or turning one into the other, is not.
    const wait =
      key !== undefined && !isTainted ? memory.turn(zoneOf(found), zones.rateOf(zoneOf(found)), clock.monotonic()) : 0;
    if (wait > 0) return Math.min(wait, MONITOR_MS);
    await api.of(node).update(found.metadata.name, change);
    if (key !== undefined && !isTainted) EVICTIONS.add(context.metrics, { zone: zoneLabel(found) });
  }
  return readyOf(found)?.status === 'True' && !isTainted ? undefined : MONITOR_MS;
}

const sayNotReady = (found: Node, events: Recorder): void =>
  say(events, found.metadata.name, found.metadata.uid, 'NodeNotReady', 'status is now: NodeNotReady');

const say = (events: Recorder, name: string, uid: string, reason: string, what: string): void =>
  events.record({ kind: 'Node', name, uid }, { type: 'Normal', reason, message: `Node ${name} ${what}` });
