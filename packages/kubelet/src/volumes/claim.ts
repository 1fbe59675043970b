import { isLocalVolumeOf, type PersistentVolume, type PersistentVolumeClaim, type Pod } from '@navarch/api';
import { persistentWanted } from '../csi/wanted.ts';
import { checkHostPath } from './host-path.ts';
import { mountNfs } from './nfs.ts';
import { defineVolumePlugin, removeVolume, type SetUp, type VolumeHost } from './volume-plugin.ts';
import { noPlugin, VolumeError } from './volume-error.ts';

/** A claim, where the volume that it is bound to is a folder of this node (`local` or `hostPath`), or a CSI driver's. */
export const persistentVolumeClaim = defineVolumePlugin({
  source: 'persistentVolumeClaim',
  isLive: false,
  isReadOnly: false,
  async setUp(volume, host) {
    const { claimName, readOnly = false } = volume.source;
    return mountBound(volume, await claimOf(volume.pod, claimName, host), readOnly, host);
  },
  async refresh(volume, host) {
    const { claimName, readOnly = false } = volume.source;
    await refreshBound(volume, await claimOf(volume.pod, claimName, host), readOnly, host);
  },
  isExhausted: async (volume, host) =>
    isBoundExhausted(volume, await claimOf(volume.pod, volume.source.claimName, host), host),
  /** The folder is the volume's and stays as it is; only its place in the pod goes. */
  tearDown: removeVolume,
});

/** A claim that was made for the pod and goes with it (KEP-1698). */
export const ephemeral = defineVolumePlugin({
  source: 'ephemeral',
  isLive: false,
  isReadOnly: false,
  setUp: async (volume, host) => mountBound(volume, await ownClaim(volume, host), false, host),
  refresh: async (volume, host) => refreshBound(volume, await ownClaim(volume, host), false, host),
  isExhausted: async (volume, host) => isBoundExhausted(volume, await ownClaim(volume, host), host),
  tearDown: removeVolume,
});

async function ownClaim({ pod, name: volumeName }: SetUp<unknown>, host: VolumeHost): Promise<PersistentVolumeClaim> {
  const { metadata } = pod;
  const name = `${metadata.name}-${volumeName}`;
  const claim = await claimOf(pod, name, host);
  if (!claim.metadata.ownerReferences?.some(({ uid, controller }) => controller && uid === metadata.uid)) {
    const whole = `${metadata.namespace}/${metadata.name}`;
    throw new VolumeError(`PVC ${metadata.namespace}/${name} was not created for pod ${whole} (pod is not owner)`, {
      isUnknown: true,
    });
  }
  return claim;
}

async function refreshBound(
  { pod }: SetUp<unknown>,
  claim: PersistentVolumeClaim,
  isReadOnly: boolean,
  host: VolumeHost,
): Promise<void> {
  if (!host.csi || !claim.spec.volumeName) return;
  const volume = await boundVolume(claim, host);
  const wanted = persistentWanted(pod, volume, claim, isReadOnly);
  if (wanted) await host.csi.refresh(wanted);
}

async function isBoundExhausted(
  { pod }: SetUp<unknown>,
  claim: PersistentVolumeClaim,
  host: VolumeHost,
): Promise<boolean> {
  const wanted = host.csi && persistentWanted(pod, await boundVolume(claim, host), claim, false);
  return wanted !== undefined && (await host.csi?.isExhausted(wanted)) === true;
}

async function mountBound(
  { dir, pod, place, signal }: SetUp<unknown>,
  claim: PersistentVolumeClaim,
  readOnly: boolean,
  host: VolumeHost,
): Promise<void> {
  const { csi } = host;
  const volume = await boundVolume(claim, host);
  const wanted = persistentWanted(pod, volume, claim, readOnly);
  if (wanted && csi) return place(await csi.setUp(wanted, signal));
  return namedAs(volume.metadata.name, () => mountPlain(volume, { dir, pod, place }, readOnly, host));
}

/** What a pod sees of a claim is told of by the name of the volume. */
async function namedAs(volume: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (error instanceof VolumeError && error.volume !== undefined) throw error;
    const { message, operation, isUnknown } =
      error instanceof VolumeError ? error : new VolumeError((error as Error).message);
    throw new VolumeError(message, { volume, operation, isUnknown, cause: error });
  }
}

/** A volume that no driver is needed for. */
async function mountPlain(
  volume: PersistentVolume,
  { dir, pod, place }: Pick<SetUp<unknown>, 'dir' | 'pod' | 'place'>,
  readOnly: boolean,
  host: VolumeHost,
): Promise<void> {
  const { files } = host;
  const { nfs, hostPath, mountOptions = [] } = volume.spec;
  if (nfs) return mountNfs(dir, { ...nfs, readOnly: readOnly || (nfs.readOnly ?? false) }, mountOptions, host);
  if (hostPath && volume.spec.volumeMode !== 'Block') {
    await checkHostPath(hostPath, files);
    // Used where it is, as a pod's own hostPath: the runtime makes a folder that is not there.
    return place(hostPath.path);
  }
  const path = volume.spec.local?.path ?? hostPath?.path;
  if (path === undefined) throw noPlugin(volume.metadata.name);
  // Made for the first pod that comes, for whoever that runs as.
  if (isLocalVolumeOf(volume, host.nodeName) && path === `${host.localVolumes}/${volume.metadata.name}`)
    await files.makeDir(path, 0o777);
  if ((await files.kindOfNamed(path)) === undefined)
    throw new VolumeError(`path ${JSON.stringify(path)} does not exist`, {
      operation: 'MountVolume.NewMounter initialization',
    });
  if (volume.spec.volumeMode === 'Block') {
    if ((await files.kindOfNamed(path)) !== 'block device') throw new VolumeError(`${path} is not a block device`);
    await files.makeDir(dir.slice(0, dir.lastIndexOf('/')));
    // Containers are given the device that the link leads to, not a mount.
    return files.replaceLink(dir, path);
  }
  const group = pod.spec.securityContext?.fsGroup;
  if (group !== undefined && !readOnly) {
    await files.ownTree(path, Number(group), {
      isWritable: true,
      onRootMismatch: pod.spec.securityContext?.fsGroupChangePolicy === 'OnRootMismatch',
    });
  }
  if (await files.isMountPoint(dir)) return undefined;
  await files.makeDir(dir, 0o750);
  return files.bindMount(path, dir, { isReadOnly: readOnly });
}

async function claimOf(pod: Pod, name: string, host: VolumeHost): Promise<PersistentVolumeClaim> {
  const { namespace = '' } = pod.metadata;
  const claim = await host.claim(namespace, name);
  const missing = `failed to fetch PVC from API server: persistentvolumeclaims ${JSON.stringify(name)} not found`;
  if (!claim) throw unusable({ namespace, name }, missing);
  return claim;
}

async function boundVolume(
  { metadata, spec, status }: PersistentVolumeClaim,
  host: VolumeHost,
): Promise<PersistentVolume> {
  // Protection lets a claim go when nobody uses it: nobody begins to.
  if (metadata.deletionTimestamp !== undefined) throw unusable(metadata, 'PVC is being deleted');
  if (status?.phase !== 'Bound') throw unusable(metadata, 'PVC is not bound');
  if (!spec.volumeName) throw unusable(metadata, 'PVC has empty pvc.Spec.VolumeName');
  const name = spec.volumeName;
  const volume = await host.persistentVolume(name);
  const missing = `failed to fetch PV ${name} from API server: persistentvolumes ${JSON.stringify(name)} not found`;
  if (!volume) throw unusable(metadata, missing);
  const { claimRef } = volume.spec;
  const found = `found PV object ${name} but`;
  if (!claimRef)
    throw unusable(metadata, `${found} it has a nil pv.Spec.ClaimRef indicating it is not yet bound to the claim`);
  if (claimRef.uid !== metadata.uid)
    throw unusable(
      metadata,
      `${found} its pv.Spec.ClaimRef.UID ${claimRef.uid ?? ''} does not point to claim.UID ${metadata.uid}`,
    );
  return volume;
}

const unusable = (
  { namespace = '', name }: { readonly namespace?: string | undefined; readonly name: string },
  why: string,
): VolumeError => new VolumeError(`error processing PVC ${namespace}/${name}: ${why}`, { isUnknown: true });
