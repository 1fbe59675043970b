import type { Files } from '../ports.ts';
import { DATA_FILE } from './paths.ts';
import { writeWhole } from '../write-whole.ts';

/** What stands on the disk beside a volume, for whoever has to take it away and knows nothing else: upstream's file. */
export interface VolumeData {
  readonly driverName: string;
  readonly volumeHandle: string;
  /** The persistent volume's name, or that of the volume in the pod. */
  readonly specVolID?: string;
  readonly nodeName?: string;
  readonly attachmentID?: string;
  readonly volumeLifecycleMode?: 'Persistent' | 'Ephemeral';
}

/** undefined where there is none, or half of one. */
export async function readVolumeData(dir: string, files: Files): Promise<VolumeData | undefined> {
  const text = await files.readText(`${dir}/${DATA_FILE}`);
  if (text === undefined) return undefined;
  try {
    const data = JSON.parse(text) as Partial<VolumeData>;
    return typeof data.driverName === 'string' && typeof data.volumeHandle === 'string'
      ? (data as VolumeData)
      : undefined;
  } catch {
    return undefined;
  }
}

/** Whole or not at all: a crash half-way leaves what was there before. */
export async function writeVolumeData(dir: string, data: VolumeData, files: Files): Promise<void> {
  const text = JSON.stringify(data);
  const path = `${dir}/${DATA_FILE}`;
  if ((await files.readText(path)) === text) return;
  await files.makeDir(dir, 0o750);
  await writeWhole(files, path, text);
}
