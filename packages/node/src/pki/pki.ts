import { createHash, createPublicKey } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { usageExtensions } from './authority.ts';
import { certificateFacts } from './inspect.ts';
import { writePrivateFile } from './private-file.ts';
import { type Credentials, newKey, newPortableKey, type Subject } from './subject.ts';
import {
  alternativeNames,
  basicConstraints,
  nameOf,
  publicKeyOf,
  readAuthority,
  signCertificate,
  subjectKey,
} from './x509.ts';

const YEAR_MS = 365 * 24 * 3600 * 1000;
/** Certificates begin a little before now: clocks of other machines may be behind. */
const BACKDATE_MS = 5 * 60 * 1000;

/** Makes and keeps the cluster's certificates: one authority, an identity a component. Files are PEM, mode 0600. */
export class Pki {
  readonly dir: string;
  readonly authority: Credentials;

  private constructor(dir: string, authority: Credentials) {
    this.dir = dir;
    this.authority = authority;
  }

  /** Reads the authority of that file name in the folder, or makes one there. */
  static async open(dir: string, authority = 'ca'): Promise<Pki> {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    return new Pki(dir, read(dir, authority) ?? write(dir, authority, makeAuthority(authority)));
  }

  /** The identity of that name, made (again) when it is absent, runs out within a month, or is another's. */
  async identity(name: string, subject: Subject): Promise<Credentials> {
    const found = read(this.dir, name);
    return found && isFresh(found.certificate, subject) ? found : write(this.dir, name, await this.issue(subject));
  }

  /** A fresh certificate that is not kept. */
  async issue(subject: Subject): Promise<Credentials> {
    const { names = [], addresses = [], isForPeople = false } = subject;
    const isServer = names.length + addresses.length > 0;
    const key = isForPeople ? await newPortableKey() : newKey();
    const usages = ['digital signature', 'key encipherment', ...(isServer ? ['server auth'] : []), 'client auth'];
    const extensions = [
      basicConstraints(false),
      ...usageExtensions(usages),
      ...(isServer
        ? [alternativeNames({ dnsNames: names, ipAddresses: addresses, emailAddresses: [], uris: [] })]
        : []),
    ];
    const order = {
      subject: nameOf(subject),
      issuer: readAuthority(this.authority.certificate).subject,
      publicKey: publicKeyOf(key),
      ...period(YEAR_MS),
      extensions,
    };
    return { key, certificate: signCertificate(order, this.authority.key) };
  }
}

const period = (lifeMs: number): { readonly notBefore: number; readonly notAfter: number } => ({
  notBefore: Date.now() - BACKDATE_MS,
  notAfter: Date.now() + lifeMs,
});

function makeAuthority(name: string): Credentials {
  const key = newKey();
  const [subject, publicKey] = [nameOf({ commonName: `navarch-${name}` }), publicKeyOf(key)];
  const extensions = [
    basicConstraints(true),
    ...usageExtensions(['cert sign', 'crl sign']),
    subjectKey(createHash('sha1').update(publicKey).digest()),
  ];
  return {
    key,
    certificate: signCertificate({ subject, issuer: subject, publicKey, ...period(10 * YEAR_MS), extensions }, key),
  };
}

function isFresh(pem: string, { commonName, names = [], addresses = [] }: Subject): boolean {
  const facts = certificateFacts(pem);
  return (
    facts.commonName === commonName &&
    facts.notAfter - Date.now() > YEAR_MS / 12 &&
    [...names, ...addresses].every((name) => facts.names.includes(name))
  );
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
