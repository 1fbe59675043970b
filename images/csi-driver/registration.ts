import { join } from 'node:path';
import type { Answer } from '@navarch/node/grpc';
import type { Settings } from './settings.ts';

/** As node-driver-registrar does it: beside the driver, a socket where the kubelet finds it. */
export const registrationSocket = (dir: string, { name }: Settings): string => join(dir, `${name}-reg.sock`);

/** `ended` is called where the kubelet refuses: whoever started the driver is to start it anew. */
export const registration = (
  { name, endpoint }: Settings,
  ended: (why: string) => void,
): Readonly<Record<string, Answer>> => ({
  getInfo: async () => ({ type: 'CSIPlugin', name, endpoint, supportedVersions: ['1.0.0'] }),
  async notifyRegistrationStatus({
    pluginRegistered,
    error,
  }: {
    readonly pluginRegistered: boolean;
    readonly error: string;
  }) {
    if (!pluginRegistered) ended(error);
    return {};
  },
});
