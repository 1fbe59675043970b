import { isTerminal, type Pod, pod, podGroup } from '@navarch/api';
import { type CacheReader, defineIndex } from '@navarch/client';
import { keyIn, keyOf, type ObjectOf } from '@navarch/machinery';
import { type Context, type Controller, defineController, self } from '../controller.ts';
import { protect } from '../volume-protection/volume-protection.ts';

type PodGroup = ObjectOf<typeof podGroup>;

const FINALIZER = 'scheduling.k8s.io/podgroup-protection';

const groupKeysOf = ({ metadata, spec }: Pod): readonly string[] => {
  const name = spec.schedulingGroup?.podGroupName;
  return name ? [keyIn(metadata.namespace, name)] : [];
};
const podsByGroup = defineIndex(groupKeysOf);

/** Lets a group of pods go when none of them runs any more (KEP-4671). */
export const podGroupProtectionController: Controller = defineController({
  name: 'podgroup-protection-controller',
  queueName: 'podgroupprotection',
  watches: [
    self(podGroup),
    {
      kind: pod,
      keys: ({ current, previous }) => (previous && (!current || isTerminal(current)) ? groupKeysOf(previous) : []),
    },
  ],
  reconcile: (key, context) => protect(podGroup, FINALIZER, key, context, isUsed, isUsedNow),
});

const isUsed = (group: PodGroup, cache: CacheReader): boolean =>
  cache.find(pod, podsByGroup, keyOf(group)).some((member) => !isTerminal(member));

/** The cache may be behind: a pod that it does not show yet would be of a group that is gone. */
async function isUsedNow(group: PodGroup, { api }: Context): Promise<boolean> {
  const { items } = await api.of(pod).list({ namespace: group.metadata.namespace ?? '' });
  return items.some((member) => !isTerminal(member) && groupKeysOf(member).includes(keyOf(group)));
}
