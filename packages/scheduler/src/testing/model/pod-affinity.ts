import type { Node, Pod, PodAffinityTerm } from '@navarch/api';
import { labelOf, nodeOfPod, type Plain, type Refusal, selects, total } from './plain.ts';

type Which = 'podAffinity' | 'podAntiAffinity';
const required = (pod: Pod, which: Which): readonly PodAffinityTerm[] =>
  pod.spec.affinity?.[which]?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
const preferred = (pod: Pod, which: Which) =>
  pod.spec.affinity?.[which]?.preferredDuringSchedulingIgnoredDuringExecution ?? [];

/** Whether `other` is one of the pods that the term of `holder` is about. */
function isMeant(term: PodAffinityTerm, holder: Pod, other: Pod, { namespaces }: Plain): boolean {
  const {
    labelSelector,
    namespaces: named = [],
    namespaceSelector,
    matchLabelKeys = [],
    mismatchLabelKeys = [],
  } = term;
  const isOwn = named.length === 0 && namespaceSelector === undefined;
  const there = other.metadata.namespace ?? '';
  const space = namespaces.find(({ metadata }) => metadata.name === there);
  if (
    !(isOwn
      ? there === holder.metadata.namespace
      : named.includes(there) || (namespaceSelector && selects(namespaceSelector, space?.metadata.labels)))
  )
    return false;
  const [mine, theirs] = [holder.metadata.labels ?? {}, other.metadata.labels ?? {}];
  return (
    selects(labelSelector, theirs) &&
    matchLabelKeys.every((key) => mine[key] === undefined || theirs[key] === mine[key]) &&
    mismatchLabelKeys.every((key) => mine[key] === undefined || theirs[key] !== mine[key])
  );
}

const areTogether = (a: Node | undefined, b: Node, key: string): boolean =>
  a !== undefined && labelOf(a, key) !== undefined && labelOf(a, key) === labelOf(b, key);

export function podAffinityRefusal(pod: Pod, node: Node, cluster: Plain): Refusal | undefined {
  const refused = (reason: string, isResolvable: boolean): Refusal => ({
    plugin: 'InterPodAffinity',
    reasons: [reason],
    isResolvable,
  });
  const near = required(pod, 'podAffinity');
  const friends = cluster.pods.filter((other) => near.every((term) => isMeant(term, pod, other, cluster)));
  const isAnywhere = friends.some((friend) =>
    near.some(({ topologyKey }) => {
      const home = nodeOfPod(friend, cluster);
      return home !== undefined && labelOf(home, topologyKey) !== undefined;
    }),
  );
  // Somebody has to be the first.
  const isFirst = !isAnywhere && near.every((term) => isMeant(term, pod, pod, cluster));
  const hasFriends = near.every(
    ({ topologyKey }) =>
      labelOf(node, topologyKey) !== undefined &&
      (isFirst || friends.some((friend) => areTogether(nodeOfPod(friend, cluster), node, topologyKey))),
  );
  if (!hasFriends) return refused("node(s) didn't match pod affinity rules", false);
  const dislikes = (holder: Pod, other: Pod, home: Pod): boolean =>
    required(holder, 'podAntiAffinity').some(
      (term) => isMeant(term, holder, other, cluster) && areTogether(nodeOfPod(home, cluster), node, term.topologyKey),
    );
  if (cluster.pods.some((other) => dislikes(pod, other, other)))
    return refused("node(s) didn't match pod anti-affinity rules", true);
  if (cluster.pods.some((other) => dislikes(other, pod, other)))
    return refused("node(s) didn't satisfy existing pods anti-affinity rules", true);
  return undefined;
}

export function podAffinityScores(
  pod: Pod,
  nodes: readonly Node[],
  cluster: Plain,
  hardWeight: number,
): readonly number[] {
  const pull = (term: PodAffinityTerm, holder: Pod, other: Pod, home: Pod, node: Node): number =>
    isMeant(term, holder, other, cluster) && areTogether(nodeOfPod(home, cluster), node, term.topologyKey) ? 1 : 0;
  const raw = nodes.map((node) =>
    total(
      cluster.pods.flatMap((other) => [
        ...(['podAffinity', 'podAntiAffinity'] as const).flatMap((which) => {
          const sign = which === 'podAffinity' ? 1 : -1;
          return [
            ...preferred(pod, which).map((p) => sign * p.weight * pull(p.podAffinityTerm, pod, other, other, node)),
            ...preferred(other, which).map((p) => sign * p.weight * pull(p.podAffinityTerm, other, pod, other, node)),
          ];
        }),
        ...required(other, 'podAffinity').map((term) => hardWeight * pull(term, other, pod, other, node)),
      ]),
    ),
  );
  const [min, max] = [Math.min(...raw), Math.max(...raw)];
  // As upstream computes it, to the last bit: first the share, then a hundred of it.
  return raw.map((score) => (max > min ? Math.trunc(100 * ((score - min) / (max - min))) : 0));
}
