import type { Container, Pod } from '@navarch/api';
import { isSidecar } from '@navarch/api';
import type { ClaimDevices } from '../dra/claim-devices.ts';
import type { NodeResources } from '../node-resources/node-resources.ts';
import type {
  AllocatableResourcesResponse,
  ContainerDevices,
  ContainerMemory,
  ContainerResources,
  DynamicResource,
  PodResources,
} from './generated/types.ts';

export interface PodResourcesDeps {
  readonly resources: NodeResources;
  readonly claims?: ClaimDevices;
  /** Pods that run here, or are to end yet. */
  pods(): readonly Pod[];
}

/** What agents of the node ask about who has which device (podresources v1). */
export interface PodResourcesView {
  list(): readonly PodResources[];
  /** Throws Error in upstream's words. */
  get(namespace: string, name: string): PodResources;
  allocatable(): AllocatableResourcesResponse;
}

/** Where agents ask; answers until it is disposed of. */
export interface PodResourcesSocket {
  listen(path: string, view: PodResourcesView): Promise<AsyncDisposable>;
}

export function podResourcesView(deps: PodResourcesDeps): PodResourcesView {
  const { resources, pods } = deps;
  return {
    list: () => pods().map((pod) => ofPod(pod, deps)),
    get(namespace, name) {
      const pod = pods().find(({ metadata }) => metadata.name === name && metadata.namespace === namespace);
      if (!pod) throw new Error(`pod ${name} in namespace ${namespace} not found`);
      return ofPod(pod, deps);
    },
    allocatable: () => ({
      devices: allDevices(resources),
      cpuIds: [...(resources.cpus?.allocatable ?? [])],
      memory: allMemory(resources),
    }),
  };
}

const ofPod = (pod: Pod, deps: PodResourcesDeps): PodResources => ({
  name: pod.metadata.name,
  namespace: pod.metadata.namespace ?? '',
  containers: [...(pod.spec.initContainers ?? []).filter(isSidecar), ...pod.spec.containers].map((container) =>
    ofContainer(pod, container, deps),
  ),
  cpuIds: [],
  memory: [],
});

function ofContainer(pod: Pod, container: Container, { resources, claims }: PodResourcesDeps): ContainerResources {
  const { uid } = pod.metadata;
  const block = resources.memory?.of(uid, container.name);
  return {
    name: container.name,
    devices: resources
      .devicesOf(uid, container.name)
      .flatMap(({ resource, ids, nodes }) => ids.map((id) => deviceOf(resource, id, nodes[id]))),
    cpuIds: [...(resources.cpus?.of(uid, container.name) ?? [])],
    memory: Object.entries(block?.sizes ?? {}).map(([type, size]) => memoryOf(type, size, block?.nodes ?? [])),
    dynamicResources: claims ? claimsOf(pod, container, claims) : [],
  };
}

const claimsOf = (pod: Pod, container: Container, claims: ClaimDevices): readonly DynamicResource[] =>
  claims.used(pod, container).map(({ claim, devices }) => ({
    claimName: claim.name,
    claimNamespace: claim.namespace,
    claimResources: devices.map(({ driver, device }) => ({
      cdiDevices: device.cdiDeviceIds.map((name) => ({ name })),
      driverName: driver,
      poolName: device.poolName,
      deviceName: device.deviceName,
      ...(device.shareId === undefined ? {} : { shareId: device.shareId }),
    })),
  }));

function allDevices({ devices }: NodeResources): readonly ContainerDevices[] {
  return (devices?.pool.resources() ?? []).flatMap((resource) => {
    const known = devices?.pool.get(resource);
    return [...(known?.healthy ?? [])].map((id) => deviceOf(resource, id, known?.nodes.get(id)));
  });
}

const allMemory = ({ memory, topology }: NodeResources): readonly ContainerMemory[] =>
  topology.numaNodes.flatMap(({ id }) =>
    Object.entries(memory?.allocatable(id) ?? {}).map(([type, size]) => memoryOf(type, size, [id])),
  );

const deviceOf = (resourceName: string, id: string, nodes: readonly number[] | undefined): ContainerDevices => ({
  resourceName,
  deviceIds: [id],
  ...(nodes && nodes.length > 0 ? { topology: placesOf(nodes) } : {}),
});

const memoryOf = (memoryType: string, size: number, nodes: readonly number[]): ContainerMemory => ({
  memoryType,
  size,
  topology: placesOf(nodes),
});

const placesOf = (nodes: readonly number[]): NonNullable<ContainerMemory['topology']> => ({
  nodes: nodes.map((id) => ({ id })),
});
