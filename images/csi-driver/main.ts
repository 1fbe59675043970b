import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { csiProtocol } from '@navarch/node/csi';
import { serveGrpc } from '@navarch/node/grpc';
import { registrationProtocol } from '@navarch/node/plugin-registration';
import { controller, NODE_ID_START } from './controller.ts';
import { identity } from './identity.ts';
import { nodeService } from './node.ts';
import { registration, registrationSocket } from './registration.ts';
import type { Settings } from './settings.ts';
import { Volumes } from './volumes.ts';

// A CSI driver whose volumes are folders, or files shown as devices, of a folder that all nodes share: an example of the
// specification, and what the kubelet is tried with. It knows nothing of Kubernetes but where the kubelet looks for it.

const { values } = parseArgs({
  options: {
    name: { type: 'string', default: 'csi.navarch.dev' },
    endpoint: { type: 'string' },
    'data-dir': { type: 'string' },
    node: { type: 'string', default: 'local' },
    zone: { type: 'string', default: 'here' },
    'volumes-max': { type: 'string', default: '0' },
    'registration-dir': { type: 'string' },
  },
});
if (!values.endpoint || !values['data-dir']) {
  process.stderr.write(
    'usage: csi-driver --endpoint SOCKET --data-dir DIR [--node NAME] [--zone ZONE] [--registration-dir DIR]\n',
  );
  process.exit(2);
}
const settings: Settings = {
  name: values.name,
  endpoint: values.endpoint,
  dataDir: values['data-dir'],
  nodeId: `${NODE_ID_START}${values.node}`,
  zone: values.zone,
  volumesMax: Number(values['volumes-max']),
  registrationDir: values['registration-dir'],
};

const volumes = new Volumes(settings.dataDir);
mkdirSync(dirname(settings.endpoint), { recursive: true });
const answers = { ...identity(settings), ...controller(settings, volumes), ...nodeService(settings, volumes) };
const held = [await serveGrpc(settings.endpoint, [{ protocol: csiProtocol, answers }])];
const end = async (code: number): Promise<void> => {
  for (const server of held) await server[Symbol.asyncDispose]();
  process.exit(code);
};
if (settings.registrationDir !== undefined) {
  const refused = (why: string): void => {
    process.stderr.write(`the kubelet refuses the driver: ${why}\n`);
    void end(1);
  };
  const spoken = { protocol: registrationProtocol, answers: registration(settings, refused) };
  held.push(await serveGrpc(registrationSocket(settings.registrationDir, settings), [spoken]));
}
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void end(0));
