import { type EndpointSlice, endpointSlice, namespace, type Pod, pod, type Service, service } from '@navarch/api';
import { type Cache, type CacheIndex, defineIndex } from '@navarch/client';
import { keyIn } from '@navarch/machinery';

/** What the names of a cluster are answered from. Keeps nothing itself. */
export interface View {
  service(namespace: string, name: string): Service | undefined;
  slices(namespace: string, service: string): readonly EndpointSlice[];
  hasNamespace(name: string): boolean;
  /** Services with this cluster IP. */
  servicesAt(address: string): readonly Service[];
  /** Slices with an endpoint of this address. */
  slicesAt(address: string): readonly EndpointSlice[];
  /** Whether a pod of the namespace has this address. Asked only where names of pods are to be verified. */
  hasPodAt(namespace: string, address: string): boolean;
}

export const SERVICE_NAME = 'kubernetes.io/service-name';

const sliceOfService: CacheIndex<EndpointSlice> = defineIndex((slice) => [
  `${slice.metadata.namespace}/${slice.metadata.labels?.[SERVICE_NAME] ?? ''}`,
]);
const serviceByAddress: CacheIndex<Service> = defineIndex(({ spec }) => clusterAddresses(spec));
const sliceByAddress: CacheIndex<EndpointSlice> = defineIndex(({ endpoints }) =>
  (endpoints ?? []).flatMap(({ addresses }) => addresses),
);
const podByAddress: CacheIndex<Pod> = defineIndex(({ status }) => (status.podIPs ?? []).map(({ ip }) => ip ?? ''));

export const clusterAddresses = ({ clusterIP, clusterIPs }: Service['spec']): readonly string[] =>
  clusterIPs && clusterIPs.length > 0 ? clusterIPs : clusterIP ? [clusterIP] : [];

/** The cluster's names over the cache, through indexes: no answer scans. */
export const viewOf = (cache: Cache): View => ({
  service: (inNamespace, name) => cache.get(service, keyIn(inNamespace, name)),
  slices: (inNamespace, name) => cache.find(endpointSlice, sliceOfService, `${inNamespace}/${name}`),
  hasNamespace: (name) => cache.get(namespace, name) !== undefined,
  servicesAt: (address) => cache.find(service, serviceByAddress, address),
  slicesAt: (address) => cache.find(endpointSlice, sliceByAddress, address),
  hasPodAt: (inNamespace, address) =>
    cache.find(pod, podByAddress, address).some(({ metadata }) => metadata.namespace === inNamespace),
});
