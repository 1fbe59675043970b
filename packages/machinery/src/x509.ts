import { bytesOfBinary, DER, derElements, type DerElement, derParts, derTime, hexOf } from './der.ts';

// Certificates and requests for them (RFC 5280, RFC 2986), as far as the API looks into them. Signatures are the host's to check.

/** What kind of key a SubjectPublicKeyInfo holds: a curve, `Ed25519`, or the bits of an RSA modulus. */
export type PublicKeyKind = 'P-256' | 'P-384' | 'P-521' | 'P-224' | 'Ed25519' | `RSA ${number}`;

const RSA = '2a864886f70d010101';
const ELLIPTIC = '2a8648ce3d0201';
const ED25519 = '2b6570';
const CURVES: Readonly<Record<string, PublicKeyKind>> = {
  '2b81040021': 'P-224',
  '2a8648ce3d030107': 'P-256',
  '2b81040022': 'P-384',
  '2b81040023': 'P-521',
};
const ALTERNATIVE_NAMES = '551d11';
const EXTENSIONS_TAG = 0xa3;
const VERSION_TAG = 0xa0;
const GENERAL = { email: 0x81, dns: 0x82 } as const;

export interface CertificateContent {
  /** SubjectPublicKeyInfo, as it stands in the certificate. */
  readonly publicKey: Uint8Array;
  /** Milliseconds since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly dnsNames: readonly string[];
  readonly emailAddresses: readonly string[];
}

/** Throws RangeError when the bytes are no certificate. */
export function readCertificateContent(der: Uint8Array): CertificateContent {
  const [outer, ...rest] = derElements(der);
  if (rest.length > 0) throw new RangeError('more than a certificate');
  const [body] = derParts(outer);
  const parts = derParts(body);
  const [, , , validity, , publicKey] = parts[0]?.tag === VERSION_TAG ? parts.slice(1) : parts;
  const [notBefore, notAfter] = derParts(validity);
  publicKeyKind(publicKey?.whole ?? new Uint8Array());
  const names = alternativeNames(parts.find(({ tag }) => tag === EXTENSIONS_TAG));
  const texts = (kind: number): readonly string[] =>
    names.filter(({ tag }) => tag === kind).map(({ content }) => new TextDecoder().decode(content));
  return {
    publicKey: publicKey?.whole ?? new Uint8Array(),
    notBefore: derTime(notBefore),
    notAfter: derTime(notAfter),
    dnsNames: texts(GENERAL.dns),
    emailAddresses: texts(GENERAL.email),
  };
}

function alternativeNames(extensions: DerElement | undefined): readonly DerElement[] {
  if (!extensions) return [];
  for (const extension of derParts(derElements(extensions.content)[0])) {
    const [id, ...values] = derParts(extension);
    if (id?.tag === DER.oid && hexOf(id.content) === ALTERNATIVE_NAMES)
      return derParts(derElements(values.at(-1)?.content)[0]);
  }
  return [];
}

/** The SubjectPublicKeyInfo of a PKCS #10 request. Throws RangeError when the bytes are none. */
export function publicKeyOfRequest(der: Uint8Array): Uint8Array {
  const [outer, ...rest] = derElements(der);
  const [body, algorithm, signature] = derParts(outer);
  if (rest.length > 0 || !algorithm || !signature) throw new RangeError('not a request');
  const [, , publicKey] = derParts(body);
  publicKeyKind(publicKey?.whole ?? new Uint8Array());
  return publicKey?.whole ?? new Uint8Array();
}

/**
 * Why the bytes are no PKCS #10 request, in the words of Go's reader where they are the outer form's; undefined: they are
 * one.
 */
export function requestProblem(der: Uint8Array): string | undefined {
  const outer = outerForm(der);
  if (typeof outer === 'string') return `asn1: ${outer}`;
  try {
    const whole = der.subarray(0, outer);
    if (derParts(derElements(whole)[0]).length === 0) return 'asn1: syntax error: sequence truncated';
    publicKeyOfRequest(whole);
    return outer < der.length ? 'asn1: syntax error: trailing data' : undefined;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return `asn1: structure error: ${error.message}`;
  }
}

const CLASSES = 6;
const COMPOUND = 0x20;
const TAG = 0x1f;
/** What Go's reader prints of how a value is to be read, where nothing special is said of it. */
const PLAIN =
  '{optional:false explicit:false application:false private:false defaultValue:<nil> tag:<nil> stringType:0 timeType:0 set:false omitEmpty:false}';

/** How long the first value is, which is a sequence; or why it is none. */
function outerForm(der: Uint8Array): number | string {
  const [tag, short] = der;
  if (tag === undefined) return 'syntax error: sequence truncated';
  if (short === 0x80) return 'syntax error: indefinite length found (not DER)';
  const begin = 2 + (short !== undefined && short > 0x80 ? short & 0x7f : 0);
  if (short === undefined || der.length < begin) return 'syntax error: truncated tag or length';
  const length = begin === 2 ? short : der.subarray(2, begin).reduce((sum, byte) => sum * 256 + byte, 0);
  if (tag !== DER.sequence)
    return `structure error: tags don't match (16 vs {class:${tag >> CLASSES} tag:${tag & TAG} length:${length} isCompound:${(tag & COMPOUND) !== 0}}) ${PLAIN} certificateRequest @${begin}`;
  return begin + length > der.length ? 'syntax error: data truncated' : begin + length;
}

/** undefined for a kind of key that clusters do not use; throws RangeError when the bytes are no key. */
export function publicKeyKind(info: Uint8Array): PublicKeyKind | undefined {
  const [algorithm, bits] = derParts(derElements(info)[0]);
  const [id, parameters] = derParts(algorithm);
  switch (hexOf(id?.content ?? new Uint8Array())) {
    case ED25519:
      return 'Ed25519';
    case ELLIPTIC:
      return CURVES[hexOf(parameters?.content ?? new Uint8Array())];
    case RSA: {
      const [modulus] = derParts(derElements(bits?.content.subarray(1))[0]);
      return `RSA ${bitLength(modulus?.content ?? new Uint8Array())}`;
    }
    default:
      return undefined;
  }
}

function bitLength(number: Uint8Array): number {
  const first = number.findIndex((byte) => byte !== 0);
  return first < 0 ? 0 : (number.length - first) * 8 - Math.clz32(number[first] ?? 0) + 24;
}

/** The first of the PKCS #10 requests in base64 of PEM, as CertificateSigningRequests hold them; undefined when there is none. */
export function requestInBase64(text: string): Uint8Array | undefined {
  try {
    const body = /-----BEGIN (?:NEW )?CERTIFICATE REQUEST-----([\s\S]*?)-----END/.exec(atob(text))?.[1];
    return body === undefined ? undefined : bytesOfBinary(atob(body.replace(/\s/g, '')));
  } catch {
    return undefined; // Not base64.
  }
}
