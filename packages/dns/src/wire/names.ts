import { invariant } from '@navarch/base';

const NAME_BYTES_MAX = 255;
const LABEL_BYTES_MAX = 63;

export interface ReadName {
  /** Labels with dots between them; what is not a plain character is written `\DDD` (RFC 1035, 5.1). */
  readonly text: string;
  /** The first byte behind the name. */
  readonly end: number;
}

/** undefined: there is no name there. A pointer may only lead back, so that a name cannot go round in a circle. */
export function readName(bytes: Uint8Array, start: number): ReadName | undefined {
  let text = '';
  let end: number | undefined;
  let total = 1;
  for (let [at, limit] = [start, start]; ;) {
    const length = bytes[at];
    if (length === undefined) return undefined;
    if (length === 0) return { text, end: end ?? at + 1 };
    if (length >= 0xc0) {
      const low = bytes[at + 1];
      if (low === undefined) return undefined;
      const target = ((length & 0x3f) << 8) | low;
      if (target >= limit) return undefined;
      end ??= at + 2;
      limit = target;
      at = target;
      continue;
    }
    total += length + 1;
    if (length > LABEL_BYTES_MAX || total > NAME_BYTES_MAX || at + 1 + length > bytes.length) return undefined;
    if (text !== '') text += '.';
    for (let i = at + 1; i <= at + length; i++) text += characters[bytes[i] as number];
    at += 1 + length;
  }
}

const characters = Array.from({ length: 256 }, (_, code) => {
  const character = String.fromCharCode(code);
  if (code <= 0x20 || code >= 0x7f) return `\\${String(code).padStart(3, '0')}`;
  return '.\\"()@;$'.includes(character) ? `\\${character}` : character;
});

/** The labels of a name as bytes, each apart. undefined: no name is written like that. */
export function labelsOf(text: string): readonly Uint8Array[] | undefined {
  const labels: Uint8Array[] = [];
  let label: number[] = [];
  let total = 1;
  const finish = (): boolean => {
    total += label.length + 1;
    if (label.length === 0 || label.length > LABEL_BYTES_MAX || total > NAME_BYTES_MAX) return false;
    labels.push(Uint8Array.from(label));
    label = [];
    return true;
  };
  const whole = text.endsWith('.') && !text.endsWith('\\.') ? text.slice(0, -1) : text;
  if (whole === '') return labels;
  for (let i = 0; i < whole.length; i++) {
    const code = whole.charCodeAt(i);
    if (code > 0xff) return undefined;
    if (code === 0x2e) {
      if (!finish()) return undefined;
    } else if (code !== 0x5c) label.push(code);
    else {
      const [, digits] = /^(\d{3})/.exec(whole.slice(i + 1, i + 4)) ?? [];
      const value = digits === undefined ? whole.charCodeAt(i + 1) : Number(digits);
      if (Number.isNaN(value) || value > 0xff) return undefined;
      label.push(value);
      i += digits === undefined ? 1 : 3;
    }
  }
  return finish() ? labels : undefined;
}

/** The same name in lower case and without the final dot; undefined: it is none. */
export function canonicalName(text: string): string | undefined {
  const labels = labelsOf(text);
  return labels
    ?.map((label) => Array.from(label, (byte) => characters[byte]).join(''))
    .join('.')
    .toLowerCase();
}

/** The name in bytes, without pointers. */
export function nameBytes(text: string): Uint8Array {
  const labels = labelsOf(text);
  invariant(labels, `${text} is no name`);
  const bytes: number[] = [];
  for (const label of labels) bytes.push(label.length, ...label);
  return Uint8Array.from([...bytes, 0]);
}

/** Labels from the left, as they are written; a dot that is escaped is none. */
export const splitName = (name: string): readonly string[] =>
  name === '' ? [] : name.includes('\\') ? (name.match(/(?:\\.|[^.\\])+/gs) ?? []) : name.split('.');
