import { dnsLabelErrors, dnsSubdomainErrors, type Field, type Kind, qualifiedNameErrors } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { ip, ipWarnings, specialIp } from '../../checks/network.ts';
import { each, named, oneOf, portNumber } from '../../checks/values.ts';
import { columnsOf, firstOf } from '../../columns.ts';
import type { EndpointAddress, Endpoints } from '../../generated/types/core-v1.ts';

const SHOWN_MAX = 3;

export const endpoints: Kind<Endpoints> = builtIn<Endpoints>('/v1.Endpoints', {
  storagePrefix: 'services/endpoints',
  deprecated: { since: '1.33', use: 'discovery.k8s.io/v1 EndpointSlice' },
  columns: columnsOf('/Endpoints', { Endpoints: (e) => summary(e) }),
  behaviour: {
    createsOnUpdate: true,
    desired: false,
    complete(e) {
      for (const subset of e.subsets ?? []) for (const port of subset.ports ?? []) port.protocol ??= 'TCP';
    },
    warnings: ({ subsets = [] }) =>
      subsets.flatMap((subset, i) =>
        (['addresses', 'notReadyAddresses'] as const).flatMap((list) =>
          (subset[list] ?? []).flatMap((address, j) => ipWarnings(address.ip, `subsets[${i}].${list}[${j}].ip`)),
        ),
      ),
    validate: ({ subsets }, at) =>
      each(subsets, at.at('subsets'), (subset, here) => {
        const { addresses = [], notReadyAddresses = [], ports = [] } = subset;
        if (addresses.length === 0 && notReadyAddresses.length === 0)
          here.required('must specify `addresses` or `notReadyAddresses`');
        each(addresses, here.at('addresses'), validateAddress);
        each(notReadyAddresses, here.at('notReadyAddresses'), validateAddress);
        each(ports, here.at('ports'), (port, place) => {
          if (ports.length > 1 && !port.name) place.at('name').required();
          else if (port.name) named(port.name, dnsLabelErrors, place.at('name'));
          portNumber(port.port, place.at('port'));
          oneOf(port.protocol, ['SCTP', 'TCP', 'UDP'], place.at('protocol'));
          if (port.appProtocol !== undefined) named(port.appProtocol, qualifiedNameErrors, place.at('appProtocol'));
        });
      }),
  },
});

function validateAddress(address: EndpointAddress, at: Field): void {
  ip(address.ip, at.at('ip'));
  if (address.hostname) named(address.hostname, dnsLabelErrors, at.at('hostname'));
  if (address.nodeName !== undefined) named(address.nodeName, dnsSubdomainErrors, at.at('nodeName'));
  specialIp(address.ip, at.at('ip'));
}

function summary(e: Endpoints): string {
  const all = (e.subsets ?? []).flatMap((subset) => {
    const addresses = subset.addresses ?? [];
    return subset.ports?.length
      ? subset.ports.flatMap((port) => addresses.map((a) => hostPort(a.ip, port.port)))
      : addresses.map((a) => a.ip);
  });
  return e.subsets?.length ? firstOf(all, SHOWN_MAX) : '<none>';
}

const hostPort = (ip: string, port: number): string => (ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`);
