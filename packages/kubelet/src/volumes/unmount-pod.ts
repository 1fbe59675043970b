import { type NodeDirs, podDir } from '../container-config.ts';
import type { VolumeHost } from './volume-plugin.ts';

/** Takes away all that is mounted for a pod: parts that containers were given, what drivers made, by its driver, the rest. */
export async function unmountPod(
  uid: string,
  { host: { files, csi }, dirs }: { readonly host: Pick<VolumeHost, 'files' | 'csi'>; readonly dirs: NodeDirs },
): Promise<void> {
  const dir = podDir(dirs, uid);
  await files.unmountBelow(`${dir}/volume-subpaths`);
  await csi?.tearDown(uid);
  await files.unmountBelow(dir);
}
