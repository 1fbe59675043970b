import type { Node, Pod } from '@navarch/api';
import { type Amounts, byImportance, capacityOf, requestsOf, sum, toleratesHard } from '../cluster-view.ts';
import type { Fields } from '../fields.ts';
import { defineStrategy, namespacesOf, type Round, type Strategy } from '../strategy.ts';

/** Percentages of what a node has, by resource. */
type Percentages = Readonly<Record<string, number>>;

interface Measured {
  readonly node: Node;
  readonly capacity: Amounts;
  readonly usage: Amounts;
}

interface Arguments {
  readonly thresholds: Percentages;
  readonly targets: Percentages;
  /** Nothing is done where no more nodes than that are below the thresholds. */
  readonly numberOfNodes: number;
  readonly perNodeMax: number;
  readonly isInScope: (namespace: string) => boolean;
}

const ALWAYS = ['cpu', 'memory', 'pods'];

/** Moves pods from nodes that have more than their share to such as have much room. */
export const lowNodeUtilization: Strategy = defineStrategy({
  name: 'LowNodeUtilization',
  phase: 'balance',
  plan(args) {
    const isRelative = args.flag('useDeviationThresholds');
    const common = commonArguments(args);
    const named = args.percentages('targetThresholds');
    const targets = filled(named);
    const thresholds = filled(common.thresholds);
    const names = Object.keys(common.thresholds);
    if (names.length === 0) args.wrong('thresholds', 'must name a resource');
    if (names.toSorted().join() !== Object.keys(named).toSorted().join())
      args.wrong('targetThresholds', 'must name the resources of thresholds');
    if (!isRelative)
      for (const name of names)
        if ((thresholds[name] ?? 0) > (targets[name] ?? 0)) args.wrong('thresholds', `${name} is above its target`);
    return async (round) => {
      const all = measured(round, [...new Set([...ALWAYS, ...names])]);
      const { low, high } = isRelative ? deviations(all, common.thresholds, named) : same(thresholds, targets);
      const under = all.filter(({ node }) => !node.spec.unschedulable).filter((one) => isBelow(one, low));
      const over = all.filter((one) => !under.includes(one) && isAbove(one, high));
      if (
        under.length <= common.numberOfNodes ||
        under.length === 0 ||
        under.length === all.length ||
        over.length === 0
      )
        return;
      await move({ from: over, to: under, limits: high, isDone: (one) => !isAbove(one, high), ...common }, round);
    };
  },
});

/** Empties nodes that have little, so that they can be given back: pods go to nodes that are used already. */
export const highNodeUtilization: Strategy = defineStrategy({
  name: 'HighNodeUtilization',
  phase: 'balance',
  plan(args) {
    const common = commonArguments(args);
    const onlyNamed = args.texts('evictionModes', ['OnlyThresholdingResources'])?.length ?? 0;
    const names = Object.keys(common.thresholds);
    if (names.length === 0) args.wrong('thresholds', 'must name a resource');
    const thresholds = filled(common.thresholds);
    return async (round) => {
      const all = measured(round, onlyNamed > 0 ? names : [...new Set([...ALWAYS, ...names])]);
      const under = all.filter((one) => isBelow(one, thresholds));
      const others = all.filter((one) => !under.includes(one) && !one.node.spec.unschedulable);
      if (under.length <= common.numberOfNodes || under.length === 0 || others.length === 0) return;
      await move({ from: under, to: others, limits: filled({}), isDone: () => false, ...common }, round);
    };
  },
});

function commonArguments(args: Fields): Omit<Arguments, 'targets'> {
  const limits = args.inner('evictionLimits');
  const perNodeMax = limits.count('node', 1) ?? Number.POSITIVE_INFINITY;
  limits.close();
  return {
    thresholds: args.percentages('thresholds'),
    numberOfNodes: args.count('numberOfNodes') ?? 0,
    perNodeMax,
    isInScope: namespacesOf(args, 'evictableNamespaces'),
  };
}

/** What a policy does not name is no reason for anything. */
const filled = (given: Percentages): Percentages => ({ cpu: 100, memory: 100, pods: 100, ...given });

function measured({ view }: Round, names: readonly string[]): readonly Measured[] {
  const only = (amounts: Amounts): Amounts => Object.fromEntries(names.map((name) => [name, amounts[name] ?? 0]));
  return view.nodes.map((node) => ({
    node,
    capacity: only(capacityOf(node)),
    usage: only(view.usage(node.metadata.name)),
  }));
}

/** Limits of each node in amounts. */
type LimitOf = (one: Measured) => Amounts;
const limitsOf =
  (percentages: Percentages): LimitOf =>
  ({ capacity }) =>
    Object.fromEntries(
      Object.entries(capacity).map(([name, amount]) => [name, (amount * (percentages[name] ?? 100)) / 100]),
    );

const same = (low: Percentages, high: Percentages): { readonly low: Percentages; readonly high: Percentages } => ({
  low,
  high,
});

const percentOf = ({ usage, capacity }: Measured, name: string): number =>
  capacity[name] ? ((usage[name] ?? 0) / capacity[name]) * 100 : 0;

/** So far below and above what nodes use on average. */
function deviations(all: readonly Measured[], thresholds: Percentages, targets: Percentages) {
  const average = (name: string): number => all.reduce((total, one) => total + percentOf(one, name), 0) / all.length;
  const away = (given: Percentages, sign: 1 | -1): Percentages =>
    filled(
      Object.fromEntries(
        Object.entries(given).map(([name, percent]) => [
          name,
          Math.min(100, Math.max(0, average(name) + sign * percent)),
        ]),
      ),
    );
  return same(away(thresholds, -1), away(targets, 1));
}

const isBelow = (one: Measured, limits: Percentages): boolean =>
  Object.keys(one.capacity).every(
    (name) => percentOf(one, name) < (limits[name] ?? 100) || (limits[name] ?? 100) === 100,
  );
const isAbove = (one: Measured, limits: Percentages): boolean =>
  Object.keys(one.capacity).some((name) => percentOf(one, name) > (limits[name] ?? 100));

interface Move extends Pick<Arguments, 'perNodeMax' | 'isInScope'> {
  readonly from: readonly Measured[];
  readonly to: readonly Measured[];
  /** How full those that receive may become. */
  readonly limits: Percentages;
  isDone(one: Measured): boolean;
}

/** From the fullest on, as long as those that receive have room. */
async function move({ from, to, limits, isDone, perNodeMax, isInScope }: Move, round: Round): Promise<void> {
  const limitOf = limitsOf(limits);
  let room = sum(to.map((one) => minus(limitOf(one), one.usage)));
  const taints = to.flatMap(({ node }) => node.spec.taints ?? []);
  const share = (one: Measured): number => Object.keys(one.usage).reduce((all, name) => all + percentOf(one, name), 0);
  for (const source of from.toSorted((a, b) => share(b) - share(a))) {
    let now = source;
    let gone = 0;
    for (const pod of movable(source, round, isInScope, taints)) {
      if (isDone(now) || gone >= perNodeMax) break;
      if (Object.values(room).some((amount) => amount <= 0)) return;
      const verdict = await round.evict(pod);
      if (verdict === 'over') return;
      if (verdict === 'full') break;
      if (verdict === 'refused') continue;
      gone += 1;
      const freed = requestsOf(pod);
      now = { ...now, usage: minus(now.usage, freed) };
      room = minus(room, freed);
    }
  }
}

/** Least missed first. A pod that none of those that receive would take, for a taint, stays. */
const movable = (
  { node }: Measured,
  round: Round,
  isInScope: (namespace: string) => boolean,
  taints: NonNullable<Node['spec']['taints']>,
): readonly Pod[] =>
  round.view
    .podsOn(node.metadata.name)
    .filter((pod) => isInScope(pod.metadata.namespace ?? '') && toleratesHard(pod, taints) && round.isEvictable(pod))
    .toSorted(byImportance);

/** In the resources of the first. */
const minus = (amounts: Amounts, less: Amounts): Amounts =>
  Object.fromEntries(Object.entries(amounts).map(([name, amount]) => [name, amount - (less[name] ?? 0)]));
