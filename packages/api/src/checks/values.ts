import { ascending } from '@navarch/base';
import {
  dnsSubdomainErrors,
  equalJson,
  type Field,
  type Integer,
  parsePercent,
  percentErrors,
} from '@navarch/machinery';

// The vocabulary of validation. A check looks at one value and tells the Field what is wrong with it, in upstream's words.

export const NOT_NEGATIVE = 'must be greater than or equal to 0';
export const IMMUTABLE = 'field is immutable';
export const PORT_RANGE = 'must be between 1 and 65535, inclusive';

export function notNegative(value: Integer | undefined | null, at: Field): void {
  if ((value ?? 0) < 0) at.invalid(value, NOT_NEGATIVE);
}

export function within(value: Integer | undefined, min: number, max: number, at: Field): void {
  if (value !== undefined && (value < min || value > max))
    at.invalid(value, `must be between ${min} and ${max}, inclusive`);
}

export const isPort = (port: number): boolean => Number.isInteger(port) && port >= 1 && port <= 65_535;

export function portNumber(port: number, at: Field): void {
  if (!isPort(port)) at.invalid(port, PORT_RANGE);
}

/** Every complaint of a check of names (`dnsLabelErrors`, ...). */
export function named(name: string, errors: (name: string) => readonly string[], at: Field): void {
  for (const error of errors(name)) at.invalid(name, error);
}

/** As named(), for a name that may not be missing. */
export function requiredName(
  name: string | undefined,
  errors: (name: string) => readonly string[],
  at: Field,
  detail = '',
): void {
  if (!name) at.required(detail);
  else named(name, errors, at);
}

const HTTP_PATH = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+";
const IS_HTTP_PATH = new RegExp(`^${HTTP_PATH}$`);

/** `acme.io/foo`: a domain, and a path there. */
export function domainPrefixedPath(text: string, at: Field): void {
  if (text === '') return at.required();
  const slash = text.indexOf('/');
  if (slash <= 0 || slash === text.length - 1)
    return at.invalid(text, 'must be a domain-prefixed path (such as "acme.io/foo")');
  named(text.slice(0, slash), dnsSubdomainErrors, at);
  const path = text.slice(slash + 1);
  if (!IS_HTTP_PATH.test(path)) at.invalid(path, `Invalid path (regex used for validation is '${HTTP_PATH}')`);
}

/** One of a set; an empty value is missing. Sets are listed in order. */
export function oneOf(value: string | undefined, supported: readonly string[], at: Field, detail = ''): void {
  if (!value) at.required(detail);
  else supportedValue(value, supported, at);
}

/** One of some values that upstream lists as they are declared, not sorted. */
export function declaredValue(value: string | undefined, declared: readonly string[], at: Field): void {
  if (!value) at.required();
  else if (!declared.includes(value)) at.notSupported(value, declared);
}

/** One of a set, an empty value included. */
export function supportedValue(value: string | undefined, supported: readonly string[], at: Field): void {
  if (!supported.includes(value ?? '')) at.notSupported(value ?? '', supported.toSorted());
}

export function each<T>(
  list: readonly T[] | undefined | null,
  at: Field,
  check: (item: T, at: Field, i: number) => void,
): void {
  list?.forEach((item, i) => check(item, at.index(i), i));
}

/** Entries of a map in the order of its keys, so that errors come in the same order every time. */
export function entriesOf<T>(map: Readonly<Record<string, T>> | undefined | null): readonly (readonly [string, T])[] {
  return map ? ascending(Object.keys(map)).map((key) => [key, map[key] as T]) : [];
}

/** Each key at most once. */
export function unique<T>(
  list: readonly T[] | undefined,
  keyOf: (item: T) => string,
  at: Field,
  place: (at: Field) => Field = (here) => here,
): void {
  const seen = new Set<string>();
  each(list, at, (item, here) => {
    const key = keyOf(item);
    if (seen.has(key)) place(here).duplicate(key);
    seen.add(key);
  });
}

/** The same as before. Upstream's comparison of semantics: absent and empty are the same. */
export function unchanged(next: unknown, previous: unknown, at: Field): void {
  if (!equalJson(next, previous)) at.invalid(next ?? null, IMMUTABLE);
}

/** A count, or a percentage of a whole. */
export function countOrPercent(value: number | string | undefined, at: Field): void {
  if (typeof value === 'number') notNegative(value, at);
  else if (value !== undefined) named(value, percentErrors, at);
}

export function atMostWhole(value: number | string | undefined, at: Field): void {
  if (typeof value === 'string' && (parsePercent(value) ?? 0) > 100) at.invalid(value, 'must not be greater than 100%');
}

/** What is no share at all counts for none. */
export const isZeroShare = (value: number | string | undefined): boolean =>
  value === 0 ||
  (typeof value === 'string' && (parsePercent(value) ?? (/^[+-]?\d+$/.test(value) ? Number(value) : 0)) === 0);

/** Which of several alternatives are given, in the order in which they are declared. */
export const givenOf = <T extends object>(
  value: T,
  names: readonly (keyof T & string)[],
): readonly (keyof T & string)[] => names.filter((name) => value[name] !== undefined && value[name] !== null);

const encoder = new TextEncoder();
export const bytesOf = (text: string): number => encoder.encode(text).length;
/** Bytes behind a base64 text. */
export const base64Bytes = (text: string): number =>
  Math.floor((text.length * 3) / 4) - (text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0);
