import type { ContainerState, ContainerStatus, Pod } from '@navarch/api';
import type { Container, ContainerRuntime } from '../cri/index.ts';
import { runtimeUid } from '../static-pods/static-pods.ts';
import { HttpRefusal } from './refusal.ts';
import { instances, type PodPath } from './streams.ts';

/** The instance of a container whose log is asked for. Throws HttpRefusal with upstream's words where there is none. */
export async function loggedContainer(
  runtime: ContainerRuntime,
  path: PodPath & { readonly container: string; readonly isPrevious: boolean },
  pod: Pod | undefined,
  signal: AbortSignal,
): Promise<Container> {
  const { container } = path;
  if (!pod) throw new HttpRefusal(404, `pod ${JSON.stringify(path.pod)} does not exist\n`);
  const declared = [
    ...pod.spec.containers,
    ...(pod.spec.initContainers ?? []),
    ...(pod.spec.ephemeralContainers ?? []),
  ];
  if (!declared.some(({ name }) => name === container)) {
    throw new HttpRefusal(404, `container ${JSON.stringify(container)} not found in pod ${JSON.stringify(path.pod)}\n`);
  }
  const all = await instances(runtime, { ...path, uid: runtimeUid(pod) }, container, signal);
  // One that waits to be started again has no instance: the newest is the previous one.
  const isWaiting = stateOf(pod, container)?.waiting !== undefined && all[0]?.state === 'CONTAINER_EXITED';
  const found = all[path.isPrevious && !isWaiting ? 1 : 0];
  if (found) return found;
  const subject = `container ${JSON.stringify(container)} in pod ${JSON.stringify(path.pod)}`;
  if (path.isPrevious) throw new HttpRefusal(400, `previous terminated ${subject} not found`);
  throw new HttpRefusal(400, `${subject} ${waiting(stateOf(pod, container))}`);
}

function stateOf({ status }: Pod, container: string): ContainerState | undefined {
  const statuses: readonly ContainerStatus[] = [
    ...(status.containerStatuses ?? []),
    ...(status.initContainerStatuses ?? []),
    ...(status.ephemeralContainerStatuses ?? []),
  ];
  return statuses.find(({ name }) => name === container)?.state;
}

function waiting(state: ContainerState | undefined): string {
  switch (state?.waiting?.reason) {
    case undefined:
    case '':
      return 'is waiting to start - no logs yet';
    case 'ErrImagePull':
      return "is waiting to start: image can't be pulled";
    case 'ImagePullBackOff':
      return 'is waiting to start: trying and failing to pull image';
    default:
      return `is waiting to start: ${state?.waiting?.reason}`;
  }
}
