import { STATIC_TABLE } from './static-table.ts';

/** Where a name stands in the table that both sides know. */
const indexes = new Map<string, number>();
const statuses = new Map<number, number>();
for (const [i, [name, value]] of STATIC_TABLE.entries()) {
  if (!indexes.has(name)) indexes.set(name, i + 1);
  if (name === ':status') statuses.set(Number(value), i + 1);
}

/** Names come from proxied answers too: so many are remembered, the others are written anew each time. */
const NAMES_MAX = 512;
const beginnings = new Map<string, string>();

export type HeaderValue = string | number | readonly string[];

/**
 * The header block of an answer, one character an octet. Nothing goes into the receiver's table: answers are told apart
 * by values that come once. Names are in lower case, values in Latin-1.
 */
export function headerBlock(status: number, headers: Readonly<Record<string, HeaderValue | undefined>>): string {
  const index = statuses.get(status);
  let block = index === undefined ? field(':status', String(status)) : String.fromCharCode(0x80 | index);
  for (const name in headers) {
    const value = headers[name];
    if (value === undefined) continue;
    if (typeof value === 'object') for (const one of value) block += field(name, one);
    else block += field(name, String(value));
  }
  return block;
}

const field = (name: string, value: string): string => beginningOf(name) + integer(value.length, 7) + value;

/** All of a field that comes before its value: a literal that is not kept (RFC 7541, section 6.2.2). */
function beginningOf(name: string): string {
  const known = beginnings.get(name);
  if (known !== undefined) return known;
  const index = indexes.get(name);
  const made = index === undefined ? `\0${integer(name.length, 7)}${name}` : integer(index, 4);
  if (beginnings.size < NAMES_MAX) beginnings.set(name, made);
  return made;
}

/** An integer whose first octet has that many bits of it and none of its own (RFC 7541, section 5.1). */
function integer(value: number, prefixBits: number): string {
  const mask = (1 << prefixBits) - 1;
  if (value < mask) return String.fromCharCode(value);
  let text = String.fromCharCode(mask);
  let rest = value - mask;
  for (; rest >= 0x80; rest >>>= 7) text += String.fromCharCode((rest & 0x7f) | 0x80);
  return text + String.fromCharCode(rest);
}

/** Says that nothing is kept in the receiver's table, whose size it made smaller (RFC 7541, section 6.3). */
export const EMPTY_TABLE = '\x20';
