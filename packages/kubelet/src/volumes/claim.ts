import type { PersistentVolume, Pod } from '@navarch/api';
import { defineVolumePlugin, removeVolume, VolumeError, type VolumeHost } from './volume-plugin.ts';

/** A claim, where the volume that it is bound to is a folder of this node (`local` or `hostPath`). */
export const persistentVolumeClaim = defineVolumePlugin({
  source: 'persistentVolumeClaim',
  isLive: false,
  isReadOnly: false,
  async setUp({ source, dir, pod }, host) {
    const { files } = host;
    const volume = await boundVolume(pod, source.claimName, host);
    const path = volume.spec.local?.path ?? volume.spec.hostPath?.path;
    if (path === undefined)
      throw new VolumeError(`this node cannot mount persistent volume ${JSON.stringify(volume.metadata.name)}`);
    if (volume.spec.hostPath?.type === 'DirectoryOrCreate') await files.makeDir(path, 0o755);
    if ((await files.kindOf(path)) === undefined) throw new VolumeError(`path ${JSON.stringify(path)} does not exist`);
    if (volume.spec.volumeMode === 'Block') {
      if ((await files.kindOf(path)) !== 'block device') throw new VolumeError(`${path} is not a block device`);
      await files.makeDir(dir.slice(0, dir.lastIndexOf('/')));
      // Containers are given the device that the link leads to, not a mount.
      return files.replaceLink(dir, path);
    }
    const group = pod.spec.securityContext?.fsGroup;
    if (group !== undefined && volume.spec.local && !source.readOnly) {
      await files.ownTree(path, group, {
        isWritable: true,
        onRootMismatch: pod.spec.securityContext?.fsGroupChangePolicy === 'OnRootMismatch',
      });
    }
    if (await files.isMountPoint(dir)) return undefined;
    await files.makeDir(dir, 0o750);
    return files.bindMount(path, dir, { isReadOnly: source.readOnly ?? false });
  },
  /** The folder is the volume's and stays as it is; only its place in the pod goes. */
  tearDown: removeVolume,
});

async function boundVolume(pod: Pod, name: string, host: VolumeHost): Promise<PersistentVolume> {
  const claim = await host.claim(pod.metadata.namespace ?? '', name);
  if (!claim) throw new VolumeError(`persistentvolumeclaim ${JSON.stringify(name)} not found`);
  if (claim.status?.phase !== 'Bound' || !claim.spec.volumeName) throw new VolumeError('PVC is not bound');
  const volume = await host.persistentVolume(claim.spec.volumeName);
  if (!volume) throw new VolumeError(`persistentvolume ${JSON.stringify(claim.spec.volumeName)} not found`);
  if (volume.spec.claimRef?.uid !== claim.metadata.uid)
    throw new VolumeError(`persistent volume ${JSON.stringify(volume.metadata.name)} is not bound to this claim`);
  return volume;
}
