import type { Kind } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { ageColumn, nameColumn, text } from '../../columns.ts';
import type { Endpoints } from '../../generated/types/core-v1.ts';

const SHOWN_MAX = 3;

export const endpoints: Kind<Endpoints> = builtIn<Endpoints>('/v1.Endpoints', {
  storagePrefix: 'services/endpoints',
  columns: [nameColumn, text('Endpoints', summary), ageColumn],
  behaviour: {
    desired: false,
    complete(e) {
      for (const subset of e.subsets ?? []) for (const port of subset.ports ?? []) port.protocol ??= 'TCP';
    },
  },
});

function summary(e: Endpoints): string {
  const all = (e.subsets ?? []).flatMap((subset) => {
    const addresses = subset.addresses ?? [];
    return subset.ports?.length ? subset.ports.flatMap((port) => addresses.map((a) => hostPort(a.ip, port.port))) : addresses.map((a) => a.ip);
  });
  if (all.length === 0) return '<none>';
  return all.length > SHOWN_MAX ? `${all.slice(0, SHOWN_MAX).join(',')} + ${all.length - SHOWN_MAX} more...` : all.join(',');
}

const hostPort = (ip: string, port: number): string => (ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`);
