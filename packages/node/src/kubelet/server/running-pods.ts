import { CONTAINER_NAME, type cri, POD_NAME, POD_NAMESPACE, POD_UID } from '@navarch/kubelet';

/** GET /runningpods/: the pods that the runtime runs, whether or not the API knows them. */
export async function runningPods(runtime: cri.ContainerRuntime, signal: AbortSignal): Promise<unknown> {
  const { containers } = await runtime.listContainers({ filter: { state: { state: 'CONTAINER_RUNNING' } } }, signal);
  const byPod = Map.groupBy(containers, ({ labels }) => labels[POD_UID] ?? '');
  const items = [...byPod]
    .filter(([uid]) => uid !== '')
    .map(([uid, own]) => ({
      metadata: { name: own[0]?.labels[POD_NAME], namespace: own[0]?.labels[POD_NAMESPACE], uid },
      spec: {
        containers: own.map(({ labels, image }) => ({
          name: labels[CONTAINER_NAME],
          image: image?.image,
          resources: {},
        })),
      },
      status: {},
    }));
  return { kind: 'PodList', apiVersion: 'v1', metadata: {}, items };
}
