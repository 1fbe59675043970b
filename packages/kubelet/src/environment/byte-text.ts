import { joinedBytes } from '@navarch/base';

/**
 * Variables are bytes to a process, and texts to everything that is said of them here. A byte that belongs to no UTF-8
 * sequence becomes a lone surrogate, U+DC00 and the byte, which no text that came as UTF-8 has (as PEP 383 does).
 */
export function textOfBytes(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
    const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
    return binary.replace(SEQUENCE, (part) => {
      const own = Uint8Array.from(part, (char) => char.charCodeAt(0));
      return own.length === 1 && (own[0] ?? 0) >= 0x80
        ? String.fromCharCode(ESCAPE + (own[0] ?? 0))
        : decoder.decode(own);
    });
  }
}

/** The bytes again: `bytesOfText(textOfBytes(bytes))` is what it was. */
export function bytesOfText(text: string): Uint8Array {
  const encoder = new TextEncoder();
  if (isUnicode(text)) return encoder.encode(text);
  const parts = text
    .split(ESCAPED)
    .map((part) => (ESCAPED.test(part) ? Uint8Array.of(part.charCodeAt(0) - ESCAPE) : encoder.encode(part)));
  return joinedBytes(parts);
}

/** Whether the text stands for UTF-8: of what does not, only variables can be made. */
export const isUnicode = (text: string): boolean => text.isWellFormed();

const ESCAPE = 0xdc00;
/** With the flag for code points only lone surrogates match. */
const ESCAPED = /([\uDC80-\uDCFF])/u;
/** One well-formed sequence above ASCII (Unicode 15, table 3-7), or a run of ASCII, or one byte of neither. */
const SEQUENCE =
  /[\0-\x7f]+|[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}|[\x80-\xff]/g;
