import {
  isTerminal,
  persistentVolume,
  type PersistentVolume,
  persistentVolumeClaim,
  type PersistentVolumeClaim,
  pod,
  type Pod,
  volumeAttributesClass,
} from '@navarch/api';
import { type CacheReader, defineIndex } from '@navarch/client';
import { type ApiObject, hasReason, keyOf, type Kind } from '@navarch/machinery';
import { type Context, type Controller, defineController, NOBODY, self, type Watch } from '../controller.ts';
import { claimsOfPod, podsByClaim } from '../shared/claims-of-pods.ts';

const CLAIM_FINALIZER = 'kubernetes.io/pvc-protection';
const VOLUME_FINALIZER = 'kubernetes.io/pv-protection';
const CLASS_FINALIZER = 'kubernetes.io/vac-protection';

/** A pod that is bound may have the claim's volume on its node until it has ended; one that is not cannot get it any more. */
const holds = (p: Pod): boolean => Boolean(p.spec.nodeName) && !isTerminal(p);

const holders: Watch<Pod> = {
  kind: pod,
  keys: ({ current, previous }) =>
    // Only what lets go is news.
    previous && (!current || (holds(previous) && !holds(current))) ? claimsOfPod(previous) : NOBODY,
};

/** Lets a claim go when no pod holds it any more. */
export const claimProtectionController: Controller = defineController({
  name: 'persistentvolumeclaim-protection-controller',
  queueName: 'pvcprotection',
  watches: [self(persistentVolumeClaim), holders],
  reconcile: (key, context) =>
    protect(persistentVolumeClaim, CLAIM_FINALIZER, key, context, isClaimHeld, isClaimHeldNow),
});

const isClaimHeld = (claim: PersistentVolumeClaim, cache: CacheReader): boolean =>
  [...cache.find(pod, podsByClaim, keyOf(claim))].some(holds);

/** The cache may be behind: a pod that it does not show yet would lose its data. Asked for at last, as upstream does. */
async function isClaimHeldNow(claim: PersistentVolumeClaim, { api }: Context): Promise<boolean> {
  const { items } = await api.of(pod).list({ namespace: claim.metadata.namespace ?? '' });
  return items.some((p) => holds(p) && claimsOfPod(p).includes(keyOf(claim)));
}

/** Lets a volume go when no claim is bound to it any more. */
export const volumeProtectionController: Controller = defineController({
  name: 'persistentvolume-protection-controller',
  queueName: 'pvprotection',
  watches: [self(persistentVolume)],
  reconcile: (key, context) =>
    protect(
      persistentVolume,
      VOLUME_FINALIZER,
      key,
      context,
      ({ status }: PersistentVolume) => status.phase === 'Bound',
    ),
});

const named = (...names: readonly (string | undefined)[]): readonly string[] => names.flatMap((name) => name || []);

/** The classes of volume attributes that a claim asks for, has or is on its way to, and those of a volume. */
const classesOfClaim = ({ spec, status }: PersistentVolumeClaim): readonly string[] =>
  named(
    spec.volumeAttributesClassName,
    status.currentVolumeAttributesClassName,
    status.modifyVolumeStatus?.targetVolumeAttributesClassName,
  );
const classesOfVolume = ({ spec }: PersistentVolume): readonly string[] => named(spec.volumeAttributesClassName);
const claimsByClass = defineIndex(classesOfClaim);
const volumesByClass = defineIndex(classesOfVolume);

/**
 * Lets a class of volume attributes go when no claim and no volume names it any more: none that is seen. Upstream asks the
 * server neither: a claim that comes at the same moment may lose its class.
 */
export const attributesClassProtectionController: Controller = defineController({
  name: 'volumeattributesclass-protection-controller',
  queueName: 'vacprotection',
  watches: [
    self(volumeAttributesClass),
    { kind: persistentVolumeClaim, keys: ({ previous }) => (previous ? classesOfClaim(previous) : []) },
    { kind: persistentVolume, keys: ({ previous }) => (previous ? classesOfVolume(previous) : []) },
  ],
  reconcile: (key, context) => protect(volumeAttributesClass, CLASS_FINALIZER, key, context, isClassUsed),
});

const isClassUsed = ({ metadata: { name } }: ApiObject, cache: CacheReader): boolean =>
  cache.find(persistentVolumeClaim, claimsByClass, name).length > 0 ||
  cache.find(persistentVolume, volumesByClass, name).length > 0;

/** Gives the finalizer to what has none yet, and takes it from what is to go and is held no longer. */
export async function protect<O extends ApiObject>(
  kind: Kind<O>,
  finalizer: string,
  key: string,
  context: Context,
  isHeld: (object: O, cache: CacheReader) => boolean,
  isHeldNow: (object: O, context: Context) => Promise<boolean> = async () => false,
): Promise<undefined> {
  const { api, cache } = context;
  const found = cache.get(kind, key);
  if (!found) return undefined;
  const isProtected = found.metadata.finalizers?.includes(finalizer) ?? false;
  const isGoing = found.metadata.deletionTimestamp !== undefined;
  if (isGoing !== isProtected || (isGoing && isHeld(found, cache))) return undefined;
  if (isGoing && (await isHeldNow(found, context))) return undefined;
  try {
    await api.of(kind).update(key, (current) => {
      const others = (current.metadata.finalizers ?? []).filter((name) => name !== finalizer);
      const isStillGoing = current.metadata.deletionTimestamp !== undefined;
      return {
        ...current,
        metadata: { ...current.metadata, finalizers: isStillGoing ? others : [...others, finalizer] },
      };
    });
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error;
  }
  return undefined;
}
