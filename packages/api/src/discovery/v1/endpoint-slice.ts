import { dnsLabelErrors, dnsSubdomainErrors, type Field, type Kind, labelValueErrors, qualifiedNameErrors, validateLabels } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { notSpecialIp, parseIp } from '../../checks/network.ts';
import { each, named, oneOf, portNumber, unchanged } from '../../checks/values.ts';
import { columnsOf, firstOf } from '../../columns.ts';
import type { Endpoint, EndpointPort, EndpointSlice } from '../../generated/types/discovery-v1.ts';

const SHOWN_MAX = 3;
const ENDPOINTS_MAX = 1000;
const ADDRESSES_MAX = 100;
const PORTS_MAX = 20_000;
const HINTS_MAX = 8;
const TYPES = ['FQDN', 'IPv4', 'IPv6'];

export const endpointSlice: Kind<EndpointSlice> = builtIn<EndpointSlice>('discovery.k8s.io/v1.EndpointSlice', {
  columns: columnsOf('discovery.k8s.io/EndpointSlice', {
    AddressType: (s) => s.addressType,
    Ports: (s) => firstOf((s.ports ?? []).map((port) => String(port.port ?? '*')), SHOWN_MAX) || '<unset>',
    Endpoints: (s) => firstOf((s.endpoints ?? []).flatMap((endpoint) => endpoint.addresses), SHOWN_MAX) || '<unset>',
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
    desired: (s) => [s.endpoints, s.ports, s.metadata.labels, s.metadata.annotations],
  },
});

function validateEndpoint(endpoint: Endpoint, addressType: string, at: Field): void {
  const here = at.at('addresses');
  if (endpoint.addresses.length === 0) here.required('must contain at least 1 address');
  if (endpoint.addresses.length > ADDRESSES_MAX) here.tooMany(endpoint.addresses.length, ADDRESSES_MAX);
  each(endpoint.addresses, here, (address, place) => {
    if (addressType === 'FQDN') named(address, dnsSubdomainErrors, place);
    else if (addressType === 'IPv4' || addressType === 'IPv6') {
      const bytes = parseIp(address);
      const isRight = bytes?.length === (addressType === 'IPv4' ? 4 : 16);
      if (bytes && !isRight) place.invalid(address, addressType === 'IPv4' ? 'must be a valid IPv4 address' : 'must be a valid IPv6 address');
      else notSpecialIp(address, place);
    }
  });
  if (endpoint.nodeName !== undefined) named(endpoint.nodeName, dnsSubdomainErrors, at.at('nodeName'));
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

function validatePorts(ports: readonly EndpointPort[], at: Field): void {
  if (ports.length > PORTS_MAX) return at.tooMany(ports.length, PORTS_MAX);
  const names = new Set<string>();
  each(ports, at, ({ name = '', protocol, port, appProtocol }, here) => {
    if (name) named(name, dnsLabelErrors, here.at('name'));
    if (names.has(name)) here.at('name').duplicate(name);
    names.add(name);
    oneOf(protocol, ['SCTP', 'TCP', 'UDP'], here.at('protocol'));
    if (port !== undefined) portNumber(port, here.at('port'));
    if (appProtocol !== undefined) named(appProtocol, qualifiedNameErrors, here.at('appProtocol'));
  });
}
