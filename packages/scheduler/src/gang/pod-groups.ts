import { isTerminal, pod as podKind, podGroup, type Pod } from '@navarch/api';
import { type CacheReader, defineIndex } from '@navarch/client';
import { type Key, keyIn, type ObjectOf } from '@navarch/machinery';

export type PodGroup = ObjectOf<typeof podGroup>;

/** The key of the group that a pod is of; undefined: it goes by itself. */
export function groupKeyOf({ metadata, spec }: Pod): Key | undefined {
  const name = spec.schedulingGroup?.podGroupName;
  return name ? keyIn(metadata.namespace, name) : undefined;
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
