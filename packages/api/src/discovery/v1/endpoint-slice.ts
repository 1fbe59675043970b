import type { Kind } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { ageColumn, nameColumn, text } from '../../columns.ts';
import type { EndpointSlice } from '../../generated/types/discovery-v1.ts';

const SHOWN_MAX = 3;
const shortened = (all: readonly string[]): string =>
  all.length > SHOWN_MAX ? `${all.slice(0, SHOWN_MAX).join(',')} + ${all.length - SHOWN_MAX} more...` : all.join(',');

export const endpointSlice: Kind<EndpointSlice> = builtIn<EndpointSlice>('discovery.k8s.io/v1.EndpointSlice', {
  columns: [
    nameColumn,
    text('AddressType', (s) => s.addressType),
    text('Ports', (s) => (s.ports?.length ? shortened(s.ports.map((p) => String(p.port ?? '*'))) : '<unset>')),
    text('Endpoints', (s) => (s.endpoints?.length ? shortened(s.endpoints.flatMap((e) => e.addresses)) : '<unset>')),
    ageColumn,
  ],
  behaviour: {
    complete(s) {
      for (const port of s.ports ?? []) {
        port.name ??= '';
        port.protocol ??= 'TCP';
      }
    },
    validateUpdate: (next, previous, at) => at.at('addressType').immutable(next.addressType, previous.addressType),
    desired: (s) => [s.endpoints, s.ports],
  },
});
