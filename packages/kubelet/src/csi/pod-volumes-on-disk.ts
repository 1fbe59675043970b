import type { NodeDirs } from '../container-config.ts';
import type { Files } from '../ports.ts';
import { deviceDataDir, podDevicesDir, podVolumeDir, podVolumesDir } from './paths.ts';
import { readVolumeData, type VolumeData } from './volume-data.ts';

/** A volume of a driver that a pod has, or was to have, as the disk tells. */
export interface PodVolumeOnDisk {
  readonly uid: string;
  readonly name: string;
  readonly isBlock: boolean;
  /** Absent where nobody can tell any more whose it is. */
  readonly data: VolumeData | undefined;
}

export async function podVolumesOnDisk(uid: string, files: Files, dirs: NodeDirs): Promise<readonly PodVolumeOnDisk[]> {
  const found: PodVolumeOnDisk[] = [];
  for (const name of await files.list(podVolumesDir(dirs, uid)))
    found.push({ uid, name, isBlock: false, data: await readVolumeData(podVolumeDir(dirs, uid, name), files) });
  for (const name of await files.list(podDevicesDir(dirs, uid)))
    found.push({ uid, name, isBlock: true, data: await readVolumeData(deviceDataDir(dirs, name), files) });
  return found;
}

export async function everyPodVolume(files: Files, dirs: NodeDirs): Promise<readonly PodVolumeOnDisk[]> {
  const found: PodVolumeOnDisk[] = [];
  for (const uid of await files.list(`${dirs.root}/pods`)) found.push(...(await podVolumesOnDisk(uid, files, dirs)));
  return found;
}
