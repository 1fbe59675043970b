import { namespace as namespaceKind, type PodAffinityTerm } from '@navarch/api';
import type { CacheReader } from '@navarch/client';
import { compileLabelSelector, type LabelSelector, type Selector, selectorOf } from '@navarch/machinery';
import { perTemplate, type Template } from './template.ts';

/** Pods that someone wants to be near to, or far from. */
export interface PodTerm {
  /** Same text, same pods. */
  readonly key: string;
  readonly topologyKey: string;
  readonly selector: Selector;
  readonly namespaces: ReadonlySet<string>;
  /** Namespaces by their labels, besides those by name. */
  readonly namespaceSelector: Selector | undefined;
}

interface WeightedTerm {
  readonly term: PodTerm;
  /** Below zero: to be far from. */
  readonly weight: number;
}

export interface PodTerms {
  /** Same text, same terms. */
  readonly key: string;
  readonly affinity: readonly PodTerm[];
  readonly antiAffinity: readonly PodTerm[];
  readonly preferred: readonly WeightedTerm[];
}

const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';
const PREFERRED = 'preferredDuringSchedulingIgnoredDuringExecution';

export const termsOf: (template: Template) => PodTerms = perTemplate((template) => {
  const { podAffinity, podAntiAffinity } = template.spec.affinity ?? {};
  const compile = (term: PodAffinityTerm): PodTerm => compileTerm(term, template);
  const affinity = (podAffinity?.[REQUIRED] ?? []).map(compile);
  const antiAffinity = (podAntiAffinity?.[REQUIRED] ?? []).map(compile);
  const preferred = [
    ...(podAffinity?.[PREFERRED] ?? []).map(({ podAffinityTerm, weight }) => ({
      term: compile(podAffinityTerm),
      weight,
    })),
    ...(podAntiAffinity?.[PREFERRED] ?? []).map(({ podAffinityTerm, weight }) => ({
      term: compile(podAffinityTerm),
      weight: -weight,
    })),
  ];
  const keysOf = (terms: readonly PodTerm[]): readonly string[] => terms.map(({ key }) => key);
  const key = JSON.stringify([
    keysOf(affinity),
    keysOf(antiAffinity),
    preferred.map(({ term, weight }) => [term.key, weight]),
  ]);
  return { key, affinity, antiAffinity, preferred };
});

/** Neither namespaces nor a selector of them: the pod's own (PodAffinityTerm of core/v1). */
function compileTerm(term: PodAffinityTerm, { namespace, labels }: Template): PodTerm {
  const { topologyKey, namespaceSelector, namespaces = [] } = term;
  const names = namespaces.length === 0 && namespaceSelector === undefined ? [namespace] : namespaces;
  const selector = withLabelKeys(term, labels);
  return {
    // No selector and an empty one require the same, which is nothing; but one selects no pod and the other every pod.
    key: JSON.stringify([
      topologyKey,
      [...names].sort(),
      namespaceSelector,
      term.labelSelector === undefined ? 'none' : selector.requirements,
    ]),
    topologyKey,
    selector,
    namespaces: new Set(names),
    namespaceSelector: namespaceSelector && compileLabelSelector(namespaceSelector),
  };
}

interface Keyed {
  readonly labelSelector?: LabelSelector;
  readonly matchLabelKeys?: readonly string[];
  readonly mismatchLabelKeys?: readonly string[];
}

/** The selector with what the pod's own labels add to it (KEP-3633, KEP-3243). Keys that the pod does not have add nothing. */
export function withLabelKeys(
  { labelSelector, matchLabelKeys = [], mismatchLabelKeys = [] }: Keyed,
  labels: Readonly<Record<string, string>>,
): Selector {
  const selector = compileLabelSelector(labelSelector);
  const own = (keys: readonly string[], operator: 'in' | 'notin') =>
    keys.flatMap((key) => (labels[key] === undefined ? [] : [{ key, operator, values: [labels[key]] }]));
  const added = [...own(matchLabelKeys, 'in'), ...own(mismatchLabelKeys, 'notin')];
  // An absent selector selects nothing, and goes on doing so.
  return labelSelector === undefined || added.length === 0
    ? selector
    : selectorOf([...selector.requirements, ...added]);
}

export function matchesTerm(
  { selector, namespaces, namespaceSelector }: PodTerm,
  { namespace, labels }: Template,
  objects: CacheReader,
): boolean {
  if (
    !namespaces.has(namespace) &&
    !namespaceSelector?.matches(objects.get(namespaceKind, namespace)?.metadata.labels ?? {})
  )
    return false;
  return selector.matches(labels);
}
