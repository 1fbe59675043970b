import { type CostOf, exactly, flat, type Measured, plus, scaled, TRAVERSAL, traversing } from '../cost.ts';
import { declare, type Overload } from '../declare.ts';
import { CelError, noOverload, Opaque } from '../values.ts';

type Family = 4 | 6;

/** An address of the internet protocol. */
export class CelIp extends Opaque {
  readonly typeName = 'net.IP';
  readonly family: Family;
  readonly value: bigint;

  constructor(family: Family, value: bigint) {
    super();
    this.family = family;
    this.value = value;
  }

  override equals(other: unknown): boolean {
    if (!(other instanceof CelIp)) throw noOverload();
    return this.family === other.family && this.value === other.value;
  }

  override get size(): number {
    return this.family === 4 ? 4 : 16;
  }

  get bits(): number {
    return this.family === 4 ? 32 : 128;
  }

  /** The first bits of it. */
  first(count: number): bigint {
    return this.value >> BigInt(this.bits - count);
  }

  override toString(): string {
    return this.family === 4 ? octets(this.value).join('.') : formatGroups(groups(this.value));
  }
}

/** A range of addresses that begin alike. */
export class CelCidr extends Opaque {
  readonly typeName = 'net.CIDR';
  readonly ip: CelIp;
  readonly bits: number;

  constructor(ip: CelIp, bits: number) {
    super();
    this.ip = ip;
    this.bits = bits;
  }

  override equals(other: unknown): boolean {
    if (!(other instanceof CelCidr)) throw noOverload();
    return this.bits === other.bits && this.ip.equals(other.ip);
  }

  override get size(): number {
    return Math.ceil(this.bits / 8);
  }

  has(ip: CelIp): boolean {
    return ip.family === this.ip.family && ip.first(this.bits) === this.ip.first(this.bits);
  }

  masked(): CelCidr {
    const rest = BigInt(this.ip.bits - this.bits);
    return new CelCidr(new CelIp(this.ip.family, (this.ip.value >> rest) << rest), this.bits);
  }

  override toString(): string {
    return `${this.ip.toString()}/${this.bits}`;
  }
}

const octets = (value: bigint): readonly number[] =>
  [24n, 16n, 8n, 0n].map((shift) => Number((value >> shift) & 0xffn));
const groups = (value: bigint): readonly number[] =>
  Array.from({ length: 8 }, (_, i) => Number((value >> BigInt(112 - 16 * i)) & 0xffffn));

/** RFC 5952: the longest run of zeros, of two or more, left out. */
function formatGroups(all: readonly number[]): string {
  let [from, length] = [-1, 1];
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && all[end] === 0) end++;
    if (end - i > length) [from, length] = [i, end - i];
  }
  const text = (some: readonly number[]): string => some.map((group) => group.toString(16)).join(':');
  return from < 0 ? text(all) : `${text(all.slice(0, from))}::${text(all.slice(from + length))}`;
}

const unread = (text: string, why: string): CelError => new CelError(`ParseAddr(${JSON.stringify(text)}): ${why}`);

/** As Go's netip reads addresses, zones and all. Throws CelError with its words. */
function parseAddress(text: string): CelIp & { readonly isZoned?: boolean } {
  const [sign] = /[.:%]/.exec(text) ?? [];
  if (sign === '.') return new CelIp(4, parse4(text, text));
  if (sign === ':') return parse6(text);
  throw unread(text, sign === '%' ? 'missing IPv6 address' : 'unable to parse IP');
}

function parse4(text: string, whole: string): bigint {
  const fields = text.split('.');
  for (const [i, field] of fields.entries()) {
    const [wrong] = /[^0-9]/.exec(field) ?? [];
    if (wrong !== undefined)
      throw unread(
        whole,
        `unexpected character (at ${JSON.stringify(fields.slice(i).join('.').slice(field.indexOf(wrong)))})`,
      );
    if (field === '')
      throw unread(
        whole,
        `IPv4 field must have at least one digit (at ${JSON.stringify(fields.slice(i).join('.') || '.')})`,
      );
    if (field.length > 1 && field.startsWith('0')) throw unread(whole, 'IPv4 field has octet with leading zero');
    if (Number(field) > 255) throw unread(whole, 'IPv4 field has value >255');
    if (i > 3) throw unread(whole, 'IPv4 address too long');
  }
  if (fields.length < 4) throw unread(whole, 'IPv4 address too short');
  return fields.reduce((value, field) => (value << 8n) + BigInt(field), 0n);
}

function parse6(text: string): CelIp & { readonly isZoned?: boolean } {
  const [address = '', zone] = text.split('%');
  if (zone === '') throw unread(text, 'zone must be a non-empty string');
  const halves = address.split('::');
  if (halves.length > 2) throw unread(text, 'multiple :: in address');
  const [left, right] = halves.map((half) =>
    half === '' ? [] : half.split(':').flatMap((group, i, all) => groupsOf(group, text, i === all.length - 1)),
  );
  const count = (left?.length ?? 0) + (right?.length ?? 0);
  if (halves.length === 1 && count < 8) throw unread(text, 'address string too short');
  if (count > 8) throw unread(text, 'trailing garbage after address');
  if (halves.length === 2 && count === 8) throw unread(text, 'the :: must expand to at least one field of zeros');
  const all = [...(left ?? []), ...Array.from({ length: 8 - count }, () => 0), ...(right ?? [])];
  const ip = new CelIp(
    6,
    all.reduce((value, group) => (value << 16n) + BigInt(group), 0n),
  );
  return zone === undefined ? ip : Object.assign(ip, { isZoned: true });
}

function groupsOf(group: string, text: string, isLast: boolean): readonly number[] {
  if (group.includes('.') && isLast) {
    const value = parse4(group, text);
    return [Number(value >> 16n), Number(value & 0xffffn)];
  }
  if (group === '') throw unread(text, 'each colon-separated field must have at least one digit');
  if (!/^[0-9a-fA-F]+$/.test(group)) throw unread(text, 'unexpected character, want colon');
  if (group.length > 4) throw unread(text, 'each group must have 4 or less digits');
  return [Number.parseInt(group, 16)];
}

const isMapped = ({ family, value }: CelIp): boolean => family === 6 && value >> 32n === 0xffffn;

function parseIp(text: string): CelIp {
  let ip: CelIp & { readonly isZoned?: boolean };
  try {
    ip = parseAddress(text);
  } catch (error) {
    throw error instanceof CelError
      ? new CelError(`IP Address ${JSON.stringify(text)} parse error during conversion from string: ${error.message}`)
      : error;
  }
  if (ip.isZoned) throw new CelError(`IP address ${JSON.stringify(text)} with zone value is not allowed`);
  if (isMapped(ip)) throw new CelError(`IPv4-mapped IPv6 address ${JSON.stringify(text)} is not allowed`);
  return ip;
}

const NOT_CIDR = 'network address parse error during conversion from string: ';

function parseCidr(text: string): CelCidr {
  const fail = (why: string): never => {
    throw new CelError(`${NOT_CIDR}${NOT_CIDR}netip.ParsePrefix(${JSON.stringify(text)}): ${why}`);
  };
  const slash = text.lastIndexOf('/');
  if (slash < 0) return fail("no '/'");
  const [address, bits] = [text.slice(0, slash), text.slice(slash + 1)];
  let ip: CelIp & { readonly isZoned?: boolean };
  try {
    ip = parseAddress(address);
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    return fail(error.message);
  }
  if (ip.isZoned) return fail('IPv6 zones cannot be present in a prefix');
  if (!/^(?:0|[1-9]\d*)$/.test(bits)) return fail(`bad bits after slash: ${JSON.stringify(bits)}`);
  if (Number(bits) > ip.bits) return fail('prefix length out of range');
  if (isMapped(ip)) throw new CelError(`${NOT_CIDR}IPv4-mapped IPv6 address ${JSON.stringify(text)} is not allowed`);
  return new CelCidr(ip, Number(bits));
}

const reads =
  (parse: (text: string) => unknown) =>
  (text: string): boolean => {
    try {
      return parse(text) !== undefined;
    } catch (error) {
      if (error instanceof CelError) return false;
      throw error;
    }
  };

const isIp = reads(parseIp);

const starts = (ip: CelIp, v4: CelCidr, v6: CelCidr): boolean => (ip.family === 4 ? v4 : v6).has(ip);
const range = (v4: string, v6: string) => {
  const [four, six] = [parseCidr(v4), parseCidr(v6)];
  return (ip: CelIp): boolean => starts(ip, four, six);
};
const isLoopback = range('127.0.0.0/8', '::1/128');
const isLinkLocalUnicast = range('169.254.0.0/16', 'fe80::/10');
const isLinkLocalMulticast = range('224.0.0.0/24', 'ff02::/16');
const isMulticast = range('224.0.0.0/4', 'ff00::/8');
const isUnspecified = ({ value }: CelIp): boolean => value === 0n;
const isGlobalUnicast = (ip: CelIp): boolean =>
  !isUnspecified(ip) &&
  !isLoopback(ip) &&
  !isMulticast(ip) &&
  !isLinkLocalUnicast(ip) &&
  !(ip.family === 4 && ip.value === 0xffff_ffffn);

/** Of a text that is no address upstream says that no overload takes it. */
function containsText(cidr: CelCidr, text: string): boolean {
  if (!isIp(text)) throw noOverload();
  return cidr.has(parseIp(text));
}

const containsCidr = (outer: CelCidr, inner: CelCidr): boolean => outer.bits <= inner.bits && outer.has(inner.ip);

const ADDRESS = { min: 4, max: 16 };
const addressCost = scaled(plus(ADDRESS, ADDRESS), TRAVERSAL);
const reading =
  (cost: typeof addressCost): CostOf =>
  (_, text) => ({ cost: plus(cost, scaled((text as Measured).size, TRAVERSAL)) });
const cidrCost = plus(addressCost, scaled(ADDRESS, TRAVERSAL), exactly(1));
const fixed =
  (cost: typeof addressCost): CostOf =>
  () => ({ cost });

const question = (name: string, is: (ip: CelIp) => boolean): Overload =>
  declare(`${name}(this net.IP) -> bool`, is, flat(1));

/** Addresses and ranges of them (KEP-2876, "IP and CIDR library"). */
export const networks: readonly Overload[] = [
  declare('ip(string) -> net.IP', parseIp, traversing()),
  declare('isIP(string) -> bool', isIp, traversing()),
  declare(
    'ip.isCanonical(string) -> bool',
    (text: string) => parseIp(text).toString() === text,
    traversing(2 * TRAVERSAL),
  ),
  declare('family(this net.IP) -> int', ({ family }: CelIp) => BigInt(family), flat(1)),
  question('isUnspecified', isUnspecified),
  question('isLoopback', isLoopback),
  question('isLinkLocalMulticast', isLinkLocalMulticast),
  question('isLinkLocalUnicast', isLinkLocalUnicast),
  question('isGlobalUnicast', isGlobalUnicast),
  declare('string(net.IP) -> string', String),
  declare('cidr(string) -> net.CIDR', parseCidr, traversing()),
  declare('isCIDR(string) -> bool', reads(parseCidr), traversing()),
  declare('containsIP(this net.CIDR, string) -> bool', containsText, reading(addressCost)),
  declare('containsIP(this net.CIDR, net.IP) -> bool', (cidr: CelCidr, ip: CelIp) => cidr.has(ip), fixed(addressCost)),
  declare(
    'containsCIDR(this net.CIDR, string) -> bool',
    (cidr: CelCidr, text: string) => containsCidr(cidr, parseCidr(text)),
    reading(cidrCost),
  ),
  declare('containsCIDR(this net.CIDR, net.CIDR) -> bool', containsCidr, fixed(cidrCost)),
  declare('ip(this net.CIDR) -> net.IP', ({ ip }: CelCidr) => ip, flat(1)),
  declare('prefixLength(this net.CIDR) -> int', ({ bits }: CelCidr) => BigInt(bits), flat(1)),
  declare('masked(this net.CIDR) -> net.CIDR', (cidr: CelCidr) => cidr.masked(), flat(1)),
  declare('string(net.CIDR) -> string', String),
];
