import { parseUrl } from '../cel/functions/urls.ts';
import { CelError } from '../cel/values.ts';
import { parseNanoseconds } from '../duration.ts';
import { dnsLabelErrors, dnsSubdomainErrors } from '../names/names.ts';
import { isCidr, isIPv4, isIPv6 } from './addresses.ts';
import { isEmailAddress } from './email-address.ts';
import type { JsonSchema } from './json-schema.ts';

const DATE = /^(\d{4})-(\d\d)-(\d\d)$/;
/** The parts of an offset are not looked at, and any sign may stand before the fraction. */
const TIME = /^(\d\d):(\d\d):(\d\d)(?:[^\n]\d+)?(?:z|[+-]\d\d:\d\d)$/u;
const UUID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;
/** Six, eight or twenty bytes, by themselves or by twos or fours. */
const MAC =
  /^(?:[0-9a-f]{12}|[0-9a-f]{16}|[0-9a-f]{40}|[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}(?:(?:[:-][0-9a-f]{2}){2}|(?:[:-][0-9a-f]{2}){14})?|[0-9a-f]{4}(?:\.[0-9a-f]{4}){2}(?:\.[0-9a-f]{4}|(?:\.[0-9a-f]{4}){7})?)$/i;
/** One label, whose only hyphen may be its second sign, or several, the last of two letters or more. */
const HOSTNAME =
  /^(?:[\d\p{S}\p{L}](?:-?[\d\p{S}\p{L}]{0,62})?|(?:[\d\p{S}\p{L}](?:[\d\p{S}\p{L}-]{0,61}[\d\p{S}\p{L}])?\.)+\p{L}{2,63})$/u;
const RGB =
  /^rgb\([\t\n\f\r ]*(?:[1-9]?\d|1\d\d|2[0-4]\d|25[0-5])[\t\n\f\r ]*(?:,[\t\n\f\r ]*(?:[1-9]?\d|1\d\d|2[0-4]\d|25[0-5])[\t\n\f\r ]*){2}\)$/;
/** From the first digit of each number on, so that a long number is read once. */
const QUANTITY = /(?<!\d)(\d+)[\t\n\f\r ]*([A-Za-z\u00b5]+)/g;
const UNIT = /^(?:(?:ns|us|\u00b5s|ms|[smhdw]|hr|wk)$|nano|micro|milli|sec|min|hour|day|week)/i;
const INT64_MAX = 2n ** 63n - 1n;
const HOSTNAME_BYTES_MAX = 255;
const LABEL_BYTES_MAX = 63;

/** Formats of OpenAPI that are checked (apiextensions documentation, "validation"); unknown ones say nothing. */
export const formats: Readonly<Record<string, (text: string) => boolean>> = {
  datetime: isDateTime,
  date: isDate,
  duration: isDuration,
  byte: (text) => text !== '' && text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text),
  ipv4: isIPv4,
  ipv6: isIPv6,
  cidr: isCidr,
  mac: (text) => MAC.test(text) && !(text.includes(':') && text.includes('-')),
  uri: isUri,
  email: isEmailAddress,
  hostname: isHostname,
  uuid: (text) => UUID.test(text),
  uuid3: (text) => UUID.test(text) && text.replaceAll('-', '')[12] === '3',
  uuid4: (text) =>
    UUID.test(text) && text.replaceAll('-', '')[12] === '4' && /[89ab]/i.test(text.replaceAll('-', '')[16] ?? ''),
  uuid5: (text) =>
    UUID.test(text) && text.replaceAll('-', '')[12] === '5' && /[89ab]/i.test(text.replaceAll('-', '')[16] ?? ''),
  hexcolor: (text) => /^#?(?:[0-9a-f]{3}|[0-9a-f]{6})$/i.test(text),
  rgbcolor: (text) => RGB.test(text),
  bsonobjectid: (text) => /^[0-9a-f]{24}$/i.test(text),
  isbn: (text) => isIsbn10(text) || isIsbn13(text),
  isbn10: isIsbn10,
  isbn13: isIsbn13,
  creditcard: isCreditCard,
  // Says how a form shows it, and nothing of what it is.
  password: () => true,
  ssn: (text) => /^\d{3}[- ]\d{2}[- ]\d{4}$/.test(text),
  k8sshortname: (text) => dnsLabelErrors(text).length === 0,
  k8slongname: (text) => dnsSubdomainErrors(text).length === 0,
};

/** White space as Go's expressions know it. */
const bare = (text: string): string => text.replace(/[\t\n\f\r -]/g, '');

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

/** How the numbers of the issuers that upstream knows begin, and how long they are. */
const ISSUERS =
  /^(?:4\d{12}(?:\d{3})?|5[1-5]\d{14}|6(?:011|5\d\d)\d{12}|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}|(?:2131|1800|35\d{3})\d{11})$/;

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

/** What follows a second `t` is not read. */
function isDateTime(text: string): boolean {
  const [date = '', time = ''] = text.toLowerCase().split('t');
  const [, hour = '', minute = '', second = ''] = TIME.exec(time) ?? [];
  return isDate(date) && hour !== '' && hour <= '23' && minute <= '59' && second <= '59';
}

/** Go's form, or numbers with names of units anywhere in a text, as Scala writes them. */
function isDuration(text: string): boolean {
  if (parseNanoseconds(text) !== undefined) return true;
  const parts = Array.from(text.matchAll(QUANTITY));
  return (
    parts.every(([, digits = '']) => /^0*\d{0,19}$/.test(digits) && BigInt(digits) <= INT64_MAX) &&
    parts.some(([, , unit = '']) => UNIT.test(unit))
  );
}

function isUri(text: string): boolean {
  try {
    parseUrl(text);
    return true;
  } catch (error) {
    if (error instanceof CelError) return false;
    throw error;
  }
}

function isHostname(text: string): boolean {
  const bytes = (part: string): number => new TextEncoder().encode(part).length;
  return (
    bytes(text) <= HOSTNAME_BYTES_MAX &&
    HOSTNAME.test(text) &&
    text.split('.').every((label) => bytes(label) <= LABEL_BYTES_MAX)
  );
}

function isDay(year: number, month: number, day: number): boolean {
  const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1];
  return days !== undefined && day >= 1 && day <= days;
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
