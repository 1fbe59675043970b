import { inlineWanted } from '../csi/wanted.ts';
import { defineVolumePlugin, type VolumeHost } from './volume-plugin.ts';
import { VolumeError } from './volume-error.ts';
import type { CsiVolumes } from '../csi/csi-volumes.ts';

/** A driver's volume that comes and goes with its pod (KEP-596). What is taken away is found by what stands on the disk. */
export const csi = defineVolumePlugin({
  source: 'csi',
  isLive: false,
  isReadOnly: false,
  setUp: async ({ pod, name, source, place, signal }, host) =>
    place(await driversOf(host).setUp(inlineWanted(pod, name, source), signal)),
  refresh: async ({ pod, name, source }, host) => driversOf(host).refresh(inlineWanted(pod, name, source)),
  tearDown: async () => undefined,
});

function driversOf({ csi: drivers }: VolumeHost): CsiVolumes {
  if (!drivers) throw new VolumeError('this node speaks to no CSI drivers');
  return drivers;
}
