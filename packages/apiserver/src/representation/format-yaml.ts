import { byYamlKey } from './yaml-order.ts';
import { escaped, styleOf, yamlNumber } from './yaml-scalar.ts';

/** Lines are broken at a space behind this column. */
const WIDTH = 80;
const INDENT = 2;
/** A longer key does not stand before its colon on one line. */
const KEY_BYTES_MAX = 128;

/** A JSON value as a YAML document, as upstream prints it: keys in order, lists at the level of their key, long texts on several lines. */
export function formatYaml(value: unknown): string {
  const page = new Page();
  node(page, value, -INDENT);
  page.end();
  return page.text;
}

/** What is written so far, and in which column the next character stands. */
class Page {
  text = '';
  #column = 0;

  put(text: string): void {
    this.text += text;
    this.#column += Array.from(text).length;
  }

  get isWide(): boolean {
    return this.#column > WIDTH;
  }

  /** Begins a line, unless this is the beginning of one. */
  line(indent: number): void {
    if (this.text !== '' && !this.text.endsWith('\n')) this.text += '\n';
    this.#column = 0;
    this.put(' '.repeat(Math.max(0, indent)));
  }

  end(): void {
    if (!this.text.endsWith('\n')) this.text += '\n';
  }

  /** A break that is part of a text: it stands as it is. */
  feed(char: string): void {
    this.text += char;
    this.#column = 0;
  }
}

/** `indent` is that of what the value belongs to; `isInline`: it begins on a line that has been begun. */
function node(page: Page, value: unknown, indent: number, isInline = false): void {
  if (Array.isArray(value) && value.length > 0) items(page, value, indent + INDENT, isInline);
  else if (isFilled(value)) entries(page, value, indent + INDENT, isInline);
  else scalar(page, value, Math.max(indent, 0) + INDENT, false);
}

const isFilled = (value: unknown): value is object =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  Object.values(value).some((item) => item !== undefined);

function items(page: Page, list: readonly unknown[], indent: number, isInline: boolean): void {
  for (const [i, item] of list.entries()) {
    if (i > 0 || !isInline) page.line(indent);
    page.put('- ');
    node(page, item, indent, true);
  }
}

function entries(page: Page, map: object, indent: number, isInline: boolean): void {
  const sorted = Object.entries(map)
    .filter(([, item]) => item !== undefined)
    .sort(([a], [b]) => byYamlKey(a, b));
  for (const [i, [key, item]] of sorted.entries()) {
    if (i > 0 || !isInline) page.line(indent);
    if (!key.includes('\n') && encodedLength(key) <= KEY_BYTES_MAX) {
      scalar(page, key, indent, true);
      page.put(':');
      below(page, item, indent);
    } else {
      page.put('? ');
      scalar(page, key, indent + INDENT, false);
      page.line(indent);
      page.put(': ');
      node(page, item, indent, true);
    }
  }
}

/** The value of a key: maps below it, lists at its own level, all else behind it. */
function below(page: Page, value: unknown, indent: number): void {
  if (Array.isArray(value) && value.length > 0) items(page, value, indent, false);
  else if (isFilled(value)) entries(page, value, indent + INDENT, false);
  else {
    page.put(' ');
    scalar(page, value, indent + INDENT, false);
  }
}

function scalar(page: Page, value: unknown, indent: number, isKey: boolean): void {
  if (typeof value === 'string') return text(page, value, indent, isKey);
  if (typeof value === 'number') return page.put(yamlNumber(value));
  if (typeof value === 'bigint') return page.put(String(value));
  if (typeof value === 'object' && value !== null) return page.put(Array.isArray(value) ? '[]' : '{}');
  page.put(JSON.stringify(value ?? null));
}

function text(page: Page, value: string, indent: number, isKey: boolean): void {
  const style = styleOf(value, isKey);
  if (style === 'literal') return literal(page, value, indent);
  const quote = style === 'plain' ? '' : style === 'single' ? "'" : '"';
  page.put(quote);
  const chars = Array.from(value);
  for (const [i, char] of chars.entries()) {
    if (char === ' ' && !isKey && page.isWide && mayBreak(chars, i, style)) {
      page.line(indent);
      if (style === 'double' && chars[i + 1] === ' ') page.put('\\');
    } else if (style === 'double') page.put(escaped(char));
    else if (char === '\u2028' || char === '\u2029') page.feed(char + ' '.repeat(indent));
    else page.put(style === 'single' && char === "'" ? "''" : char);
  }
  page.put(quote);
}

/** The first of several spaces stands for the break; a quoted text neither begins nor ends with one. */
function mayBreak(chars: readonly string[], at: number, style: string): boolean {
  if (chars[at - 1] === ' ') return false;
  if (style !== 'plain' && (at === 0 || at === chars.length - 1)) return false;
  return style === 'double' || chars[at + 1] !== ' ';
}

function literal(page: Page, value: string, indent: number): void {
  const chomp = !value.endsWith('\n') ? '-' : value === '\n' || value.endsWith('\n\n') ? '+' : '';
  page.put(`|${/^[ \n\u2028\u2029]/.test(value) ? INDENT : ''}${chomp}`);
  page.feed('\n');
  const lines = (value.endsWith('\n') ? value.slice(0, -1) : value).split('\n');
  for (const line of lines) page.feed(line === '' ? '\n' : `${' '.repeat(indent)}${line}\n`);
  // What comes next begins a line of its own in any case.
  if (!value.endsWith('\n')) page.text = page.text.slice(0, -1);
}

const encoder = new TextEncoder();
const encodedLength = (text: string): number =>
  text.length * 3 <= KEY_BYTES_MAX ? text.length : encoder.encode(text).length;
