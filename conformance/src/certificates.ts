import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { x509 } from '@navarch/node/pki';

/** PEM, both. */
export interface Signer {
  readonly certificate: string;
  readonly key: string;
}

const CERT_SIGN = 5;
const DIGITAL_SIGNATURE = 0;
const YEAR_MS = 365 * 86_400_000;

export const newKey = (): string =>
  generateKeyPairSync('ed25519', {
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  }).privateKey;

/** A certificate authority, its own or under another. */
export function authority(commonName: string, now: number, parent?: Signer): Signer {
  const key = newKey();
  const subject = x509.nameOf({ commonName });
  const certificate = x509.signCertificate(
    {
      subject,
      issuer: parent ? x509.readAuthority(parent.certificate).subject : subject,
      publicKey: x509.publicKeyOf(key),
      notBefore: now,
      notAfter: now + YEAR_MS,
      extensions: [x509.basicConstraints(true), x509.keyUsage([DIGITAL_SIGNATURE, CERT_SIGN])],
    },
    parent?.key ?? key,
  );
  return { certificate, key };
}

export interface Leaf {
  /** SubjectPublicKeyInfo. */
  readonly publicKey: Buffer;
  readonly commonName?: string;
  /** Milliseconds since the epoch, whole seconds. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly uris?: readonly string[];
  readonly dnsNames?: readonly string[];
}

const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';

/** A certificate for servers and clients, PEM. */
export function issue(
  { publicKey, commonName = '', notBefore, notAfter, uris = [], dnsNames = [] }: Leaf,
  signer: Signer,
): string {
  return x509.signCertificate(
    {
      subject: x509.nameOf({ commonName }),
      issuer: x509.readAuthority(signer.certificate).subject,
      publicKey,
      notBefore,
      notAfter,
      extensions: [
        x509.basicConstraints(false),
        x509.keyUsage([DIGITAL_SIGNATURE]),
        x509.extendedKeyUsage([SERVER_AUTH, CLIENT_AUTH]),
        ...(uris.length + dnsNames.length > 0
          ? [x509.alternativeNames({ dnsNames, uris, ipAddresses: [], emailAddresses: [] })]
          : []),
      ],
    },
    signer.key,
  );
}

/** A request for a certificate of that key (PKCS #10), PEM. */
export const requestFor = (key: string, commonName = ''): string =>
  x509.signRequest(x509.nameOf({ commonName }), [], key);

/** The bytes of a PEM block in base64, in one line. */
export const derOf = (pem: string): string => pem.replace(/-----[^-]+-----|\s/g, '');

/** SubjectPublicKeyInfo that belongs to a private key. */
export const publicKeyOf = (key: string): Buffer => createPublicKey(key).export({ type: 'spki', format: 'der' });
