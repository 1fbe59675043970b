import { compileNodeSelection, isTerminal, type Pod, selectsNode, type TopologySpreadConstraint } from '@navarch/api';
import { compileLabelSelector } from '@navarch/machinery';
import { byImportance, toleratesHard } from '../cluster-view.ts';
import { defineStrategy, type Round, scopeOf, type Scope, type Strategy } from '../strategy.ts';

const KINDS = ['DoNotSchedule', 'ScheduleAnyway'];

/** Where pods are spread less evenly than they ask for, those of the fullest domains go until it is as even. */
export const topologySpreadViolations: Strategy = defineStrategy({
  name: 'RemovePodsViolatingTopologySpreadConstraint',
  phase: 'balance',
  plan(args) {
    const isInScope = scopeOf(args);
    const kinds = args.texts('constraints', KINDS) ?? ['DoNotSchedule'];
    const mustFit = args.flag('topologyBalanceNodeFit', true);
    return async (round) => {
      for (const constraint of constraintsOf(round, isInScope, kinds)) {
        if ((await balance(constraint, { isInScope, mustFit }, round)) === 'over') return;
      }
    };
  },
});

interface Asked {
  readonly namespace: string;
  readonly constraint: TopologySpreadConstraint;
  /** One of those that ask so. */
  readonly example: Pod;
}

/** Each once, though all pods of a workload say it. */
function constraintsOf({ view }: Round, isInScope: Scope, kinds: readonly string[]): readonly Asked[] {
  const found = new Map<string, Asked>();
  for (const pod of view.pods.filter(isInScope))
    for (const constraint of pod.spec.topologySpreadConstraints ?? []) {
      if (!kinds.includes(constraint.whenUnsatisfiable)) continue;
      const namespace = pod.metadata.namespace ?? '';
      const own = (constraint.matchLabelKeys ?? []).map((key) => pod.metadata.labels?.[key] ?? '');
      const key = JSON.stringify([namespace, constraint, own]);
      if (!found.has(key)) found.set(key, { namespace, constraint, example: pod });
    }
  return [...found.values()];
}

async function balance(
  { namespace, constraint, example }: Asked,
  { isInScope, mustFit }: { readonly isInScope: Scope; readonly mustFit: boolean },
  round: Round,
): Promise<'over' | undefined> {
  const { topologyKey, maxSkew, labelSelector, matchLabelKeys = [], minDomains = 1 } = constraint;
  const { view } = round;
  const selector = compileLabelSelector(labelSelector);
  const counts = (pod: Pod): boolean =>
    pod.metadata.namespace === namespace &&
    pod.metadata.deletionTimestamp === undefined &&
    !isTerminal(pod) &&
    selector.matches(pod.metadata.labels) &&
    matchLabelKeys.every((key) => pod.metadata.labels?.[key] === example.metadata.labels?.[key]);
  const domains = new Map<string, Pod[]>();
  const selection = compileNodeSelection(example.spec);
  for (const node of view.nodes) {
    const value = node.metadata.labels?.[topologyKey];
    const honors = constraint.nodeAffinityPolicy === 'Ignore' || selectsNode(selection, node);
    const endures = constraint.nodeTaintsPolicy !== 'Honor' || toleratesHard(example, node.spec.taints ?? []);
    if (value === undefined || !honors || !endures) continue;
    domains.set(value, [...(domains.get(value) ?? []), ...view.podsOn(node.metadata.name).filter(counts)]);
  }
  // With too few domains the smallest counts as empty, but there is nowhere to go.
  if (domains.size < Math.max(2, minDomains)) return undefined;
  // How many each would have if those that went had come to the smallest.
  const sizes = new Map([...domains].map(([value, pods]) => [value, pods.length]));
  const stuck = new Set<string>();
  for (;;) {
    const sorted = [...sizes].toSorted(([, a], [, b]) => a - b);
    const [smallest, least] = sorted[0] ?? ['', 0];
    const [largest, most] = sorted.filter(([value]) => !stuck.has(value)).at(-1) ?? ['', 0];
    if (most - least <= maxSkew) return undefined;
    const candidates = (domains.get(largest) ?? []).toSorted(byImportance);
    const next = candidates.find(
      (pod) => isInScope(pod) && round.isEvictable(pod) && (!mustFit || view.fitsElsewhere(pod)),
    );
    if (!next) {
      stuck.add(largest);
      continue;
    }
    domains.set(
      largest,
      candidates.filter((pod) => pod !== next),
    );
    const verdict = await round.evict(next);
    if (verdict === 'over') return 'over';
    if (verdict !== 'evicted') continue;
    sizes.set(largest, most - 1);
    sizes.set(smallest, least + 1);
  }
}
