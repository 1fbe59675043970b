import type { IpFamily } from '@navarch/api';
import { clusterCidrsOf } from './cluster-cidrs.ts';

/** How nft speaks of a family; sets and chains of IPv6 have names of their own. */
export interface Family {
  readonly name: IpFamily;
  readonly protocol: 'ip' | 'ip6';
  readonly mark: '' | '6';
}

export const FAMILIES: readonly [Family, Family] = [
  { name: 'IPv4', protocol: 'ip', mark: '' },
  { name: 'IPv6', protocol: 'ip6', mark: '6' },
];

export const addressType = ({ name }: Family): string => (name === 'IPv4' ? 'ipv4_addr' : 'ipv6_addr');

export interface PodFamily extends Family {
  /** Addresses of pods on all nodes; absent: this family has none that are known. */
  readonly clusterCidr: string | undefined;
}

export function podFamilies(clusterCidr: string): readonly PodFamily[] {
  const ranges = clusterCidrsOf(clusterCidr);
  return FAMILIES.map((family) => ({ ...family, clusterCidr: ranges[family.name] }));
}
