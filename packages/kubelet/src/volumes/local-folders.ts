import { isLocalVolumeOf, LOCAL_FOLDER_FINALIZER, type PersistentVolume, persistentVolume } from '@navarch/api';
import { type Clock, type Logger, Notifier } from '@navarch/base';
import type { Api, Cache } from '@navarch/client';
import { hasReason } from '@navarch/machinery';
import { localVolumesDir, type NodeDirs } from '../container-config.ts';
import type { Files } from '../ports.ts';

export interface LocalFoldersDeps {
  readonly api: Api;
  /** Holds the volumes that bear the node's name. */
  readonly cache: Pick<Cache, 'list' | 'onChange'>;
  readonly files: Pick<Files, 'removeTree'>;
  readonly dirs: Pick<NodeDirs, 'root'>;
  readonly nodeName: string;
  readonly clock: Clock;
  readonly log: Logger;
}

const RETRY_MS = 5000;

/**
 * Removes the folders of volumes that are being deleted, and says so on the volume. That a volume is not there is no
 * reason to remove anything: a cluster that lost its store must not lose its data too.
 */
export async function removeReleasedFolders(deps: LocalFoldersDeps, signal: AbortSignal): Promise<void> {
  const { cache, clock, log } = deps;
  const changed = new Notifier();
  cache.onChange(persistentVolume, () => changed.notify());
  while (!signal.aborted) {
    const next = changed.wait(signal);
    next.catch(() => undefined); // Where a pause is waited for instead.
    let isDone = true;
    for (const volume of cache.list(persistentVolume)) {
      if (!isDue(volume, deps.nodeName)) continue;
      try {
        await remove(volume, deps);
      } catch (error) {
        if (signal.aborted) return;
        isDone = false;
        log.warn('cannot remove the folder of a volume', { volume: volume.metadata.name, error });
      }
    }
    await (isDone ? next : clock.sleep(RETRY_MS, signal)).catch(() => undefined);
  }
}

const isDue = (volume: PersistentVolume, nodeName: string): boolean =>
  volume.metadata.deletionTimestamp !== undefined &&
  volume.status.phase !== 'Bound' &&
  isLocalVolumeOf(volume, nodeName) &&
  (volume.metadata.finalizers?.includes(LOCAL_FOLDER_FINALIZER) ?? false);

async function remove(
  { metadata: { name }, spec }: PersistentVolume,
  { api, files, dirs }: LocalFoldersDeps,
): Promise<void> {
  // What is to be retained stays, though nobody in the cluster knows of it any more.
  if (spec.persistentVolumeReclaimPolicy === 'Delete') await files.removeTree(`${localVolumesDir(dirs)}/${name}`);
  try {
    await api.of(persistentVolume).update(name, (current) => {
      const finalizers = current.metadata.finalizers?.filter((each) => each !== LOCAL_FOLDER_FINALIZER) ?? [];
      return finalizers.length === current.metadata.finalizers?.length
        ? current
        : { ...current, metadata: { ...current.metadata, finalizers } };
    });
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error;
  }
}
