import type { csi } from '@navarch/kubelet';
import type { Answer } from '@navarch/node/grpc';
import type { Settings } from './settings.ts';

/** Who the driver is. */
export const identity = ({ name }: Settings): Readonly<Record<string, Answer>> => ({
  getPluginInfo: async () => ({ name, vendorVersion: '1.0.0' }),
  getPluginCapabilities: async () => ({
    capabilities: [
      ...(['CONTROLLER_SERVICE', 'VOLUME_ACCESSIBILITY_CONSTRAINTS'] satisfies csi.PluginCapabilityServiceType[]).map(
        (type) => ({ service: { type } }),
      ),
      { volumeExpansion: { type: 'ONLINE' } },
    ],
  }),
  probe: async () => ({ ready: { value: true } }),
});
