import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import type { RequestedNames } from '@navarch/controllers';
import * as x509 from '@peculiar/x509';
import { ALGORITHM, nameOf, pemOf, type Subject } from './subject.ts';

export interface SigningRequest {
  /** PEM (PKCS #10). */
  readonly request: string;
  /** PEM (PKCS #8). Never leaves this machine. */
  readonly key: string;
}

/** A new key, and the request for a certificate of it. */
export async function makeRequest(subject: Subject): Promise<SigningRequest> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const names = alternatives(subject);
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: nameOf(subject), keys, signingAlgorithm: ALGORITHM,
    extensions: names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : [],
  });
  return { request: request.toString('pem'), key: await pemOf(keys.privateKey) };
}

/** Reads a request and checks that it was signed by its own key. Throws one sentence when it was not. */
export async function openRequest(pem: string): Promise<x509.Pkcs10CertificateRequest> {
  let request: x509.Pkcs10CertificateRequest;
  try {
    request = new x509.Pkcs10CertificateRequest(pem);
  } catch (error) {
    throw new Error('PEM block type must be CERTIFICATE REQUEST', { cause: error });
  }
  let isGood = false;
  try {
    isGood = await request.verify();
  } catch {
    // A kind of key that cannot be checked here is as good as a wrong signature.
  }
  if (!isGood) throw new Error('the signature of the certificate request does not fit its key');
  return request;
}

/** What it asks to be named as. */
export function namesOf(request: x509.Pkcs10CertificateRequest): RequestedNames {
  const subject = request.subjectName.toJSON();
  const part = (name: string): readonly string[] => subject.flatMap((entry) => (entry as Readonly<Record<string, readonly string[]>>)[name] ?? []);
  const extension = request.extensions.find((e) => e instanceof x509.SubjectAlternativeNameExtension);
  const alternative = (type: string): readonly string[] =>
    (extension?.names.toJSON() ?? []).filter((name) => name.type === type).map((name) => name.value);
  return {
    commonName: part('CN')[0] ?? '', organizations: part('O'), dnsNames: alternative('dns'), ipAddresses: alternative('ip'),
    emailAddresses: alternative('email'), uris: alternative('url'),
  };
}

const alternatives = ({ names = [], addresses = [] }: Subject): x509.JsonGeneralNames => [
  ...names.map((value) => ({ type: 'dns' as const, value })), ...addresses.map((value) => ({ type: 'ip' as const, value })),
];
