import type { Pod } from '@navarch/api';
import { settleAll } from '@navarch/base';
import type { DiskCounts, ObservedVolume } from '../server/stats/observed.ts';
import type { CsiVolumes } from './csi-volumes.ts';
import type { NodeGetVolumeStatsResponse } from './generated/types.ts';

/** What drivers say of the room in a pod's volumes; `places` is where those are, by name. One that does not answer is left out. */
export async function roomOf(
  pod: Pod,
  places: ReadonlyMap<string, string>,
  at: number,
  csi: CsiVolumes,
): Promise<readonly ObservedVolume[]> {
  const found: ObservedVolume[] = [];
  const { uid, namespace = '', name: podName } = pod.metadata;
  await settleAll(
    (pod.spec.volumes ?? []).map(async ({ name, persistentVolumeClaim, ephemeral }) => {
      const place = places.get(name);
      const said = place && (await csi.stats(uid, specName(place)).catch(() => undefined));
      if (!said) return;
      const claim = persistentVolumeClaim?.claimName ?? (ephemeral ? `${podName}-${name}` : undefined);
      found.push({
        ...countsOf(said),
        at,
        name,
        ...(claim === undefined ? {} : { claim: { name: claim, namespace } }),
      });
    }),
  );
  return found.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** `.../NAME/mount` of a folder, `.../NAME` of a device. */
const specName = (place: string): string =>
  place
    .replace(/\/mount$/, '')
    .split('/')
    .at(-1) ?? '';

function countsOf({ usage }: NodeGetVolumeStatsResponse): DiskCounts {
  const bytes = usage.find(({ unit }) => unit === 'BYTES');
  const inodes = usage.find(({ unit }) => unit === 'INODES');
  return {
    ...(bytes ? { availableBytes: bytes.available, capacityBytes: bytes.total, usedBytes: bytes.used } : {}),
    ...(inodes ? { inodesFree: inodes.available, inodes: inodes.total, inodesUsed: inodes.used } : {}),
  };
}
