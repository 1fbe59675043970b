import { existsSync, mkdirSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import type { csi } from '@navarch/kubelet';
import type { Answer } from '@navarch/node/grpc';
import { device, growDevice, hide, isMounted, releaseDevice, show } from './mounts.ts';
import { isBlock, need, refuse } from './refusals.ts';
import { type Settings, ZONE } from './settings.ts';
import type { Volume, Volumes } from './volumes.ts';

const ABILITIES: readonly csi.NodeServiceCapabilityRPCType[] = [
  'STAGE_UNSTAGE_VOLUME',
  'EXPAND_VOLUME',
  'GET_VOLUME_STATS',
  'SINGLE_NODE_MULTI_WRITER',
];
const EPHEMERAL = 'csi.storage.k8s.io/ephemeral';

/** Shows volumes to pods of one node. */
export function nodeService(settings: Settings, volumes: Volumes): Readonly<Record<string, Answer>> {
  const find = (id: string): Volume => volumes.find(id) ?? refuse('NOT_FOUND', `there is no volume ${id}`);
  /** Volumes that come and go with a pod lie apart from those that were made for claims. */
  const inlinePath = (id: string): string => join(settings.dataDir, `inline-${settings.nodeId}`, id);
  /** Where volumes are shown, since the driver runs. */
  const targets = new Map<string, string>();
  const targetsOf = (id: string): readonly string[] =>
    [...targets].filter(([path, volume]) => volume === id && isMounted(path)).map(([path]) => path);
  return {
    nodeGetCapabilities: async () => ({ capabilities: ABILITIES.map((type) => ({ rpc: { type } })) }),

    nodeGetInfo: async () => ({
      nodeId: settings.nodeId,
      maxVolumesPerNode: settings.volumesMax,
      accessibleTopology: { segments: { [ZONE]: settings.zone } },
    }),

    async nodeStageVolume({ volumeId, stagingTargetPath, volumeCapability }: csi.NodeStageVolumeRequest) {
      need({ volumeId, stagingTargetPath, volumeCapability });
      const volume = find(volumeId);
      if (volume.isBlock !== isBlock(volumeCapability)) refuse('INVALID_ARGUMENT', 'folders are no devices');
      // Of a device there is nothing to show before a pod has it.
      if (volume.isBlock) device(volumes.pathOf(volumeId));
      else show(volumes.pathOf(volumeId), stagingTargetPath, false);
      return {};
    },

    async nodeUnstageVolume({ volumeId, stagingTargetPath }: csi.NodeUnstageVolumeRequest) {
      need({ volumeId, stagingTargetPath });
      if (volumes.find(volumeId)?.isBlock) releaseDevice(volumes.pathOf(volumeId));
      else hide(stagingTargetPath);
      return {};
    },

    async nodePublishVolume(request: csi.NodePublishVolumeRequest) {
      const { volumeId, targetPath, volumeCapability, stagingTargetPath, readonly, volumeContext } = request;
      need({ volumeId, targetPath, volumeCapability });
      if (volumeContext[EPHEMERAL] === 'true') {
        if (!/^csi-[0-9a-f]+$/.test(volumeId)) refuse('INVALID_ARGUMENT', `${volumeId} is nobody's inline volume`);
        mkdirSync(inlinePath(volumeId), { recursive: true, mode: 0o777 });
        show(inlinePath(volumeId), targetPath, readonly);
        return {};
      }
      const volume = find(volumeId);
      const isAlone = volumeCapability?.accessMode?.mode === 'SINGLE_NODE_SINGLE_WRITER';
      if (isAlone && targetsOf(volumeId).some((path) => path !== targetPath))
        refuse('FAILED_PRECONDITION', `${volumeId} is for one pod alone, and one has it`);
      targets.set(targetPath, volumeId);
      if (volume.isBlock) {
        show(device(volumes.pathOf(volumeId)), targetPath, readonly);
        return {};
      }
      need({ stagingTargetPath });
      if (!isMounted(stagingTargetPath)) refuse('FAILED_PRECONDITION', `${volumeId} is not staged`);
      show(stagingTargetPath, targetPath, readonly);
      return {};
    },

    async nodeUnpublishVolume({ volumeId, targetPath }: csi.NodeUnpublishVolumeRequest) {
      need({ volumeId, targetPath });
      hide(targetPath);
      targets.delete(targetPath);
      if (/^csi-[0-9a-f]+$/.test(volumeId)) rmSync(inlinePath(volumeId), { recursive: true, force: true });
      return {};
    },

    async nodeExpandVolume({ volumeId, volumePath, capacityRange }: csi.NodeExpandVolumeRequest) {
      need({ volumeId, volumePath });
      const volume = find(volumeId);
      if (!existsSync(volumePath)) refuse('NOT_FOUND', `nothing is at ${volumePath}`);
      if (volume.isBlock) growDevice(volumes.pathOf(volumeId));
      return { capacityBytes: Math.max(volume.bytes, capacityRange?.requiredBytes ?? 0) };
    },

    async nodeGetVolumeStats({ volumeId, volumePath }: csi.NodeGetVolumeStatsRequest) {
      need({ volumeId, volumePath });
      const known = volumes.find(volumeId);
      if (!known && !existsSync(inlinePath(volumeId))) refuse('NOT_FOUND', `there is no volume ${volumeId}`);
      if (!existsSync(volumePath)) refuse('NOT_FOUND', `nothing is at ${volumePath}`);
      if (known?.isBlock) return { usage: [{ unit: 'BYTES', total: known.bytes }] };
      const { blocks, bfree, bavail, bsize, files, ffree } = statfsSync(volumePath);
      return {
        usage: [
          { unit: 'BYTES', total: blocks * bsize, available: bavail * bsize, used: (blocks - bfree) * bsize },
          { unit: 'INODES', total: files, available: ffree, used: files - ffree },
        ],
      };
    },
  };
}
