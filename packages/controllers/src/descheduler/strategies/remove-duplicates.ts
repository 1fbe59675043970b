import type { Pod } from '@navarch/api';
import { toleratesHard } from '../cluster-view.ts';
import { compileNodeSelection, selectsNode } from '@navarch/api';
import { defineStrategy, evictAll, namespacesOf, type Round, type Strategy } from '../strategy.ts';

/** Spreads pods of one owner and the same images, where several are on one node, evenly over the nodes that take them. */
export const removeDuplicates: Strategy = defineStrategy({
  name: 'RemoveDuplicates',
  phase: 'balance',
  plan(args) {
    const isInScope = namespacesOf(args);
    const excluded = args.texts('excludeOwnerKinds') ?? [];
    return async (round) => {
      const byOwner = new Map<string, Pod[]>();
      for (const pod of round.view.pods) {
        const owners = pod.metadata.ownerReferences ?? [];
        if (owners.length === 0 || owners.some(({ kind }) => excluded.includes(kind))) continue;
        if (!isInScope(pod.metadata.namespace ?? '') || !round.isEvictable(pod)) continue;
        for (const key of keysOf(pod)) byOwner.set(key, [...(byOwner.get(key) ?? []), pod]);
      }
      const chosen = new Map<string, Pod>();
      for (const pods of byOwner.values()) for (const pod of tooMany(pods, round)) chosen.set(pod.metadata.uid, pod);
      await evictAll([...chosen.values()], round);
    };
  },
});

const keysOf = ({ metadata, spec }: Pod): readonly string[] => {
  const images = spec.containers.map(({ image }) => image).toSorted();
  return (metadata.ownerReferences ?? []).map(({ kind, name }) =>
    JSON.stringify([metadata.namespace, kind, name, images]),
  );
};

/** On each node, what is beyond an even share. */
function tooMany(pods: readonly Pod[], { view }: Round): readonly Pod[] {
  const [first] = pods;
  if (!first) return [];
  const selection = compileNodeSelection(first.spec);
  const takers = view.nodes.filter(
    (node) => !node.spec.unschedulable && toleratesHard(first, node.spec.taints ?? []) && selectsNode(selection, node),
  );
  // With one node there is no other to go to.
  if (takers.length < 2) return [];
  const share = Math.ceil(pods.length / takers.length);
  return view.nodes.flatMap(({ metadata }) => pods.filter(({ spec }) => spec.nodeName === metadata.name).slice(share));
}
