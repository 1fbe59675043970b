import { isTerminal, pod as podKind, podGroup, type Pod } from '@navarch/api';
import { type CacheReader, defineIndex } from '@navarch/client';
import { type Key, keyIn, type ObjectOf } from '@navarch/machinery';

export type PodGroup = ObjectOf<typeof podGroup>;

/** The key of the group that a pod is of; undefined: it goes by itself. */
export function groupKeyOf({ metadata, spec }: Pod): Key | undefined {
  const name = spec.schedulingGroup?.podGroupName;
  return name ? keyIn(metadata.namespace, name) : undefined;
}

/** The same of the pod of a key. */
export function groupKeyIn(objects: CacheReader, podKey: string): Key | undefined {
  const pod = objects.get(podKind, podKey);
  return pod && groupKeyOf(pod);
}

const byGroup = defineIndex<Pod>((pod) => {
  const key = groupKeyOf(pod);
  return key === undefined ? NONE : [key];
});
const NONE: readonly string[] = [];

export const groupOf = (key: Key, objects: CacheReader): PodGroup | undefined => objects.get(podGroup, key);

/** How many must be placed together, those that run included; one where each goes by itself (`basic`). */
export const minCountOf = ({ spec }: PodGroup): number => Number(spec.schedulingPolicy.gang?.minCount ?? 1);

/** Pods of the group that are not over, and not leaving before they had a node. */
export const membersOf = (key: Key, objects: CacheReader): readonly Pod[] =>
  objects
    .find(podKind, byGroup, key)
    .filter((pod) => !isTerminal(pod) && (pod.spec.nodeName || !pod.metadata.deletionTimestamp));

/** The group of the pod, where it is disrupted as a whole or not at all. */
export function unitKeyOf(pod: Pod, objects: CacheReader): Key | undefined {
  const key = groupKeyOf(pod);
  return key !== undefined && groupOf(key, objects)?.spec.disruptionMode?.all ? key : undefined;
}

/** Pods of the group are to be placed in one domain of this label (KEP-5732). */
export const topologyKeyOf = ({ spec }: PodGroup): string | undefined => spec.schedulingConstraints?.topology?.[0]?.key;
