import type { Device, DevicePluginOptions } from './generated/types.ts';

/** The devices of one resource as their plugin tells of them. */
export interface PluginDevices {
  readonly options: DevicePluginOptions;
  /** By id: the NUMA nodes that it is near to; undefined where it does not matter. */
  readonly nodes: ReadonlyMap<string, readonly number[] | undefined>;
  readonly healthy: ReadonlySet<string>;
  readonly unhealthy: ReadonlySet<string>;
  /** Set while there is no plugin: monotonic milliseconds. */
  readonly stoppedAt?: number;
}

/** A plugin that says more has lost its mind: the node would offer what no machine has. */
const DEVICES_MAX = 100_000;

const noOptions: DevicePluginOptions = { preStartRequired: false, getPreferredAllocationAvailable: false };

export const noDevices = (options: DevicePluginOptions = noOptions): PluginDevices => ({
  options,
  nodes: new Map(),
  healthy: new Set(),
  unhealthy: new Set(),
});

export function devicesTold(options: DevicePluginOptions, devices: readonly Device[]): PluginDevices {
  const told = devices.slice(0, DEVICES_MAX);
  const idsOf = (isHealthy: boolean): ReadonlySet<string> =>
    new Set(told.filter(({ health }) => (health === 'Healthy') === isHealthy).map(({ id }) => id));
  return {
    options,
    nodes: new Map(told.map(({ id, topology }) => [id, topology?.nodes.map((node) => node.id)])),
    healthy: idsOf(true),
    unhealthy: idsOf(false),
  };
}

/** Nobody speaks for the devices any more: they are there, and nobody may have them. */
export const stopped = (devices: PluginDevices, now: number): PluginDevices => ({
  ...devices,
  healthy: new Set(),
  unhealthy: devices.healthy.union(devices.unhealthy),
  stoppedAt: now,
});
