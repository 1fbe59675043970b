import { addressBytes, addressText, reversedAddress } from '../wire/addresses.ts';
import { codes, types } from '../wire/codes.ts';
import { canonicalName } from '../wire/names.ts';
import { type Answer, answerOf, isWithin, type Record } from '../wire/record.ts';

/** Names and addresses as in a machine's hosts file. */
export interface HostRecords {
  readonly zones: readonly string[];
  readonly ttl: number;
  readonly names: ReadonlyMap<string, readonly string[]>;
  readonly addresses: ReadonlyMap<string, readonly string[]>;
  readonly fallthrough: readonly string[];
}

/** `ADDRESS NAME [ALIAS ...]` in each line; what is none is passed over, as everybody does with such files. */
export function hostRecords(lines: readonly string[], hasReverse: boolean): Pick<HostRecords, 'names' | 'addresses'> {
  const names = new Map<string, string[]>();
  const addresses = new Map<string, string[]>();
  for (const line of lines) {
    const [first = '', ...rest] = line.replace(/#.*/, '').trim().split(/\s+/);
    const bytes = addressBytes(first.replace(/%.*/, ''));
    if (!bytes) continue;
    const address = addressText(bytes);
    for (const name of rest.map(canonicalName)) {
      if (name === undefined || name === '') continue;
      add(names, name, address);
      if (hasReverse && !name.startsWith('*.')) add(addresses, address, name);
    }
  }
  return { names, addresses };
}

function add(into: Map<string, string[]>, key: string, value: string): void {
  const list = into.get(key);
  if (!list) into.set(key, [value]);
  else if (!list.includes(value)) list.push(value);
}

/** undefined: not of these hosts, ask on. */
export function answerOfHosts(
  question: { readonly name: string; readonly type: number },
  hosts: HostRecords,
): Answer | undefined {
  const { name, type } = question;
  const reversed = reversedAddress(name);
  const isOurs = hosts.zones.some((zone) => isWithin(name, zone)) || reversed !== undefined;
  if (!isOurs) return undefined;
  if (type === types.PTR) {
    const found = reversed === undefined ? [] : (hosts.addresses.get(reversed) ?? []);
    // Of addresses that nobody wrote down others may know.
    if (found.length === 0) return undefined;
    return told(found.map((target) => ({ name, ttl: hosts.ttl, data: { type: 'PTR', target } })));
  }
  const found = hosts.names.get(name) ?? hosts.names.get(name.replace(/^[^.]+/, '*'));
  if (!found) {
    if (hosts.fallthrough.some((zone) => isWithin(name, zone))) return undefined;
    // Without a zone of its own there is no SOA record to say no with; CoreDNS fails here too.
    return answerOf(codes.SERVFAIL);
  }
  const kind = type === types.AAAA ? 'AAAA' : 'A';
  const wanted = found.filter(
    (address) => (type === types.A && !address.includes(':')) || (type === types.AAAA && address.includes(':')),
  );
  return told(wanted.map((address) => ({ name, ttl: hosts.ttl, data: { type: kind, address } })));
}

const told = (records: readonly Record[]): Answer => ({ ...answerOf(0, records), isAuthoritative: true });
