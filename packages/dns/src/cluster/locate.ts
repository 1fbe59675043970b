import type { EndpointSlice, Service } from '@navarch/api';
import { isAddress } from '../wire/addresses.ts';
import { clusterAddresses, type View } from './view.ts';
import type { ClusterZone } from './zone.ts';

/** One place that a name leads to. */
export interface Place {
  /** An address; or a name outside of what the cluster knows, of an ExternalName. */
  readonly host: string;
  readonly isName: boolean;
  /** The name of the place itself, without the zone. */
  readonly owner: string;
  /** -1: it has none. */
  readonly port: number;
}

const NOTHING: readonly Place[] = [];
const NO_PORTS = [{ name: '', port: -1, protocol: '' }] as const;
const LABEL_MAX = 63;

/**
 * Where a name leads (DNS specification 1.1.0, section 2). `labels` are those before the zone, from the right: svc,
 * namespace, service, .... undefined: there is no such name; empty: there is, and it leads nowhere.
 */
export function locate(labels: readonly string[], view: View, zone: ClusterZone): readonly Place[] | undefined {
  const [kind, namespace, name, ...rest] = labels;
  if (kind === undefined) return NOTHING;
  if (kind !== 'svc' && kind !== 'pod') return undefined;
  if (namespace === undefined) return NOTHING;
  // Three labels more have no meaning.
  if (rest.length > 2 || !isTold(namespace, view, zone)) return undefined;
  if (kind === 'pod' && zone.pods === 'disabled') return undefined;
  if (name === undefined) return NOTHING;
  return kind === 'pod' ? podPlaces(namespace, name, view, zone) : servicePlaces(namespace, name, rest, view, zone);
}

const isTold = (namespace: string, view: View, { namespaces }: ClusterZone): boolean =>
  namespaces.length > 0 ? namespaces.includes(namespace) : view.hasNamespace(namespace);

/** `10-244-0-5.default.pod`: the address is in the name. */
function podPlaces(namespace: string, label: string, view: View, { pods }: ClusterZone): readonly Place[] | undefined {
  const isFour = !label.includes('--') && label.split('-').length === 4;
  const host = label.replaceAll('-', isFour ? '.' : ':');
  if (!isAddress(host) || (pods === 'verified' && !view.hasPodAt(namespace, host))) return undefined;
  return [{ host, isName: false, owner: `${label}.${namespace}.pod`, port: 0 }];
}

function servicePlaces(
  namespace: string,
  name: string,
  rest: readonly string[],
  view: View,
  zone: ClusterZone,
): readonly Place[] | undefined {
  const service = view.service(namespace, name);
  if (!service) return undefined;
  const { spec } = service;
  const base = `${name}.${namespace}.svc`;
  if (spec.type === 'ExternalName') {
    const host = (spec.externalName ?? '').toLowerCase().replace(/\.$/, '');
    // An address is no name, whatever people write there.
    return rest.length > 0 || host === '' || isAddress(host)
      ? undefined
      : [{ host, isName: true, owner: base, port: 0 }];
  }
  const isHeadless = spec.clusterIP === 'None';
  const [protocol, port] = rest.length === 2 ? rest.map((label) => label.replace(/^_/, '')) : [];
  const wanted = { protocol, port };
  if (isHeadless || rest.length === 1)
    return orNothing(
      endpointPlaces(view.slices(namespace, name), base, rest.length === 1 ? rest[0] : undefined, wanted, zone),
    );
  if (zone.ignoreEmptyService && !view.slices(namespace, name).some((slice) => readyIn(slice).length > 0))
    return undefined;
  const ports = (spec.ports ?? []).filter((one) => isWanted(one, wanted));
  return orNothing(
    ports.flatMap((one) =>
      clusterAddresses(spec).map((host) => ({ host, isName: false, owner: base, port: one.port })),
    ),
  );
}

const orNothing = (places: readonly Place[]): readonly Place[] | undefined => (places.length > 0 ? places : undefined);

interface Wanted {
  /** Empty or absent: any. */
  readonly protocol: string | undefined;
  readonly port: string | undefined;
}

const isWanted = (
  { name = '', protocol = 'TCP' }: { readonly name?: string; readonly protocol?: string },
  wanted: Wanted,
): boolean =>
  (!wanted.port || wanted.port === name.toLowerCase()) &&
  (!wanted.protocol || wanted.protocol === protocol.toLowerCase());

function endpointPlaces(
  slices: readonly EndpointSlice[],
  base: string,
  host: string | undefined,
  wanted: Wanted,
  zone: ClusterZone,
): readonly Place[] {
  if (zone.noEndpoints) return NOTHING;
  const places: Place[] = [];
  for (const slice of slices) {
    const own = slice.ports && slice.ports.length > 0 ? slice.ports : NO_PORTS;
    const ports = own.filter((one) => isWanted(one, wanted));
    for (const { address, label } of readyEndpoints(slice, zone)) {
      if (host !== undefined && host !== label.toLowerCase()) continue;
      for (const { port = -1 } of ports) places.push({ host: address, isName: false, owner: `${label}.${base}`, port });
    }
  }
  return places;
}

const readyIn = ({ endpoints }: EndpointSlice): readonly NonNullable<EndpointSlice['endpoints']>[number][] =>
  (endpoints ?? []).filter(({ conditions }) => conditions.ready !== false);

interface NamedEndpoint {
  readonly address: string;
  /** What it is called within its service. */
  readonly label: string;
}

/** Those that are ready, or that count as such because the service publishes all (the slice says so then). */
function readyEndpoints(slice: EndpointSlice, { endpointPodNames }: ClusterZone): readonly NamedEndpoint[] {
  return readyIn(slice).flatMap(({ addresses, hostname, targetRef }) => {
    const podName = targetRef?.name ?? '';
    const named =
      hostname !== undefined && hostname !== ''
        ? hostname
        : endpointPodNames && podName !== '' && podName.length <= LABEL_MAX
          ? podName
          : undefined;
    return addresses.map((address) => ({ address, label: named ?? labelOf(address) }));
  });
}

/** `10-244-0-5`; a label does not end with a dash. */
function labelOf(address: string): string {
  const label = address.replaceAll(/[.:]/g, '-');
  return label.endsWith('-') ? `${label}0` : label;
}

/** The names that an address has, without the zone: of the service whose cluster IP it is, else of endpoints. */
export function namesAt(address: string, view: View, zone: ClusterZone): readonly string[] {
  const told = ({ metadata }: Service | EndpointSlice): boolean =>
    zone.namespaces.length === 0 || zone.namespaces.includes(metadata.namespace ?? '');
  const service = view.servicesAt(address).find(told);
  if (service) return [`${service.metadata.name}.${service.metadata.namespace}.svc`];
  if (zone.noEndpoints) return [];
  const names = view
    .slicesAt(address)
    .filter(told)
    .flatMap((slice) =>
      readyEndpoints(slice, zone)
        .filter((endpoint) => endpoint.address === address)
        .map(({ label }) => `${label}.${serviceNameOf(slice)}.${slice.metadata.namespace}.svc`),
    );
  return [...new Set(names)];
}

const serviceNameOf = ({ metadata }: EndpointSlice): string => metadata.labels?.['kubernetes.io/service-name'] ?? '';
