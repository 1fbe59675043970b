import type { CsiDeps } from './deps.ts';
import {
  deviceDir,
  devicePublishDir,
  deviceStaging,
  DATA_FILE,
  podDevicesDir,
  podMount,
  podVolumeDir,
} from './paths.ts';
import { everyPodVolume, type PodVolumeOnDisk } from './pod-volumes-on-disk.ts';
import type { StagedVolume } from './staged-on-disk.ts';

/** Takes a volume away from a pod, and everything that says that the pod has it. Throws where the driver refuses. */
export async function unpublish(volume: PodVolumeOnDisk, deps: CsiDeps): Promise<void> {
  const { files, dirs, drivers, log, signal } = deps;
  const { uid, name, isBlock, data } = volume;
  const target = isBlock ? `${devicePublishDir(dirs, name)}/${uid}` : podMount(dirs, uid, name);
  if (data) {
    const service = drivers.of(data.driverName, 'mounter.TearDownAt failed to get CSI client');
    await service.nodeUnpublishVolume({ volumeId: data.volumeHandle, targetPath: target }, signal);
  } else {
    log.warn('nobody knows whose a volume is: it is unmounted without its driver', { path: target });
  }
  // The driver should have done this. What it left there may be somebody's data: only what is empty goes.
  await files.unmountBelow(target);
  await files.removeEmpty(target);
  if (isBlock) return files.removeEmpty(`${podDevicesDir(dirs, uid)}/${name}`);
  const dir = podVolumeDir(dirs, uid, name);
  await removeRecord(dir, deps);
  return files.removeEmpty(dir);
}

/** Whether any pod of the node has the volume, or is to have it. */
export async function hasUsers(driver: string, handle: string, { files, dirs }: CsiDeps): Promise<boolean> {
  const all = await everyPodVolume(files, dirs);
  return all.some(({ data }) => data?.driverName === driver && data.volumeHandle === handle);
}

/** Takes away what the driver made ready for all pods of the node. Throws where it refuses. */
export async function unstage({ dir, data }: StagedVolume, deps: CsiDeps): Promise<void> {
  const { files, dirs, drivers, signal } = deps;
  const { driverName, volumeHandle, specVolID: name = '' } = data;
  const device = deviceStaging(dirs, name);
  const isBlock = name !== '' && (await files.kindOf(device)) !== undefined;
  const path = isBlock ? device : `${dir}/globalmount`;
  const service = drivers.of(driverName, 'attacher.UnmountDevice failed to create newCsiDriverClient');
  await service.nodeUnstageVolume({ volumeId: volumeHandle, stagingTargetPath: path }, signal);
  await files.unmountBelow(path);
  await files.removeEmpty(path);
  await removeRecord(dir, deps);
  await files.removeEmpty(dir);
}

/** What said whose a device was, when no pod has it any more. */
export async function forgetDevice(name: string, deps: CsiDeps): Promise<void> {
  const { files, dirs } = deps;
  await files.removeEmpty(devicePublishDir(dirs, name));
  await removeRecord(`${deviceDir(dirs, name)}/data`, deps);
  await files.removeTree(deviceDir(dirs, name));
}

async function removeRecord(dir: string, { files }: CsiDeps): Promise<void> {
  for (const name of [DATA_FILE, `${DATA_FILE}.new`]) await files.removeEmpty(`${dir}/${name}`);
}
