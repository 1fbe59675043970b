import { balancedAllocation, imageLocality, nodeAffinity, nodeName, nodePorts, nodeResourcesFit, nodeUnschedulable, taintToleration } from './plugins/basic.ts';
import type { Profile } from './plugin.ts';

export { enoughNodes, place, type Placement, unfitMessage } from './cycle.ts';
export { definePlugin, type Misfit, type Profile, type SchedulerPlugin } from './plugin.ts';
export { runScheduler, type SchedulerDeps } from './scheduler.ts';
export { NodeInfo, Snapshot } from './snapshot.ts';

/** Upstream's default profile as far as its plugins are here; weights are upstream's. Adding a plugin is adding its name to this list. */
export const defaultProfile: Profile = {
  plugins: [
    { plugin: nodeUnschedulable, weight: 0 }, { plugin: nodeName, weight: 0 }, { plugin: taintToleration, weight: 3 }, { plugin: nodeAffinity, weight: 2 },
    { plugin: nodePorts, weight: 0 }, { plugin: nodeResourcesFit, weight: 1 }, { plugin: balancedAllocation, weight: 1 }, { plugin: imageLocality, weight: 1 },
  ],
};
