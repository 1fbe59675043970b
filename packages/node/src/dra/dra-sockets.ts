import type { DraSockets } from '@navarch/kubelet';
import { protocol as healthProtocol } from '../dra-health/generated/description.ts';
import { GrpcChannel, type Message } from '../grpc/index.ts';
import { protocol } from './generated/description.ts';

/** As long as upstream's kubelet waits for a driver. */
const CALL_MS = 45_000;

/** Drivers of claims by their sockets on this machine. The messages are the same in all versions that are spoken. */
export const nodeDraSockets: DraSockets = {
  connect(endpoint, service) {
    const methods = inVersion(protocol.methods, service === 'v1.DRAPlugin' ? 'v1' : 'v1beta1');
    const channel = new GrpcChannel(endpoint, { ...protocol, methods });
    const call = (method: keyof typeof methods) => (request: Message, signal: AbortSignal) =>
      channel.call(method, request, CALL_MS, signal);
    return {
      nodePrepareResources: call('nodePrepareResources'),
      nodeUnprepareResources: call('nodeUnprepareResources'),
      [Symbol.dispose]: () => channel[Symbol.dispose](),
    } as unknown as ReturnType<DraSockets['connect']>; // The codec checks the shapes at each call.
  },
  connectHealth(endpoint, service) {
    const methods = inVersion(healthProtocol.methods, service === 'v1.DRAResourceHealth' ? 'v1' : 'v1alpha1');
    const channel = new GrpcChannel(endpoint, { ...healthProtocol, methods });
    return {
      nodeWatchResources: (request: Message, signal: AbortSignal) =>
        channel.stream('nodeWatchResources', request, signal),
      [Symbol.dispose]: () => channel[Symbol.dispose](),
    } as unknown as ReturnType<DraSockets['connectHealth']>;
  },
};

type Paths = Readonly<Record<string, readonly [path: string, string, string, boolean]>>;

/** The version is the last part of the package's name: `/k8s.io.kubelet.pkg.apis.dra.v1.DRAPlugin/...`. */
const inVersion = <M extends Paths>(methods: M, version: string): M =>
  Object.fromEntries(
    Object.entries(methods).map(([key, [path, ...rest]]) => [
      key,
      [path.replace(/v1(\.[A-Za-z]+\/)/, `${version}$1`), ...rest],
    ]),
  ) as unknown as M;
