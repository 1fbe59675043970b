import {
  dnsLabelErrors,
  dnsSubdomainErrors,
  type Field,
  type Kind,
  labelValueErrors,
  qualifiedNameErrors,
  validateLabels,
} from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { ipWarnings, notSpecialIp, parseIp } from '../../checks/network.ts';
import { each, named, oneOf, unchanged } from '../../checks/values.ts';
import { columnsOf, firstOf } from '../../columns.ts';
import type { Endpoint, EndpointPort, EndpointSlice } from '../../generated/types/discovery-v1.ts';

const SHOWN_MAX = 3;
const ENDPOINTS_MAX = 1000;
const ADDRESSES_MAX = 100;
const PORTS_MAX = 20_000;
const HINTS_MAX = 8;
const LABELS_MAX = 16;
const TYPES = ['FQDN', 'IPv4', 'IPv6'];

export const endpointSlice: Kind<EndpointSlice> = builtIn<EndpointSlice>('discovery.k8s.io/v1.EndpointSlice', {
  columns: columnsOf('discovery.k8s.io/EndpointSlice', {
    AddressType: (s) => s.addressType,
    Ports: (s) =>
      firstOf(
        (s.ports ?? []).map((port) => String(port.port ?? '*')),
        SHOWN_MAX,
      ) || '<unset>',
    Endpoints: (s) =>
      firstOf(
        (s.endpoints ?? []).flatMap((endpoint) => endpoint.addresses),
        SHOWN_MAX,
      ) || '<unset>',
  }),
  behaviour: {
    complete(s) {
      for (const port of s.ports ?? []) {
        port.name ??= '';
        port.protocol ??= 'TCP';
      }
    },
    validate(s, at) {
      oneOf(s.addressType, TYPES, at.at('addressType'));
      const { endpoints } = s;
      if ((endpoints?.length ?? 0) > ENDPOINTS_MAX) at.at('endpoints').tooMany(endpoints?.length ?? 0, ENDPOINTS_MAX);
      else each(endpoints, at.at('endpoints'), (endpoint, here) => validateEndpoint(endpoint, s.addressType, here));
      validatePorts(s.ports ?? [], at.at('ports'));
    },
    validateUpdate: (next, previous, at) => unchanged(next.addressType, previous.addressType, at.at('addressType')),
    warnings: (s) => [
      ...(s.addressType === 'FQDN' ? ['spec.addressType: FQDN endpoints are deprecated'] : []),
      ...(s.addressType === 'FQDN' ? [] : (s.endpoints ?? [])).flatMap(({ addresses }, i) =>
        addresses.flatMap((address, j) => ipWarnings(address, `endpoints[${i}].addresses[${j}]`)),
      ),
    ],
    desired: (s) => [s.endpoints, s.ports, s.metadata.labels, s.metadata.annotations],
  },
});

function validateEndpoint(endpoint: Endpoint, addressType: string, at: Field): void {
  const here = at.at('addresses');
  if (endpoint.addresses.length === 0) here.required('must contain at least 1 address');
  if (endpoint.addresses.length > ADDRESSES_MAX) here.tooMany(endpoint.addresses.length, ADDRESSES_MAX);
  each(endpoint.addresses, here, (address, place) => {
    if (addressType === 'FQDN') qualifiedDomain(address, place);
    else if (addressType === 'IPv4' || addressType === 'IPv6') {
      if (parseIp(address)?.length !== (addressType === 'IPv4' ? 4 : 16))
        place.invalid(address, `must be a valid ${addressType} address`);
      notSpecialIp(address, place);
    }
  });
  if (endpoint.nodeName !== undefined) named(endpoint.nodeName, dnsSubdomainErrors, at.at('nodeName'));
  const labels = Object.keys(endpoint.deprecatedTopology ?? {}).length;
  if (labels > LABELS_MAX) at.at('deprecatedTopology').tooMany(labels, LABELS_MAX);
  validateLabels(endpoint.deprecatedTopology, at.at('deprecatedTopology'));
  if (endpoint.hostname !== undefined) named(endpoint.hostname, dnsLabelErrors, at.at('hostname'));
  for (const list of ['forZones', 'forNodes'] as const) {
    const hints = endpoint.hints?.[list] ?? [];
    if (hints.length > HINTS_MAX) at.at('hints', list).tooMany(hints.length, HINTS_MAX);
    const seen = new Set<string>();
    each(hints, at.at('hints', list), ({ name }, place) => {
      if (seen.has(name)) place.at('name').duplicate(name);
      seen.add(name);
      named(name, list === 'forZones' ? labelValueErrors : dnsSubdomainErrors, place.at('name'));
    });
  }
}

/** A name that is the same everywhere; it may end in the dot that says so. */
function qualifiedDomain(text: string, at: Field): void {
  if (text === '') return at.required();
  const name = text.endsWith('.') ? text.slice(0, -1) : text;
  const errors = dnsSubdomainErrors(name);
  if (errors.length > 0) return at.invalid(name, errors.join(','));
  const labels = name.split('.');
  if (labels.length < 2) return at.invalid(name, 'should be a domain with at least two segments separated by dots');
  const wrong = labels.find((label) => dnsLabelErrors(label).length > 0);
  if (wrong !== undefined) at.invalid(wrong, dnsLabelErrors(wrong).join(','));
}

function validatePorts(ports: readonly EndpointPort[], at: Field): void {
  if (ports.length > PORTS_MAX) return at.tooMany(ports.length, PORTS_MAX);
  const names = new Set<string>();
  each(ports, at, ({ name = '', protocol, appProtocol }, here) => {
    if (name) named(name, dnsLabelErrors, here.at('name'));
    if (names.has(name)) here.at('name').duplicate(name);
    names.add(name);
    oneOf(protocol, ['SCTP', 'TCP', 'UDP'], here.at('protocol'));
    if (appProtocol !== undefined) named(appProtocol, qualifiedNameErrors, here.at('appProtocol'));
  });
}
