import { isIPv4, isIPv6 } from 'node:net';
import { clusterCidrOf, DEFAULTS, serviceCidrOf } from '../cluster/flags.ts';
import { refuseOverlaps } from '../cluster/ranges.ts';
import { UserError } from '../user-error.ts';
import type { KindCluster } from './kind-cluster.ts';

type Networking = NonNullable<KindCluster['networking']>;
type Family = NonNullable<Networking['ipFamily']>;

/** kind's. */
const USUAL: Readonly<Record<'podSubnet' | 'serviceSubnet', { readonly ipv4: string; readonly ipv6: string }>> = {
  podSubnet: { ipv4: DEFAULTS.clusterCidr, ipv6: 'fd00:10:244::/56' },
  serviceSubnet: { ipv4: DEFAULTS.serviceCidr, ipv6: 'fd00:10:96::/112' },
};

const FAMILIES = { ipv4: ['ipv4'], ipv6: ['ipv6'], dual: ['ipv4', 'ipv6'] } as const;

/** Each node has a block of this length. */
const BLOCK_BITS = { ipv4: 24, ipv6: 64 } as const;

/** The ranges of pods and services, IPv4 first. Throws UserError for what overlaps, is none, or is too small for the nodes. */
export function readAddresses(
  networking: Networking,
  nodes: number,
): { readonly clusterCidr: string; readonly serviceCidr: string } {
  const { ipFamily: family = 'ipv4' } = networking;
  const pods = rangesOf(networking, 'podSubnet', family);
  const services = rangesOf(networking, 'serviceSubnet', family);
  // What is no range at all is said so, before anything is said about its size.
  const clusterCidr = clusterCidrOf('networking.podSubnet', pods.join(','));
  const serviceCidr = serviceCidrOf('networking.serviceSubnet', services.join(','));
  const all = [
    ...pods.map((range) => ['networking.podSubnet', range] as const),
    ...services.map((range) => ['networking.serviceSubnet', range] as const),
    ['the network of the nodes', DEFAULTS.nodeNetworks] as const,
    ['the network of the nodes', DEFAULTS.nodeNetworks6] as const,
  ];
  refuseOverlaps(all);
  for (const range of pods) checkRoom(range, nodes);
  return { clusterCidr, serviceCidr };
}

function rangesOf(networking: Networking, field: keyof typeof USUAL, family: Family): readonly string[] {
  const wanted = FAMILIES[family];
  const given = networking[field];
  if (!given) return wanted.map((one) => USUAL[field][one]);
  const ranges = given.split(',').map((range) => range.trim());
  const found = wanted.map((one) => ranges.find((range) => isOf(range, one)));
  if (ranges.length !== wanted.length || found.includes(undefined))
    throw new UserError(
      `networking.${field} takes ${wanted.map((one, i) => `${i === 0 ? 'a range' : 'one'} of ${one === 'ipv4' ? 'IPv4' : 'IPv6'}`).join(' and ')}${wanted.length > 1 ? ', with a comma between' : ''}, where ipFamily is ${family}, not ${JSON.stringify(given)}`,
    );
  return found.filter((range) => range !== undefined);
}

const isOf = (range: string, family: 'ipv4' | 'ipv6'): boolean => {
  const [address = ''] = range.split('/');
  return family === 'ipv4' ? isIPv4(address) : isIPv6(address);
};

function checkRoom(range: string, nodes: number): void {
  const bits = BLOCK_BITS[range.includes(':') ? 'ipv6' : 'ipv4'] - Number(range.split('/')[1]);
  const room = bits < 0 ? 0 : 2 ** bits;
  if (room < nodes)
    throw new UserError(
      `networking.podSubnet ${range} has room for ${room} ${room === 1 ? 'node' : 'nodes'}, of ${nodes}: each has a block of /${BLOCK_BITS[range.includes(':') ? 'ipv6' : 'ipv4']}`,
    );
}
