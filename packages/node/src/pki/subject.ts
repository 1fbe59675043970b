import { generateKeyPair, generateKeyPairSync } from 'node:crypto';
import { promisify } from 'node:util';

export interface Credentials {
  readonly certificate: string;
  readonly key: string;
}

export interface Subject {
  readonly commonName: string;
  readonly organizations?: readonly string[];
  /** The user's, where it has one. */
  readonly uid?: string;
  /** Names and addresses a server answers to. */
  readonly names?: readonly string[];
  readonly addresses?: readonly string[];
  /** Its key is for any client that people use. Default false. */
  readonly isForPeople?: boolean;
}

/** Kubernetes's own field of subjects: the uid of a user (KEP-3325). */
export const USER_UID = '1.3.6.1.4.1.57683.2';

/** A private key on the curve P-256, PEM (PKCS #8): fast to make and to use. */
export const newKey = (): string =>
  generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  }).privateKey;

const RSA_BITS = 2048;
const generate = promisify(generateKeyPair);

/** A private RSA key, PEM (PKCS #1): slow to make, but clients in Java take no other without a library of its own. */
export async function newPortableKey(): Promise<string> {
  const { privateKey } = await generate('rsa', {
    modulusLength: RSA_BITS,
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  return privateKey;
}
