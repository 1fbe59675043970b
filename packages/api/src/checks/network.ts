import type { Field } from '@navarch/machinery';

// Addresses as bytes, so that ranges and special addresses can be told. Reading is lenient as it always was; what is
// given anew may not be ambiguous (KEP-4858).

const NO_IP = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';
export const NO_CIDR = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)';

/** 4 or 16 bytes; undefined when the text is no address. Leading zeros mean nothing, as in old versions of Go. */
export function parseIp(text: string): readonly number[] | undefined {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text);
}

function parseIpv4(text: string): readonly number[] | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^\d+$/.test(part) && Number(part) <= 255)) return undefined;
  return parts.map(Number);
}

function parseIpv6(text: string): readonly number[] | undefined {
  let source = text;
  const tail = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  if (tail) {
    const four = parseIpv4(tail[2] ?? '');
    if (!four) return undefined;
    const [a = 0, b = 0, c = 0, d = 0] = four;
    source = `${tail[1]}${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  }
  const halves = source.split('::');
  if (halves.length > 2) return undefined;
  const groups = (half: string | undefined): readonly string[] => (half ? half.split(':') : []);
  const [head, rest] = [groups(halves[0]), groups(halves[1])];
  if (![...head, ...rest].every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return undefined;
  const missing = 8 - head.length - rest.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const all = [...head, ...Array.from({ length: halves.length === 1 ? 0 : missing }, () => '0'), ...rest];
  const bytes = all.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255]);
  return isMapped(bytes) ? bytes.slice(12) : bytes;
}

const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255];
const isMapped = (bytes: readonly number[]): boolean =>
  bytes.length === 16 && MAPPED.every((byte, i) => bytes[i] === byte);

/** Octal to some, decimal to others (CVE-2021-29923). */
const hasLeadingZeros = (text: string): boolean =>
  text
    .slice(text.lastIndexOf(':') + 1)
    .split('.')
    .some((part, _i, all) => all.length === 4 && /^0\d/.test(part));
const isMappedText = (text: string): boolean => text.includes(':') && parseIp(text)?.length === 4;

export function ipErrors(text: string): readonly string[] {
  if (!parseIp(text)) return [NO_IP];
  if (hasLeadingZeros(text)) return ['must not have leading 0s'];
  return isMappedText(text) ? ['must not be an IPv4-mapped IPv6 address'] : [];
}

export function ip(text: string, at: Field): void {
  for (const error of ipErrors(text)) at.invalid(text, error);
}

export interface Cidr {
  readonly address: readonly number[];
  readonly bits: number;
}

export function parseCidr(text: string): Cidr | undefined {
  const [address = '', length = '', ...more] = text.split('/');
  const parsed = parseIp(address);
  if (!parsed || more.length > 0 || !/^\d+$/.test(length)) return undefined;
  // The length counts in the family in which the address is written.
  const bytes = isMappedText(address) ? [...MAPPED, ...parsed] : parsed;
  const bits = Number(length);
  return bits <= bytes.length * 8 ? { address: bytes, bits } : undefined;
}

export function cidrErrors(text: string): readonly string[] {
  const parsed = parseCidr(text);
  const [address = '', length = ''] = text.split('/');
  if (!parsed) return [NO_CIDR];
  if (hasLeadingZeros(address) || /^0\d/.test(length)) return ['must not have leading 0s in IP or prefix length'];
  if (isMappedText(address)) return ['must not have an IPv4-mapped IPv6 address'];
  const { bits } = parsed;
  const hasMore = parsed.address.some(
    (byte, i) => (byte & (bits >= (i + 1) * 8 ? 0 : 255 >> Math.max(0, bits - i * 8))) !== 0,
  );
  return hasMore ? ['must not have bits set beyond the prefix length'] : [];
}

export function cidr(text: string, at: Field): void {
  for (const error of cidrErrors(text)) at.invalid(text, error);
}

const bitOf = (bytes: readonly number[], i: number): number => ((bytes[i >> 3] ?? 0) >> (7 - (i & 7))) & 1;

export function contains(outer: Cidr, address: readonly number[]): boolean {
  if (outer.address.length !== address.length) return false;
  for (let i = 0; i < outer.bits; i++) if (bitOf(outer.address, i) !== bitOf(address, i)) return false;
  return true;
}

/** Whether the address, as text, lies in the range. Not of what is neither. */
export function containsAddress(range: string, address: string): boolean {
  const [outer, inner] = [parseCidr(range), parseIp(address)];
  return outer !== undefined && inner?.length === outer.address.length && contains(outer, inner);
}

/** No address of a host that others could reach: endpoints and external addresses may not be one. */
export function notSpecialIp(text: string, at: Field): void {
  const before = at.errors.length;
  ip(text, at);
  if (at.errors.length === before) specialIp(text, at);
}

/** As notSpecialIp() for what was looked at as an address already; reads it as leniently as it always was. */
export function specialIp(text: string, at: Field): void {
  const bytes = parseIp(text);
  if (!bytes) return at.invalid(text, 'must be a valid IP address');
  if (bytes.every((byte) => byte === 0)) at.invalid(text, `may not be unspecified (${text})`);
  if (bytes.length === 4 ? bytes[0] === 127 : bytes.slice(0, 15).every((byte) => byte === 0) && bytes[15] === 1) {
    at.invalid(text, 'may not be in the loopback range (127.0.0.0/8, ::1/128)');
  }
  const isLinkLocal =
    bytes.length === 4 ? bytes[0] === 169 && bytes[1] === 254 : bytes[0] === 0xfe && ((bytes[1] ?? 0) & 0xc0) === 0x80;
  if (isLinkLocal) at.invalid(text, 'may not be in the link-local range (169.254.0.0/16, fe80::/10)');
  const isLocalMulticast =
    bytes.length === 4
      ? bytes[0] === 224 && bytes[1] === 0 && bytes[2] === 0
      : bytes[0] === 0xff && ((bytes[1] ?? 0) & 0x0f) === 2;
  if (isLocalMulticast) at.invalid(text, 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)');
}

/** As Go prints an address: IPv6 in RFC 5952's form. */
export function formatIp(bytes: readonly number[]): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, i) => (bytes[2 * i] ?? 0) * 256 + (bytes[2 * i + 1] ?? 0));
  let best = { start: -1, length: 1 };
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && groups[end] === 0) end += 1;
    if (end - i > best.length) best = { start: i, length: end - i };
    if (end > i) i = end;
  }
  const text = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(':');
  return best.start < 0
    ? text(groups)
    : `${text(groups.slice(0, best.start))}::${text(groups.slice(best.start + best.length))}`;
}

/** An address of a network's interface, and how large that network is: the one form that Go prints. */
export function interfaceAddress(text: string, at: Field): void {
  const [address = ''] = text.split('/');
  const [parsed, bytes] = [parseCidr(text), parseIp(address)];
  if (!parsed || !bytes)
    return at.invalid(text, 'must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)');
  const usual = `${formatIp(bytes)}/${parsed.bits}`;
  if (usual !== text) at.invalid(text, `must be in canonical form (${JSON.stringify(usual)})`);
}

/** What may be said of an address that is let in: there is a form that everybody knows it by. */
export function ipWarnings(text: string, path: string): readonly string[] {
  const bytes = parseIp(text);
  if (!bytes) return [];
  const usual = formatIp(bytes);
  if (hasLeadingZeros(text) || isMappedText(text))
    return [`${path}: non-standard IP address ${JSON.stringify(text)} is invalid: use ${JSON.stringify(usual)}`];
  return bytes.length === 16 && usual !== text
    ? [
        `${path}: IPv6 address ${JSON.stringify(text)} should be in RFC 5952 canonical format (${JSON.stringify(usual)})`,
      ]
    : [];
}

/** As ipWarnings(), of ranges. */
export function cidrWarnings(text: string, path: string): readonly string[] {
  const parsed = parseCidr(text);
  const [address = '', length = ''] = text.split('/');
  const bytes = parseIp(address);
  if (!parsed || !bytes) return [];
  const network = parsed.address.map(
    (byte, i) => byte & ~(parsed.bits >= (i + 1) * 8 ? 0 : 255 >> Math.max(0, parsed.bits - i * 8)),
  );
  const shown = (of: readonly number[], bits: number): string =>
    JSON.stringify(`${formatIp(isMapped(of) ? of.slice(12) : of)}/${bits}`);
  const [said, warnings]: [string, string[]] = [JSON.stringify(text), []];
  if (network.some((byte, i) => byte !== parsed.address[i])) {
    warnings.push(
      `${path}: CIDR value ${said} is ambiguous in this context (should be ${shown(network, parsed.bits)} or ${shown(bytes, bytes.length * 8)}?)`,
    );
  }
  if (hasLeadingZeros(address) || /^0\d/.test(length) || isMappedText(address))
    warnings.push(`${path}: non-standard CIDR value ${said} is invalid: use ${shown(network, parsed.bits)}`);
  const usual = shown(parsed.address, parsed.bits);
  if (warnings.length === 0 && parsed.address.length === 16 && usual !== said)
    warnings.push(`${path}: IPv6 CIDR value ${said} should be in RFC 5952 canonical format (${usual})`);
  return warnings;
}
