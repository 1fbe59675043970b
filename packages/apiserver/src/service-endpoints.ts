import { endpointSlice, service } from '@navarch/api';
import type { Registry } from './registry/registry.ts';

export interface ServiceEndpoint {
  readonly host: string;
  readonly port: number;
}

export type EndpointsProblem = 'ServiceNotFound' | 'ServicePortError' | 'EndpointsNotFound' | 'MissingEndpoints';

/** Who is behind a port of a service now; or why nobody is, by the name of the reason that an APIService gives. */
export function serviceEndpoints(
  registry: Registry,
  namespace: string,
  name: string,
  port: number,
):
  | { readonly endpoints: readonly ServiceEndpoint[] }
  | { readonly problem: EndpointsProblem; readonly portName?: string } {
  const found = registry.of(service).find(namespace, name);
  if (!found) return { problem: 'ServiceNotFound' };
  if (found.spec.type === 'ExternalName') return { endpoints: [{ host: found.spec.externalName ?? '', port }] };
  const asked = found.spec.ports?.find((one) => one.port === port);
  if (!asked) return { problem: 'ServicePortError' };
  const portName = asked.name ?? '';
  const slices = registry.of(endpointSlice);
  const endpoints: ServiceEndpoint[] = [];
  let slicesSeen = 0;
  for (const cached of slices.shelf.cache.range(slices.shelf.prefixOf(namespace))) {
    if (cached.labels['kubernetes.io/service-name'] !== name) continue;
    const slice = slices.view(cached.object);
    slicesSeen += 1;
    const reached = slice.ports?.find((one) => (one.name ?? '') === portName)?.port;
    if (reached === undefined) continue;
    for (const { conditions, addresses } of slice.endpoints ?? []) {
      const [host] = addresses;
      if (conditions.ready !== false && host !== undefined) endpoints.push({ host, port: reached });
    }
  }
  if (endpoints.length > 0) return { endpoints };
  return { problem: slicesSeen === 0 ? 'EndpointsNotFound' : 'MissingEndpoints', portName };
}
