import {
  compileNodeTerm,
  csiDriver,
  csiStorageCapacity,
  meetsNodeTerm,
  type Node,
  persistentVolume,
  persistentVolumeClaim,
  type Pod,
  storageClass,
} from '@navarch/api';
import type { CacheReader } from '@navarch/client';
import { compileLabelSelector, controllerOf, keyOf, quantityValue } from '@navarch/machinery';
import { definePlugin, type Errand, misfit, type SchedulerPlugin } from '../plugin.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { scoreByShape, type Shape } from './allocation-score.ts';
import {
  type Claim,
  claimsOf,
  isBound,
  type PodClaim,
  type StorageClass,
  type Volume,
  waitsForPod,
} from './pod-claims.ts';

const OUT_OF_REACH = "node(s) didn't match PersistentVolume's node affinity";
const VOLUME_GONE = 'node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)';
const NOTHING_TO_BIND = "node(s) didn't find available persistent volumes to bind";
const NO_SPACE = 'node(s) did not have enough free storage';

const NO_PROVISIONER = 'kubernetes.io/no-provisioner';
const SELECTED_NODE = 'volume.kubernetes.io/selected-node';
const BOUND_BY_CONTROLLER = 'pv.kubernetes.io/bound-by-controller';

interface Prepared {
  readonly bound: readonly PodClaim[];
  /** Claims that wait for a pod to say where they are needed. */
  readonly open: readonly PodClaim[];
  readonly objects: CacheReader;
}

/** How an open claim gets its volume on a node: one that is there, or one that is made. */
type Way = { readonly claim: Claim; readonly volume: Volume } | { readonly claim: Claim; readonly volume: undefined };

export interface VolumeBindingArgs {
  /** How long a pod waits for its volumes before it is placed anew. */
  readonly bindTimeoutSeconds: number;
  /** What a node's storage is worth by how much of it would be used. */
  readonly shape: Shape;
}

/** Keeps a pod to nodes that its volumes can be reached from, and brings claims and volumes together where it goes. */
export const volumeBindingBy = ({
  bindTimeoutSeconds,
  shape,
}: VolumeBindingArgs): SchedulerPlugin<Prepared, Prepared> =>
  definePlugin<Prepared, Prepared>({
    name: 'VolumeBinding',
    scope: 'cluster',
    wakesOn: ['node-added', 'node-changed', 'storage-changed'],
    refuse(pod, snapshot) {
      const claims = claimsOf(snapshot.templateOf(pod), snapshot.objects);
      for (const each of claims) {
        const why = refusal(each, pod);
        if (why) return misfit(false, why);
      }
      return claims.every(isInTime) ? undefined : misfit(false, 'pod has unbound immediate PersistentVolumeClaims');
    },
    prepare,
    filter(_pod, { node }, { bound, open, objects }) {
      const away = bound.find(({ volume }) => !volume || !isReachable(volume, node));
      const ways = open.length > 0 ? waysOn(node, open, objects) : undefined;
      const reasons = [
        ...(away ? [away.volume ? OUT_OF_REACH : VOLUME_GONE] : []),
        ...(typeof ways === 'string' ? [ways] : []),
      ];
      return reasons.length > 0 ? misfit(false, ...reasons) : undefined;
    },
    weigh(pod, snapshot) {
      const prepared = prepare(pod, snapshot);
      return prepared && prepared.open.length > 0 ? prepared : undefined;
    },
    score(_pod, { node }, { open, objects }) {
      const ways = waysOn(node, open, objects);
      return typeof ways === 'object' ? storageScore(ways, shape, node, objects) : 0;
    },
    errand(pod, info, snapshot) {
      const prepared = prepare(pod, snapshot);
      const ways =
        prepared && prepared.open.length > 0 ? waysOn(info.node, prepared.open, snapshot.objects) : undefined;
      return typeof ways === 'object' ? errandFor(ways, info.node, bindTimeoutSeconds * 1000) : undefined;
    },
  });

function prepare(pod: Pod, snapshot: Snapshot): Prepared | undefined {
  const { objects } = snapshot;
  const claims = claimsOf(snapshot.templateOf(pod), objects);
  if (claims.length === 0) return undefined;
  return {
    bound: claims.filter(({ claim }) => claim && isBound(claim)),
    open: claims.filter(({ claim }) => claim && !isBound(claim)),
    objects,
  };
}

function refusal({ name, claim }: PodClaim, { metadata, spec }: Pod): string | undefined {
  const quoted = `persistentvolumeclaim ${JSON.stringify(name)}`;
  const isEphemeral = !spec.volumes?.some((volume) => volume.persistentVolumeClaim?.claimName === name);
  if (!claim)
    return isEphemeral ? `waiting for ephemeral volume controller to create the ${quoted}` : `${quoted} not found`;
  if (claim.status?.phase === 'Lost')
    return `${quoted} bound to non-existent persistentvolume ${JSON.stringify(claim.spec.volumeName ?? '')}`;
  if (claim.metadata.deletionTimestamp) return `${quoted} is being deleted`;
  if (isEphemeral && controllerOf(claim)?.uid !== metadata.uid)
    return `PVC ${keyOf(claim)} was not created for pod ${metadata.namespace ?? ''}/${metadata.name} (pod is not owner)`;
  return undefined;
}

/** Bound, or about to be where the pod goes. */
const isInTime = (each: PodClaim): boolean =>
  each.claim === undefined || isBound(each.claim) || (waitsForPod(each) && !each.claim.spec.volumeName);

export const isReachable = ({ spec }: Volume, node: Node): boolean =>
  spec.nodeAffinity?.required?.nodeSelectorTerms.some((term) => meetsNodeTerm(compileNodeTerm(term), node)) ?? true;

/**
 * A way for every open claim, no volume used twice; a text says why one has none. The smallest claims take of what is
 * there first.
 */
function waysOn(node: Node, open: readonly PodClaim[], objects: CacheReader): readonly Way[] | string {
  const ways: Way[] = [];
  const toMake: PodClaim[] = [];
  const toFind: (PodClaim & { readonly claim: Claim })[] = [];
  for (const each of open) {
    if (!each.claim) return NOTHING_TO_BIND;
    const chosen = each.claim.metadata.annotations?.[SELECTED_NODE];
    // Its volume may be on its way there already.
    if (chosen !== undefined && chosen !== node.metadata.name) return NOTHING_TO_BIND;
    if (chosen === undefined) toFind.push({ ...each, claim: each.claim });
    else toMake.push(each);
  }
  const volumes = toFind.length > 0 ? objects.list(persistentVolume) : [];
  const taken = new Set<Volume>();
  for (const each of toFind.toSorted((a, b) => sizeOf(a.claim) - sizeOf(b.claim))) {
    const { claim } = each;
    const volume = volumeFor(claim, node, volumes, taken);
    if (volume) {
      taken.add(volume);
      ways.push({ claim, volume });
    } else toMake.push(each);
  }
  for (const { claim, storageClass: found } of toMake) {
    if (!claim || !canProvision(found, node)) return NOTHING_TO_BIND;
    if (!hasSpace(claim, node, objects)) return NO_SPACE;
    ways.push({ claim, volume: undefined });
  }
  return ways;
}

const sizeOf = ({ spec }: Claim): number => quantityValue(spec.resources?.requests?.['storage']);

/** The one that is promised to the claim, else the smallest that will do; nothing where what is promised is out of reach. */
function volumeFor(
  claim: Claim,
  node: Node,
  volumes: readonly Volume[],
  taken: ReadonlySet<Volume>,
): Volume | undefined {
  let best: Volume | undefined;
  for (const volume of volumes) {
    if (taken.has(volume) || !couldBe(volume, claim)) continue;
    if (isPromisedTo(volume, claim)) return isReachable(volume, node) ? volume : undefined;
    if (!isFreeFor(volume, claim) || !isReachable(volume, node)) continue;
    if (!best || capacityOf(volume) < capacityOf(best)) best = volume;
  }
  return best;
}

const capacityOf = ({ spec }: Volume): number => quantityValue(spec.capacity?.['storage']);
/** It is kept for this very claim, not for one that had its name before. */
const isPromisedTo = ({ spec: { claimRef } }: Volume, { metadata }: Claim): boolean =>
  claimRef !== undefined &&
  claimRef.name === metadata.name &&
  claimRef.namespace === metadata.namespace &&
  (!claimRef.uid || claimRef.uid === metadata.uid);

/** What must hold even of a volume that somebody promised to the claim. */
const couldBe = ({ spec, metadata }: Volume, claim: Claim): boolean =>
  !metadata.deletionTimestamp &&
  (spec.storageClassName ?? '') === (claim.spec.storageClassName ?? '') &&
  (spec.volumeMode ?? 'Filesystem') === (claim.spec.volumeMode ?? 'Filesystem') &&
  (spec.volumeAttributesClassName ?? '') === (claim.spec.volumeAttributesClassName ?? '') &&
  quantityValue(spec.capacity?.['storage']) >= sizeOf(claim);

const isFreeFor = ({ spec, metadata, status }: Volume, claim: Claim): boolean =>
  !spec.claimRef &&
  status?.phase === 'Available' &&
  (claim.spec.accessModes ?? []).every((mode) => spec.accessModes?.includes(mode)) &&
  (claim.spec.selector === undefined || compileLabelSelector(claim.spec.selector).matches(metadata.labels));

function canProvision(found: StorageClass | undefined, { metadata }: Node): boolean {
  if (!found || !found.provisioner || found.provisioner === NO_PROVISIONER) return false;
  const terms = found.allowedTopologies ?? [];
  return (
    terms.length === 0 ||
    terms.some(
      ({ matchLabelExpressions = [] }) =>
        matchLabelExpressions.length > 0 &&
        matchLabelExpressions.every(({ key, values }) => values.includes(metadata.labels?.[key] ?? '')),
    )
  );
}

const usesCapacity = (className: string, objects: CacheReader): boolean =>
  objects.get(csiDriver, objects.get(storageClass, className)?.provisioner ?? '')?.spec.storageCapacity === true;

/** Whether the driver that would make the volume says there is room for it where this node reaches (KEP-1472). */
const hasSpace = (claim: Claim, node: Node, objects: CacheReader): boolean =>
  !usesCapacity(claim.spec.storageClassName ?? '', objects) || spaceFor(claim, node, objects) !== undefined;

function spaceFor({ spec }: Claim, { metadata }: Node, objects: CacheReader) {
  const wanted = quantityValue(spec.resources.requests?.['storage']);
  return objects.list(csiStorageCapacity).find(({ storageClassName, nodeTopology, capacity, maximumVolumeSize }) => {
    const limit = maximumVolumeSize ?? capacity;
    return (
      storageClassName === (spec.storageClassName ?? '') &&
      limit !== undefined &&
      quantityValue(limit) >= wanted &&
      compileLabelSelector(nodeTopology).matches(metadata.labels)
    );
  });
}

/** Volumes that are there are judged by how well they would be filled; without any, the storage that new ones are made of. */
function storageScore(ways: readonly Way[], shape: Shape, node: Node, objects: CacheReader): number {
  const found = ways.filter(({ volume }) => volume);
  const byClass = new Map<string, { wanted: number; capacity: number }>();
  const judged = (className: string) => {
    const known = byClass.get(className) ?? { wanted: 0, capacity: 0 };
    byClass.set(className, known);
    return known;
  };
  for (const { claim, volume } of found.length > 0 ? found : ways) {
    const className = claim.spec.storageClassName ?? '';
    const wanted = quantityValue(claim.spec.resources.requests?.['storage']);
    if (volume) {
      const of = judged(volume.spec.storageClassName ?? '');
      of.wanted += wanted;
      of.capacity += capacityOf(volume);
      continue;
    }
    const space = usesCapacity(className, objects) ? spaceFor(claim, node, objects) : undefined;
    if (!space) continue;
    const of = judged(className);
    of.wanted += wanted;
    of.capacity = quantityValue(space.capacity);
  }
  let sum = 0;
  for (const { wanted, capacity } of byClass.values()) sum += scoreByShape(shape, wanted, capacity);
  return byClass.size === 0 ? 0 : Math.round(sum / byClass.size);
}

/** What has to be written and to come about before the pod may be bound. */
function errandFor(ways: readonly Way[], node: Node, waitMsMax: number): Errand {
  const nodeName = node.metadata.name;
  /** The claims that wait for a provisioner, by the version that tells it where. */
  const asked = new Map<string, bigint | undefined>();
  return {
    says: 'running PreBind plugin "VolumeBinding": binding volumes',
    waitMsMax,
    async write(api) {
      for (const { claim, volume } of ways) {
        if (volume) await api.of(persistentVolume).update(volume.metadata.name, (current) => promised(current, claim));
        else
          asked.set(
            keyOf(claim),
            versionOf(
              await api
                .of(persistentVolumeClaim)
                .update(keyOf(claim), (current) => withAnnotation(current, SELECTED_NODE, nodeName)),
            ),
          );
      }
    },
    conditions: [
      {
        kind: persistentVolumeClaim,
        isMet: (objects) => ways.every(({ claim }) => isBoundNow(keyOf(claim), objects, nodeName, asked)),
      },
      {
        kind: persistentVolume,
        isMet: (objects) => ways.every(({ claim }) => isBoundHere(keyOf(claim), objects, node)),
      },
    ],
  };
}

const versionOf = ({ metadata: { resourceVersion } }: Claim): bigint | undefined =>
  resourceVersion === undefined ? undefined : BigInt(resourceVersion);

function isBoundNow(
  key: string,
  objects: CacheReader,
  nodeName: string,
  asked: ReadonlyMap<string, bigint | undefined>,
): boolean {
  const claim = objects.get(persistentVolumeClaim, key);
  if (!claim) return false;
  const [version, seen] = [asked.get(key), versionOf(claim)];
  if (
    !isBound(claim) &&
    version !== undefined &&
    seen !== undefined &&
    seen >= version &&
    claim.metadata.annotations?.[SELECTED_NODE] !== nodeName
  )
    throw new Error(`the provisioner of claim ${key} gave back node ${nodeName}`);
  return isBound(claim);
}

/** The binder may have been faster than the pod's choice: what it bound may be elsewhere. */
function isBoundHere(key: string, objects: CacheReader, node: Node): boolean {
  const volume = objects.get(persistentVolume, objects.get(persistentVolumeClaim, key)?.spec.volumeName ?? '');
  if (volume && !isReachable(volume, node))
    throw new Error(
      `claim ${key} is bound to volume ${volume.metadata.name}, which node ${node.metadata.name} does not reach`,
    );
  return volume !== undefined;
}

/** Throws when another claim was faster: the pod is then placed anew. */
function promised(volume: Volume, claim: Claim): Volume {
  if (volume.spec.claimRef && !isPromisedTo(volume, claim))
    throw new Error(`Cannot bind ${keyOf(claim)} to ${volume.metadata.name}: another claim has it`);
  if (volume.spec.claimRef?.uid === claim.metadata.uid) return volume;
  const { namespace = '', name, uid, resourceVersion } = claim.metadata;
  const claimRef = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name, uid, resourceVersion };
  return withAnnotation({ ...volume, spec: { ...volume.spec, claimRef } }, BOUND_BY_CONTROLLER, 'yes');
}

const withAnnotation = <O extends Claim | Volume>(object: O, name: string, value: string): O => ({
  ...object,
  metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, [name]: value } },
});
