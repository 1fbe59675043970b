import type { Node, Pod, PodAffinityTerm, Taint, TopologySpreadConstraint } from '@navarch/api';
import { compileLabelSelector, quantityMilliValue, quantityValue } from '@navarch/machinery';

/** A cluster as plain lists: what the reference looks through, again and again. */
export interface Plain {
  readonly nodes: readonly Node[];
  /** With spec.nodeName. */
  readonly pods: readonly Pod[];
}

// The rules once more, said as plainly as they can be: every answer is found by looking at everything. What the
// scheduler keeps up to date and remembers must never change an answer.

export const feasibleNodes = (pod: Pod, cluster: Plain): readonly string[] =>
  cluster.nodes
    .filter((node) => fits(pod, node, cluster))
    .map(({ metadata }) => metadata.name)
    .sort();

/** The names of the nodes with the highest weighted score among those that fit. */
export function bestNodes(pod: Pod, cluster: Plain): readonly string[] {
  const nodes = cluster.nodes.filter((node) => fits(pod, node, cluster));
  const columns: readonly (readonly [weight: number, scores: readonly number[]])[] = [
    [
      3,
      toHundred(
        nodes.map(
          (node) =>
            (node.spec.taints ?? []).filter((t) => t.effect === 'PreferNoSchedule' && !isTolerated(pod, t)).length,
        ),
      ).map((s) => 100 - s),
    ],
    [2, toHundred(nodes.map((node) => preferredNode(pod, node)))],
    [1, nodes.map((node) => leastAllocated(pod, node, cluster))],
    [1, nodes.map((node) => balance(pod, node, cluster))],
    [2, spreadScores(pod, nodes, cluster)],
    [2, affinityScores(pod, nodes, cluster)],
  ];
  const totals = nodes.map((_, i) =>
    columns.reduce((sum, [weight, scores]) => sum + weight * (scores[i] as number), 0),
  );
  const best = Math.max(...totals);
  return nodes
    .filter((_, i) => totals[i] === best)
    .map(({ metadata }) => metadata.name)
    .sort();
}

function fits(pod: Pod, node: Node, cluster: Plain): boolean {
  if (node.spec.unschedulable) return false;
  if ((node.spec.taints ?? []).some((t) => t.effect !== 'PreferNoSchedule' && !isTolerated(pod, t))) return false;
  if (!selects(pod, node)) return false;
  const here = on(node, cluster);
  if (here.some((other) => portsOf(other).some((port) => portsOf(pod).includes(port)))) return false;
  if (here.length + 1 > Number(node.status.allocatable?.['pods'])) return false;
  if (cpuOf(pod) > 0 && sum(here, cpuOf) + cpuOf(pod) > cpuLimit(node)) return false;
  return (
    spreads(pod, 'DoNotSchedule').every((c) => isWithinSkew(pod, node, c, cluster)) && affinityHolds(pod, node, cluster)
  );
}

const on = (node: Node, { pods }: Plain): readonly Pod[] =>
  pods.filter((pod) => pod.spec.nodeName === node.metadata.name);
const sum = (pods: readonly Pod[], of: (pod: Pod) => number): number => pods.reduce((total, pod) => total + of(pod), 0);
const request = (pod: Pod, name: string): string | undefined => pod.spec.containers[0]?.resources?.requests?.[name];
const cpuOf = (pod: Pod): number => quantityMilliValue(request(pod, 'cpu'));
const memoryOf = (pod: Pod): number => quantityValue(request(pod, 'memory'));
const cpuLimit = (node: Node): number => quantityMilliValue(node.status.allocatable?.['cpu']);
const memoryLimit = (node: Node): number => quantityValue(node.status.allocatable?.['memory']);
const portsOf = (pod: Pod): readonly number[] =>
  (pod.spec.containers[0]?.ports ?? []).flatMap(({ hostPort }) => (hostPort ? [hostPort] : []));
const isTolerated = (pod: Pod, taint: Taint): boolean =>
  (pod.spec.tolerations ?? []).some((t) => t.operator === 'Exists' && t.key === taint.key);
const label = (node: Node, key: string): string | undefined => node.metadata.labels?.[key];

/** The generated pods select by equality only. */
const selects = (pod: Pod, node: Node): boolean =>
  Object.entries(pod.spec.nodeSelector ?? {}).every(([key, value]) => label(node, key) === value);

const preferredNode = (pod: Pod, node: Node): number =>
  (pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [])
    .filter(({ preference }) =>
      (preference.matchExpressions ?? []).every(({ key, values = [] }) => values.includes(label(node, key) ?? '')),
    )
    .reduce((total, { weight }) => total + weight, 0);

function leastAllocated(pod: Pod, node: Node, cluster: Plain): number {
  const all = [...on(node, cluster), pod];
  const part = (used: number, limit: number): number => (used > limit ? 0 : Math.floor(((limit - used) * 100) / limit));
  return Math.floor(
    (part(
      sum(all, (p) => cpuOf(p) || 100),
      cpuLimit(node),
    ) +
      part(
        sum(all, (p) => memoryOf(p) || 200 * 2 ** 20),
        memoryLimit(node),
      )) /
      2,
  );
}

function balance(pod: Pod, node: Node, cluster: Plain): number {
  if (cpuOf(pod) === 0 && memoryOf(pod) === 0) return 0;
  const all = [...on(node, cluster), pod];
  const shares = [Math.min(1, sum(all, cpuOf) / cpuLimit(node)), Math.min(1, sum(all, memoryOf) / memoryLimit(node))];
  const mean = ((shares[0] as number) + (shares[1] as number)) / 2;
  return Math.floor((1 - Math.sqrt(shares.reduce((total, share) => total + (share - mean) ** 2, 0) / 2)) * 100);
}

const spreads = (pod: Pod, action: string): readonly TopologySpreadConstraint[] =>
  (pod.spec.topologySpreadConstraints ?? []).filter((c) => c.whenUnsatisfiable === action);

/** Pods that a constraint counts on a node: of the same namespace, selected, there to stay. */
const countedOn = (pod: Pod, node: Node, c: TopologySpreadConstraint, cluster: Plain): number =>
  on(node, cluster).filter(
    (p) =>
      p.metadata.namespace === pod.metadata.namespace &&
      compileLabelSelector(c.labelSelector).matches(p.metadata.labels),
  ).length;

function domainCounts(
  pod: Pod,
  c: TopologySpreadConstraint,
  all: readonly TopologySpreadConstraint[],
  cluster: Plain,
): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const node of cluster.nodes) {
    if (!selects(pod, node) || all.some(({ topologyKey }) => label(node, topologyKey) === undefined)) continue;
    const domain = label(node, c.topologyKey) as string;
    counts.set(domain, (counts.get(domain) ?? 0) + countedOn(pod, node, c, cluster));
  }
  return counts;
}

function isWithinSkew(pod: Pod, node: Node, c: TopologySpreadConstraint, cluster: Plain): boolean {
  const domain = label(node, c.topologyKey);
  if (domain === undefined) return false;
  const counts = domainCounts(pod, c, spreads(pod, 'DoNotSchedule'), cluster);
  const least = counts.size < (c.minDomains ?? 1) ? 0 : Math.min(...counts.values());
  const self = compileLabelSelector(c.labelSelector).matches(pod.metadata.labels) ? 1 : 0;
  return (counts.get(domain) ?? 0) + self - least <= c.maxSkew;
}

function spreadScores(pod: Pod, nodes: readonly Node[], cluster: Plain): readonly number[] {
  const soft = spreads(pod, 'ScheduleAnyway');
  if (soft.length === 0) return nodes.map(() => 0);
  const judged = nodes.filter((node) => soft.every(({ topologyKey }) => label(node, topologyKey) !== undefined));
  const raw = new Map(
    judged.map((node) => [
      node,
      Math.round(
        soft.reduce((total, c) => {
          const isHost = c.topologyKey === 'kubernetes.io/hostname';
          const size = isHost ? judged.length : new Set(judged.map((n) => label(n, c.topologyKey))).size;
          const count = isHost
            ? countedOn(pod, node, c, cluster)
            : (domainCounts(pod, c, soft, cluster).get(label(node, c.topologyKey) as string) ?? 0);
          return total + count * Math.log(size + 2) + c.maxSkew - 1;
        }, 0),
      ),
    ]),
  );
  const [min, max] = [Math.min(...raw.values()), Math.max(0, ...raw.values())];
  return nodes.map((node) => {
    const score = raw.get(node);
    if (score === undefined) return 0;
    return max === 0 ? 100 : Math.floor((100 * (max + min - score)) / max);
  });
}

type Which = 'podAffinity' | 'podAntiAffinity';
const required = (pod: Pod, which: Which): readonly PodAffinityTerm[] =>
  pod.spec.affinity?.[which]?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
const preferred = (pod: Pod, which: Which) =>
  pod.spec.affinity?.[which]?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
const isMeant = (term: PodAffinityTerm, holder: Pod, pod: Pod): boolean =>
  holder.metadata.namespace === pod.metadata.namespace &&
  compileLabelSelector(term.labelSelector).matches(pod.metadata.labels);

function affinityHolds(pod: Pod, node: Node, cluster: Plain): boolean {
  const near = required(pod, 'podAffinity');
  const together = (other: Pod, key: string): boolean => {
    const home = cluster.nodes.find(({ metadata }) => metadata.name === other.spec.nodeName);
    return home !== undefined && label(home, key) !== undefined && label(home, key) === label(node, key);
  };
  const friends = cluster.pods.filter((other) => near.every((term) => isMeant(term, pod, other)));
  const areReachable = friends.some((other) =>
    near.some(({ topologyKey }) =>
      cluster.nodes.some((n) => n.metadata.name === other.spec.nodeName && label(n, topologyKey) !== undefined),
    ),
  );
  const isFirst = !areReachable && near.every((term) => isMeant(term, pod, pod));
  const isNear = near.every(
    ({ topologyKey }) =>
      label(node, topologyKey) !== undefined && (isFirst || friends.some((other) => together(other, topologyKey))),
  );
  const isAway = required(pod, 'podAntiAffinity').every(
    (term) => !cluster.pods.some((other) => isMeant(term, pod, other) && together(other, term.topologyKey)),
  );
  const isWelcome = cluster.pods.every((other) =>
    required(other, 'podAntiAffinity').every(
      (term) => !(isMeant(term, other, pod) && together(other, term.topologyKey)),
    ),
  );
  return isNear && isAway && isWelcome;
}

function affinityScores(pod: Pod, nodes: readonly Node[], cluster: Plain): readonly number[] {
  const raw = nodes.map((node) =>
    cluster.pods.reduce((total, other) => {
      const home = cluster.nodes.find(({ metadata }) => metadata.name === other.spec.nodeName);
      const pull = (term: PodAffinityTerm, holder: Pod, meant: Pod, weight: number): number =>
        home &&
        isMeant(term, holder, meant) &&
        label(home, term.topologyKey) !== undefined &&
        label(home, term.topologyKey) === label(node, term.topologyKey)
          ? weight
          : 0;
      const both = (['podAffinity', 'podAntiAffinity'] as const).flatMap((which) => {
        const sign = which === 'podAffinity' ? 1 : -1;
        return [
          ...preferred(pod, which).map(({ podAffinityTerm, weight }) =>
            pull(podAffinityTerm, pod, other, sign * weight),
          ),
          ...preferred(other, which).map(({ podAffinityTerm, weight }) =>
            pull(podAffinityTerm, other, pod, sign * weight),
          ),
        ];
      });
      return (
        total +
        [...both, ...required(other, 'podAffinity').map((term) => pull(term, other, pod, 1))].reduce((a, b) => a + b, 0)
      );
    }, 0),
  );
  const [min, max] = [Math.min(...raw), Math.max(...raw)];
  return raw.map((score) => (max > min ? Math.floor((100 * (score - min)) / (max - min)) : 0));
}

function toHundred(scores: readonly number[]): readonly number[] {
  const max = Math.max(0, ...scores);
  return scores.map((score) => (max === 0 ? 0 : Math.floor((score * 100) / max)));
}
