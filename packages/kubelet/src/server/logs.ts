import type { ContainerStatus, Pod } from '@navarch/api';
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
  const subject = `container ${JSON.stringify(container)} in pod ${JSON.stringify(path.pod)}`;
  const status = statusOf(pod, container);
  if (path.isPrevious) {
    // The one that the status tells of: a newer end than the API knows of is not the one that was asked for.
    const told = status?.lastState?.terminated?.containerID;
    if (!told) throw new HttpRefusal(400, `previous terminated ${subject} not found`);
    return all.find(({ id }) => told.endsWith(`//${id}`)) ?? gone(told);
  }
  // The runtime hears of a start before the API does.
  const [newest] = all;
  if (newest) return newest;
  const { terminated } = status?.state ?? {};
  const last = status?.lastState?.terminated;
  const told = terminated?.containerID || last?.containerID;
  if (told) return gone(told);
  throw new HttpRefusal(400, `${subject} ${terminated || last ? 'is terminated' : waiting(status)}`);
}

/** As upstream tells it, in place of the log: the answer has begun when it finds that the runtime has the instance no more. */
function gone(containerId: string): never {
  throw new HttpRefusal(200, `unable to retrieve container logs for ${containerId}`);
}

function statusOf({ status }: Pod, container: string): ContainerStatus | undefined {
  const statuses: readonly ContainerStatus[] = [
    ...(status.containerStatuses ?? []),
    ...(status.initContainerStatuses ?? []),
    ...(status.ephemeralContainerStatuses ?? []),
  ];
  return statuses.find(({ name }) => name === container);
}

function waiting(status: ContainerStatus | undefined): string {
  if (!status) return 'is not available';
  switch (status.state?.waiting?.reason) {
    case undefined:
    case '':
      return 'is waiting to start - no logs yet';
    case 'ErrImagePull':
      return "is waiting to start: image can't be pulled";
    case 'ImagePullBackOff':
      return 'is waiting to start: trying and failing to pull image';
    default:
      return `is waiting to start: ${status.state?.waiting?.reason}`;
  }
}
