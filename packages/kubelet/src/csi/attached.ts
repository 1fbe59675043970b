import { VolumeError } from '../volumes/volume-error.ts';
import type { CsiDeps } from './deps.ts';
import { attachmentName } from './paths.ts';
import type { Wanted } from './wanted.ts';

/**
 * What the driver said when it attached the volume to the node. Throws VolumeError until it has: quietly while that only
 * takes its time, and not before the cluster knows that the node has the volume in use, since it is not taken away then.
 */
export async function attachedContext(
  { driver, handle, name }: Wanted,
  unique: string,
  { cluster, nodeName }: CsiDeps,
): Promise<Readonly<Record<string, string>>> {
  const status = cluster.node()?.status;
  const isKnown = status?.volumesInUse?.includes(unique) ?? false;
  const isAttached = status?.volumesAttached?.some((volume) => volume.name === unique) ?? false;
  if (!isKnown || !isAttached) throw new VolumeError(`volume ${name} is not attached to the node`, { isQuiet: true });
  const id = attachmentName(driver, handle, nodeName);
  const found = await cluster.attachment(id);
  const problem = (text: string): VolumeError =>
    new VolumeError(text, { operation: 'MountVolume.WaitForAttach', volume: name });
  if (!found)
    throw problem(
      `volume ${handle} has GET error for volume attachment ${id}: volumeattachments.storage.k8s.io "${id}" not found`,
    );
  if (found.status.attachError?.message) throw problem(found.status.attachError.message);
  if (!found.status.attached || found.metadata.deletionTimestamp)
    throw new VolumeError(`volume ${name} is being detached`, { isQuiet: true });
  return found.status.attachmentMetadata ?? {};
}
