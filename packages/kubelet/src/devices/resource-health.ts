import type { ResourceStatus } from '@navarch/api';
import type { DeviceEntry } from './device-entries.ts';
import type { PluginDevices } from './plugin-devices.ts';

/** How the devices of a container are (KEP-4680); `devicesOf` is what is known of a resource now. */
export function healthOf(
  entries: readonly DeviceEntry[],
  devicesOf: (resource: string) => PluginDevices | undefined,
): readonly ResourceStatus[] {
  return entries.map(({ resource, ids }) => {
    const devices = devicesOf(resource);
    return { name: resource, resources: ids.map((id) => ({ resourceID: id, health: healthIn(devices, id) })) };
  });
}

function healthIn(devices: PluginDevices | undefined, id: string): 'Healthy' | 'Unhealthy' | 'Unknown' {
  if (devices?.healthy.has(id)) return 'Healthy';
  return devices?.unhealthy.has(id) ? 'Unhealthy' : 'Unknown';
}
