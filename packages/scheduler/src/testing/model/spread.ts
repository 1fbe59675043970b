import type { Node, Pod, TopologySpreadConstraint } from '@navarch/api';
import { keepsAway, labelOf, type Plain, podsOn, type Refusal, selects, total, wantsNode } from './plain.ts';

const HOST = 'kubernetes.io/hostname';
const ZONE = 'topology.kubernetes.io/zone';

/** A constraint and what it counts. */
interface Rule {
  readonly constraint: TopologySpreadConstraint;
  isCounted(labels: Readonly<Record<string, string>>): boolean;
}

function rulesOf(pod: Pod, action: 'DoNotSchedule' | 'ScheduleAnyway'): readonly Rule[] {
  return (pod.spec.topologySpreadConstraints ?? [])
    .filter((constraint) => constraint.whenUnsatisfiable === action)
    .map((constraint) => {
      const { labelSelector, matchLabelKeys = [] } = constraint;
      const own = matchLabelKeys.filter((key) => pod.metadata.labels?.[key] !== undefined);
      return {
        constraint,
        isCounted: (labels) =>
          selects(labelSelector, labels) && own.every((key) => labels[key] === pod.metadata.labels?.[key]),
      };
    });
}

/** A selector that would select every pod counts none (an oddity of upstream that placements depend on). */
const selectsAll = ({ constraint: { labelSelector, matchLabelKeys = [] } }: Rule, { metadata }: Pod): boolean =>
  labelSelector !== undefined &&
  Object.keys(labelSelector.matchLabels ?? {}).length + (labelSelector.matchExpressions ?? []).length === 0 &&
  matchLabelKeys.every((key) => metadata.labels?.[key] === undefined);

/** Of the pod's namespace, selected, and there to stay. */
const countOn = (pod: Pod, rule: Rule, node: Node, cluster: Plain): number =>
  selectsAll(rule, pod)
    ? 0
    : podsOn(node, cluster).filter(
        ({ metadata }) =>
          metadata.namespace === pod.metadata.namespace &&
          !metadata.deletionTimestamp &&
          rule.isCounted(metadata.labels ?? {}),
      ).length;

const hasKeys = (node: Node, rules: readonly Rule[]): boolean =>
  rules.every(({ constraint }) => labelOf(node, constraint.topologyKey) !== undefined);

/** Nodes that the pod cannot be on do not count, as far as the policies say so (KEP-3094). */
const isIncluded = (pod: Pod, { constraint }: Rule, node: Node): boolean =>
  ((constraint.nodeAffinityPolicy ?? 'Honor') === 'Ignore' || wantsNode(pod, node)) &&
  ((constraint.nodeTaintsPolicy ?? 'Ignore') === 'Ignore' || !keepsAway(pod, node));

export function spreadRefusal(pod: Pod, node: Node, cluster: Plain): Refusal | undefined {
  const rules = rulesOf(pod, 'DoNotSchedule');
  for (const rule of rules) {
    const { topologyKey, maxSkew, minDomains = 1 } = rule.constraint;
    const domain = labelOf(node, topologyKey);
    const refused = (reason: string, isResolvable: boolean): Refusal => ({
      plugin: 'PodTopologySpread',
      reasons: [reason],
      isResolvable,
    });
    if (domain === undefined)
      return refused("node(s) didn't match pod topology spread constraints (missing required label)", false);
    const counted = cluster.nodes.filter((each) => hasKeys(each, rules) && isIncluded(pod, rule, each));
    const domains = new Set(counted.map((each) => labelOf(each, topologyKey) as string));
    const countIn = (wanted: string): number =>
      total(
        counted
          .filter((each) => labelOf(each, topologyKey) === wanted)
          .map((each) => countOn(pod, rule, each, cluster)),
      );
    const least = domains.size < minDomains || domains.size === 0 ? 0 : Math.min(...[...domains].map(countIn));
    const self = rule.isCounted(pod.metadata.labels ?? {}) ? 1 : 0;
    if (countIn(domain) + self - least > maxSkew)
      return refused("node(s) didn't match pod topology spread constraints", true);
  }
  return undefined;
}

/** The built-in constraints for pods that have none, by what their services and their controller select. */
function defaultRules(pod: Pod, { services, replicaSets }: Plain): readonly Rule[] {
  const { namespace, labels, ownerReferences = [] } = pod.metadata;
  const ofServices = services
    .filter(({ metadata }) => metadata.namespace === namespace)
    .map(({ spec }) => spec.selector as Readonly<Record<string, string>> | undefined)
    .filter((selector) => selector && Object.keys(selector).length > 0 && selects({ matchLabels: selector }, labels));
  const owner = ownerReferences.find(({ controller }) => controller);
  const set =
    owner?.kind === 'ReplicaSet' && owner.apiVersion === 'apps/v1'
      ? replicaSets.find(({ metadata }) => metadata.namespace === namespace && metadata.name === owner.name)
      : undefined;
  if (ofServices.length === 0 && !set) return [];
  const isCounted = (them: Readonly<Record<string, string>>): boolean =>
    ofServices.every((matchLabels) => selects(matchLabels ? { matchLabels } : {}, them)) &&
    (!set || selects(set.spec.selector, them));
  return [
    { topologyKey: HOST, maxSkew: 3 },
    { topologyKey: ZONE, maxSkew: 5 },
  ].map((each) => ({
    constraint: { ...each, whenUnsatisfiable: 'ScheduleAnyway', labelSelector: { matchLabels: { any: 'set' } } },
    isCounted,
  }));
}

export function spreadScores(pod: Pod, nodes: readonly Node[], cluster: Plain): readonly number[] {
  const isOwn = (pod.spec.topologySpreadConstraints ?? []).length > 0;
  const rules = isOwn ? rulesOf(pod, 'ScheduleAnyway') : defaultRules(pod, cluster);
  if (rules.length === 0) return nodes.map(() => 0);
  // Of the built-in constraints a node need not have both labels.
  const judged = nodes.filter((node) => !isOwn || hasKeys(node, rules));
  const raw = new Map(judged.map((node) => [node, Math.round(total(rules.map((rule) => cost(rule, node))))]));
  function cost(rule: Rule, node: Node): number {
    const { topologyKey, maxSkew } = rule.constraint;
    const domain = labelOf(node, topologyKey);
    if (domain === undefined) return 0;
    const isHost = topologyKey === HOST;
    const size = isHost ? judged.length : new Set(judged.map((each) => labelOf(each, topologyKey) ?? '')).size;
    const count = isHost
      ? countOn(pod, rule, node, cluster)
      : total(
          cluster.nodes
            .filter((each) => labelOf(each, topologyKey) === domain)
            .filter((each) => (!isOwn || hasKeys(each, rules)) && isIncluded(pod, rule, each))
            .map((each) => countOn(pod, rule, each, cluster)),
        );
    return count * Math.log(size + 2) + (maxSkew - 1);
  }
  const [min, max] = [Math.min(...raw.values()), Math.max(...raw.values())];
  return nodes.map((node) => {
    const score = raw.get(node);
    if (score === undefined) return 0;
    return max === 0 ? 100 : Math.trunc((100 * (max + min - score)) / max);
  });
}
