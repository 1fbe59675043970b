import type { CsiNodeService, KubeletDeps } from '@navarch/kubelet';
import { onHost } from '../kind-config/on-host.ts';
import type { NodeMount } from '../kind-config/cluster-plan.ts';

type CsiSockets = NonNullable<KubeletDeps['csiSockets']>;
type DraSockets = NonNullable<KubeletDeps['draSockets']>;

/** Where manifests of drivers and device plugins have the kubelet's folder, on whatever node they run. */
const USUAL = '/var/lib/kubelet';

/** Pods that mount the kubelet's folder from where it usually is get that of their node: one machine may have several. */
export const usualFolder = (folder: string): NodeMount => ({
  hostPath: folder,
  containerPath: USUAL,
  readOnly: false,
});

const socketOf = (endpoint: string): string => endpoint.replace(/^unix:(\/\/)?/, '');
const isUsual = (path: string): boolean => path.startsWith(`${USUAL}/`);

/** Paths in requests to a driver's node service. */
const PATHS = ['targetPath', 'stagingTargetPath', 'volumePath'] as const;
type Request = { readonly [key in (typeof PATHS)[number]]?: string };

/**
 * Drivers of volumes as pods see them: one that says its socket is below the usual folder has mounted the kubelet's there,
 * and is told paths as it has them. One beside the kubelet names the folder itself.
 */
export const csiSocketsIn = (sockets: CsiSockets, folder: string): CsiSockets => ({
  connect(endpoint) {
    const socket = socketOf(endpoint);
    if (!isUsual(socket)) return sockets.connect(endpoint);
    const service = sockets.connect(onHost(socket, [usualFolder(folder)]));
    const back = [{ hostPath: USUAL, containerPath: folder }];
    const told = (request: Request): Request => ({
      ...request,
      ...Object.fromEntries(PATHS.flatMap((key) => (request[key] ? [[key, onHost(request[key], back)]] : []))),
    });
    const calls = Object.entries(service).map(([name, call]) => [
      name,
      (request: Request, signal: AbortSignal) =>
        (call as (request: Request, signal: AbortSignal) => unknown)(told(request), signal),
    ]);
    return Object.freeze({
      ...Object.fromEntries(calls),
      [Symbol.dispose]: () => service[Symbol.dispose](),
    }) as CsiNodeService;
  },
});

/** Drivers of claims likewise; they are told no paths. */
export const draSocketsIn = (sockets: DraSockets, folder: string): DraSockets => {
  const at = (endpoint: string): string => onHost(socketOf(endpoint), [usualFolder(folder)]);
  return {
    connect: (endpoint, service) => sockets.connect(at(endpoint), service),
    connectHealth: (endpoint, service) => sockets.connectHealth(at(endpoint), service),
  };
};
