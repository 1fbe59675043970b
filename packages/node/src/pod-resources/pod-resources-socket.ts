import type { PodResourcesSocket } from '@navarch/kubelet';
import { serveGrpc } from '../grpc/index.ts';
import { protocol } from './generated/description.ts';

interface Named {
  readonly podName: string;
  readonly podNamespace: string;
}

/** podresources v1 over gRPC on a unix socket. */
export const nodePodResourcesSocket: PodResourcesSocket = {
  listen: (path, view) =>
    serveGrpc(path, [
      {
        protocol,
        answers: {
          list: async () => ({ podResources: view.list() }),
          getAllocatableResources: async () => view.allocatable(),
          get: async ({ podNamespace, podName }: Named) => ({ podResources: view.get(podNamespace, podName) }),
        },
      },
    ]),
};
