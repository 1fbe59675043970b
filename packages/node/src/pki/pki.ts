import 'reflect-metadata';
import { createPublicKey, webcrypto } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import { writePrivateFile } from './private-file.ts';
import { ALGORITHM, type Credentials, importKey, nameOf, pemOf, serial, type Subject } from './subject.ts';

const YEAR_MS = 365 * 24 * 3600 * 1000;
/** Certificates begin a little before now: clocks of other machines may be behind. */
const BACKDATE_MS = 5 * 60 * 1000;

/** Makes and keeps the cluster's certificates: one authority, an identity a component. Files are PEM, keys mode 0600. */
export class Pki {
  readonly dir: string;
  readonly authority: Credentials;
  readonly #issuer: x509.X509Certificate;
  readonly #key: CryptoKey;

  private constructor(dir: string, authority: Credentials, key: CryptoKey) {
    this.dir = dir;
    this.authority = authority;
    this.#issuer = new x509.X509Certificate(authority.certificate);
    this.#key = key;
  }

  /** Reads the authority of that file name in the folder, or makes one there. */
  static async open(dir: string, authority = 'ca'): Promise<Pki> {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    const found = read(dir, authority) ?? (await makeAuthority(dir, authority));
    return new Pki(dir, found, await importKey(found.key));
  }

  /** The identity of that name, made (again) when it is absent or runs out within a month. */
  async identity(name: string, subject: Subject): Promise<Credentials> {
    const found = read(this.dir, name);
    if (found && isFresh(found.certificate, subject)) return found;
    return write(this.dir, name, await this.issue(subject));
  }

  /** A fresh certificate that is not kept. */
  async issue(subject: Subject): Promise<Credentials> {
    const keys = (await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']));
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: serial(), subject: nameOf(subject), issuer: this.#issuer.subject, notBefore: new Date(Date.now() - BACKDATE_MS),
      notAfter: new Date(Date.now() + YEAR_MS), signingAlgorithm: ALGORITHM, publicKey: keys.publicKey, signingKey: this.#key, extensions: extensions(subject),
    });
    return { certificate: certificate.toString('pem'), key: await pemOf(keys.privateKey) };
  }
}

function extensions({ names = [], addresses = [] }: Subject): x509.Extension[] {
  const isServer = names.length + addresses.length > 0;
  const usages = isServer ? [x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth] : [x509.ExtendedKeyUsage.clientAuth];
  const alternatives = [...names.map((value) => ({ type: 'dns' as const, value })), ...addresses.map((value) => ({ type: 'ip' as const, value }))];
  return [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment, true),
    new x509.ExtendedKeyUsageExtension(usages),
    ...(isServer ? [new x509.SubjectAlternativeNameExtension(alternatives)] : []),
  ];
}

async function makeAuthority(dir: string, name: string): Promise<Credentials> {
  const keys = (await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']));
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(), name: `CN=navarch-${name}`, notBefore: new Date(Date.now() - BACKDATE_MS), notAfter: new Date(Date.now() + 10 * YEAR_MS),
    signingAlgorithm: ALGORITHM, keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true), new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return write(dir, name, { certificate: certificate.toString('pem'), key: await pemOf(keys.privateKey) });
}

function isFresh(pem: string, { names = [], addresses = [] }: Subject): boolean {
  const certificate = new x509.X509Certificate(pem);
  if (certificate.notAfter.getTime() - Date.now() < YEAR_MS / 12) return false;
  const alternatives = certificate.getExtension(x509.SubjectAlternativeNameExtension)?.names.toJSON().map((n) => n.value) ?? [];
  return [...names, ...addresses].every((name) => alternatives.includes(name));
}

/** A certificate and its key; undefined when either is absent, or they are not of one pair (a crash fell between two writes). */
function read(dir: string, name: string): Credentials | undefined {
  const [certificate, key] = [join(dir, `${name}.crt`), join(dir, `${name}.key`)];
  if (!existsSync(certificate) || !existsSync(key)) return undefined;
  const found = { certificate: readFileSync(certificate, 'utf8'), key: readFileSync(key, 'utf8') };
  return isPair(found) ? found : undefined;
}

export function isPair({ certificate, key }: Credentials): boolean {
  try {
    return publicPem(key) === publicPem(certificate);
  } catch {
    return false; // Half a file: a full disk, or an editor.
  }
}

function write(dir: string, name: string, credentials: Credentials): Credentials {
  writePrivateFile(join(dir, `${name}.key`), credentials.key);
  writePrivateFile(join(dir, `${name}.crt`), credentials.certificate);
  return credentials;
}

/** The public half of a private key, or of a certificate, as PEM. */
const publicPem = (pem: string): string => createPublicKey(pem).export({ type: 'spki', format: 'pem' }).toString();
