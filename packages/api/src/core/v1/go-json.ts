/**
 * What Go's encoding/json says of a text that shall be an object; undefined when it is one (null is none, and fine).
 * Go reads to the first byte that cannot stand where it is.
 */
export function objectErrors(text: string): string | undefined {
  const end = valueEnd(text, skip(text, 0), 0);
  if (typeof end === 'string') return end;
  const after = skip(text, end);
  if (after < text.length) return `invalid character ${quoted(text, after)} after top-level value`;
  const kind = KINDS.get(text[skip(text, 0)] ?? '');
  return kind === undefined
    ? undefined
    : `json: cannot unmarshal ${kind} into Go value of type map[string]interface {}`;
}

const KINDS = new Map([
  ['[', 'array'],
  ['"', 'string'],
  ['t', 'bool'],
  ['f', 'bool'],
  ...Array.from('-0123456789', (c) => [c, 'number'] as const),
]);
const END = 'unexpected end of JSON input';
const DEPTH_MAX = 10_000;
const LITERALS = ['true', 'false', 'null'];

const skip = (text: string, from: number): number => {
  let i = from;
  while (' \t\r\n'.includes(text[i] ?? '?')) i += 1;
  return i;
};

/** As Go prints a byte. */
function quoted(text: string, i: number): string {
  const [char = ''] = text.slice(i);
  if (char === "'") return "'\\''";
  if (char === '"') return "'\"'";
  return `'${JSON.stringify(char).slice(1, -1)}'`;
}

const stray = (text: string, i: number, where: string): string =>
  i >= text.length ? END : `invalid character ${quoted(text, i)} ${where}`;

/** Where the value that begins here ends, or what is wrong with it. */
function valueEnd(text: string, i: number, depth: number): number | string {
  const char = text[i];
  if (char === undefined) return END;
  if (depth > DEPTH_MAX) return 'exceeded max depth';
  if (char === '{') return objectEnd(text, i, depth + 1);
  if (char === '[') return listEnd(text, i, depth + 1);
  if (char === '"') return stringEnd(text, i);
  const literal = LITERALS.find((word) => word[0] === char);
  if (literal !== undefined) return literalEnd(text, i, literal);
  return char === '-' || /\d/.test(char) ? numberEnd(text, i) : stray(text, i, 'looking for beginning of value');
}

function literalEnd(text: string, i: number, literal: string): number | string {
  for (let at = 1; at < literal.length; at++)
    if (text[i + at] !== literal[at]) return stray(text, i + at, `in literal ${literal} (expecting '${literal[at]}')`);
  return i + literal.length;
}

function numberEnd(text: string, start: number): number | string {
  let i = text[start] === '-' ? start + 1 : start;
  if (text[i] === '0') i += 1;
  else if (/\d/.test(text[i] ?? '')) while (/\d/.test(text[i] ?? '')) i += 1;
  else return stray(text, i, 'in numeric literal');
  if (text[i] === '.') {
    i += 1;
    if (!/\d/.test(text[i] ?? '')) return stray(text, i, 'after decimal point in numeric literal');
    while (/\d/.test(text[i] ?? '')) i += 1;
  }
  if (!/[eE]/.test(text[i] ?? '')) return i;
  i += /[+-]/.test(text[i + 1] ?? '') ? 2 : 1;
  if (!/\d/.test(text[i] ?? '')) return stray(text, i, 'in exponent of numeric literal');
  while (/\d/.test(text[i] ?? '')) i += 1;
  return i;
}

function stringEnd(text: string, start: number): number | string {
  for (let i = start + 1; i < text.length; i++) {
    const char = text[i] as string;
    if (char === '"') return i + 1;
    if (char < ' ') return stray(text, i, 'in string literal');
    if (char !== '\\') continue;
    i += 1;
    if (text[i] === 'u')
      for (let at = 1; at <= 4; at++)
        if (!/[\da-fA-F]/.test(text[i + at] ?? '')) return stray(text, i + at, 'in \\u hexadecimal character escape');
    if (!'bfnrt\\/"u'.includes(text[i] ?? '?')) return stray(text, i, 'in string escape code');
    if (text[i] === 'u') i += 4;
  }
  return END;
}

function listEnd(text: string, start: number, depth: number): number | string {
  let i = skip(text, start + 1);
  if (text[i] === ']') return i + 1;
  for (;;) {
    const end = valueEnd(text, skip(text, i), depth);
    if (typeof end === 'string') return end;
    i = skip(text, end);
    if (text[i] === ']') return i + 1;
    if (text[i] !== ',') return stray(text, i, 'after array element');
    i += 1;
  }
}

function objectEnd(text: string, start: number, depth: number): number | string {
  let i = skip(text, start + 1);
  if (text[i] === '}') return i + 1;
  for (;;) {
    i = skip(text, i);
    if (text[i] !== '"') return stray(text, i, 'looking for beginning of object key string');
    const key = stringEnd(text, i);
    if (typeof key === 'string') return key;
    i = skip(text, key);
    if (text[i] !== ':') return stray(text, i, 'after object key');
    const end = valueEnd(text, skip(text, i + 1), depth);
    if (typeof end === 'string') return end;
    i = skip(text, end);
    if (text[i] === '}') return i + 1;
    if (text[i] !== ',') return stray(text, i, 'after object key:value pair');
    i += 1;
  }
}
