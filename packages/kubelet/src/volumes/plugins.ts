import { ephemeral, persistentVolumeClaim } from './claim.ts';
import { csi } from './csi.ts';
import { emptyDir } from './empty-dir.ts';
import { hostPath } from './host-path.ts';
import { image } from './image.ts';
import { nfs } from './nfs.ts';
import { configMap, downwardAPI, secret } from './object-volumes.ts';
import { projected } from './projected.ts';
import type { VolumePlugin } from './volume-plugin.ts';

/** Every kind of volume that this node can make. Adding one is writing its plugin and naming it here. */
export const volumePlugins: readonly VolumePlugin[] = [
  emptyDir,
  hostPath,
  configMap,
  secret,
  downwardAPI,
  projected,
  persistentVolumeClaim,
  ephemeral,
  csi,
  nfs,
  image,
];
