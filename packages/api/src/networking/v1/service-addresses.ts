import type { Service } from '../../generated/types/core-v1.ts';
import type { IPAddress } from '../../generated/types/networking-v1.ts';
import { formatIp, parseCidr, parseIp } from '../../checks/network.ts';

// What services and their addresses have to do with each other (KEP-1880): whoever allocates and whoever repairs agree on it.

export type IpFamily = 'IPv4' | 'IPv6';

/** Addresses of a CIDR that a service may have: from `first` on, `count` of them. */
export interface AddressRange {
  readonly text: string;
  readonly family: IpFamily;
  readonly first: bigint;
  readonly count: bigint;
}

export const ipFamilyOf = (address: string): IpFamily => (address.includes(':') ? 'IPv6' : 'IPv4');

/** The first address of a range is nobody's (RFC 4291 2.6.1 too), the last of an IPv4 one is for all. Undefined for what is no CIDR. */
export function addressRange(text: string): AddressRange | undefined {
  const cidr = parseCidr(text);
  if (!cidr) return undefined;
  const family: IpFamily = cidr.address.length === 4 ? 'IPv4' : 'IPv6';
  const size = 1n << BigInt(cidr.address.length * 8 - cidr.bits);
  const base = (numberOf(cidr.address) / size) * size;
  if (size === 1n) return { text, family, first: base, count: 1n };
  const reserved = family === 'IPv4' ? 2n : 1n;
  return { text, family, first: base + 1n, count: size - reserved };
}

/** `192.168.1.240-192.168.1.250`, `10.9.0.0/24`, `fd00::/120` or one address. Undefined for what is none of these. */
export function poolRange(text: string): AddressRange | undefined {
  if (text.includes('/')) return addressRange(text);
  const [from = '', to = from, ...more] = text.split('-').map((end) => end.trim());
  const [first, last] = [parseIp(from), parseIp(to)];
  if (!first || !last || more.length > 0 || first.length !== last.length) return undefined;
  const count = numberOf(last) - numberOf(first) + 1n;
  return count > 0n ? { text, family: ipFamilyOf(from), first: numberOf(first), count } : undefined;
}

/** The address at a place of a range, from 0 on. */
export const addressAt = ({ family, first }: AddressRange, place: number): string =>
  formatIp(bytesOf(first + BigInt(place), family));

/** Whether the address may be given out of the range. */
export function holdsAddress({ family, first, count }: AddressRange, address: string): boolean {
  const bytes = parseIp(address);
  if (!bytes || ipFamilyOf(address) !== family) return false;
  const number = numberOf(bytes);
  return number >= first && number < first + count;
}

/** The address in the one form in which IPAddress objects are named; undefined for what is none. */
export function canonicalAddress(address: string): string | undefined {
  const bytes = parseIp(address);
  return bytes && formatIp(bytes);
}

/** The addresses a service holds: those of which there are IPAddress objects. */
export const serviceAddresses = ({ spec }: Service): readonly string[] =>
  spec.type === 'ExternalName' ? [] : (spec.clusterIPs ?? []).flatMap((address) => canonicalAddress(address) ?? []);

export const IP_MANAGED_BY = 'ipaddress.kubernetes.io/managed-by';
export const IP_ALLOCATOR = 'ipallocator.k8s.io';

/** What the server writes about an address that it gave to a service. */
export const serviceAddressDraft = (address: string, { metadata: { namespace = '', name } }: Service) => ({
  metadata: {
    name: address,
    labels: { 'ipaddress.kubernetes.io/ip-family': ipFamilyOf(address), [IP_MANAGED_BY]: IP_ALLOCATOR },
  },
  spec: { parentRef: { resource: 'services', namespace, name } },
});

export function isAddressOf({ spec: { parentRef } }: IPAddress, { metadata }: Service): boolean {
  return (
    !parentRef?.group &&
    parentRef?.resource === 'services' &&
    parentRef.name === metadata.name &&
    parentRef.namespace === metadata.namespace
  );
}

const numberOf = (bytes: readonly number[]): bigint => bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);

function bytesOf(number: bigint, family: IpFamily): readonly number[] {
  const length = family === 'IPv4' ? 4 : 16;
  return Array.from({ length }, (_, i) => Number((number >> BigInt((length - 1 - i) * 8)) & 255n));
}
