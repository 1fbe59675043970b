import { newKey, type Subject } from './subject.ts';
import { alternativeNames, nameOf, signRequest } from './x509.ts';

export interface SigningRequest {
  /** PEM (PKCS #10). */
  readonly request: string;
  /** PEM (PKCS #8). Never leaves this machine. */
  readonly key: string;
}

/** A new key, and the request for a certificate of it. */
export function makeRequest(subject: Subject): SigningRequest {
  const { names = [], addresses = [] } = subject;
  const key = newKey();
  const extensions =
    names.length + addresses.length > 0
      ? [alternativeNames({ dnsNames: names, ipAddresses: addresses, emailAddresses: [], uris: [] })]
      : [];
  return { key, request: signRequest(nameOf(subject), extensions, key) };
}
