import 'reflect-metadata';
import { randomBytes, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

x509.cryptoProvider.set(webcrypto as unknown as Crypto);

export const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

export interface Credentials {
  readonly certificate: string;
  readonly key: string;
}

export interface Subject {
  readonly commonName: string;
  readonly organizations?: readonly string[];
  /** Names and addresses a server answers to. */
  readonly names?: readonly string[];
  readonly addresses?: readonly string[];
}

export const nameOf = ({ commonName, organizations = [] }: Subject): x509.JsonName =>
  [...organizations.map((organization) => ({ O: [organization] })), { CN: [commonName] }];

/** 120 random bits, positive. */
export const serial = (): string => `0${randomBytes(15).toString('hex')}`;

export const pemOf = async (key: webcrypto.CryptoKey): Promise<string> => x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');

export const importKey = (pem: string): Promise<webcrypto.CryptoKey> =>
  webcrypto.subtle.importKey('pkcs8', x509.PemConverter.decodeFirst(pem), ALGORITHM, true, ['sign']);
