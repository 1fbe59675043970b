import {
  type ArgsDeclaration,
  balancedAllocationArgs,
  dynamicResourcesArgs,
  interPodAffinityArgs,
  noArgs,
  nodeAffinityArgs,
  nodeResourcesFitArgs,
  podTopologySpreadArgs,
  preemptionArgs,
  volumeBindingArgs,
} from './config/plugin-args.ts';
import type { ExtensionPoint } from './extension-points.ts';
import { dynamicResourcesBy } from './dynamic-resources/dynamic-resources.ts';
import { definePlugin, type SchedulerPlugin } from './plugin.ts';
import { balancedAllocationBy, deviceBalanceBy } from './plugins/balanced-allocation.ts';
import { imageLocality } from './plugins/image-locality.ts';
import { interPodAffinityBy } from './plugins/inter-pod-affinity.ts';
import { nodeAffinityBy } from './plugins/node-affinity.ts';
import { nodeDeclaredFeatures } from './plugins/node-declared-features.ts';
import { nodeName } from './plugins/node-name.ts';
import { nodePorts } from './plugins/node-ports.ts';
import { deviceFitBy, nodeResourcesFitBy } from './plugins/node-resources-fit.ts';
import { nodeUnschedulable } from './plugins/node-unschedulable.ts';
import { nodeVolumeLimits } from './plugins/node-volume-limits.ts';
import { podTopologySpreadBy } from './plugins/pod-topology-spread.ts';
import { schedulingGates } from './plugins/scheduling-gates.ts';
import { taintToleration } from './plugins/taint-toleration.ts';
import { volumeBindingBy } from './plugins/volume-binding.ts';
import { volumeRestrictions } from './plugins/volume-restrictions.ts';
import { volumeZone } from './plugins/volume-zone.ts';
import { defaultPreemptionBy } from './preemption/preemption.ts';

/** A plugin that a configuration may name. */
export interface Registration<Args = undefined> {
  readonly name: string;
  /** In the default profile, where it scores. */
  readonly weight?: number;
  /** Where upstream's plugin of this name acts: what a configuration may switch on and off. */
  readonly points: readonly ExtensionPoint[];
  readonly args: ArgsDeclaration<Args>;
  make(args: Args): SchedulerPlugin<any, any>;
  /** A part of it that looks further than at one node, where it has one: an entry of its own. */
  beside?(args: Args): SchedulerPlugin<any, any> | undefined;
}

/** A plugin that takes no arguments. */
const plain = (
  plugin: SchedulerPlugin<any, any>,
  points: readonly ExtensionPoint[],
  weight?: number,
): Registration<any> => ({
  name: plugin.name,
  points,
  args: noArgs,
  make: () => plugin,
  ...(weight === undefined ? {} : { weight }),
});

const taking = <Args>(registration: Registration<Args>): Registration<any> => registration;

/** How pods wait and how they are bound is the scheduler's own; these names stand for it. */
const prioritySort = definePlugin({ name: 'PrioritySort', scope: 'node', wakesOn: [] });
const defaultBinder = definePlugin({ name: 'DefaultBinder', scope: 'node', wakesOn: [] });

const SCORING: readonly ExtensionPoint[] = ['preScore', 'score'];
const FILTERING: readonly ExtensionPoint[] = ['preFilter', 'filter'];

/** Every plugin there is, in upstream's default order. Adding one is adding it here. */
export const registry: readonly Registration<any>[] = [
  plain(schedulingGates, ['preEnqueue']),
  plain(prioritySort, ['queueSort']),
  plain(nodeUnschedulable, ['filter']),
  plain(nodeName, ['filter']),
  plain(taintToleration, ['filter', ...SCORING], 3),
  taking({
    name: 'NodeAffinity',
    weight: 2,
    points: [...FILTERING, ...SCORING],
    args: nodeAffinityArgs,
    make: nodeAffinityBy,
  }),
  plain(nodePorts, FILTERING),
  taking({
    name: 'NodeResourcesFit',
    weight: 1,
    points: [...FILTERING, ...SCORING],
    args: nodeResourcesFitArgs,
    make: nodeResourcesFitBy,
    beside: deviceFitBy,
  }),
  plain(volumeRestrictions, FILTERING),
  plain(nodeVolumeLimits, FILTERING),
  taking({
    name: 'VolumeBinding',
    points: [...FILTERING, 'reserve', 'preBind', ...SCORING],
    args: volumeBindingArgs,
    make: volumeBindingBy,
  }),
  plain(volumeZone, FILTERING),
  taking({
    name: 'PodTopologySpread',
    weight: 2,
    points: [...FILTERING, ...SCORING],
    args: podTopologySpreadArgs,
    make: podTopologySpreadBy,
  }),
  taking({
    name: 'InterPodAffinity',
    weight: 2,
    points: [...FILTERING, ...SCORING],
    args: interPodAffinityArgs,
    make: interPodAffinityBy,
  }),
  taking({
    name: 'DynamicResources',
    weight: 2,
    points: ['preEnqueue', ...FILTERING, 'postFilter', 'reserve', 'preBind', ...SCORING],
    args: dynamicResourcesArgs,
    make: dynamicResourcesBy,
  }),
  taking({
    name: 'DefaultPreemption',
    points: ['postFilter'],
    args: preemptionArgs,
    make: defaultPreemptionBy,
  }),
  taking({
    name: 'NodeResourcesBalancedAllocation',
    weight: 1,
    points: SCORING,
    args: balancedAllocationArgs,
    make: balancedAllocationBy,
    beside: deviceBalanceBy,
  }),
  plain(imageLocality, ['score'], 1),
  plain(nodeDeclaredFeatures, FILTERING),
  plain(defaultBinder, ['bind']),
];
