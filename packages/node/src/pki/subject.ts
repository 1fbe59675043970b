import { generateKeyPairSync } from 'node:crypto';

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
}

/** Kubernetes's own field of subjects: the uid of a user (KEP-3325). */
export const USER_UID = '1.3.6.1.4.1.57683.2';

/** A private key on the curve P-256, PEM (PKCS #8): fast to make and to use, and everybody understands it. */
export const newKey = (): string =>
  generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  }).privateKey;
