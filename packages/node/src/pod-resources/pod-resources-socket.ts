import { asV1alpha1, type PodResourcesSocket } from '@navarch/kubelet';
import { serveGrpc } from '../grpc/index.ts';
import { protocol as v1alpha1 } from '../pod-resources-v1alpha1/generated/description.ts';
import { protocol } from './generated/description.ts';

interface Named {
  readonly podName: string;
  readonly podNamespace: string;
}

/** podresources v1 and, for agents that have not heard of it, v1alpha1 over gRPC on a unix socket. */
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
      { protocol: v1alpha1, answers: { list: async () => ({ podResources: view.list().map(asV1alpha1) }) } },
    ]),
};
