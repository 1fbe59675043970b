import {
  DEFAULT_STORAGE_CLASS,
  defaultClassOf,
  persistentVolume,
  type PersistentVolume,
  persistentVolumeClaim,
  type PersistentVolumeClaim,
  pod,
  type Pod,
  storageClass,
} from '@navarch/api';
import type { CacheReader } from '@navarch/client';
import { hasReason, keyOf, type ObjectOf } from '@navarch/machinery';
import { type Context, type Controller, defineController, NOBODY, type Watch } from '../controller.ts';
import { claimsOfPod } from '../shared/claims-of-pods.ts';
import { keyOfClaim, openClaimsByClass, volumesByClaim } from './indexes.ts';
import { BIND_COMPLETED, classOf, isMarked } from '../shared/volume-marks.ts';
import { volumeGauges } from './gauges.ts';
import { VolumeOperations } from './operations.ts';
import { tendClaim } from './tend-claim.ts';
import { tendVolume } from './tend-volume.ts';

// Keys of claims are `namespace/name`, those of volumes are names: one key never means both.

const volumes: Watch<PersistentVolume> = {
  kind: persistentVolume,
  *keys({ current, previous }, cache) {
    const volume = current ?? previous;
    if (!volume) return;
    yield volume.metadata.name;
    const named = new Set([current, previous].flatMap((each) => (each ? [keyOfClaim(each)] : [])));
    for (const key of named) if (key !== undefined) yield key;
    // One that is free may be what a claim waits for; so may one that has gone be what a claim had.
    if (current?.status.phase === 'Available' && !current.spec.claimRef) yield* openClaims(classOf(current), cache);
  },
};

const claims: Watch<PersistentVolumeClaim> = {
  kind: persistentVolumeClaim,
  *keys({ current, previous }, cache) {
    const claim = current ?? previous;
    if (!claim) return;
    yield keyOf(claim);
    const names = new Set([current?.spec.volumeName, previous?.spec.volumeName]);
    for (const name of names) if (name) yield name;
    // A volume may name a claim that does not name it, and that it has lost.
    if (!current)
      for (const volume of cache.find(persistentVolume, volumesByClaim, keyOf(claim))) yield volume.metadata.name;
  },
};

const classes: Watch<ObjectOf<typeof storageClass>> = {
  kind: storageClass,
  *keys({ current }, cache) {
    if (!current) return;
    yield* openClaims(current.metadata.name, cache);
    if (defaultClassOf([current], DEFAULT_STORAGE_CLASS)) yield* openClaims('', cache);
  },
};

const pods: Watch<Pod> = {
  kind: pod,
  keys({ current, previous }, cache) {
    // Only to say what a claim waits for.
    if (!current || previous) return NOBODY;
    return claimsOfPod(current).filter((key) => {
      const claim = cache.get(persistentVolumeClaim, key);
      return claim && !isMarked(claim, BIND_COMPLETED);
    });
  },
};

function* openClaims(className: string, cache: CacheReader): Iterable<string> {
  for (const claim of cache.find(persistentVolumeClaim, openClaimsByClass, className)) yield keyOf(claim);
}

/** Brings claims and volumes together, and says of each what has become of it. */
export function volumeBindingController(): Controller {
  const operations = new VolumeOperations();
  return defineController({
    name: 'persistentvolume-binder-controller',
    queueName: 'claims',
    eventSource: 'persistentvolume-controller',
    gauges: volumeGauges,
    watches: [claims, volumes, classes, pods],
    async reconcile(key, context) {
      try {
        await tend(key, operations, context);
      } catch (error) {
        // What went meanwhile needs no more; its going wakes the key again.
        if (!hasReason(error, 'NotFound')) throw error;
      }
      return undefined;
    },
  });
}

async function tend(key: string, operations: VolumeOperations, context: Context): Promise<void> {
  const { cache } = context;
  if (!key.includes('/')) {
    const volume = cache.get(persistentVolume, key);
    operations.volume(key, volume, context);
    return volume && tendVolume(volume, context);
  }
  const claim = cache.get(persistentVolumeClaim, key);
  operations.claim(key, claim, context);
  return claim && tendClaim(claim, context);
}
