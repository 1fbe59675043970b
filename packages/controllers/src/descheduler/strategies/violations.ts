import {
  compileNodeSelection,
  compileNodeTerm,
  meetsNodeTerm,
  type Node,
  type Pod,
  selectsNode,
  type Taint,
} from '@navarch/api';
import { byImportance } from '../cluster-view.ts';
import { tolerates } from '../../shared/tolerations.ts';
import { defineStrategy, evictAll, scopeOf, type Round, type Strategy } from '../strategy.ts';

const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';
const PREFERRED = 'preferredDuringSchedulingIgnoredDuringExecution';

/** Nodes change their labels: pods that would not be put there any more go, where there is a node for them. */
export const nodeAffinityViolations: Strategy = defineStrategy({
  name: 'RemovePodsViolatingNodeAffinity',
  phase: 'deschedule',
  plan(args) {
    const isInScope = scopeOf(args);
    const types = args.texts('nodeAffinityType', [REQUIRED, PREFERRED]) ?? [];
    if (types.length === 0) args.wrong('nodeAffinityType', 'must name at least one type');
    return async (round) => {
      const { view } = round;
      const required = (pod: Pod): boolean => {
        const node = view.node(pod.spec.nodeName ?? '');
        return node !== undefined && !selectsNode(compileNodeSelection(pod.spec), node) && view.fitsElsewhere(pod);
      };
      const preferred = (pod: Pod): boolean => {
        const node = view.node(pod.spec.nodeName ?? '');
        if (!node) return false;
        const own = preference(pod, node);
        return view.nodes.some((other) => preference(pod, other) > own && view.fits(pod, other));
      };
      for (const type of types) {
        const isWrong = type === REQUIRED ? required : preferred;
        await evictAll(
          view.pods.filter((pod) => isInScope(pod) && round.isEvictable(pod) && isWrong(pod)),
          round,
        );
      }
    };
  },
});

const preference = ({ spec }: Pod, node: Node): number =>
  (spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).reduce(
    (sum, { weight, preference: term }) => (meetsNodeTerm(compileNodeTerm(term), node) ? sum + weight : sum),
    0,
  );

/** Taints that came later, which only keep new pods away. */
export const nodeTaintViolations: Strategy = defineStrategy({
  name: 'RemovePodsViolatingNodeTaints',
  phase: 'deschedule',
  plan(args) {
    const isInScope = scopeOf(args);
    const effects = ['NoSchedule', ...(args.flag('includePreferNoSchedule') ? ['PreferNoSchedule'] : [])];
    const [included, excluded] = [args.texts('includedTaints') ?? [], args.texts('excludedTaints') ?? []];
    if (included.length > 0 && excluded.length > 0)
      args.wrong('includedTaints', 'only one of includedTaints and excludedTaints may be set');
    const counts = (taint: Taint): boolean =>
      effects.includes(taint.effect) &&
      !isNamed(taint, excluded) &&
      (included.length === 0 || isNamed(taint, included));
    return async (round) => {
      const isWrong = ({ spec }: Pod): boolean =>
        (round.view.node(spec.nodeName ?? '')?.spec.taints ?? [])
          .filter(counts)
          .some((taint) => !(spec.tolerations ?? []).some((toleration) => tolerates(toleration, taint)));
      await evictAll(
        round.view.pods.filter((pod) => isInScope(pod) && isWrong(pod) && round.isEvictable(pod)),
        round,
      );
    };
  },
});

/** `key` or `key=value`. */
const isNamed = ({ key, value = '' }: Taint, names: readonly string[]): boolean =>
  names.includes(key) || names.includes(`${key}=${value}`);

/** Pods that will not be with one that is there by now: the least missed goes, until those that are left agree. */
export const interPodAntiAffinityViolations: Strategy = defineStrategy({
  name: 'RemovePodsViolatingInterPodAntiAffinity',
  phase: 'deschedule',
  plan(args) {
    const isInScope = scopeOf(args);
    return async (round: Round) => {
      const full = new Set<string>();
      for (const pod of round.view.pods.toSorted(byImportance)) {
        if (full.has(pod.spec.nodeName ?? '') || !isInScope(pod)) continue;
        // Of the view as it is now: what went before may have been the reason.
        if (!round.view.isRepelledWhereItIs(pod) || !round.isEvictable(pod)) continue;
        const verdict = await round.evict(pod);
        if (verdict === 'over') return;
        if (verdict === 'full') full.add(pod.spec.nodeName ?? '');
      }
    };
  },
});
