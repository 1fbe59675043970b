/** The bytes of an address, 4 or 16; undefined: it is none. */
export function addressBytes(text: string): Uint8Array | undefined {
  if (!text.includes(':')) return ipv4Bytes(text);
  // The last four bytes may be written as those of IPv4.
  const [, before = '', four] = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text) ?? [];
  if (four !== undefined) {
    const low = ipv4Bytes(four);
    if (!low) return undefined;
    const [a = 0, b = 0, c = 0, d = 0] = low;
    return addressBytes(`${before}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`);
  }
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [left, right] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const groups = [...(left ?? []), ...(right ?? [])];
  if (!groups.every((group) => /^[\da-f]{1,4}$/i.test(group))) return undefined;
  if (right ? groups.length > 7 : groups.length !== 8) return undefined;
  const zeros = Array.from({ length: 8 - groups.length }, () => '0');
  const all = [...(left ?? []), ...zeros, ...(right ?? [])].map((group) => Number.parseInt(group, 16));
  return Uint8Array.from(all.flatMap((group) => [group >> 8, group & 0xff]));
}

function ipv4Bytes(text: string): Uint8Array | undefined {
  const parts = text.split('.');
  const isFour = parts.length === 4 && parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256);
  return isFour ? Uint8Array.from(parts.map(Number)) : undefined;
}

export const isAddress = (text: string): boolean => addressBytes(text) !== undefined;

/** An address as it is written everywhere (RFC 5952), from 4 or 16 bytes. */
export function addressText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i] as number) << 8) | (bytes[2 * i + 1] as number));
  // The four bytes of IPv4 in the sixteen of IPv6.
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff)
    return `::ffff:${bytes.subarray(12).join('.')}`;
  let [best, length] = [-1, 1];
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && groups[end] === 0) end++;
    if (end - i > length) [best, length] = [i, end - i];
  }
  const hex = groups.map((group) => group.toString(16));
  return best < 0 ? hex.join(':') : `${hex.slice(0, best).join(':')}::${hex.slice(best + length).join(':')}`;
}

const REVERSE_4 = '.in-addr.arpa';
const REVERSE_6 = '.ip6.arpa';

/** 10.96.0.10 of 10.0.96.10.in-addr.arpa; undefined where the name is of no single address. */
export function reversedAddress(name: string): string | undefined {
  if (name.endsWith(REVERSE_4)) {
    const bytes = ipv4Bytes(name.slice(0, -REVERSE_4.length).split('.').toReversed().join('.'));
    return bytes && addressText(bytes);
  }
  if (!name.endsWith(REVERSE_6)) return undefined;
  const digits = name.slice(0, -REVERSE_6.length).split('.').toReversed().join('');
  if (!/^[\da-f]{32}$/.test(digits) || name.length !== 63 + REVERSE_6.length) return undefined;
  return addressText(Uint8Array.from({ length: 16 }, (_, i) => Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16)));
}

/** The name under which an address is asked for. */
export function reverseName(address: string): string | undefined {
  const bytes = addressBytes(address);
  if (!bytes) return undefined;
  if (bytes.length === 4) return `${bytes.toReversed().join('.')}${REVERSE_4}`;
  const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return `${digits.split('').toReversed().join('.')}${REVERSE_6}`;
}
