/** Object identifier 2.5.4.10 (organizationName), as DER has it. */
const ORGANIZATION = '55040a';

interface Element {
  readonly tag: number;
  readonly content: Uint8Array;
}

const SEQUENCE = 0x30;
const IDENTIFIER = 0x06;

/**
 * The organizations in the subject of a certificate signing request (PKCS #10, RFC 2986): base64 of PEM, as the API has
 * it. None when it cannot be read: such a request is refused by validation.
 */
export function organizationsOfRequest(request: string): readonly string[] {
  try {
    const body =
      /-----BEGIN (?:NEW )?CERTIFICATE REQUEST-----([\s\S]*?)-----END/.exec(atob(request))?.[1]?.replace(/\s/g, '') ??
      '';
    const [outer] = elements(bytesOf(atob(body)));
    const [info] = elements(outer?.content);
    // CertificationRequestInfo: version, subject, key, attributes.
    const [, subject] = elements(info?.content);
    return elements(subject?.content)
      .flatMap(({ content }) => elements(content))
      .flatMap(organization);
  } catch {
    return []; // Not base64, or cut off.
  }
}

function organization({ tag, content }: Element): readonly string[] {
  if (tag !== SEQUENCE) return [];
  const [type, value] = elements(content);
  if (type?.tag !== IDENTIFIER || hex(type.content) !== ORGANIZATION || !value) return [];
  // BMPString has two bytes a character; all others are read as UTF-8, whose first half they share.
  return [
    value.tag === 0x1e
      ? String.fromCharCode(...[...value.content].filter((_, i) => i % 2 === 1))
      : new TextDecoder().decode(value.content),
  ];
}

/** The elements that follow one another (X.690, definite lengths). Throws RangeError where one is cut off. */
function elements(bytes: Uint8Array = new Uint8Array()): readonly Element[] {
  const found: Element[] = [];
  for (let at = 0; at < bytes.length;) {
    const tag = bytes[at] ?? 0;
    let length = bytes[at + 1] ?? 0;
    at += 2;
    if (length >= 0x80) {
      const count = length & 0x7f;
      if (count > 4) throw new RangeError('too long');
      length = bytes.subarray(at, at + count).reduce((sum, byte) => sum * 256 + byte, 0);
      at += count;
    }
    if (at + length > bytes.length) throw new RangeError('cut off');
    found.push({ tag, content: bytes.subarray(at, at + length) });
    at += length;
  }
  return found;
}

const bytesOf = (binary: string): Uint8Array => Uint8Array.from(binary, (character) => character.charCodeAt(0));
const hex = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
