import { createHash } from 'node:crypto';
import type { csi } from '@navarch/kubelet';
import type { Answer } from '@navarch/node/grpc';
import { isBlock, isPossible, need, refuse } from './refusals.ts';
import { type Settings, ZONE } from './settings.ts';
import type { Volume, Volumes } from './volumes.ts';

const GIB = 2 ** 30;
/** What there is, and what one volume may have of it. */
const BYTES_MAX = 64 * GIB;
const ABILITIES: readonly csi.ControllerServiceCapabilityRPCType[] = [
  'CREATE_DELETE_VOLUME',
  'PUBLISH_UNPUBLISH_VOLUME',
  'LIST_VOLUMES',
  'GET_CAPACITY',
  'EXPAND_VOLUME',
  'SINGLE_NODE_MULTI_WRITER',
];

/** Makes volumes, gives them to nodes, lets them grow. */
export const controller = (settings: Settings, volumes: Volumes): Readonly<Record<string, Answer>> => ({
  controllerGetCapabilities: async () => ({ capabilities: ABILITIES.map((type) => ({ rpc: { type } })) }),

  async createVolume(request: csi.CreateVolumeRequest) {
    const { name, volumeCapabilities, capacityRange, accessibilityRequirements, volumeContentSource } = request;
    need({ name, volumeCapabilities });
    if (volumeContentSource) refuse('INVALID_ARGUMENT', 'volumes are made empty');
    if (!volumeCapabilities.every(isPossible)) refuse('INVALID_ARGUMENT', 'a device has one node that writes');
    const id = `vol-${createHash('sha256').update(name).digest('hex').slice(0, 32)}`;
    const bytes = sizeOf(capacityRange);
    const known = volumes.find(id);
    if (known && !fits(known.bytes, capacityRange)) refuse('ALREADY_EXISTS', `${name} is there, of another size`);
    const zone =
      [...(accessibilityRequirements?.preferred ?? []), ...(accessibilityRequirements?.requisite ?? [])].flatMap(
        ({ segments }) => segments[ZONE] ?? [],
      )[0] ?? settings.zone;
    const volume = known ?? { id, name, bytes, isBlock: volumeCapabilities.some(isBlock), zone, nodes: [] };
    volumes.keep(volume);
    return { volume: shown(volume) };
  },

  async deleteVolume({ volumeId }: csi.DeleteVolumeRequest) {
    need({ volumeId });
    if ((volumes.find(volumeId)?.nodes.length ?? 0) > 0) refuse('FAILED_PRECONDITION', `${volumeId} is attached`);
    volumes.remove(volumeId);
    return {};
  },

  async controllerPublishVolume({ volumeId, nodeId, volumeCapability, readonly }: csi.ControllerPublishVolumeRequest) {
    need({ volumeId, nodeId, volumeCapability });
    const volume = volumes.find(volumeId) ?? refuse('NOT_FOUND', `there is no volume ${volumeId}`);
    if (!nodeId.startsWith(NODE_ID_START)) refuse('NOT_FOUND', `there is no node ${nodeId}`);
    const isShared = volumeCapability?.accessMode?.mode.startsWith('MULTI_NODE') ?? false;
    if (volume.nodes.some((other) => other !== nodeId) && !isShared)
      refuse('FAILED_PRECONDITION', `${volumeId} is attached to ${volume.nodes.join(', ')}`);
    volumes.keep({ ...volume, nodes: [...new Set([...volume.nodes, nodeId])] });
    return { publishContext: { attachedTo: nodeId, readonly: String(readonly) } };
  },

  async controllerUnpublishVolume({ volumeId, nodeId }: csi.ControllerUnpublishVolumeRequest) {
    need({ volumeId });
    const volume = volumes.find(volumeId);
    const nodes = nodeId === '' ? [] : (volume?.nodes.filter((other) => other !== nodeId) ?? []);
    if (volume) volumes.keep({ ...volume, nodes });
    return {};
  },

  async validateVolumeCapabilities(request: csi.ValidateVolumeCapabilitiesRequest) {
    const { volumeId, volumeCapabilities, volumeContext, parameters } = request;
    need({ volumeId, volumeCapabilities });
    const volume = volumes.find(volumeId) ?? refuse('NOT_FOUND', `there is no volume ${volumeId}`);
    const areFit = volumeCapabilities.every((one) => isPossible(one) && isBlock(one) === volume.isBlock);
    return areFit
      ? { confirmed: { volumeCapabilities, volumeContext, parameters } }
      : { message: 'folders are no devices, and a device has one node that writes' };
  },

  async listVolumes({ maxEntries, startingToken }: csi.ListVolumesRequest) {
    const all = volumes.all();
    const start = startingToken === '' ? 0 : Number(startingToken);
    if (!Number.isInteger(start) || start < 0 || start > all.length) refuse('ABORTED', `${startingToken} is no token`);
    const end = maxEntries > 0 ? start + maxEntries : all.length;
    return {
      entries: all.slice(start, end).map((volume) => ({ volume: shown(volume) })),
      nextToken: end < all.length ? String(end) : '',
    };
  },

  getCapacity: async () => ({
    availableCapacity: BYTES_MAX - volumes.all().reduce((sum, { bytes }) => sum + bytes, 0),
  }),

  async controllerExpandVolume({ volumeId, capacityRange }: csi.ControllerExpandVolumeRequest) {
    need({ volumeId, capacityRange });
    const volume = volumes.find(volumeId) ?? refuse('NOT_FOUND', `there is no volume ${volumeId}`);
    const capacityBytes = Math.max(volume.bytes, sizeOf(capacityRange));
    volumes.keep({ ...volume, bytes: capacityBytes });
    return { capacityBytes, nodeExpansionRequired: true };
  },
});

/** By which the driver tells nodes of its own from names that somebody made up. */
export const NODE_ID_START = 'csi-node-';

const shown = ({ id, bytes, zone, isBlock: isDevice }: Volume): object => ({
  volumeId: id,
  capacityBytes: bytes,
  volumeContext: { kind: isDevice ? 'device' : 'folder' },
  accessibleTopology: [{ segments: { [ZONE]: zone } }],
});

function sizeOf(range: csi.CapacityRange | undefined): number {
  const { requiredBytes = 0, limitBytes = 0 } = range ?? {};
  if (requiredBytes < 0 || limitBytes < 0 || (limitBytes > 0 && limitBytes < requiredBytes))
    refuse('INVALID_ARGUMENT', 'no volume can be of that size');
  const bytes = requiredBytes || limitBytes || GIB;
  if (bytes > BYTES_MAX) refuse('OUT_OF_RANGE', `there is no room for ${bytes} bytes`);
  return bytes;
}

const fits = (bytes: number, { requiredBytes = 0, limitBytes = 0 }: Partial<csi.CapacityRange> = {}): boolean =>
  bytes >= requiredBytes && (limitBytes === 0 || bytes <= limitBytes);
