import type { EndpointSlice, Service } from '@navarch/api';

/** What a balancer is told that asks whether this node has endpoints of a service (spec.healthCheckNodePort). */
export interface HealthCheck {
  readonly port: number;
  readonly namespace: string;
  readonly name: string;
  /** Ready endpoints on this node. */
  readonly localEndpoints: number;
}

/** Of a service whose balancer sends only to nodes with endpoints. */
export function healthCheck(
  { metadata: { namespace = '', name }, spec }: Service,
  slices: readonly EndpointSlice[],
  nodeName: string,
): HealthCheck | undefined {
  const port = spec.healthCheckNodePort;
  if (spec.type !== 'LoadBalancer' || spec.externalTrafficPolicy !== 'Local' || !port) return undefined;
  // A pod of two families is one endpoint.
  const family = spec.ipFamilies?.[0] ?? 'IPv4';
  const local = slices
    .filter(({ addressType }) => addressType === family)
    .flatMap(({ endpoints }) => endpoints ?? [])
    .filter((endpoint) => endpoint.nodeName === nodeName && endpoint.conditions.ready !== false);
  return {
    port,
    namespace,
    name,
    localEndpoints: new Set(local.flatMap(({ addresses }) => addresses.slice(0, 1))).size,
  };
}
