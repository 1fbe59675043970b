import { createHash, createHmac, X509Certificate } from 'node:crypto';

/** What a program must know of a certificate to use it in time. Times in milliseconds since the epoch. */
export interface CertificateFacts {
  readonly commonName: string;
  readonly notBefore: number;
  readonly notAfter: number;
  /** Names and addresses a server with it answers to. */
  readonly names: readonly string[];
}

/** Reads a certificate (PEM; the first where there are several). Throws when it is none. */
export function certificateFacts(pem: string): CertificateFacts {
  const certificate = new X509Certificate(pem);
  const names = (certificate.subjectAltName ?? '')
    .split(', ')
    .filter((name) => name !== '')
    .map((name) => name.replace(/^(?:DNS|IP Address):/, ''));
  return {
    commonName: /^CN=(.*)$/m.exec(certificate.subject)?.[1] ?? '',
    names,
    notBefore: Date.parse(certificate.validFrom),
    notAfter: Date.parse(certificate.validTo),
  };
}

/** `sha256:HEX` of an authority's public key (SubjectPublicKeyInfo, RFC 7469): stays the same when its certificate is made anew. */
export function publicKeyPin(pem: string): string {
  const key = new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'der' });
  return `sha256:${createHash('sha256').update(key).digest('hex')}`;
}

/** A JSON web signature (RFC 7515, HS256) of a text by a shared secret, without the text; `id` says which secret. */
export function detachedSignature(text: string, id: string, secret: string): string {
  const encode = (part: string): string => Buffer.from(part).toString('base64url');
  const header = encode(JSON.stringify({ alg: 'HS256', kid: id }));
  const signature = createHmac('sha256', secret)
    .update(`${header}.${encode(text)}`)
    .digest('base64url');
  return `${header}..${signature}`;
}
