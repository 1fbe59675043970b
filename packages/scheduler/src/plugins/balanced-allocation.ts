import { definePlugin } from '../plugin.ts';
import type { Template } from '../snapshot/template.ts';

/** Prefers nodes whose cpu and memory would be used up evenly. */
export const balancedAllocation = definePlugin<undefined, Template>({
  name: 'NodeResourcesBalancedAllocation',
  scope: 'node',
  wakesOn: [],
  /** A pod that asks for neither changes no balance. */
  weigh(pod, snapshot) {
    const template = snapshot.templateOf(pod);
    return template.cpu > 0 || template.memory > 0 ? template : undefined;
  },
  score(_pod, info, { cpu, memory }) {
    // Of a single resource there is no balance to speak of.
    if (info.cpu === 0 || info.memory === 0) return 100;
    const cpuShare = Math.min(1, ((info.requested.get('cpu') ?? 0) + cpu) / info.cpu);
    const memoryShare = Math.min(1, ((info.requested.get('memory') ?? 0) + memory) / info.memory);
    // The standard deviation of two shares is half their distance.
    return Math.floor((1 - Math.abs(cpuShare - memoryShare) / 2) * 100);
  },
});
