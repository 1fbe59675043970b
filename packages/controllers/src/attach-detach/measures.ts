import { node, persistentVolume, type PersistentVolume, pod, volumeAttachment } from '@navarch/api';
import type { MetricFamily } from '@navarch/base';
import type { CacheReader } from '@navarch/client';
import { count, gauge, tally } from '../shared/measure.ts';
import { isAttachable, MANAGED, usersOf, volumeOf, volumesOfPod } from './attachments.ts';

/** By why nobody waited for the kubelet. Upstream's name, with its controller in it twice. */
export const FORCED = count(
  'attach_detach_controller_attachdetach_controller_forced_detaches',
  '[ALPHA] Number of times the A/D Controller performed a forced detach',
);

/** Every volume that is attached any more is of a CSI driver. */
const pluginOf = ({ spec: { csi } }: PersistentVolume): string => `kubernetes.io/csi:${csi?.driver}`;

export function* attachmentGauges(cache: CacheReader): Iterable<MetricFamily> {
  const volumes = cache.list(persistentVolume).filter(({ spec }) => spec.csi !== undefined);
  const inUse = cache.list(pod).flatMap((user) =>
    volumesOfPod(user, cache).flatMap((name) => {
      const volume = cache.get(persistentVolume, name);
      return volume?.spec.csi ? { node: user.spec.nodeName ?? '', volume_plugin: pluginOf(volume) } : [];
    }),
  );
  yield gauge(
    'storage_count_attachable_volumes_in_use',
    '[ALPHA] Measure number of volumes in use',
    tally(inUse, (labels) => labels),
  );
  const wanted = volumes
    .filter((volume) => isAttachable(volume, cache))
    .flatMap((volume) => {
      const on = new Set(usersOf(volume.metadata.name, cache).map(({ spec }) => spec.nodeName ?? ''));
      const managed = [...on].filter((name) => cache.get(node, name)?.metadata.annotations?.[MANAGED] !== undefined);
      return managed.map(() => ({ plugin_name: pluginOf(volume), state: 'desired_state_of_world' }));
    });
  const attached = cache.list(volumeAttachment).flatMap((one) => {
    const volume = one.status.attached ? cache.get(persistentVolume, volumeOf(one)[0] ?? '') : undefined;
    return volume ? { plugin_name: pluginOf(volume), state: 'actual_state_of_world' } : [];
  });
  yield gauge(
    'attachdetach_controller_total_volumes',
    '[ALPHA] Number of volumes in A/D Controller',
    tally([...wanted, ...attached], (labels) => labels),
  );
}
