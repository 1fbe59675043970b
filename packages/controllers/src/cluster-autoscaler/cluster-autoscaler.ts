import { isTerminal, type Node, node, type Pod, pod, podDisruptionBudget } from '@navarch/api';
import { type Context, type Controller, defineController } from '../controller.ts';
import { type Expander, leastWasteExpander, randomExpander } from './expanders.ts';
import type { BeginTrial, NodeGroup, NodeGroups } from './ports.ts';
import { ScaleDown, type ScaleDownTimes } from './scale-down.ts';
import { newNode, type Room, scaleUp } from './scale-up.ts';
import { isNodeReady, writeStatus } from './status.ts';

export interface ClusterAutoscalerOptions {
  readonly groups: NodeGroups;
  readonly begin: BeginTrial;
  /** Asked in turn. Default: least-waste, then random. */
  readonly expanders?: readonly Expander[];
  /** Upstream's by default: half of a node, ten minutes, ten minutes. */
  readonly scaleDown?: Partial<ScaleDownTimes>;
  /** From the end of one round to the next. Default: 10 s. */
  readonly scanMs?: number;
}

const MINUTE = 60_000;
const TIMES: ScaleDownTimes = { utilizationThreshold: 0.5, unneededMs: 10 * MINUTE, afterAddMs: 10 * MINUTE };

/** Makes nodes for pods that the scheduler finds no place for, and takes away nodes that are not needed. An add-on: it needs somebody who makes nodes. */
export function clusterAutoscalerController({
  groups,
  begin,
  expanders = [leastWasteExpander, randomExpander],
  scaleDown = {},
  scanMs = 10_000,
}: ClusterAutoscalerOptions): Controller {
  const down = new ScaleDown({ groups, begin, times: { ...TIMES, ...scaleDown } });
  let lastAddMs = Number.NEGATIVE_INFINITY;
  return defineController({
    name: 'cluster-autoscaler',
    watches: [],
    reads: [pod, node, podDisruptionBudget],
    initialKeys: ['cluster'],
    workers: 1,
    async reconcile(_, context) {
      const { cache, clock, signal } = context;
      const all = cache.list(node);
      const known = await groups.list(signal);
      const room = roomOf(known, all, context);
      const waiting = cache.list(pod).filter(isWaiting).toSorted(inTurn);
      const enlarged =
        waiting.length > 0 ? await scaleUp(waiting, room, { groups, begin, expanders }, context) : undefined;
      if (enlarged) lastAddMs = clock.monotonic();
      // What is on its way is needed by somebody.
      const isGrowing = enlarged !== undefined || room.nodes.length > all.filter(isNodeReady).length;
      const unneeded = isGrowing ? [] : await down.round(room, lastAddMs, context);
      await writeStatus({ groups: await groups.list(signal), nodes: all, unneeded }, context);
      return { requeueAfterMs: scanMs };
    },
  });
}

/** The scheduler has looked and found nothing. */
const isWaiting = ({ metadata, spec, status }: Pod): boolean =>
  !spec.nodeName &&
  metadata.deletionTimestamp === undefined &&
  status.nominatedNodeName === undefined &&
  (status.conditions ?? []).some(
    ({ type, status: is, reason }) => type === 'PodScheduled' && is === 'False' && reason === 'Unschedulable',
  );

/** Nodes that are ready, and one of its template for each that a group is to have and has not. */
function roomOf(groups: readonly NodeGroup[], all: readonly Node[], { cache }: Context): Room {
  const ready = all.filter(isNodeReady);
  const names = new Set(ready.map(({ metadata }) => metadata.name));
  const coming = groups.flatMap((group) => {
    const there = group.nodes.filter((name) => names.has(name)).length;
    return Array.from({ length: Math.max(0, group.target - there) }, (_, i) => newNode(group, `coming-${i}`));
  });
  const placed = cache.list(pod).filter((one) => one.spec.nodeName && !isTerminal(one));
  return { groups, nodes: [...ready, ...coming], placed };
}

/** The more important first, then the older: as the scheduler takes them. */
const inTurn = (a: Pod, b: Pod): number =>
  (b.spec.priority ?? 0) - (a.spec.priority ?? 0) ||
  Date.parse(a.metadata.creationTimestamp) - Date.parse(b.metadata.creationTimestamp) ||
  (a.metadata.uid < b.metadata.uid ? -1 : 1);
