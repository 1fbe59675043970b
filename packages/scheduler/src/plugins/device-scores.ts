import type { Pod } from '@navarch/api';
import { deviceTotals } from '../dynamic-resources/device-totals.ts';
import { mayBeDevices } from '../dynamic-resources/extended-names.ts';
import { definePlugin, type SchedulerPlugin } from '../plugin.ts';
import type { NodeInfo } from '../snapshot/node-info.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { ScoredPod } from './allocation-score.ts';

/** A plugin that scores nodes by how much of some resources they would have left. */
interface ByResources {
  readonly name: string;
  readonly resources: readonly { readonly name: string }[];
  /** undefined: it prefers no node for this pod. */
  weigh(pod: Pod, snapshot: Snapshot): ScoredPod | undefined;
  score(info: NodeInfo, pod: ScoredPod): number;
}

interface Parts {
  /** What the plugin says where nothing but the node counts. */
  readonly own: Pick<SchedulerPlugin<any, ScoredPod>, 'weigh' | 'score'>;
  /** What it says of pods for which devices do; undefined: it looks at no resource that may be devices. */
  readonly beside: SchedulerPlugin<undefined, ScoredPod> | undefined;
}

/**
 * Devices behind a resource (KEP-5004) come and go without a change of the node, so that a score which depends on them
 * must not be remembered with what else is said of the node: it is an entry of its own, that looks further.
 */
export function scoredByResources({ name, resources, weigh, score }: ByResources): Parts {
  const names = resources.map((resource) => resource.name).filter(mayBeDevices);
  const asksForDevices = ({ template: { requests } }: ScoredPod, { devices }: Snapshot): boolean =>
    names.some((resource) => (requests.get(resource) ?? 0) > 0 && devices.classOf(resource) !== undefined);
  return {
    own: {
      weigh(pod, snapshot) {
        const scored = weigh(pod, snapshot);
        return scored && !asksForDevices(scored, snapshot) ? scored : undefined;
      },
      score: (_pod, info, scored) => score(info, scored),
    },
    beside:
      names.length === 0
        ? undefined
        : definePlugin<undefined, ScoredPod>({
            name,
            scope: 'cluster',
            wakesOn: [],
            weigh(pod, snapshot) {
              const scored = weigh(pod, snapshot);
              if (!scored || !asksForDevices(scored, snapshot)) return undefined;
              return { ...scored, devicesOn: (resource, { node }) => deviceTotals(resource, node, snapshot.devices) };
            },
            score: (_pod, info, scored) => score(info, scored),
          }),
  };
}
