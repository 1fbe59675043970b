import { type Pod, podLimits } from '@navarch/api';
import { quantityValue } from '@navarch/machinery';
import { type Candidate, writtenBy, writtenByPod } from './pod-usage.ts';
import { containerLimitMessage, emptyDirMessage, podLimitMessage } from './words.ts';

const STORAGE = 'ephemeral-storage';

/** Whether there is anything that `exceededLimit` could find: what pods wrote is dear to count. */
export const hasLocalLimit = ({ spec }: Pod): boolean =>
  (spec.volumes ?? []).some(({ emptyDir }) => quantityValue(emptyDir?.sizeLimit) > 0) || STORAGE in podLimits(spec);

/** Why a pod that wrote more than it may has to go, whatever the node has left; undefined when it has not. */
export function exceededLimit({ pod, observed }: Candidate): string | undefined {
  if (!observed) return undefined;
  for (const { name, emptyDir } of pod.spec.volumes ?? []) {
    const limit = quantityValue(emptyDir?.sizeLimit);
    const used = observed.volumes.find((volume) => volume.name === name)?.usedBytes ?? 0;
    if (limit > 0 && used > limit) return emptyDirMessage(name, emptyDir?.sizeLimit ?? '');
  }
  const whole = podLimits(pod.spec)[STORAGE];
  if (whole !== undefined && writtenByPod(pod, observed) > quantityValue(whole)) return podLimitMessage(whole);
  for (const container of observed.containers) {
    const spec = pod.spec.containers.find(({ name }) => name === container.name);
    const limit = spec?.resources?.limits?.[STORAGE];
    if (limit !== undefined && writtenBy(container) > quantityValue(limit))
      return containerLimitMessage(container.name, limit);
  }
  return undefined;
}
