/** How a text is written: each of the ways that upstream's writer of YAML 1.1 has. */
export type YamlStyle = 'plain' | 'single' | 'double' | 'literal';

const WORDS: ReadonlySet<string> = new Set([
  '',
  '~',
  'null',
  'Null',
  'NULL',
  'y',
  'Y',
  'yes',
  'Yes',
  'YES',
  'true',
  'True',
  'TRUE',
  'on',
  'On',
  'ON',
  'n',
  'N',
  'no',
  'No',
  'NO',
  'false',
  'False',
  'FALSE',
  'off',
  'Off',
  'OFF',
  '.nan',
  '.NaN',
  '.NAN',
  '.inf',
  '.Inf',
  '.INF',
  '+.inf',
  '+.Inf',
  '+.INF',
  '-.inf',
  '-.Inf',
  '-.INF',
]);
const FLOAT = /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/;
const SIXTIES = /^[-+]?\d[\d_]*(?::[0-5]?\d)+(?:\.[\d_]*)?$/;
const INTEGER = /^([-+]?)(0[xX][\da-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9]\d*)$/;
/** Binary ones may have their sign behind the prefix: upstream tries once more without it. */
const SIGNED_BINARY = /^0b[-+][01]+$/;
const DATE =
  /^(\d{4})-(\d{1,2})-(\d{1,2})(?:(?:[Tt](\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.,]\d+)?(?:Z|[-+](\d\d):(\d\d)))| (\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.,]\d+)?)?$/;

/** True when readers of YAML 1.1 would take the bare text for something else: a number, a boolean, null, a time. */
function meansAnother(text: string): boolean {
  if (WORDS.has(text)) return true;
  if (text.startsWith('.')) return isFloat(text);
  if (!/^[-+\d]/.test(text)) return false;
  const bare = text.replaceAll('_', '');
  return isTime(text) || isInteger(bare) || isFloat(bare) || SIGNED_BINARY.test(bare) || SIXTIES.test(text);
}

/** What is too large for a float is text again. */
const isFloat = (text: string): boolean => FLOAT.test(text) && Number.isFinite(Number(text));

const LARGEST = 2n ** 64n - 1n;
const SMALLEST = -(2n ** 63n);

/** Within 64 bits; a zero before the digits makes them octal. */
function isInteger(text: string): boolean {
  const [, sign = '', digits = ''] = INTEGER.exec(text) ?? [];
  if (digits === '') return false;
  const value = BigInt(/^0[0-7]/.test(digits) ? `0o${digits.slice(1)}` : digits);
  return sign === '-' ? -value >= SMALLEST : value <= (sign === '+' ? -SMALLEST - 1n : LARGEST);
}

function isTime(text: string): boolean {
  const found = DATE.exec(text);
  if (!found) return false;
  const [
    year = 0,
    month = 0,
    day = 0,
    hour = 0,
    minute = 0,
    second = 0,
    zoneHour = 0,
    zoneMinute = 0,
    bareHour = 0,
    bareMinute = 0,
    bareSecond = 0,
  ] = found.slice(1).map((part) => Number(part ?? 0));
  const days = new Date(Date.UTC(year === 0 ? 2000 : year, month, 0)).getUTCDate();
  return (
    month >= 1 &&
    month <= 12 &&
    day >= 1 &&
    day <= days &&
    [hour, bareHour].every((n) => n < 24) &&
    [minute, second, bareMinute, bareSecond, zoneMinute].every((n) => n < 60) &&
    zoneHour <= 24
  );
}

/** What is no break and cannot be shown; what lies beyond the first plane counts among it, as upstream's writer sees it. */
const UNPRINTABLE = /[^\n\u0020-\u007e\u00a0-\ud7ff\ue000-\ufefe\uff00-\ufffd]/;
/** The separators of lines and paragraphs are breaks too. */
const BREAK = /[\n\u2028\u2029]/;
const INDICATOR_FIRST = /^(?:[#,[\]{}&*!|>'"%@`]|[?:-](?=[ \t]|$)|---|\.\.\.)/;
const INDICATOR_WITHIN = /:(?=[ \t]|$)|[ \t\r\n\0\u0085\u2028\u2029]#/;

/** How upstream writes a text at that place. */
export function styleOf(text: string, isKey: boolean): YamlStyle {
  const hasBreak = BREAK.test(text);
  if (UNPRINTABLE.test(text) || / [\n\u2028\u2029]/.test(text)) return 'double';
  if (text.includes('\n')) return isKey || text.endsWith(' ') ? 'double' : 'literal';
  if (meansAnother(text) || (isKey && hasBreak)) return 'double';
  const isPlain =
    !hasBreak &&
    !text.startsWith(' ') &&
    !text.endsWith(' ') &&
    !INDICATOR_FIRST.test(text) &&
    !INDICATOR_WITHIN.test(text.slice(1)) &&
    !/^:(?=[ \t]|$)/.test(text);
  if (isPlain) return 'plain';
  return /[\u2028\u2029] /.test(text) ? 'double' : 'single';
}

const SHORT: Readonly<Record<string, string>> = {
  '\0': '0',
  '\u0007': 'a',
  '\b': 'b',
  '\t': 't',
  '\n': 'n',
  '\v': 'v',
  '\f': 'f',
  '\r': 'r',
  '\u001b': 'e',
  '"': '"',
  '\\': '\\',
  '\u0085': 'N',
  '\u2028': 'L',
  '\u2029': 'P',
};

/** One character within double quotes. */
export function escaped(char: string): string {
  if (char !== '"' && char !== '\\' && !UNPRINTABLE.test(char) && !BREAK.test(char)) return char;
  const short = SHORT[char];
  if (short !== undefined) return `\\${short}`;
  const code = char.codePointAt(0) ?? 0;
  const [letter, width] = code <= 0xff ? ['x', 2] : code <= 0xffff ? ['u', 4] : ['U', 8];
  return `\\${letter}${code.toString(16).toUpperCase().padStart(Number(width), '0')}`;
}

/** A number as Go's shortest form has it: an exponent from a million on, where it is no whole number of 64 bits. */
export function yamlNumber(value: number): string {
  const json = JSON.stringify(value);
  if (/^-?\d+$/.test(json) && value > -(2 ** 63) && value < 2 ** 64) return json;
  const [digits = '', exponent = '0'] = value.toExponential().split('e');
  const power = Number(exponent);
  return power >= -4 && power < 6
    ? json
    : `${digits}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}
