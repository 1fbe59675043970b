import type { Node, Pod } from '@navarch/api';
import { firstRefusal } from './model.ts';
import { nameOf, type Plain, podsOn, selects, total } from './plain.ts';

/** A disruption budget, as far as preemption looks at it. */
export interface PlainBudget {
  readonly metadata: { readonly namespace: string };
  readonly spec: { readonly selector?: { readonly matchLabels?: Readonly<Record<string, string>> } };
  readonly status: { readonly disruptionsAllowed: number; readonly disruptedPods?: Readonly<Record<string, string>> };
}

export interface Offer {
  readonly node: string;
  readonly victims: readonly string[];
  /** What candidates are compared by, in this order: less is gentler. */
  readonly cost: readonly number[];
}

/** A pod, and the node it was promised. */
export type Promised = readonly [pod: Pod, node: string];

const priorityOf = ({ spec }: Pod): number => spec.priority ?? 0;
const startOf = ({ status }: Pod): number => Date.parse(status.startTime ?? '9999-01-01T00:00:00Z');
const byImportance = (a: Pod, b: Pod): number => priorityOf(b) - priorityOf(a) || startOf(a) - startOf(b);

/** What sending pods away from one node would come to; undefined: it would not help there. */
export function offerOn(
  pod: Pod,
  node: Node,
  cluster: Plain,
  more: { readonly budgets: readonly PlainBudget[]; readonly promised: readonly Promised[] },
): Offer | undefined {
  const fitsWithout = (gone: readonly Pod[]): boolean => fits(pod, node, without(cluster, gone), more.promised);
  let gone = podsOn(node, cluster)
    .filter((other) => priorityOf(other) < priorityOf(pod))
    .toSorted(byImportance);
  if (gone.length === 0 || !fitsWithout(gone)) return undefined;
  const spare = (other: Pod): boolean => {
    const less = gone.filter((each) => each !== other);
    if (fitsWithout(less)) gone = less;
    return !gone.includes(other);
  };
  const protectedOnes = overBudget(gone, more.budgets);
  const rest = gone.filter((each) => !protectedOnes.includes(each));
  const violations = protectedOnes.filter((other) => !spare(other)).length;
  rest.forEach(spare);
  const top = Math.max(...gone.map(priorityOf));
  const starts = gone.filter((each) => priorityOf(each) === top).map(startOf);
  return {
    node: nameOf(node),
    victims: gone.map(nameOf).sort(),
    cost: [violations, top, total(gone.map((each) => priorityOf(each) + 2 ** 31)), gone.length, -Math.min(...starts)],
  };
}

/** Room that is promised to pods at least as important is theirs; the pod must also fit if they never come. */
function fits(pod: Pod, node: Node, cluster: Plain, promised: readonly Promised[]): boolean {
  const there = promised
    .filter(([other, at]) => at === nameOf(node) && priorityOf(other) >= priorityOf(pod))
    .map(([other, nodeName]) => ({ ...other, spec: { ...other.spec, nodeName } }));
  return (
    firstRefusal(pod, node, cluster) === undefined &&
    firstRefusal(pod, node, { ...cluster, pods: [...cluster.pods, ...there] }) === undefined
  );
}

const without = (cluster: Plain, gone: readonly Pod[]): Plain => ({
  ...cluster,
  pods: cluster.pods.filter((each) => !gone.includes(each)),
});

/** Pods whose going a budget has no room for, once the more important have used it up. */
function overBudget(pods: readonly Pod[], budgets: readonly PlainBudget[]): readonly Pod[] {
  const isOver = (pod: Pod, { metadata, spec, status }: PlainBudget): boolean => {
    const covered = pods.filter(
      (each) =>
        each.metadata.namespace === metadata.namespace &&
        Object.keys(spec.selector?.matchLabels ?? {}).length > 0 &&
        selects(spec.selector, each.metadata.labels) &&
        status.disruptedPods?.[each.metadata.name] === undefined,
    );
    return covered.indexOf(pod) >= status.disruptionsAllowed;
  };
  return pods.filter((pod) => budgets.some((budget) => isOver(pod, budget)));
}
