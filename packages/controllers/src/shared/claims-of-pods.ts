import type { Pod } from '@navarch/api';
import { type CacheIndex, defineIndex } from '@navarch/client';
import { type Key, keyIn } from '@navarch/machinery';

/** Keys of the claims of a pod, its ephemeral volumes' among them. */
export const claimsOfPod = ({ metadata, spec }: Pod): readonly Key[] =>
  (spec.volumes ?? []).flatMap((volume) => {
    const ephemeral = volume.ephemeral ? `${metadata.name}-${volume.name}` : undefined;
    const name = volume.persistentVolumeClaim?.claimName ?? ephemeral;
    return name === undefined ? [] : [keyIn(metadata.namespace, name)];
  });

/** Whether there are any, as few pods have: asked of every change of each. */
export const hasClaims = ({ spec }: Pod): boolean =>
  spec.volumes?.some(({ persistentVolumeClaim, ephemeral }) => persistentVolumeClaim ?? ephemeral) ?? false;

export const podsByClaim: CacheIndex<Pod> = defineIndex<Pod>(claimsOfPod);
