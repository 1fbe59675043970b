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
import { compileLabelSelector, keyOf, quantityValue } from '@navarch/machinery';
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

const OUT_OF_REACH = misfit(false, 'node(s) had volume node affinity conflict');
const VOLUME_GONE = misfit(false, 'node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)');
const NOTHING_TO_BIND = misfit(false, "node(s) didn't find available persistent volumes to bind");

const NO_SPACE = misfit(false, 'node(s) did not have enough free storage');

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
      for (const each of claimsOf(snapshot.templateOf(pod), snapshot.objects)) {
        const why = refusal(each, pod);
        if (why) return misfit(false, why);
      }
      return undefined;
    },
    prepare,
    filter(_pod, { node }, { bound, open, objects }) {
      for (const { volume } of bound) {
        if (!volume) return VOLUME_GONE;
        if (!isReachable(volume, node)) return OUT_OF_REACH;
      }
      if (open.length === 0) return undefined;
      const ways = waysOn(node, open, objects);
      if (!ways) return NOTHING_TO_BIND;
      return ways.every((way) => way.volume || hasSpace(way.claim, node, objects)) ? undefined : NO_SPACE;
    },
    weigh(pod, snapshot) {
      const prepared = prepare(pod, snapshot);
      return prepared && prepared.open.length > 0 ? prepared : undefined;
    },
    score(_pod, { node }, { open, objects }) {
      const ways = waysOn(node, open, objects);
      return ways ? storageScore(ways, shape, node, objects) : 0;
    },
    errand(pod, info, snapshot) {
      const prepared = prepare(pod, snapshot);
      const ways =
        prepared && prepared.open.length > 0 ? waysOn(info.node, prepared.open, snapshot.objects) : undefined;
      return ways && errandFor(ways, info.node, bindTimeoutSeconds * 1000);
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

function refusal(each: PodClaim, pod: Pod): string | undefined {
  const { name, claim } = each;
  const quoted = `persistentvolumeclaim ${JSON.stringify(name)}`;
  if (!claim) {
    const isEphemeral = !pod.spec.volumes?.some((volume) => volume.persistentVolumeClaim?.claimName === name);
    return isEphemeral ? `waiting for ephemeral volume controller to create the ${quoted}` : `${quoted} not found`;
  }
  if (claim.status?.phase === 'Lost')
    return `${quoted} bound to non-existent persistentvolume ${JSON.stringify(claim.spec.volumeName ?? '')}`;
  if (claim.metadata.deletionTimestamp) return `${quoted} is being deleted`;
  return isBound(claim) || (waitsForPod(each) && !claim.spec.volumeName)
    ? undefined
    : 'pod has unbound immediate PersistentVolumeClaims';
}

const isReachable = ({ spec }: Volume, node: Node): boolean =>
  spec.nodeAffinity?.required?.nodeSelectorTerms.some((term) => meetsNodeTerm(compileNodeTerm(term), node)) ?? true;

/** A way for every open claim, no volume used twice; undefined where one has none. */
function waysOn(node: Node, open: readonly PodClaim[], objects: CacheReader): readonly Way[] | undefined {
  const volumes = objects.list(persistentVolume);
  const taken = new Set<Volume>();
  const ways: Way[] = [];
  for (const { claim, storageClass: found } of open) {
    if (!claim) return undefined;
    const chosen = claim.metadata.annotations?.[SELECTED_NODE];
    // Its volume may be on its way there already.
    if (chosen !== undefined && chosen !== node.metadata.name) return undefined;
    const volume = smallestFitting(claim, node, volumes, taken);
    if (!volume && !canProvision(found, node)) return undefined;
    if (volume) taken.add(volume);
    ways.push({ claim, volume });
  }
  return ways;
}

function smallestFitting(
  claim: Claim,
  node: Node,
  volumes: readonly Volume[],
  taken: ReadonlySet<Volume>,
): Volume | undefined {
  const wanted = quantityValue(claim.spec.resources.requests?.['storage']);
  let best: Volume | undefined;
  for (const volume of volumes) {
    if (taken.has(volume) || !suits(volume, claim, wanted) || !isReachable(volume, node)) continue;
    if (isPromisedTo(volume, claim)) return volume;
    if (!best || capacityOf(volume) < capacityOf(best)) best = volume;
  }
  return best;
}

const capacityOf = ({ spec }: Volume): number => quantityValue(spec.capacity?.['storage']);
const isPromisedTo = ({ spec: { claimRef } }: Volume, { metadata }: Claim): boolean =>
  claimRef?.name === metadata.name && claimRef?.namespace === metadata.namespace;

function suits(volume: Volume, claim: Claim, wanted: number): boolean {
  const { spec, metadata, status } = volume;
  if (
    metadata.deletionTimestamp ||
    (spec.claimRef && !isPromisedTo(volume, claim)) ||
    (!spec.claimRef && status?.phase !== 'Available')
  )
    return false;
  if (
    (spec.storageClassName ?? '') !== (claim.spec.storageClassName ?? '') ||
    (spec.volumeMode ?? 'Filesystem') !== (claim.spec.volumeMode ?? 'Filesystem')
  )
    return false;
  if (capacityOf(volume) < wanted || !claim.spec.accessModes?.every((mode) => spec.accessModes?.includes(mode)))
    return false;
  return claim.spec.selector === undefined || compileLabelSelector(claim.spec.selector).matches(metadata.labels);
}

function canProvision(found: StorageClass | undefined, { metadata }: Node): boolean {
  if (!found || !found.provisioner || found.provisioner === NO_PROVISIONER) return false;
  const terms = found.allowedTopologies ?? [];
  return (
    terms.length === 0 ||
    terms.some(({ matchLabelExpressions = [] }) =>
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
