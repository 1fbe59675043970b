import { node as nodeKind, type Node, pod as podKind, type Pod, podDisruptionBudget, podRequests } from '@navarch/api';
import { hasReason, keyOf, quantityMilliValue } from '@navarch/machinery';
import type { Context } from '../controller.ts';
import { messageOf } from '../shared/pods.ts';
import { podsByNode } from '../shared/pods-on-node.ts';
import { goesWithNode, whatHolds } from './movable.ts';
import type { BeginTrial, NodeGroup, NodeGroups } from './ports.ts';
import type { Room } from './scale-up.ts';

const DISABLED = 'cluster-autoscaler.kubernetes.io/scale-down-disabled';
const TAINT = 'ToBeDeletedByClusterAutoscaler';
/** Upstream's bound of nodes without pods that go in one round. */
const EMPTY_MAX = 10;
/** A node that is not empty after so long stays. */
const DRAIN_MS = 10 * 60_000;

export interface ScaleDownTimes {
  /** Nodes that use less than that share of processors and of memory are looked at. */
  readonly utilizationThreshold: number;
  /** For how long a node must not have been needed. */
  readonly unneededMs: number;
  /** After a group was enlarged, nothing is taken away for so long. */
  readonly afterAddMs: number;
}

export interface ScaleDownDeps {
  readonly groups: NodeGroups;
  readonly begin: BeginTrial;
  readonly times: ScaleDownTimes;
}

interface Candidate {
  readonly node: Node;
  readonly group: NodeGroup;
  /** That have to find another place. */
  readonly movers: readonly Pod[];
}

/** What is remembered from round to round: since when nodes have not been needed, in monotonic ms. Lost with the leader, as upstream's. */
export class ScaleDown {
  readonly #deps: ScaleDownDeps;
  readonly #since = new Map<string, number>();

  constructor(deps: ScaleDownDeps) {
    this.#deps = deps;
  }

  /** One round. Resolves to the names of nodes that are not needed. */
  async round(room: Room, lastAddMs: number, context: Context): Promise<readonly string[]> {
    const { clock } = context;
    await this.#finish(room, context);
    const candidates = this.#candidates(room, context);
    const names = new Set(candidates.map(({ node }) => node.metadata.name));
    for (const name of this.#since.keys()) if (!names.has(name)) this.#since.delete(name);
    const now = clock.monotonic();
    for (const name of names) this.#since.set(name, this.#since.get(name) ?? now);
    const { unneededMs, afterAddMs } = this.#deps.times;
    if (now - lastAddMs >= afterAddMs) {
      const ripe = candidates.filter(({ node }) => now - (this.#since.get(node.metadata.name) ?? now) >= unneededMs);
      const empty = ripe.filter(({ movers }) => movers.length === 0).slice(0, EMPTY_MAX);
      // Of nodes with pods one at a time: where they go is another's room.
      const isDraining = room.nodes.some((node) => taintOf(node) !== undefined);
      const next = empty.length > 0 ? empty : isDraining ? [] : ripe.slice(0, 1);
      for (const candidate of next) await this.#begin(candidate, context);
    }
    return [...names];
  }

  /** That have little on them, all of which has a place elsewhere. */
  #candidates(room: Room, { cache }: Context): readonly Candidate[] {
    const budgets = cache.list(podDisruptionBudget);
    const leaving = new Map<string, number>();
    const found: Candidate[] = [];
    let { nodes } = room;
    for (const node of room.nodes.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))) {
      const { name, annotations } = node.metadata;
      const group = room.groups.find((one) => one.nodes.includes(name));
      if (!group || taintOf(node) !== undefined || annotations?.[DISABLED] === 'true') continue;
      if (group.target - (leaving.get(group.name) ?? 0) <= group.min) continue;
      const pods = cache.find(podKind, podsByNode, name).filter((pod) => !goesWithNode(pod));
      if (utilization(node, pods) >= this.#deps.times.utilizationThreshold) continue;
      if (pods.some((pod) => whatHolds(pod, budgets) !== undefined)) continue;
      // Those that were found before are thought away: two must not count on each other.
      const others = nodes.filter((one) => one !== node);
      const trial = this.#deps.begin(
        others,
        room.placed.filter((pod) => pod.spec.nodeName !== name),
      );
      if (pods.some((pod) => trial.place(unplaced(pod)).node === undefined)) continue;
      found.push({ node, group, movers: pods });
      leaving.set(group.name, (leaving.get(group.name) ?? 0) + 1);
      nodes = others;
    }
    return found;
  }

  async #begin({ node, group, movers }: Candidate, context: Context): Promise<void> {
    const { events, log } = context;
    await mark(node, String(Math.floor(context.clock.now() / 1000)), context);
    events.record(node, {
      type: 'Normal',
      reason: 'ScaleDown',
      message: 'marked the node as toBeDeleted/unschedulable',
    });
    log.info('node is taken away', { node: node.metadata.name, group: group.name, pods: movers.length });
    if (movers.length === 0) await this.#remove(node, group, context);
    else await drain(movers, context);
  }

  /** Goes on with nodes that are being emptied, also those of a leader before. */
  async #finish(room: Room, context: Context): Promise<void> {
    const { cache, clock, events } = context;
    for (const node of room.nodes) {
      const begun = taintOf(node);
      const group = room.groups.find((one) => one.nodes.includes(node.metadata.name));
      if (begun === undefined || !group) continue;
      const left = cache.find(podKind, podsByNode, node.metadata.name).filter((pod) => !goesWithNode(pod));
      if (left.length === 0) await this.#remove(node, group, context);
      else if (clock.now() - Number(begun) * 1000 < DRAIN_MS) await drain(left, context);
      else {
        await mark(node, undefined, context);
        events.record(node, {
          type: 'Warning',
          reason: 'ScaleDownFailed',
          message: `failed to drain the node: ${left.map(keyOf).join(', ')} remained`,
        });
      }
    }
  }

  async #remove(node: Node, group: NodeGroup, context: Context): Promise<void> {
    const { events, signal } = context;
    try {
      await this.#deps.groups.remove(group.name, [node], signal);
      events.record(node, { type: 'Normal', reason: 'ScaleDown', message: 'node removed by cluster autoscaler' });
    } catch (error) {
      signal.throwIfAborted();
      await mark(node, undefined, context);
      events.record(node, {
        type: 'Warning',
        reason: 'ScaleDownFailed',
        message: `failed to delete the node: ${messageOf(error)}`,
      });
    }
  }
}

const taintOf = ({ spec }: Node): string | undefined => spec.taints?.find(({ key }) => key === TAINT)?.value;

/** As it was before it had a node. */
const unplaced = ({ spec: { nodeName: _, ...spec }, ...pod }: Pod): Pod => ({ ...pod, spec }) as Pod;

function utilization({ status }: Node, pods: readonly Pod[]): number {
  const share = (resource: string): number => {
    const room = quantityMilliValue(status.allocatable?.[resource]);
    return room > 0
      ? pods.reduce((sum, { spec }) => sum + quantityMilliValue(podRequests(spec)[resource]), 0) / room
      : 0;
  };
  return Math.max(share('cpu'), share('memory'));
}

/** With a time since the epoch in seconds the node is to go, without one it stays. */
async function mark({ metadata: { name, uid } }: Node, since: string | undefined, { api }: Context): Promise<void> {
  try {
    await api.of(nodeKind).update(name, (current) => {
      if (current.metadata.uid !== uid || taintOf(current) === since) return current;
      const others = (current.spec.taints ?? []).filter(({ key }) => key !== TAINT);
      const taints =
        since === undefined ? others : [...others, { key: TAINT, value: since, effect: 'NoSchedule' as const }];
      return { ...current, spec: { ...current.spec, taints } };
    });
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error;
  }
}

/** A budget may hold one back: it is asked again in the next round. */
async function drain(pods: readonly Pod[], { api, events }: Context): Promise<void> {
  for (const pod of pods) {
    if (pod.metadata.deletionTimestamp) continue;
    const { name, namespace, uid } = pod.metadata;
    try {
      await api.of(podKind).post(keyOf(pod), 'eviction', {
        apiVersion: 'policy/v1',
        kind: 'Eviction',
        metadata: { name, namespace },
        deleteOptions: { preconditions: { uid } },
      });
      events.record(pod, { type: 'Normal', reason: 'ScaleDown', message: 'deleting pod for node scale down' });
    } catch (error) {
      if (!hasReason(error, 'NotFound') && !hasReason(error, 'TooManyRequests')) throw error;
    }
  }
}
