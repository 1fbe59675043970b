import { node } from '@navarch/api';
import type { Api } from '@navarch/client';
import type { LocalNode } from './local-nodes.ts';
import { isOfTheKubelet } from './node-flags.ts';

/** Gives nodes, as the administrator, what a kubelet may not give itself, and what a simulated one does not. */
export async function markNodes(api: Api, nodes: readonly LocalNode[], runtime: 'containerd' | 'sim'): Promise<void> {
  for (const { name, plan } of nodes) {
    const isOurs = (label: string): boolean => runtime === 'sim' || !isOfTheKubelet(label);
    const labels = Object.fromEntries(Object.entries(plan?.labels ?? {}).filter(([label]) => isOurs(label)));
    const taints = runtime === 'sim' ? (plan?.taints ?? []) : [];
    const { metadata, spec } = await api.of(node).get(name);
    const hasLabels = Object.entries(labels).every(([label, value]) => metadata.labels?.[label] === value);
    const missing = taints.filter(({ key, effect }) => !spec.taints?.some((t) => t.key === key && t.effect === effect));
    if (hasLabels && missing.length === 0) continue;
    await api.of(node).update(name, (found) => ({
      ...found,
      metadata: { ...found.metadata, labels: { ...found.metadata.labels, ...labels } },
      spec: { ...found.spec, ...(missing.length > 0 ? { taints: [...(found.spec.taints ?? []), ...missing] } : {}) },
    }));
  }
}
