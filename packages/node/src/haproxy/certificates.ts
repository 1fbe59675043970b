import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import type { CertificateFacts, Certificates } from '@navarch/ingress';
import { certificateFacts } from '../pki/inspect.ts';

/** Pairs that were looked at lately: the same few are asked for again and again. */
const KNOWN_MAX = 10_000;

/** Looks at pairs of certificate and key with OpenSSL, each once. */
export function opensslCertificates(): Certificates {
  const known = new Map<string, CertificateFacts | string>();
  return {
    inspect(certificate, key) {
      const text = `${certificate}\n${key}`;
      const found = known.get(text) ?? look(certificate, key);
      known.delete(text);
      if (known.size >= KNOWN_MAX) known.delete(known.keys().next().value ?? '');
      known.set(text, found);
      return found;
    },
  };
}

function look(certificate: string, key: string): CertificateFacts | string {
  let facts: CertificateFacts & { readonly commonName: string };
  try {
    facts = certificateFacts(certificate);
    // What comes behind the first one is the way to its authority: it must be whole, too.
    for (const pem of certificate.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [])
      void new X509Certificate(pem);
  } catch {
    return 'tls.crt is no certificate';
  }
  try {
    createPrivateKey(key);
  } catch {
    return 'tls.key is no private key';
  }
  if (publicPem(certificate) !== publicPem(key)) return 'tls.key is not the key of tls.crt';
  return { names: facts.names.length > 0 ? facts.names : [facts.commonName], notAfter: facts.notAfter };
}

const publicPem = (pem: string): string => createPublicKey(pem).export({ type: 'spki', format: 'pem' }).toString();
