import { isTerminal, podLimits, pod as podKind, podRequests } from '@navarch/api';
import type { MetricFamily } from '@navarch/base';
import type { CacheReader } from '@navarch/client';
import { parseQuantity } from '@navarch/machinery';

type Labels = Readonly<Record<'namespace' | 'node' | 'pod' | 'priority' | 'resource' | 'scheduler' | 'unit', string>>;

const HELP = (what: string): string =>
  `[STABLE] Resources ${what} workloads on the cluster, broken down by pod. This shows the resource usage the scheduler and kubelet expect per pod for resources along with the unit for the resource if any.`;

/** What upstream's scheduler shows at /metrics/resources: what each pod asks for and may have, once it is summed up (KEP-1748). */
export const podResourceMetrics = {
  at: 'resources',
  families(objects: CacheReader): readonly MetricFamily[] {
    const [requests, limits] = [new Map<Labels, number>(), new Map<Labels, number>()];
    for (const pod of objects.list(podKind)) {
      if (isTerminal(pod)) continue;
      const { spec, metadata } = pod;
      const about = {
        namespace: metadata.namespace ?? '',
        node: spec.nodeName ?? '',
        pod: metadata.name,
        priority: spec.priority === undefined ? '' : String(spec.priority),
        scheduler: spec.schedulerName ?? '',
      };
      for (const [into, amounts] of [
        [requests, podRequests(spec)],
        [limits, podLimits(spec)],
      ] as const)
        for (const [resource, amount] of Object.entries(amounts)) {
          const value = Number(parseQuantity(amount)?.nano ?? 0n) / 1e9;
          if (value !== 0) into.set({ ...about, resource, unit: unitOf(resource) }, value);
        }
    }
    return [
      family('kube_pod_resource_limit', HELP('limit for'), limits),
      family('kube_pod_resource_request', HELP('requested by'), requests),
    ];
  },
};

const BYTES: ReadonlySet<string> = new Set(['memory', 'storage', 'ephemeral-storage']);

function unitOf(resource: string): string {
  if (resource === 'cpu') return 'cores';
  if (BYTES.has(resource) || resource.startsWith('hugepages-')) return 'bytes';
  return resource.startsWith('attachable-volumes-') ? 'integer' : '';
}

const family = (name: string, help: string, values: ReadonlyMap<Labels, number>): MetricFamily => ({
  name,
  help,
  type: 'gauge',
  samples: [...values].map(([labels, value]) => ({ labels, value })),
});
