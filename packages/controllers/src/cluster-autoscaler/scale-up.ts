import type { Node, Pod } from '@navarch/api';
import { keyOf } from '@navarch/machinery';
import { messageOf } from '../shared/pods.ts';
import type { Context } from '../controller.ts';
import { choose, type Expander, type Option } from './expanders.ts';
import type { BeginTrial, NodeGroup, NodeGroups } from './ports.ts';

/** In one round no more are asked for: what a wrong request costs is bounded. */
const NODES_AT_ONCE_MAX = 1_000;

export interface ScaleUpDeps {
  readonly groups: NodeGroups;
  readonly begin: BeginTrial;
  readonly expanders: readonly Expander[];
}

export interface Room {
  readonly groups: readonly NodeGroup[];
  /** Ready ones, and as templates those that are on their way. */
  readonly nodes: readonly Node[];
  readonly placed: readonly Pod[];
}

/** Makes room for pods that have none, in one group at a time. Resolves to the group that was enlarged. */
export async function scaleUp(
  waiting: readonly Pod[],
  room: Room,
  { groups, begin, expanders }: ScaleUpDeps,
  context: Context,
): Promise<NodeGroup | undefined> {
  const { events, random, signal, log } = context;
  const trial = begin(room.nodes, room.placed);
  // What is on its way may be enough for some.
  const helpless = waiting.filter((pod) => trial.place(pod).node === undefined);
  if (helpless.length === 0) return undefined;
  const { options, refusals } = optionsFor(helpless, room, begin);
  const chosen = choose(options, expanders, random);
  const helped = new Set(chosen?.pods.map(keyOf));
  for (const pod of helpless) {
    if (helped.has(keyOf(pod))) continue;
    const reasons = [...(refusals.get(keyOf(pod)) ?? [])].map(([why, count]) => `${count} ${why}`).toSorted();
    events.record(pod, {
      type: 'Normal',
      reason: 'NotTriggerScaleUp',
      message: `pod didn't trigger scale-up: ${reasons.join(', ')}`,
    });
  }
  if (!chosen) return undefined;
  const { group, nodes } = chosen;
  const size = group.target + nodes;
  try {
    await groups.increase(group.name, nodes, signal);
  } catch (error) {
    signal.throwIfAborted();
    log.warn('node group not enlarged', { group: group.name, error });
    for (const pod of chosen.pods)
      events.record(pod, {
        type: 'Warning',
        reason: 'FailedToScaleUpGroup',
        message: `Scale-up failed for group ${group.name}: ${messageOf(error)}`,
      });
    return undefined;
  }
  for (const pod of chosen.pods)
    events.record(pod, {
      type: 'Normal',
      reason: 'TriggeredScaleUp',
      message: `pod triggered scale-up: [{${group.name} ${group.target}->${size} (max: ${group.max})}]`,
    });
  return group;
}

interface Options {
  readonly options: readonly Option[];
  /** By key of a pod: why no group would have it, and how many groups say so. */
  readonly refusals: ReadonlyMap<string, ReadonlyMap<string, number>>;
}

function optionsFor(pods: readonly Pod[], room: Room, begin: BeginTrial): Options {
  const refusals = new Map<string, Map<string, number>>();
  const refuse = (pod: Pod, why: string): void => {
    const reasons = refusals.get(keyOf(pod)) ?? new Map<string, number>();
    reasons.set(why, (reasons.get(why) ?? 0) + 1);
    refusals.set(keyOf(pod), reasons);
  };
  const options = room.groups.flatMap((group): readonly Option[] => {
    const most = Math.min(group.max - group.target, NODES_AT_ONCE_MAX);
    if (most <= 0) {
      for (const pod of pods) refuse(pod, 'max node group size reached');
      return [];
    }
    const option = fill(group, most, pods, { room, begin, refuse });
    return option.pods.length > 0 ? [option] : [];
  });
  return { options, refusals };
}

interface Filling {
  readonly room: Room;
  readonly begin: BeginTrial;
  refuse(pod: Pod, why: string): void;
}

/** One node after the other, each only when no other new one has room. */
function fill(group: NodeGroup, most: number, pods: readonly Pod[], { room, begin, refuse }: Filling): Option {
  const trial = begin(room.nodes, room.placed);
  const helped: Pod[] = [];
  let nodes = 0;
  for (const pod of pods) {
    if (nodes > 0 && trial.place(pod).node !== undefined) {
      helped.push(pod);
      continue;
    }
    if (nodes >= most) {
      refuse(pod, 'max node group size reached');
      continue;
    }
    // Alone first: a pod that an empty node would not take must not cost one.
    const alone = begin([...room.nodes, newNode(group, 'alone')], room.placed).place(pod);
    if (alone.node === undefined) {
      refuse(pod, whyNot(alone.reasons));
      continue;
    }
    nodes += 1;
    trial.addNode(newNode(group, `new-${nodes}`));
    if (trial.place(pod).node !== undefined) helped.push(pod);
  }
  return { group, nodes, pods: helped };
}

const whyNot = (reasons: ReadonlyMap<string, number>): string => [...reasons.keys()].toSorted()[0] ?? 'no fitting node';

/** A node of the group that is not there yet. */
export function newNode({ name: group, template }: NodeGroup, suffix: string): Node {
  const name = `template-node-for-${group}-${suffix}`;
  const labels = { ...template.metadata.labels, 'kubernetes.io/hostname': name };
  return { ...template, metadata: { ...template.metadata, name, uid: name, labels } };
}
