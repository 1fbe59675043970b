import { codeName, codes, typeName } from '../wire/codes.ts';
import { flags, type Query, uint16 } from '../wire/query.ts';
import { isWithin } from '../wire/record.ts';

/** A rule of the log plugin: questions of which zones, and with what sort of answer, are written down. */
export interface LogRule {
  readonly zones: readonly string[];
  readonly classes: readonly LogClass[];
}

export type LogClass = 'success' | 'denial' | 'error' | 'all';

export const isLogged = (rules: readonly LogRule[], name: string, reply: Uint8Array): boolean => {
  const of = classOf(reply);
  return rules.some(
    ({ zones, classes }) =>
      zones.some((zone) => isWithin(name, zone)) && (classes.includes('all') || classes.includes(of)),
  );
};

function classOf(reply: Uint8Array): LogClass {
  const code = (reply[3] as number) & 0xf;
  if (code === codes.NXDOMAIN || (code === codes.NOERROR && uint16(reply, 6) === 0)) return 'denial';
  return code === codes.NOERROR ? 'success' : 'error';
}

export interface Client {
  readonly address: string;
  readonly port: number;
}

/** CoreDNS's common log format, without the time that it took. */
export function logLine(
  query: Query,
  name: string,
  reply: Uint8Array,
  from: Client & { readonly isTcp: boolean },
): string {
  const { address, port, isTcp } = from;
  const shown = address.includes(':') ? `[${address}]` : address;
  const bits = uint16(reply, 2);
  const told = Object.entries(flags)
    .filter(([, bit]) => bits & bit)
    .map(([flag]) => flag.toLowerCase())
    .join(',');
  const asked = `${typeName(query.type)} IN ${name}. ${isTcp ? 'tcp' : 'udp'} ${query.bytes.length} ${query.wantsSignatures} ${isTcp ? 65_535 : query.udpBytes}`;
  return `${shown}:${port} - ${query.id} "${asked}" ${codeName(bits & 0xf)} ${told} ${reply.length}`;
}
