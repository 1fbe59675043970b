import type { EndpointSlice, Service } from '@navarch/api';
import { groupSlices } from './slices.ts';

/** What a balancer is told that asks whether this node has endpoints of a service (spec.healthCheckNodePort). */
export interface HealthCheck {
  readonly namespace: string;
  readonly name: string;
  /** Ready endpoints on this node. */
  readonly localEndpoints: number;
}

/** By node port: the services whose balancers send only to nodes with endpoints. */
export function healthChecks(
  services: Iterable<Service>,
  slices: Iterable<EndpointSlice>,
  nodeName: string,
): ReadonlyMap<number, HealthCheck> {
  const [ofIpv4, ofIpv6] = [groupSlices(slices, 'IPv4'), groupSlices(slices, 'IPv6')];
  const checks = new Map<number, HealthCheck>();
  for (const {
    metadata: { namespace = '', name },
    spec,
  } of services) {
    const port = spec.healthCheckNodePort;
    if (spec.type !== 'LoadBalancer' || spec.externalTrafficPolicy !== 'Local' || !port) continue;
    // A pod of two families is one endpoint.
    const byService = spec.ipFamilies?.[0] === 'IPv6' ? ofIpv6 : ofIpv4;
    const endpoints = (byService.get(`${namespace}/${name}`) ?? []).flatMap((slice) => slice.endpoints ?? []);
    const local = endpoints.filter((endpoint) => endpoint.nodeName === nodeName && endpoint.conditions.ready !== false);
    checks.set(port, {
      namespace,
      name,
      localEndpoints: new Set(local.flatMap(({ addresses }) => addresses.slice(0, 1))).size,
    });
  }
  return checks;
}
