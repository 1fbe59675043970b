import { type csi, type RpcCode, RpcError } from '@navarch/kubelet';

export function refuse(code: RpcCode, text: string): never {
  throw new RpcError(code, text);
}

/** The specification has every call refused that leaves out what it needs. */
export function need(fields: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(fields))
    if (value === undefined || value === '' || (Array.isArray(value) && value.length === 0))
      refuse('INVALID_ARGUMENT', `${name} is missing`);
}

export const isBlock = (capability: csi.VolumeCapability | undefined): boolean => capability?.block !== undefined;

/** Many nodes may write to a folder that they share, but one at a time to a device. */
export const isPossible = (capability: csi.VolumeCapability): boolean =>
  !isBlock(capability) || !/^MULTI_NODE_.*WRITER$/.test(capability.accessMode?.mode ?? '');
