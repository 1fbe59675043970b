import {
  type CostOf,
  exactly,
  flat,
  type Measured,
  plus,
  type Range,
  scaled,
  times,
  TRAVERSAL,
  traversing,
} from '../cost.ts';
import { declare, type Overload } from '../declare.ts';
import { CelError, inside } from '../values.ts';
import { formatText, quoted } from './format-text.ts';

const outOfRange = (at: bigint): CelError => new CelError(`index out of range: ${at}`);

function charAt(text: string, at: bigint): string {
  const characters = Array.from(text);
  if (at < 0n || at > BigInt(characters.length)) throw outOfRange(at);
  return characters[Number(at)] ?? '';
}

const startsAt = (all: readonly string[], part: readonly string[], at: number): boolean =>
  part.every((character, i) => all[at + i] === character);

function indexOf(text: string, part: string, from = 0n): bigint {
  if (from < 0n) throw outOfRange(from);
  const [all, wanted] = [Array.from(text), Array.from(part)];
  if (part === '') return from > BigInt(all.length) ? BigInt(all.length) : from;
  for (let at = Number(from); at <= all.length - wanted.length; at++) if (startsAt(all, wanted, at)) return BigInt(at);
  return -1n;
}

function lastIndexOf(text: string, part: string, from?: bigint): bigint {
  if (from !== undefined && from < 0n) throw outOfRange(from);
  const [all, wanted] = [Array.from(text), Array.from(part)];
  const end = BigInt(all.length);
  if (part === '') return from === undefined || from > end ? end : from;
  if (from !== undefined && from >= end) return -1n;
  const first = Math.min(Number(from ?? end), all.length - wanted.length);
  for (let at = first; at >= 0; at--) if (startsAt(all, wanted, at)) return BigInt(at);
  return -1n;
}

function substring(text: string, from: bigint, to?: bigint): string {
  const characters = Array.from(text);
  const end = BigInt(characters.length);
  if (to !== undefined && from > to) throw new CelError(`invalid substring range. start: ${from}, end: ${to}`);
  if (from < 0n || from > end) throw outOfRange(from);
  if (to !== undefined && to > end) throw outOfRange(to);
  return characters.slice(Number(from), to === undefined ? undefined : Number(to)).join('');
}

function split(text: string, separator: string, limit = -1n): readonly string[] {
  if (limit === 0n) return [];
  const parts = separator === '' ? Array.from(text) : text.split(separator);
  const max = limit < 0n || limit > BigInt(parts.length) ? parts.length : Number(limit);
  return parts.length <= max ? parts : [...parts.slice(0, max - 1), parts.slice(max - 1).join(separator)];
}

function replace(text: string, from: string, to: string, limit = -1n): string {
  if (limit < 0n) return from === '' ? replaceFirst(Array.from(text), to, Infinity) : text.replaceAll(from, () => to);
  if (from === '') return replaceFirst(Array.from(text), to, Number(limit));
  const parts = text.split(from);
  const count = Math.min(Number(limit), parts.length - 1);
  return (
    parts.slice(0, count + 1).join(to) +
    parts
      .slice(count + 1)
      .map((part) => from + part)
      .join('')
  );
}

/** Around every character of a text, as often as wanted. */
const replaceFirst = (characters: readonly string[], to: string, limit: number): string =>
  [...characters, ''].map((character, i) => (i < limit ? to : '') + character).join('');

const join = (list: readonly unknown[], separator = ''): string =>
  list
    .map((item) => {
      const value = inside(list, item);
      if (typeof value !== 'string') throw new CelError(`join: invalid input: ${String(value)}`);
      return value;
    })
    .join(separator);

const looking = traversing();
const rewriting = traversing(TRAVERSAL, true);

const splitting: CostOf = ({ size }, _separator, limit) => ({
  cost: scaled(size, 2 * TRAVERSAL),
  size: { min: 0, max: typeof limit?.literal === 'bigint' ? Number(limit.literal) : size.max },
});

/** How large the result may be: what is replaced may be as short, and what it is replaced with as long, as they can. */
const replacing: CostOf = ({ size }, from, to) => {
  const [old, next] = [(from as Measured).size, (to as Measured).size];
  const most =
    old.min === 0
      ? { count: size.max + 1, kept: size.max }
      : next.max <= old.min
        ? { count: 0, kept: size.max }
        : { count: Math.ceil(size.max / old.min), kept: 0 };
  const least =
    old.max === 0
      ? { count: size.min + 1, kept: size.min }
      : old.max <= next.min
        ? { count: 0, kept: size.min }
        : { count: Math.ceil(size.min / old.max), kept: 0 };
  const count: Range = { min: least.count, max: most.count };
  return { cost: scaled(size, 2 * TRAVERSAL), size: plus(times(count, next), { min: least.kept, max: most.kept }) };
};

const joining: CostOf = (list, separator) => {
  const items = list.itemSize ? times(list.size, list.itemSize) : exactly(0);
  const between: Range = { min: Math.max(0, list.size.min - 1), max: Math.max(0, list.size.max - 1) };
  const size = separator ? plus(items, times(separator.size, between)) : items;
  return { cost: scaled(size, TRAVERSAL), size };
};

const containing: CostOf = ({ size }, part) => ({
  cost: times(scaled(size, TRAVERSAL), scaled((part as Measured).size, TRAVERSAL)),
});
const ending: CostOf = (_, part) => ({ cost: scaled((part as Measured).size, TRAVERSAL) });
const quoting: CostOf = ({ size }) => ({
  cost: scaled(size, TRAVERSAL),
  size: { min: size.min + 2, max: size.max * 2 + 2 },
});

/** Texts: those of the language, and cel-go's extension of strings in version 2. */
export const strings: readonly Overload[] = [
  declare('contains(this string, string) -> bool', (text: string, part: string) => text.includes(part), containing),
  declare('endsWith(this string, string) -> bool', (text: string, part: string) => text.endsWith(part), ending),
  declare('startsWith(this string, string) -> bool', (text: string, part: string) => text.startsWith(part), ending),
  declare('charAt(this string, int) -> string', charAt, flat(1)),
  declare('indexOf(this string, string) -> int', indexOf, looking),
  declare('indexOf(this string, string, int) -> int', indexOf, looking),
  declare('lastIndexOf(this string, string) -> int', lastIndexOf, looking),
  declare('lastIndexOf(this string, string, int) -> int', lastIndexOf, looking),
  declare(
    'lowerAscii(this string) -> string',
    (text: string) => text.replace(/[A-Z]+/g, (part) => part.toLowerCase()),
    rewriting,
  ),
  declare(
    'upperAscii(this string) -> string',
    (text: string) => text.replace(/[a-z]+/g, (part) => part.toUpperCase()),
    rewriting,
  ),
  declare('replace(this string, string, string) -> string', replace, replacing),
  declare('replace(this string, string, string, int) -> string', replace, replacing),
  declare('split(this string, string) -> list(string)', split, splitting),
  declare('split(this string, string, int) -> list(string)', split, splitting),
  declare('substring(this string, int) -> string', substring, rewriting),
  declare('substring(this string, int, int) -> string', substring, rewriting),
  declare(
    'trim(this string) -> string',
    (text: string) => text.replace(/^(?:(?!\ufeff)[\s\u0085])+|(?:(?!\ufeff)[\s\u0085])+$/gu, ''),
    rewriting,
  ),
  declare('format(this string, list(dyn)) -> string', formatText, looking),
  declare('strings.quote(string) -> string', quoted, quoting),
  declare('join(this list(string)) -> string', join, joining),
  declare('join(this list(string), string) -> string', join, joining),
];
