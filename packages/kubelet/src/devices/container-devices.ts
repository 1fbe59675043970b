import type { Device, Input, Mount } from '../cri/index.ts';
import type { DeviceEntry } from './device-entries.ts';

/** What a container gets with its devices. */
export interface DeviceGifts {
  readonly envs: Readonly<Record<string, string>>;
  readonly mounts: readonly Input<Mount>[];
  readonly devices: readonly Input<Device>[];
  readonly annotations: Readonly<Record<string, string>>;
  /** Qualified names, `vendor.com/class=name`. */
  readonly cdiDevices: readonly string[];
}

/** Of several answers that name one thing the first counts, as upstream has it. */
export function giftsOf(entries: readonly DeviceEntry[]): DeviceGifts {
  const envs: Record<string, string> = {};
  const annotations: Record<string, string> = {};
  const mounts = new Map<string, Input<Mount>>();
  const devices = new Map<string, Input<Device>>();
  const cdiDevices = new Set<string>();
  for (const { answer } of entries) {
    for (const [name, value] of Object.entries(answer.envs)) envs[name] ??= value;
    for (const [name, value] of Object.entries(answer.annotations)) annotations[name] ??= value;
    for (const { containerPath, hostPath, readOnly } of answer.mounts)
      if (!mounts.has(containerPath)) mounts.set(containerPath, { containerPath, hostPath, readonly: readOnly });
    for (const device of answer.devices)
      if (!devices.has(device.containerPath)) devices.set(device.containerPath, device);
    for (const { name } of answer.cdiDevices) cdiDevices.add(name);
  }
  return {
    envs,
    annotations,
    mounts: [...mounts.values()],
    devices: [...devices.values()],
    cdiDevices: [...cdiDevices],
  };
}
