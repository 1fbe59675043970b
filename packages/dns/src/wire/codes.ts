/** Numbers of DNS (RFC 1035, 2782, 3596, 6891 and the registry of the IANA) that are spoken of by name here. */
export const types = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  HINFO: 13,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  NAPTR: 35,
  DNAME: 39,
  OPT: 41,
  DS: 43,
  DNSKEY: 48,
  SVCB: 64,
  HTTPS: 65,
  CAA: 257,
  IXFR: 251,
  AXFR: 252,
  ANY: 255,
} as const;

export const codes = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  YXDOMAIN: 6,
  YXRRSET: 7,
  NXRRSET: 8,
  NOTAUTH: 9,
  NOTZONE: 10,
  BADVERS: 16,
} as const;

const typeNames = new Map<number, string>(Object.entries(types).map(([name, number]) => [number, name]));
const codeNames = new Map<number, string>(Object.entries(codes).map(([name, number]) => [number, name]));

/** `A`, or `TYPE65280` of one that has no name here (RFC 3597). */
export const typeName = (type: number): string => typeNames.get(type) ?? `TYPE${type}`;
export const codeName = (code: number): string => codeNames.get(code) ?? `RCODE${code}`;

/** The number of a type as people write it; undefined: there is none of that name. */
export function typeNumber(name: string): number | undefined {
  const upper = name.toUpperCase();
  const known = types[upper as keyof typeof types] as number | undefined;
  const [, digits] = /^TYPE(\d{1,5})$/.exec(upper) ?? [];
  return known ?? (digits !== undefined && Number(digits) < 65_536 ? Number(digits) : undefined);
}

/** The number of an answer's code, by name or number. */
export function codeNumber(name: string): number | undefined {
  const known = codes[name.toUpperCase() as keyof typeof codes] as number | undefined;
  return known ?? (/^\d{1,2}$/.test(name) && Number(name) < 16 ? Number(name) : undefined);
}
