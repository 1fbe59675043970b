import type { EndpointSlice, Service } from '@navarch/api';

export const made = <T>(count: number, make: (i: number) => T): readonly T[] =>
  Array.from({ length: count }, (_, i) => make(i));

export const keyOf = ({ metadata }: { readonly metadata: { namespace?: string; name: string } }): string =>
  `${metadata.namespace}/${metadata.name}`;

export const serviceAt = (i: number): Service =>
  ({
    metadata: { name: `svc-${i}`, namespace: 'bench' },
    status: { loadBalancer: {} },
    spec: { clusterIP: `10.96.${i >> 8}.${i & 255}`, ports: [{ name: 'http', port: 80, protocol: 'TCP' }] },
  }) as unknown as Service;

/** One that sends a client to where it was before. */
export const affine = (one: Service): Service => ({ ...one, spec: { ...one.spec, sessionAffinity: 'ClientIP' } });

/** `nodeOf` an endpoint, by its number; absent: nobody says. */
export const sliceAt = (
  i: number,
  addresses: readonly string[],
  port: number,
  nodeOf: (n: number) => string | undefined = () => undefined,
): EndpointSlice =>
  ({
    metadata: { name: `svc-${i}-1`, namespace: 'bench', labels: { 'kubernetes.io/service-name': `svc-${i}` } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port }],
    endpoints: addresses.map((address, n) => ({
      addresses: [address],
      conditions: { ready: true },
      nodeName: nodeOf(n),
    })),
  }) as unknown as EndpointSlice;
