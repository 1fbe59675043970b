import { endpointSlice, namespace, service } from '@navarch/api';
import type { Api } from '@navarch/client';
import fc from 'fast-check';

const SERVICE_NAME = 'kubernetes.io/service-name';
const NAMESPACES = ['alpha', 'beta'] as const;
const PORTS = [
  { name: 'http', port: 80, protocol: 'TCP' },
  { name: 'dns', port: 53, protocol: 'UDP' },
  { name: 'sctp', port: 9, protocol: 'SCTP' },
] as const;

const someOf = <T>(all: readonly T[]): fc.Arbitrary<readonly T[]> => fc.shuffledSubarray([...all], { minLength: 1 });

const endpoint = fc.record({
  number: fc.integer({ min: 1, max: 40 }),
  ready: fc.constantFrom(true, true, false, undefined),
  hostname: fc.constantFrom(undefined, undefined, 'db-0', 'db-1'),
});

const slice = fc.record({
  family: fc.constantFrom('IPv4', 'IPv4', 'IPv6'),
  endpoints: fc.array(endpoint, { maxLength: 5 }),
  ports: fc.oneof(someOf(PORTS), fc.constant([] as readonly (typeof PORTS)[number][])),
});

const plan = fc.record({
  kind: fc.constantFrom('cluster', 'cluster', 'headless', 'headless', 'external'),
  ports: someOf(PORTS),
  external: fc.constantFrom(
    'a.example.test',
    'alias.example.test',
    'none.example.test',
    'svc-0.alpha.svc.cluster.local',
    'svc-1.beta.svc.cluster.local',
    '192.0.2.7',
  ),
  publishes: fc.boolean(),
  slices: fc.array(slice, { maxLength: 3 }),
});

/** Random services with their slices, in two namespaces. */
export const clusters = fc.array(plan, { minLength: 4, maxLength: 10 });
export type Plan = typeof clusters extends fc.Arbitrary<infer T> ? T : never;

/** Makes them, and gives the names and addresses that are worth asking for. */
export async function make(api: Api, plans: Plan): Promise<readonly string[]> {
  const names: string[] = [];
  for (const name of NAMESPACES) {
    await api.of(namespace).create({ metadata: { name } });
    names.push(
      `${name}.svc`,
      `${name}.pod`,
      `10-244-0-5.${name}.pod`,
      `x.10-244-0-5.${name}.pod`,
      `fd00--5.${name}.pod`,
      `300-1-1-1.${name}.pod`,
    );
  }
  for (const [i, one] of plans.entries()) {
    const [inNamespace, name] = [NAMESPACES[i % 2] as string, `svc-${Math.floor(i / 2)}`];
    const base = `${name}.${inNamespace}.svc`;
    const made = await api.of(service).create({ metadata: { name, namespace: inNamespace }, spec: specOf(one) });
    names.push(
      base,
      `_http._tcp.${base}`,
      `_dns._udp.${base}`,
      `_http._udp.${base}`,
      `http.tcp.${base}`,
      `_nope._tcp.${base}`,
    );
    names.push(
      `db-0.${base}`,
      `db-1.${base}`,
      `nobody.${base}`,
      `a.b.c.${base}`,
      ...(made.spec.clusterIPs ?? []).filter((ip) => ip !== 'None'),
    );
    if (one.kind === 'external') continue;
    for (const [j, { family, endpoints, ports }] of one.slices.entries()) {
      const address = (n: number): string => (family === 'IPv4' ? `10.244.0.${n}` : `fd00::${n.toString(16)}`);
      await api.of(endpointSlice).create({
        metadata: { name: `${name}-${j}`, namespace: inNamespace, labels: { [SERVICE_NAME]: name } },
        addressType: family,
        ports: ports.map((port) => ({ ...port })),
        endpoints: endpoints.map(({ number, ready, hostname }) => ({
          addresses: [address(number)],
          conditions: ready === undefined ? {} : { ready },
          ...(hostname === undefined ? {} : { hostname }),
        })),
      } as never);
      for (const { number } of endpoints)
        names.push(address(number), `${address(number).replaceAll(/[.:]/g, '-')}.${base}`);
    }
  }
  return names;
}

function specOf({ kind, ports, external, publishes }: Plan[number]): never {
  if (kind === 'external') return { type: 'ExternalName', externalName: external } as never;
  return {
    ports: ports.map((port) => ({ ...port })),
    ...(kind === 'headless' ? { clusterIP: 'None' } : {}),
    publishNotReadyAddresses: publishes,
  } as never;
}
