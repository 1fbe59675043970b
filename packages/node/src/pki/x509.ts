import { createPrivateKey, createPublicKey, type KeyObject, randomBytes, sign, verify } from 'node:crypto';
import ipaddr from 'ipaddr.js';
import {
  bitsOf,
  bitString,
  context,
  decode,
  type Der,
  encode,
  flags,
  integer,
  octetString,
  oid,
  oidOf,
  parts,
  sequence,
  set,
  TAG,
  time,
  utf8,
  yes,
} from './der.ts';
import { USER_UID } from './subject.ts';

// Certificates and requests for them (RFC 5280, RFC 2986), as far as clusters use them.

/** Names in a subject alternative name, by their type. */
export interface AlternativeNames {
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly emailAddresses: readonly string[];
  readonly uris: readonly string[];
}

export interface Extension {
  readonly id: string;
  readonly isCritical?: boolean;
  readonly value: Buffer;
}

const COMMON_NAME = '2.5.4.3';
const ORGANIZATION = '2.5.4.10';
const EXTENSION_REQUEST = '1.2.840.113549.1.9.14';
export const EXTENSION = {
  subjectKey: '2.5.29.14',
  keyUsage: '2.5.29.15',
  alternativeNames: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKey: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
} as const;
const GENERAL = { email: 1, dns: 2, uri: 6, ip: 7 } as const;
const ECDSA_SHA256 = '1.2.840.10045.4.3.2';
const ECDSA_SHA384 = '1.2.840.10045.4.3.3';
const ECDSA_SHA512 = '1.2.840.10045.4.3.4';
const ED25519 = '1.3.101.112';
/** By curve. */
const ECDSA: Readonly<Record<string, string>> = {
  prime256v1: ECDSA_SHA256,
  secp384r1: ECDSA_SHA384,
  secp521r1: ECDSA_SHA512,
};
const RSA_SHA256 = '1.2.840.113549.1.1.11';
const NULL = Buffer.from([0x05, 0x00]);

/** The digests of the signatures that a request may carry; undefined: the kind of key says it (Ed25519). */
const DIGESTS: Readonly<Record<string, string | undefined>> = {
  [ECDSA_SHA256]: 'sha256',
  [ECDSA_SHA384]: 'sha384',
  [ECDSA_SHA512]: 'sha512',
  [RSA_SHA256]: 'sha256',
  '1.2.840.113549.1.1.5': 'sha1',
  '1.2.840.10045.4.1': 'sha1',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
  [ED25519]: undefined,
};

export const pem = (label: string, bytes: Buffer): string =>
  `-----BEGIN ${label}-----\n${(bytes.toString('base64').match(/.{1,64}/g) ?? []).join('\n')}\n-----END ${label}-----\n`;

/** The first block of that label. */
export function fromPem(label: string, text: string): Buffer | undefined {
  const body = new RegExp(`-----BEGIN (?:NEW )?${label}-----([A-Za-z0-9+/=\\s]+)-----END (?:NEW )?${label}-----`).exec(
    text,
  )?.[1];
  return body === undefined ? undefined : Buffer.from(body, 'base64');
}

export interface CertificateOrder {
  readonly subject: Buffer;
  readonly issuer: Buffer;
  /** SubjectPublicKeyInfo. */
  readonly publicKey: Buffer;
  /** Milliseconds since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly extensions: readonly Extension[];
}

/** A certificate (version 3) signed by that key, PEM. */
export function signCertificate(
  { subject, issuer, publicKey, notBefore, notAfter, extensions }: CertificateOrder,
  signingKey: string,
): string {
  const key = createPrivateKey(signingKey);
  const serial = randomBytes(16);
  serial.writeUInt8((serial.readUInt8(0) & 0x7f) | 0x40, 0);
  return signed('CERTIFICATE', key, (algorithm) =>
    sequence(
      encode(context(0), integer(Buffer.from([2]))),
      integer(serial),
      algorithm,
      issuer,
      sequence(time(notBefore), time(notAfter)),
      subject,
      publicKey,
      ...(extensions.length > 0 ? [encode(context(3), extensionList(extensions))] : []),
    ),
  );
}

/** A request for a certificate of that key, signed by it, PEM. */
export function signRequest(subject: Buffer, extensions: readonly Extension[], privateKey: string): string {
  const key = createPrivateKey(privateKey);
  const attributes = extensions.length === 0 ? [] : [sequence(oid(EXTENSION_REQUEST), set(extensionList(extensions)))];
  return signed('CERTIFICATE REQUEST', key, () =>
    sequence(integer(Buffer.from([0])), subject, publicKeyOf(privateKey), encode(context(0), ...attributes)),
  );
}

export const publicKeyOf = (privateKey: string): Buffer =>
  createPublicKey(privateKey).export({ type: 'spki', format: 'der' });

export interface ReadRequest {
  readonly subject: Buffer;
  readonly publicKey: Buffer;
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly names: AlternativeNames;
}

/** Reads a request and checks that it was signed by its own key. Throws one sentence when it was not. */
export function readRequest(text: string): ReadRequest {
  const bytes = fromPem('CERTIFICATE REQUEST', text);
  if (!bytes) throw new Error('PEM block type must be CERTIFICATE REQUEST');
  try {
    const [whole] = decode(bytes);
    const problem = problemOf(whole);
    if (problem !== undefined) throw new Error(problem);
    const [, subject, publicKey, attributes] = bodyOf(whole);
    return {
      subject: subject.whole,
      publicKey: publicKey.whole,
      commonName: textsIn(subject, COMMON_NAME)[0] ?? '',
      organizations: textsIn(subject, ORGANIZATION),
      names: alternativeNamesIn(requestedExtensions(attributes)),
    };
  } catch (error) {
    throw new Error(`the certificate request cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

/** Why a request (DER) is not signed by the key that it is for, in the words of Go's crypto/x509; undefined: it is. Throws for what is no request. */
export const signatureProblem = (request: Uint8Array): string | undefined => problemOf(decode(Buffer.from(request))[0]);

const bodyOf = (whole: Der | undefined): [version: Der, subject: Der, publicKey: Der, attributes: Der] =>
  parts(parts(whole, TAG.sequence, 3)[0], TAG.sequence, 4) as [Der, Der, Der, Der];

function problemOf(whole: Der | undefined): string | undefined {
  const [body, algorithm, signature] = parts(whole, TAG.sequence, 3) as [Der, Der, Der];
  const named = oidOf(parts(algorithm, TAG.sequence)[0]);
  if (!(named in DIGESTS)) return 'x509: cannot verify signature: algorithm unimplemented';
  const key = createPublicKey({ key: bodyOf(whole)[2].whole, format: 'der', type: 'spki' });
  if (verify(DIGESTS[named], body.whole, key, bitsOf(signature))) return undefined;
  if (named === ED25519) return 'x509: Ed25519 verification failure';
  return key.asymmetricKeyType === 'ec' ? 'x509: ECDSA verification failure' : 'crypto/rsa: verification error';
}

/** Subject and subject key identifier of an authority's certificate, byte by byte as it has them. */
export function readAuthority(certificate: string): {
  readonly subject: Buffer;
  readonly keyIdentifier: Buffer | undefined;
} {
  const bytes = fromPem('CERTIFICATE', certificate);
  if (!bytes) throw new Error('the authority has no certificate');
  const fields = parts(parts(decode(bytes)[0], TAG.sequence, 3)[0], TAG.sequence);
  const subject = fields[5]?.whole;
  if (!subject) throw new Error('the certificate of the authority has no subject');
  const list = fields.find(({ tag }) => tag === context(3));
  const value = list && extensionsIn(decode(list.content)[0]).get(EXTENSION.subjectKey);
  return { subject, keyIdentifier: value && decode(value)[0]?.content };
}

export interface Named {
  readonly commonName: string;
  readonly organizations?: readonly string[];
  readonly uid?: string;
}

/** Organizations first, as upstream's tools print them. */
export const nameOf = ({ commonName, organizations = [], uid }: Named): Buffer =>
  sequence(
    ...organizations.map((organization) => set(sequence(oid(ORGANIZATION), utf8(organization)))),
    set(sequence(oid(COMMON_NAME), utf8(commonName))),
    ...(uid === undefined ? [] : [set(sequence(oid(USER_UID), utf8(uid)))]),
  );

export function alternativeNames({ dnsNames, ipAddresses, emailAddresses, uris }: AlternativeNames): Extension {
  const text = (type: number, all: readonly string[]): readonly Buffer[] =>
    all.map((value) => encode(context(type, false), Buffer.from(value, 'latin1')));
  const addresses = ipAddresses.map((value) =>
    encode(context(GENERAL.ip, false), Buffer.from(ipaddr.parse(value).toByteArray())),
  );
  return {
    id: EXTENSION.alternativeNames,
    value: sequence(
      ...text(GENERAL.dns, dnsNames),
      ...text(GENERAL.email, emailAddresses),
      ...addresses,
      ...text(GENERAL.uri, uris),
    ),
  };
}

export const basicConstraints = (isAuthority: boolean): Extension => ({
  id: EXTENSION.basicConstraints,
  isCritical: true,
  value: sequence(...(isAuthority ? [yes] : [])),
});
export const keyUsage = (bits: readonly number[]): Extension => ({
  id: EXTENSION.keyUsage,
  isCritical: true,
  value: flags(bits),
});
export const extendedKeyUsage = (ids: readonly string[]): Extension => ({
  id: EXTENSION.extendedKeyUsage,
  value: sequence(...ids.map(oid)),
});
export const subjectKey = (identifier: Buffer): Extension => ({
  id: EXTENSION.subjectKey,
  value: octetString(identifier),
});
export const authorityKey = (identifier: Buffer): Extension => ({
  id: EXTENSION.authorityKey,
  value: sequence(encode(context(0, false), identifier)),
});

const extensionList = (extensions: readonly Extension[]): Buffer =>
  sequence(
    ...extensions.map(({ id, isCritical, value }) =>
      sequence(oid(id), ...(isCritical ? [yes] : []), octetString(value)),
    ),
  );

function extensionsIn(list: Der | undefined): ReadonlyMap<string, Buffer> {
  return new Map(
    parts(list, TAG.sequence).map((extension) => {
      const fields = parts(extension, TAG.sequence);
      const value = fields.at(-1);
      if (value?.tag !== TAG.octetString) throw new Error('an extension without a value');
      return [oidOf(fields[0]), value.content];
    }),
  );
}

function requestedExtensions(attributes: Der): ReadonlyMap<string, Buffer> {
  for (const attribute of parts(attributes, context(0))) {
    const [id, values] = parts(attribute, TAG.sequence, 2);
    if (oidOf(id) === EXTENSION_REQUEST) return extensionsIn(parts(values, TAG.set, 1)[0]);
  }
  return new Map();
}

/** Names of other types are no names of a cluster: they are neither judged nor signed. */
function alternativeNamesIn(extensions: ReadonlyMap<string, Buffer>): AlternativeNames {
  const value = extensions.get(EXTENSION.alternativeNames);
  const found = value ? parts(decode(value)[0], TAG.sequence) : [];
  const texts = (type: number): readonly string[] =>
    found.filter(({ tag }) => tag === context(type, false)).map(({ content }) => content.toString('latin1'));
  const addresses = found
    .filter(({ tag }) => tag === context(GENERAL.ip, false))
    .map(({ content }) => ipaddr.fromByteArray([...content]).toString());
  return {
    dnsNames: texts(GENERAL.dns),
    ipAddresses: addresses,
    emailAddresses: texts(GENERAL.email),
    uris: texts(GENERAL.uri),
  };
}

function textsIn(name: Der, id: string): readonly string[] {
  return parts(name, TAG.sequence)
    .flatMap((relative) => parts(relative, TAG.set))
    .flatMap((attribute) => {
      const [type, value] = parts(attribute, TAG.sequence, 2);
      return oidOf(type) === id && value ? [textOf(value)] : [];
    });
}

function textOf({ tag, content }: Der): string {
  switch (tag) {
    case TAG.utf8:
    case TAG.printable:
    case TAG.ia5:
      return content.toString('utf8');
    case TAG.teletex:
      return content.toString('latin1');
    case TAG.bmp:
      return Buffer.from(content).swap16().toString('utf16le');
    default:
      throw new Error(`a name of type ${tag}`);
  }
}

/** How a key signs: the digest goes with its size. */
interface Scheme {
  readonly algorithm: Buffer;
  /** undefined: the kind of key says it. */
  readonly digest: string | undefined;
}

function schemeOf(key: KeyObject): Scheme {
  const { asymmetricKeyType: type, asymmetricKeyDetails } = key;
  if (type === 'ed25519') return { algorithm: sequence(oid(ED25519)), digest: undefined };
  if (type === 'rsa') return { algorithm: sequence(oid(RSA_SHA256), NULL), digest: 'sha256' };
  const id = type === 'ec' ? ECDSA[asymmetricKeyDetails?.namedCurve ?? ''] : undefined;
  if (id === undefined)
    throw new Error(`a key of kind ${type ?? 'unknown'} cannot sign certificates: use EC, RSA or Ed25519`);
  return { algorithm: sequence(oid(id)), digest: DIGESTS[id] };
}

function signed(label: string, key: KeyObject, bodyOf: (algorithm: Buffer) => Buffer): string {
  const { algorithm, digest } = schemeOf(key);
  const body = bodyOf(algorithm);
  return pem(label, sequence(body, algorithm, bitString(sign(digest, body, key))));
}
