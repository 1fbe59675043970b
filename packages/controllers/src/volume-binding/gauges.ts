import { persistentVolume, persistentVolumeClaim } from '@navarch/api';
import type { MetricFamily } from '@navarch/base';
import type { CacheReader } from '@navarch/client';
import { gauge, tally } from '../shared/measure.ts';
import { type Claim, classOf, type Volume } from '../shared/volume-marks.ts';

/** Kinds of volumes that upstream has plugins for, by the field of the spec. */
const PLUGINS: Readonly<Record<string, string>> = {
  csi: 'kubernetes.io/csi',
  fc: 'kubernetes.io/fc',
  hostPath: 'kubernetes.io/host-path',
  iscsi: 'kubernetes.io/iscsi',
  local: 'kubernetes.io/local-volume',
  nfs: 'kubernetes.io/nfs',
};

/** Volumes and claims, bound and not. */
export function volumeGauges(cache: CacheReader): readonly MetricFamily[] {
  const volumes: readonly Volume[] = cache.list(persistentVolume);
  const claims: readonly Claim[] = cache.list(persistentVolumeClaim);
  const isBound = ({ status }: Volume | Claim): boolean => status.phase === 'Bound';
  const ofVolumes = (name: string, help: string, some: readonly Volume[]): MetricFamily =>
    gauge(
      name,
      help,
      tally(some, (volume) => ({ storage_class: classOf(volume) })),
    );
  const ofClaims = (name: string, help: string, some: readonly Claim[]): MetricFamily =>
    gauge(
      name,
      help,
      tally(some, (claim) => ({
        namespace: claim.metadata.namespace ?? '',
        storage_class: classOf(claim),
        volume_attributes_class: claim.spec.volumeAttributesClassName ?? '',
      })),
    );
  return [
    gauge(
      'pv_collector_total_pv_count',
      '[ALPHA] Number of volumes',
      tally(volumes, (volume) => ({
        plugin_name: pluginOf(volume),
        volume_mode: volume.spec.volumeMode ?? 'Filesystem',
      })),
    ),
    ofVolumes('pv_collector_bound_pv_count', '[ALPHA] Number of volumes that are bound', volumes.filter(isBound)),
    ofVolumes(
      'pv_collector_unbound_pv_count',
      '[ALPHA] Number of volumes that are not bound',
      volumes.filter((volume) => !isBound(volume)),
    ),
    ofClaims('pv_collector_bound_pvc_count', '[ALPHA] Number of claims that are bound', claims.filter(isBound)),
    ofClaims(
      'pv_collector_unbound_pvc_count',
      '[ALPHA] Number of claims that are not bound',
      claims.filter((claim) => !isBound(claim)),
    ),
  ];
}

function pluginOf({ spec }: Volume): string {
  const field = Object.keys(PLUGINS).find((name) => name in spec);
  const plugin = PLUGINS[field ?? ''] ?? 'N/A';
  return spec.csi ? `${plugin}:${spec.csi.driver}` : plugin;
}
