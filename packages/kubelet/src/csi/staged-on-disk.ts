import type { NodeDirs } from '../container-config.ts';
import type { Files } from '../ports.ts';
import { DEVICES, driversDir } from './paths.ts';
import { readVolumeData, type VolumeData } from './volume-data.ts';

export interface StagedVolume {
  readonly dir: string;
  readonly data: VolumeData;
}

/** What the node holds of volumes for all its pods. */
export async function everyStagedVolume(files: Files, dirs: NodeDirs): Promise<readonly StagedVolume[]> {
  const found: StagedVolume[] = [];
  for (const driver of await files.list(driversDir(dirs))) {
    if (driver === DEVICES) continue;
    for (const folder of await files.list(`${driversDir(dirs)}/${driver}`)) {
      const dir = `${driversDir(dirs)}/${driver}/${folder}`;
      const data = await readVolumeData(dir, files);
      if (data) found.push({ dir, data });
    }
  }
  return found;
}
