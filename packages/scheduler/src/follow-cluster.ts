import {
  deviceClass,
  deviceTaintRule,
  isTerminal,
  namespace,
  node as nodeKind,
  type Pod,
  pod as podKind,
  podDisruptionBudget,
  podGroup,
  replicaSet,
  replicationController,
  resourceClaim,
  resourceSlice,
  service,
  statefulSet,
} from '@navarch/api';
import type { Cache } from '@navarch/client';
import { type ApiObject, equalJson, keyOf, type Kind } from '@navarch/machinery';
import { groupKeyOf } from './gang/pod-groups.ts';
import { objectChanged, storageKinds } from './object-changed.ts';
import type { PodQueue } from './queue/pod-queue.ts';
import type { Snapshot } from './snapshot/snapshot.ts';

export interface FollowedCluster {
  readonly cache: Cache;
  readonly snapshot: Snapshot;
  readonly queue: PodQueue;
  /** Pods that were decided on; an entry goes when the cache shows where the pod is. */
  readonly assumed: Set<string>;
  /** The pod is for this scheduler. */
  isOurs(pod: Pod): boolean;
  readonly hasGroups: boolean;
  /** A change was taken in; `startedMs` is what `begun` gave. */
  handled(event: string, startedMs: number): void;
  begun(): number;
}

const followedKinds = [
  nodeKind,
  podKind,
  namespace,
  service,
  replicaSet,
  statefulSet,
  replicationController,
  podDisruptionBudget,
  ...storageKinds,
  resourceClaim,
  resourceSlice,
  deviceClass,
  deviceTaintRule,
] as const;

/** Everything that decisions depend on: none is made before all of it is known. */
export const kindsFollowed = ({ hasGroups = false }: { readonly hasGroups?: boolean }): readonly Kind<any>[] =>
  hasGroups ? [...followedKinds, podGroup] : followedKinds;

/** Brings what happens in the cluster into the snapshot, and wakes the pods that it may help. */
export function followCluster(cluster: FollowedCluster): void {
  const { cache, snapshot, queue, hasGroups } = cluster;
  for (const kind of kindsFollowed(cluster)) cache.follow(kind);
  on(cluster, nodeKind, (node, previous) => {
    if (node) snapshot.setNode(node);
    else if (previous) snapshot.removeNode(previous.metadata.name);
    if (node) queue.wake(previous ? { type: 'node-changed', node, previous } : { type: 'node-added', node }, snapshot);
  });
  on(cluster, podKind, (current, previous) => {
    podChanged(current, previous, cluster);
    if (hasGroups) membersChanged(current, previous, cluster);
  });
  on(cluster, namespace, (current, previous) => {
    if (previous && !equalJson(current?.metadata.labels, previous.metadata.labels)) snapshot.pods.forgetTallies();
  });
  snapshot.storage.follow();
  for (const kind of storageKinds)
    on<ApiObject>(cluster, kind, (current, previous) => {
      objectChanged(kind, snapshot, current, previous);
      queue.wake({ type: 'storage-changed' }, snapshot);
    });
  followDevices(cluster);
  if (hasGroups)
    on(cluster, podGroup, (current, previous) => {
      const group = current ?? previous;
      if (group && !equalJson(current?.spec, previous?.spec))
        queue.wake({ type: 'group-changed', key: keyOf(group) }, snapshot);
    });
}

/** A group has one pod more, or one less: the last that was missing lets the others in. */
function membersChanged(
  current: Pod | undefined,
  previous: Pod | undefined,
  { queue, snapshot }: FollowedCluster,
): void {
  const pod = current ?? previous;
  const key = pod && groupKeyOf(pod);
  if (key !== undefined && (!current || !previous)) queue.wake({ type: 'group-changed', key }, snapshot);
}

function followDevices(cluster: FollowedCluster): void {
  const { snapshot, queue } = cluster;
  on(cluster, resourceClaim, (claim, previous) => {
    objectChanged(resourceClaim, snapshot, claim, previous);
    queue.wake({ type: 'claim-changed', claim, previous }, snapshot);
  });
  for (const kind of [resourceSlice, deviceClass, deviceTaintRule])
    on<ApiObject>(cluster, kind as Kind<any>, (current, previous) => {
      objectChanged(kind, snapshot, current, previous);
      queue.wake({ type: 'devices-changed' }, snapshot);
    });
}

/** Takes changes of a kind in, and tells how long that took. */
function on<O extends ApiObject>(
  { cache, begun, handled }: FollowedCluster,
  kind: Kind<O>,
  take: (current: O | undefined, previous: O | undefined) => void,
): void {
  const resource = kind.group === '' ? kind.kind : `${kind.group}/${kind.kind}`;
  cache.onChange(kind, (current, previous) => {
    const startedMs = begun();
    take(current, previous);
    // Upstream's names of events; of pods it tells those that have a node from the others.
    const about = kind.kind === podKind.kind ? sortOf((current ?? previous) as Pod | undefined) : resource;
    handled(`${about}${current ? (previous ? 'Update' : 'Add') : 'Delete'}`, startedMs);
  });
}

const sortOf = (pod: Pod | undefined): string => (pod?.spec.nodeName ? 'AssignedPod' : 'UnschedulablePod');

function podChanged(current: Pod | undefined, previous: Pod | undefined, cluster: FollowedCluster): void {
  const { snapshot, queue, assumed } = cluster;
  const pod = current ?? previous;
  if (!pod) return;
  const key = keyOf(pod);
  if (!current || isTerminal(current)) {
    const wasPlaced = Boolean(pod.spec.nodeName) || assumed.delete(key);
    snapshot.unplace(pod);
    snapshot.unnominate(key);
    queue.remove(key);
    if (wasPlaced) queue.wake({ type: 'pod-removed', pod }, snapshot);
    return;
  }
  if (current.spec.nodeName) return podPlaced(current, previous, cluster);
  // One that was decided on counts where it is going to be.
  if (assumed.has(key)) return;
  if (current.status.nominatedNodeName) snapshot.nominate(current, current.status.nominatedNodeName);
  else if (previous?.status.nominatedNodeName) snapshot.unnominate(key);
  if (!cluster.isOurs(current) || current.metadata.deletionTimestamp) return;
  // A change of status alone, such as our own word that it fits nowhere, makes no pod fit: it keeps its back-off.
  if (
    !previous ||
    !equalJson(previous.spec, current.spec) ||
    !equalJson(previous.metadata.labels, current.metadata.labels) ||
    // Which claims were made for it.
    !equalJson(previous.status.resourceClaimStatuses, current.status.resourceClaimStatuses)
  )
    queue.admit(current);
}

function podPlaced(current: Pod, previous: Pod | undefined, { snapshot, queue, assumed }: FollowedCluster): void {
  const key = keyOf(current);
  const nodeName = current.spec.nodeName ?? '';
  assumed.delete(key);
  snapshot.unnominate(key);
  snapshot.place(current, nodeName);
  if (previous?.spec.nodeName) {
    if (snapshot.templateOf(previous) !== snapshot.templateOf(current))
      queue.wake({ type: 'pod-changed', pod: current, previous }, snapshot);
    return;
  }
  queue.remove(key);
  queue.wake({ type: 'pod-placed', pod: current }, snapshot);
}
