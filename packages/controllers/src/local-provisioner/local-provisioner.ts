import {
  LOCAL_FOLDER_FINALIZER,
  LOCAL_PROVISIONER,
  LOCAL_VOLUME_NODE,
  LOCAL_VOLUMES_FOLDER,
  node,
  type Node,
  persistentVolume,
  persistentVolumeClaim,
  storageClass,
} from '@navarch/api';
import { type Draft, hasReason, keyOf, type ObjectOf, quantityValue } from '@navarch/machinery';
import { type Context, type Controller, defineController, type Outcome, self } from '../controller.ts';
import {
  type Claim,
  classOf,
  PROVISIONED_BY,
  SELECTED_NODE,
  STORAGE_PROVISIONER,
  type Volume,
} from '../shared/volume-marks.ts';

type StorageClass = ObjectOf<typeof storageClass>;

/** For nodes that do not say where they keep such folders: what is played only needs none. */
const FOLDER_DEFAULT = '/var/lib/navarch/local-volumes';
const HOSTNAME = 'kubernetes.io/hostname';
const MODES = ['ReadWriteOnce', 'ReadWriteOncePod'];

const isOurs = ({ metadata }: Volume): boolean => metadata.annotations?.[PROVISIONED_BY] === LOCAL_PROVISIONER;

/**
 * Makes volumes that are folders of the node that a claim's pod is placed on, and has them removed when they are
 * released. The folder itself is the node's business: it makes it for the first pod, and takes its finalizer off the
 * volume when the folder is gone.
 */
export const localProvisionerController: Controller = defineController({
  name: 'local-provisioner',
  eventSource: LOCAL_PROVISIONER,
  watches: [
    self(
      persistentVolumeClaim,
      ({ current }) => current?.metadata.annotations?.[STORAGE_PROVISIONER] === LOCAL_PROVISIONER,
    ),
    { kind: persistentVolume, keys: ({ current }) => (current && isOurs(current) ? [current.metadata.name] : []) },
    // What was on a node that is gone is gone.
    {
      kind: node,
      *keys({ current, previous }, cache) {
        if (current || !previous) return;
        for (const volume of cache.list(persistentVolume)) if (isOurs(volume)) yield volume.metadata.name;
      },
    },
  ],
  reads: [storageClass],
  async reconcile(key, context) {
    const { cache } = context;
    const claim = key.includes('/') ? cache.get(persistentVolumeClaim, key) : undefined;
    if (claim) return tendClaim(claim, context);
    const volume = key.includes('/') ? undefined : cache.get(persistentVolume, key);
    return volume && tendVolume(volume, context);
  },
});

async function tendClaim(claim: Claim, context: Context): Promise<Outcome> {
  const { cache } = context;
  const found = cache.get(storageClass, classOf(claim));
  if (claim.metadata.deletionTimestamp || found?.provisioner !== LOCAL_PROVISIONER) return undefined;
  if (claim.spec.volumeName) return grow(claim, found, context);
  const name = `pvc-${claim.metadata.uid}`;
  if (cache.get(persistentVolume, name)) return undefined;
  const target = cache.get(node, claim.metadata.annotations?.[SELECTED_NODE] ?? '');
  const problem = refusal(claim, target);
  if (problem !== undefined || !target) {
    context.events.record(claim, {
      type: 'Warning',
      reason: 'ProvisioningFailed',
      message: `failed to provision volume with StorageClass ${JSON.stringify(found.metadata.name)}: ${problem}`,
    });
    return target || !claim.metadata.annotations?.[SELECTED_NODE] ? undefined : giveBack(claim, context);
  }
  context.events.record(claim, {
    type: 'Normal',
    reason: 'Provisioning',
    message: `External provisioner is provisioning volume for claim ${JSON.stringify(keyOf(claim))}`,
  });
  try {
    await context.api.of(persistentVolume).create(draftOf(name, claim, found, target));
  } catch (error) {
    if (!hasReason(error, 'AlreadyExists')) throw error;
  }
  context.events.record(claim, {
    type: 'Normal',
    reason: 'ProvisioningSucceeded',
    message: `Successfully provisioned volume ${name}`,
  });
  return undefined;
}

function refusal({ spec }: Claim, target: Node | undefined): string | undefined {
  if (!target)
    return 'configuration error, no node was specified: use a class whose volumeBindingMode is WaitForFirstConsumer';
  if (!spec.accessModes?.every((mode) => MODES.includes(mode)))
    return 'folders of a node support the access modes ReadWriteOnce and ReadWriteOncePod only';
  if (spec.volumeMode === 'Block') return 'folders of a node cannot be block devices';
  if (spec.dataSource || spec.dataSourceRef) return 'folders of a node cannot be made from a data source';
  return spec.selector ? 'claim.spec.selector is not supported' : undefined;
}

/** The node that was chosen is gone: the scheduler chooses again. */
async function giveBack(claim: Claim, { api }: Context): Promise<undefined> {
  await api.of(persistentVolumeClaim).update(keyOf(claim), (current) => {
    const { [SELECTED_NODE]: chosen, ...annotations } = current.metadata.annotations ?? {};
    return chosen === claim.metadata.annotations?.[SELECTED_NODE]
      ? { ...current, metadata: { ...current.metadata, annotations } }
      : current;
  });
  return undefined;
}

function draftOf(name: string, claim: Claim, found: StorageClass, target: Node): Draft<Volume> {
  const { namespace = '', name: claimName, uid, resourceVersion } = claim.metadata;
  const folder = target.metadata.annotations?.[LOCAL_VOLUMES_FOLDER];
  const hostname = target.metadata.labels?.[HOSTNAME] ?? target.metadata.name;
  return {
    metadata: {
      name,
      finalizers: ['kubernetes.io/pv-protection', ...(folder === undefined ? [] : [LOCAL_FOLDER_FINALIZER])],
      annotations: { [PROVISIONED_BY]: LOCAL_PROVISIONER },
      labels: { [LOCAL_VOLUME_NODE]: target.metadata.name },
    },
    spec: {
      capacity: { storage: claim.spec.resources.requests?.['storage'] ?? '0' },
      accessModes: claim.spec.accessModes ?? [],
      volumeMode: 'Filesystem',
      storageClassName: found.metadata.name,
      persistentVolumeReclaimPolicy: found.reclaimPolicy ?? 'Delete',
      claimRef: { kind: 'PersistentVolumeClaim', apiVersion: 'v1', namespace, name: claimName, uid, resourceVersion },
      local: { path: `${folder ?? FOLDER_DEFAULT}/${name}` },
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: HOSTNAME, operator: 'In', values: [hostname] }] }],
        },
      },
    },
  } as Draft<Volume>;
}

/** A folder has no size of its own: what is asked for is there. */
async function grow(claim: Claim, found: StorageClass, { api, cache }: Context): Promise<undefined> {
  const wanted = claim.spec.resources.requests?.['storage'];
  const volume = cache.get(persistentVolume, claim.spec.volumeName ?? '');
  if (!wanted || !volume || !isOurs(volume) || !found.allowVolumeExpansion || claim.status.phase !== 'Bound')
    return undefined;
  const isLess = (amounts: Readonly<Record<string, string>> | undefined): boolean =>
    quantityValue(amounts?.['storage']) < quantityValue(wanted);
  if (isLess(volume.spec.capacity)) {
    await api
      .of(persistentVolume)
      .update(volume.metadata.name, (current) =>
        isLess(current.spec.capacity)
          ? { ...current, spec: { ...current.spec, capacity: { ...current.spec.capacity, storage: wanted } } }
          : current,
      );
  }
  if (isLess(claim.status.capacity)) {
    await api
      .of(persistentVolumeClaim)
      .update(
        keyOf(claim),
        (current) =>
          isLess(current.status.capacity)
            ? { ...current, status: { ...current.status, capacity: { ...current.status.capacity, storage: wanted } } }
            : current,
        { subresource: 'status' },
      );
  }
  return undefined;
}

async function tendVolume(volume: Volume, context: Context): Promise<Outcome> {
  const { api, cache } = context;
  const { metadata, spec, status } = volume;
  if (!metadata.deletionTimestamp) {
    if (status.phase !== 'Released' || spec.persistentVolumeReclaimPolicy !== 'Delete') return undefined;
    await api.of(persistentVolume).delete(metadata.name, { preconditions: { uid: metadata.uid } });
    return undefined;
  }
  if (cache.get(node, metadata.labels?.[LOCAL_VOLUME_NODE] ?? '') || status.phase === 'Bound') return undefined;
  await api.of(persistentVolume).update(metadata.name, (current) => {
    const { finalizers = [] } = current.metadata;
    if (!finalizers.includes(LOCAL_FOLDER_FINALIZER)) return current;
    return {
      ...current,
      metadata: { ...current.metadata, finalizers: finalizers.filter((each) => each !== LOCAL_FOLDER_FINALIZER) },
    };
  });
  return undefined;
}
