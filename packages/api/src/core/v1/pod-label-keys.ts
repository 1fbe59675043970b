import type { LabelSelector, Mutable } from '@navarch/machinery';
import type { Pod } from '../../generated/types/core-v1.ts';

interface Keyed {
  labelSelector?: Mutable<LabelSelector>;
  matchLabelKeys?: string[];
  mismatchLabelKeys?: string[];
}

/** Terms that name keys of labels choose pods by this pod's values of them (KEP-3633, KEP-3243). A pod says so itself once it is made. */
export function applyLabelKeys({ metadata: { labels = {} }, spec }: Mutable<Pod>): void {
  for (const affinity of [spec.affinity?.podAffinity, spec.affinity?.podAntiAffinity]) {
    for (const term of affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []) apply(term, labels);
    for (const { podAffinityTerm } of affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [])
      apply(podAffinityTerm, labels);
  }
  for (const constraint of spec.topologySpreadConstraints ?? []) apply(constraint, labels);
}

function apply(
  { labelSelector, matchLabelKeys = [], mismatchLabelKeys = [] }: Keyed,
  labels: Readonly<Record<string, string>>,
): void {
  if (!labelSelector) return;
  const requirements = [
    ...matchLabelKeys.map((key) => ({ key, operator: 'In' as const })),
    ...mismatchLabelKeys.map((key) => ({ key, operator: 'NotIn' as const })),
  ].flatMap(({ key, operator }) => (labels[key] === undefined ? [] : [{ key, operator, values: [labels[key]] }]));
  if (requirements.length > 0)
    labelSelector.matchExpressions = [...(labelSelector.matchExpressions ?? []), ...requirements];
}
