import { dnsLabelErrors, dnsSubdomainErrors } from '../names/names.ts';
import type { JsonSchema } from './json-schema.ts';

const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;
const DATE = /^(\d{4})-(\d\d)-(\d\d)$/;
const UUID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;
const DURATION =
  /^(?:\d+(?:\.\d+)?\s*(?:ns|us|µs|μs|ms|s|m|h|d|w|second|seconds|minute|minutes|hour|hours|day|days|week|weeks|milli|millisecond|milliseconds|micro|microsecond|microseconds|nano|nanosecond|nanoseconds|sec|min|hr)\s*)+$/i;
const HOSTNAME =
  /^(?=.{1,255}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*\.?$/i;

/** Formats of OpenAPI that are checked (apiextensions documentation, "validation"); unknown ones say nothing. */
export const formats: Readonly<Record<string, (text: string) => boolean>> = {
  datetime: isDateTime,
  date: isDate,
  duration: (text) => DURATION.test(text),
  byte: (text) => text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text),
  ipv4: isIPv4,
  ipv6: isIPv6,
  cidr: isCidr,
  mac: (text) =>
    /^(?:[0-9a-f]{2}([:-])(?:[0-9a-f]{2}\1){4,6}[0-9a-f]{2}|(?:[0-9a-f]{4}\.){2,3}[0-9a-f]{4})$/i.test(text),
  uri: (text) => /^[a-z][a-z0-9+.-]*:[^\s]*$/i.test(text) || /^\/[^\s]*$/.test(text),
  email: (text) => /^[^\s@<>]+@[^\s@<>]+$/.test(text),
  hostname: (text) => HOSTNAME.test(text),
  uuid: (text) => UUID.test(text),
  uuid3: (text) => UUID.test(text) && text.replaceAll('-', '')[12] === '3',
  uuid4: (text) =>
    UUID.test(text) && text.replaceAll('-', '')[12] === '4' && /[89ab]/i.test(text.replaceAll('-', '')[16] ?? ''),
  uuid5: (text) =>
    UUID.test(text) && text.replaceAll('-', '')[12] === '5' && /[89ab]/i.test(text.replaceAll('-', '')[16] ?? ''),
  hexcolor: (text) => /^#?(?:[0-9a-f]{3}|[0-9a-f]{6})$/i.test(text),
  rgbcolor: (text) =>
    /^rgb\(\s*(?:\d{1,2}|1\d\d|2[0-4]\d|25[0-5])\s*(?:,\s*(?:\d{1,2}|1\d\d|2[0-4]\d|25[0-5])\s*){2}\)$/.test(text),
  bsonobjectid: (text) => /^[0-9a-f]{24}$/i.test(text),
  isbn: (text) => isIsbn10(text) || isIsbn13(text),
  isbn10: isIsbn10,
  isbn13: isIsbn13,
  creditcard: isCreditCard,
  // Says how a form shows it, and nothing of what it is.
  password: () => true,
  ssn: (text) => /^\d{3}[- ]?\d{2}[- ]?\d{4}$/.test(text),
  k8sshortname: (text) => dnsLabelErrors(text).length === 0,
  k8slongname: (text) => dnsSubdomainErrors(text).length === 0,
};

const bare = (text: string): string => text.replace(/[\s-]/g, '');

/** ISO 2108: ten digits, of which the last may be X; weighted from one to ten they are a multiple of eleven. */
function isIsbn10(text: string): boolean {
  const digits = bare(text);
  if (!/^\d{9}[\dX]$/.test(digits)) return false;
  const sum = Array.from(digits).reduce((so, digit, i) => so + (i + 1) * (digit === 'X' ? 10 : Number(digit)), 0);
  return sum % 11 === 0;
}

/** ISO 2108: weighted by one and three in turn the digits are a multiple of ten. */
function isIsbn13(text: string): boolean {
  const digits = bare(text);
  if (!/^\d{13}$/.test(digits)) return false;
  return Array.from(digits).reduce((sum, digit, i) => sum + Number(digit) * (i % 2 === 0 ? 1 : 3), 0) % 10 === 0;
}

/** How the numbers of the usual issuers begin, and how long they are. */
const ISSUERS =
  /^(?:4\d{12}(?:\d{3})?|5[1-5]\d{14}|(?:222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}|6(?:011|5\d\d)\d{12}|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}|(?:2131|1800|35\d{3})\d{11}|6[27]\d{14})$/;

/** ISO/IEC 7812: every second digit from the right counts double, nines cast out. */
function isCreditCard(text: string): boolean {
  const digits = text.replace(/\D/g, '');
  if (!ISSUERS.test(digits)) return false;
  const counted = Array.from(digits)
    .toReversed()
    .map((digit, i) => Number(digit) * (i % 2 === 0 ? 1 : 2));
  return counted.reduce((sum, value) => sum + (value > 9 ? value - 9 : value), 0) % 10 === 0;
}

function isDate(text: string): boolean {
  const match = DATE.exec(text);
  return match !== null && isDay(Number(match[1]), Number(match[2]), Number(match[3]));
}

function isDateTime(text: string): boolean {
  const match = RFC3339.exec(text);
  if (!match) return false;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return isDay(year, month, day) && hour < 24 && minute < 60 && second < 60;
}

function isDay(year: number, month: number, day: number): boolean {
  const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1];
  return days !== undefined && day >= 1 && day <= days;
}

function isIPv4(text: string): boolean {
  const parts = text.split('.');
  return parts.length === 4 && parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256);
}

function isIPv6(text: string): boolean {
  if (!text.includes(':') || !/^[0-9a-f:.]+$/i.test(text)) return false;
  const halves = text.split('::');
  if (halves.length > 2) return false;
  let count = 0;
  for (const half of halves) {
    const groups = half === '' ? [] : half.split(':');
    for (const [i, group] of groups.entries()) {
      if (group.includes('.')) {
        if (half !== halves.at(-1) || i !== groups.length - 1 || !isIPv4(group)) return false;
        count += 2;
      } else {
        if (!/^[0-9a-f]{1,4}$/i.test(group)) return false;
        count += 1;
      }
    }
  }
  return halves.length === 2 ? count < 8 : count === 8;
}

function isCidr(text: string): boolean {
  const [address = '', bits = '', ...rest] = text.split('/');
  if (rest.length > 0 || !/^\d{1,3}$/.test(bits)) return false;
  return isIPv4(address) ? Number(bits) <= 32 : isIPv6(address) && Number(bits) <= 128;
}

const NUMBER_FORMATS: Readonly<Record<string, readonly string[]>> = {
  integer: ['int32', 'int64'],
  number: ['float', 'double'],
};

/** Whether values of this schema are held to its format at all. */
export function isKnownFormat({ type = '', format = '' }: Pick<JsonSchema, 'type' | 'format'>): boolean {
  if (type === '' || type === 'string') return formatNamed(format) !== undefined;
  return NUMBER_FORMATS[type]?.includes(format) ?? false;
}

/** Hyphens do not count: `date-time` is `datetime`. */
export const formatNamed = (format: string): ((text: string) => boolean) | undefined =>
  formats[format.replaceAll('-', '')];
