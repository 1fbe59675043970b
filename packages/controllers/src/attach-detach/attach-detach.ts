import {
  csiDriver,
  node,
  type Node,
  persistentVolume,
  type PersistentVolume,
  persistentVolumeClaim,
  type PersistentVolumeClaim,
  pod,
  type Pod,
  volumeAttachment,
} from '@navarch/api';
import type { CacheReader } from '@navarch/client';
import { equalJson, hasReason, type Key } from '@navarch/machinery';
import {
  type Context,
  type Controller,
  defineController,
  NOBODY,
  type Outcome,
  self,
  type Watch,
} from '../controller.ts';
import { hasClaims } from '../shared/claims-of-pods.ts';
import { podsByNode } from '../shared/pods-on-node.ts';
import { remove } from '../shared/remove.ts';
import {
  type Attachment,
  attachmentName,
  attachmentsByNode,
  attachmentsByVolume,
  isAttachable,
  isExclusive,
  isHealthy,
  isOutOfService,
  MANAGED,
  uniqueName,
  usersOf,
  volumeOf,
  volumesOfPod,
} from './attachments.ts';
import { attachmentGauges, FORCED } from './measures.ts';

/** How long a driver may take to attach before its pods are told, in milliseconds. */
const ATTACH_MS = 2 * 60_000;
/** How long an unhealthy node may keep a volume mounted that no pod of it needs, in milliseconds. */
const UNMOUNT_MS = 6 * 60_000;

const BEGUN = 'begun';

const pods: Watch<Pod> = {
  kind: pod,
  keys({ current, previous }, cache) {
    const object = (current ?? previous) as Pod;
    // Most pods have none.
    if (!hasClaims(object)) return NOBODY;
    // Deletion, ends of containers, phases: whatever may let a volume go.
    const isSame =
      current?.spec.nodeName === previous?.spec.nodeName &&
      current?.metadata.deletionTimestamp === previous?.metadata.deletionTimestamp &&
      equalJson(current?.status, previous?.status);
    return isSame ? NOBODY : volumesOfPod(object, cache);
  },
};

/** Its last pod may have gone unseen: when that did, the claim no longer told which volume it had. */
const claims: Watch<PersistentVolumeClaim> = {
  kind: persistentVolumeClaim,
  keys: ({ current, previous }) =>
    current?.spec.volumeName === previous?.spec.volumeName
      ? []
      : [current, previous].flatMap((claim) => claim?.spec.volumeName || []),
};

const attachments: Watch<Attachment> = {
  kind: volumeAttachment,
  keys: ({ current, previous }) => volumeOf((current ?? previous) as Attachment),
};

const nodes: Watch<Node> = {
  kind: node,
  *keys({ current, previous }, cache) {
    if (current && previous && equalJson(aspectsOf(current), aspectsOf(previous))) return;
    const { name } = ((current ?? previous) as Node).metadata;
    for (const one of cache.find(volumeAttachment, attachmentsByNode, name)) yield* volumeOf(one);
    for (const user of cache.find(pod, podsByNode, name)) yield* volumesOfPod(user, cache);
  },
};

const aspectsOf = (n: Node): unknown => [
  n.status.volumesInUse ?? [],
  n.status.volumesAttached ?? [],
  isHealthy(n),
  isOutOfService(n),
  n.metadata.annotations?.[MANAGED] ?? null,
];

/**
 * Has drivers attach volumes to the nodes whose pods need them, by VolumeAttachments, and detach them when none does and
 * the kubelet has unmounted them. What is attached stands in the node's status, for the kubelet. Volumes of CSI drivers
 * only: there are no others that are attached any more. Keys are names of volumes: who has one and who is to have it is
 * looked at together, so that it is never given to two.
 */
export const attachDetachController = (): Controller => {
  /** Since when a volume is not needed on a node (`node/volume`), in monotonic ms; an entry goes when it is, or is detached. */
  const unneeded = new Map<Key, number>();
  /** Where pods know that another node has the volume; an entry goes when that is over. */
  const told = new Set<Key>();

  return defineController({
    name: 'persistentvolume-attach-detach-controller',
    queueName: 'pvcs',
    eventSource: 'attachdetach-controller',
    watches: [
      pods,
      claims,
      self(persistentVolume, ({ current }) => current?.spec.csi !== undefined),
      attachments,
      nodes,
    ],
    reads: [csiDriver],
    workers: 10,
    gauges: attachmentGauges,

    async reconcile(name, context) {
      const volume = context.cache.get(persistentVolume, name);
      // Without the volume nobody can tell whose its attachments are: its driver takes them away.
      if (!volume?.spec.csi) return undefined;
      const users = usersOf(name, context.cache);
      const held = context.cache.find(volumeAttachment, attachmentsByVolume, name);
      const nodeNames = new Set([
        ...users.map(({ spec }) => spec.nodeName ?? ''),
        ...held.map(({ spec }) => spec.nodeName),
      ]);
      const waits: number[] = [];
      for (const nodeName of [...nodeNames].sort()) {
        const outcome = await settle(nodeName, volume, users, context);
        // The attachment that is made is seen at the next look: until then nobody else gets the volume.
        if (outcome === BEGUN) return undefined;
        if (outcome) waits.push(outcome.requeueAfterMs);
      }
      return waits.length > 0 ? { requeueAfterMs: Math.min(...waits) } : undefined;
    },
  });

  async function settle(
    nodeName: string,
    volume: PersistentVolume,
    all: readonly Pod[],
    context: Context,
  ): Promise<Outcome | typeof BEGUN> {
    const { cache } = context;
    const key = `${nodeName}/${volume.metadata.name}`;
    const target = cache.get(node, nodeName);
    const users = all.filter(({ spec }) => spec.nodeName === nodeName);
    const isNeeded = users.length > 0 && target?.metadata.annotations?.[MANAGED] !== undefined;
    if (target && isNeeded && isAttachable(volume, cache)) {
      unneeded.delete(key);
      return attach({ key, volume, target, users }, context);
    }
    told.delete(key);
    const held = cache
      .find(volumeAttachment, attachmentsByVolume, volume.metadata.name)
      .find(({ metadata }) => metadata.name === attachmentName(volume.spec, nodeName));
    if (held) return detach({ key, volume, target, held }, context);
    unneeded.delete(key);
    return target && setAttached(target, volume, false, context);
  }

  async function attach({ key, volume, target, users }: Attaching, context: Context): Promise<Outcome | typeof BEGUN> {
    const { cache, clock } = context;
    const nodeName = target.metadata.name;
    const all = cache.find(volumeAttachment, attachmentsByVolume, volume.metadata.name);
    const own = all.find((one) => one.spec.nodeName === nodeName);
    if (own?.metadata.deletionTimestamp) return undefined;
    if (!own) {
      if (isExclusive(volume) && all.length > 0) {
        if (!told.has(key)) tell(users, warning(conflictText(volume, users, cache)), context);
        told.add(key);
        return undefined;
      }
      told.delete(key);
      return begin(volume, nodeName, context);
    }
    told.delete(key);
    const { attached, attachError } = own.status;
    if (attached) {
      if (isReported(target, volume)) return undefined;
      await setAttached(target, volume, true, context);
      const message = `AttachVolume.Attach succeeded for volume ${JSON.stringify(volume.metadata.name)} `;
      tell(users, { type: 'Normal', reason: 'SuccessfulAttachVolume', message }, context);
      return undefined;
    }
    const failed = `AttachVolume.Attach failed for volume ${JSON.stringify(volume.metadata.name)} : `;
    if (attachError?.message) {
      tell(users, warning(`${failed}${attachError.message}`), context);
      return undefined;
    }
    const leftMs = Date.parse(own.metadata.creationTimestamp ?? '') + ATTACH_MS - clock.now();
    if (leftMs > 0) return { requeueAfterMs: leftMs };
    const { driver = '', volumeHandle = '' } = volume.spec.csi ?? {};
    tell(
      users,
      warning(
        `${failed}timed out waiting for external-attacher of ${driver} CSI driver to attach volume ${volumeHandle}`,
      ),
      context,
    );
    return { requeueAfterMs: ATTACH_MS };
  }

  async function detach({ key, volume, target, held }: Detaching, context: Context): Promise<Outcome> {
    const { clock } = context;
    if (held.metadata.deletionTimestamp) return undefined;
    const since = unneeded.get(key) ?? clock.monotonic();
    unneeded.set(key, since);
    const isMounted = target?.status.volumesInUse?.includes(uniqueName(volume.spec)) ?? false;
    if (target && isMounted && !isOutOfService(target)) {
      const leftMs = since + UNMOUNT_MS - clock.monotonic();
      if (leftMs > 0) return { requeueAfterMs: leftMs };
      // A healthy kubelet will unmount it, and say so.
      if (isHealthy(target)) return undefined;
    }
    // First the kubelet is told: it must not mount what is about to go.
    if (target) await setAttached(target, volume, false, context);
    await remove(volumeAttachment, held, context);
    if (target && isMounted)
      FORCED.add(context.metrics, { reason: isOutOfService(target) ? 'out-of-service' : 'timeout' });
    unneeded.delete(key);
    return undefined;
  }
};

interface Attaching {
  readonly key: Key;
  readonly volume: PersistentVolume;
  readonly target: Node;
  readonly users: readonly Pod[];
}

interface Detaching {
  readonly key: Key;
  readonly volume: PersistentVolume;
  readonly target: Node | undefined;
  readonly held: Attachment;
}

interface Text {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

const warning = (message: string): Text => ({ type: 'Warning', reason: 'FailedAttachVolume', message });

function tell(users: readonly Pod[], text: Text, { events }: Context): void {
  for (const user of users) events.record(user, text);
}

/** Who keeps a volume from a node: by name where they are in the same namespace. */
function conflictText(volume: PersistentVolume, users: readonly Pod[], cache: CacheReader): string {
  const here = new Set(users.map(({ metadata }) => metadata.uid));
  const others = usersOf(volume.metadata.name, cache).filter(({ metadata }) => !here.has(metadata.uid));
  const why =
    others.length > 0
      ? `Volume is already used by pod(s) ${others.map(({ metadata }) => metadata.name).join(', ')}`
      : "Volume is already exclusively attached to one node and can't be attached to another";
  return `Multi-Attach error for volume ${JSON.stringify(volume.metadata.name)} ${why}`;
}

async function begin({ metadata, spec }: PersistentVolume, nodeName: string, { api }: Context): Promise<typeof BEGUN> {
  try {
    await api.of(volumeAttachment).create({
      metadata: { name: attachmentName(spec, nodeName) },
      spec: { attacher: spec.csi?.driver ?? '', nodeName, source: { persistentVolumeName: metadata.name } },
    });
  } catch (error) {
    if (!hasReason(error, 'AlreadyExists')) throw error;
  }
  return BEGUN;
}

const isReported = ({ status }: Node, { spec }: PersistentVolume): boolean =>
  status.volumesAttached?.some(({ name }) => name === uniqueName(spec)) ?? false;

async function setAttached(
  target: Node,
  volume: PersistentVolume,
  isAttached: boolean,
  { api }: Context,
): Promise<undefined> {
  if (isReported(target, volume) === isAttached) return undefined;
  try {
    await api.of(node).update(
      target.metadata.name,
      (current) => {
        if (current.metadata.uid !== target.metadata.uid || isReported(current, volume) === isAttached) return current;
        const others = (current.status.volumesAttached ?? []).filter(({ name }) => name !== uniqueName(volume.spec));
        const volumesAttached = isAttached ? [...others, { name: uniqueName(volume.spec), devicePath: '' }] : others;
        return { ...current, status: { ...current.status, volumesAttached } };
      },
      { subresource: 'status' },
    );
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error;
  }
  return undefined;
}
