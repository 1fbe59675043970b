import { keyOf } from '@navarch/machinery';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { Placed } from '../snapshot/template.ts';
import { membersOf, unitKeyOf } from './pod-groups.ts';

/** All of the pod's group that has a node, where the group is disrupted as a whole or not at all (KEP-5710). */
export function disruptedWith({ pod }: Placed, snapshot: Snapshot): readonly Placed[] | undefined {
  const key = unitKeyOf(pod, snapshot.objects);
  if (key === undefined) return undefined;
  return membersOf(key, snapshot.objects).flatMap((member) => {
    const nodeName = snapshot.nodeNameOf(keyOf(member));
    const placed = nodeName === undefined ? undefined : snapshot.node(nodeName)?.pods.get(keyOf(member));
    return placed ? [placed] : [];
  });
}
