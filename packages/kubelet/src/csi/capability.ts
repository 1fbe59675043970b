import type { PersistentVolume, Pod } from '@navarch/api';
import type { Input } from '../rpc/input.ts';
import type {
  NodeServiceCapabilityRPCType,
  VolumeCapability,
  VolumeCapabilityAccessModeMode,
} from './generated/types.ts';

export type Abilities = ReadonlySet<NodeServiceCapabilityRPCType>;

export interface WantedAccess {
  readonly accessModes: readonly string[];
  readonly isBlock: boolean;
  readonly fsType: string;
  readonly mountOptions: readonly string[];
}

const MODES: Readonly<Record<string, VolumeCapabilityAccessModeMode>> = {
  ReadWriteOnce: 'SINGLE_NODE_WRITER',
  // Drivers that cannot tell one pod from several on a node give the node the volume.
  ReadWriteOncePod: 'SINGLE_NODE_WRITER',
  ReadOnlyMany: 'MULTI_NODE_READER_ONLY',
  ReadWriteMany: 'MULTI_NODE_MULTI_WRITER',
};
const FINER_MODES: typeof MODES = {
  ...MODES,
  ReadWriteOnce: 'SINGLE_NODE_MULTI_WRITER',
  ReadWriteOncePod: 'SINGLE_NODE_SINGLE_WRITER',
};

/** How a volume is wanted, as drivers are asked for it. */
export function capabilityOf(wanted: WantedAccess, abilities: Abilities, group: string): Input<VolumeCapability> {
  const [first = 'ReadWriteOnce'] = wanted.accessModes;
  const modes = abilities.has('SINGLE_NODE_MULTI_WRITER') ? FINER_MODES : MODES;
  const access = { accessMode: { mode: modes[first] ?? 'UNKNOWN' } };
  if (wanted.isBlock) return { ...access, block: {} };
  return { ...access, mount: { fsType: wanted.fsType, mountFlags: wanted.mountOptions, volumeMountGroup: group } };
}

export const accessOf = ({ spec }: PersistentVolume): WantedAccess => ({
  accessModes: spec.accessModes ?? [],
  isBlock: spec.volumeMode === 'Block',
  fsType: spec.csi?.fsType ?? '',
  mountOptions: spec.mountOptions ?? [],
});

/** The group that the node gives a volume's files to, where the driver's policy (CSIDriver.fsGroupPolicy) says that it is to. */
export function ownedGroup(
  { spec: { securityContext } }: Pod,
  wanted: WantedAccess,
  policy: string,
  isReadOnly: boolean,
): number | undefined {
  const group = securityContext?.fsGroup;
  if (group === undefined || isReadOnly || policy === 'None' || wanted.isBlock) return undefined;
  const isOneNodes = wanted.accessModes.some((mode) => mode === 'ReadWriteOnce' || mode === 'ReadWriteOncePod');
  return policy === 'File' || (wanted.fsType !== '' && isOneNodes) ? Number(group) : undefined;
}
