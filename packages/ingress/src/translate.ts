import { endpointSlice, type Ingress, ingressClass, secret, service } from '@navarch/api';
import { type Cache, type CacheIndex, defineIndex } from '@navarch/client';
import { keyIn, keyOf } from '@navarch/machinery';
import { Wardrobe } from './certificates.ts';
import type { Surroundings } from './endpoints.ts';
import { enginePorts, ownerOfPort } from './gateway/addresses.ts';
import { ownSlices } from './gateway/keep-addresses.ts';
import type { Gateway } from './gateway/objects.ts';
import type { GatewayObjects } from './gateway/source.ts';
import { type GatewayTranslation, type OwnPort, translateGateways } from './gateway/translate.ts';
import { defaultCertificateOf } from './ingress/classes.ts';
import { translateIngresses } from './ingress/translate.ts';
import type { Bind, Entrance, Problem, Site } from './model.ts';
import type { Certificates } from './ports.ts';

/** What there is to serve. */
export interface Wanted {
  readonly ingresses: readonly Ingress[];
  readonly gateways: GatewayObjects | undefined;
  readonly isEmpty: boolean;
}

export interface TranslationDeps {
  readonly cache: Cache;
  readonly certificates: Certificates;
  readonly nowMs: number;
  /** Where Ingresses are served. */
  readonly binds: readonly Bind[];
  /** What people are told to send requests to; the first is where services of Gateways send. */
  readonly addresses: readonly string[];
  /** Whether services are given addresses, so that Gateways can have their own. */
  readonly hasOwnAddresses: boolean;
  /** Whose lines the engine does not take. */
  readonly isRefused: (owner: string) => boolean;
}

export interface Translated {
  readonly site: Site;
  readonly problems: readonly Problem[];
  readonly gateways: GatewayTranslation | undefined;
  /** Where the engine takes what is sent to Gateways' own addresses. */
  readonly ports: ReadonlyMap<OwnPort, number>;
}

const SERVICE_NAME = 'kubernetes.io/service-name';
const sliceOfService: CacheIndex<any> = defineIndex<any>((slice) => [
  `${slice.metadata.namespace}/${slice.metadata.labels?.[SERVICE_NAME] ?? ''}`,
]);

const surroundingsOf = (cache: Cache): Surroundings => ({
  service: (namespace, name) => cache.get(service, keyIn(namespace, name)),
  slices: (namespace, name) => cache.find(endpointSlice, sliceOfService, `${namespace}/${name}`),
  secret: (namespace, name) => cache.get(secret, keyIn(namespace, name)),
});

/** Whether a Gateway has addresses of its own: where there are such, unless it asks for one of the machine's. */
export const isApart = (
  { spec }: Gateway,
  { hasOwnAddresses, addresses }: Pick<TranslationDeps, 'hasOwnAddresses' | 'addresses'>,
): boolean =>
  hasOwnAddresses &&
  addresses.length > 0 &&
  !(spec.addresses ?? []).some(({ value = '' }) => value !== '' && addresses.includes(value));

/** All that is wanted as what an engine has to do. */
export function translate({ ingresses, gateways }: Wanted, deps: TranslationDeps): Translated {
  const { cache, certificates, nowMs, binds, isRefused } = deps;
  const newWardrobe = (): Wardrobe => new Wardrobe(certificates, nowMs);
  const wardrobe = newWardrobe();
  const surroundings = surroundingsOf(cache);
  const rest = ingresses.length > 0 ? defaultCertificateOf(cache.list(ingressClass)) : undefined;
  const restProblems = rest
    ? wardrobe.add({ ...rest, hosts: 'rest' }, surroundings.secret(rest.namespace, rest.secretName))
    : [];
  const taken = ingresses.length > 0 ? binds : [];
  const fromIngresses = translateIngresses(
    ingresses.filter((one) => !isRefused(keyOf(one))),
    { ...surroundings, wardrobe, httpsPort: binds.find(({ isTls }) => isTls)?.port ?? 443 },
  );
  const fromGateways =
    gateways &&
    translateGateways(
      gateways.gateways,
      gateways.routes.filter((one) => !isRefused(`${one.kind} ${keyOf(one)}`)),
      {
        ...surroundings,
        wardrobe,
        newWardrobe,
        grants: gateways.grants,
        labelsOf: gateways.labelsOf,
        taken,
        isApart: (one) => isApart(one, deps),
        isTaken: (port) => isRefused(ownerOfSharedPort(port)),
      },
    );
  const ports = enginePorts(fromGateways?.own ?? [], ownSlices(cache), isRefused);
  const shared: Entrance = {
    id: 'all',
    binds: [...taken, ...bindsOf(fromGateways, binds, taken)],
    routes: [...fromIngresses.routes, ...(fromGateways?.routes ?? [])],
    certificates: wardrobe.certificates,
    ...(wardrobe.defaultCertificate === undefined ? {} : { defaultCertificate: wardrobe.defaultCertificate }),
    apart: fromGateways?.apart ?? [],
  };
  return {
    gateways: fromGateways,
    ports,
    problems: [...restProblems, ...fromIngresses.problems],
    site: {
      backends: [...fromIngresses.backends, ...(fromGateways?.backends ?? [])],
      entrances: [
        ...(shared.binds.length > 0 ? [shared] : []),
        ...[...ports].map(([place, port]) => entranceOf(place, { address: deps.addresses[0] ?? '', port })),
      ],
    },
  };
}

/** Gateways' ports at the addresses of the machine, but for those that Ingresses have there. */
function bindsOf(
  gateways: GatewayTranslation | undefined,
  binds: readonly Bind[],
  taken: readonly Bind[],
): readonly Bind[] {
  const addresses = [...new Set(binds.map(({ address }) => address))];
  return (gateways?.ports ?? [])
    .filter(({ port }) => !taken.some((bind) => bind.port === port))
    .flatMap((port) => {
      const own = { ...port, owner: ownerOfSharedPort(port.port) };
      return addresses.map((address) => ({ ...own, ...(address === undefined ? {} : { address }) }));
    });
}

/** Who is told where another program has a port of the machine that Gateways ask for. */
export const ownerOfSharedPort = (port: number): string => `port ${port}`;

function entranceOf({ gateway, port, isTls, routes, wardrobe, apart }: OwnPort, at: Omit<Bind, 'isTls'>): Entrance {
  const { certificates, defaultCertificate } = wardrobe;
  return {
    id: `${keyOf(gateway)} ${port}`,
    binds: [{ ...at, isTls, owner: ownerOfPort(gateway, at.port) }],
    routes,
    certificates,
    ...(defaultCertificate === undefined ? {} : { defaultCertificate }),
    port,
    apart,
  };
}
