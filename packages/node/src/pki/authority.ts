import type { CertificateAuthority } from '@navarch/controllers';
import { certificateFacts } from './inspect.ts';
import type { Credentials } from './subject.ts';
import {
  alternativeNames,
  authorityKey,
  basicConstraints,
  type Extension,
  extendedKeyUsage,
  keyUsage,
  readAuthority,
  readRequest,
  signCertificate,
} from './x509.ts';

/** Extended usages in the words of certificates.k8s.io and their numbers (RFC 5280, 4.2.1.12). */
const EXTENDED: Readonly<Record<string, string>> = {
  any: '2.5.29.37.0',
  'server auth': '1.3.6.1.5.5.7.3.1',
  'client auth': '1.3.6.1.5.5.7.3.2',
  'code signing': '1.3.6.1.5.5.7.3.3',
  'email protection': '1.3.6.1.5.5.7.3.4',
  's/mime': '1.3.6.1.5.5.7.3.4',
  'ipsec end system': '1.3.6.1.5.5.7.3.5',
  'ipsec tunnel': '1.3.6.1.5.5.7.3.6',
  'ipsec user': '1.3.6.1.5.5.7.3.7',
  timestamping: '1.3.6.1.5.5.7.3.8',
  'ocsp signing': '1.3.6.1.5.5.7.3.9',
  'microsoft sgc': '1.3.6.1.4.1.311.10.3.3',
  'netscape sgc': '2.16.840.1.113730.4.1',
};

/** Bits of the key usage (RFC 5280, 4.2.1.3). */
const SIMPLE: Readonly<Record<string, number>> = {
  signing: 0,
  'digital signature': 0,
  'content commitment': 1,
  'key encipherment': 2,
  'data encipherment': 3,
  'key agreement': 4,
  'cert sign': 5,
  'crl sign': 6,
  'encipher only': 7,
  'decipher only': 8,
};

/** Signs requests with an authority's key: subject and alternative names are taken over, nothing else of the request is. */
export function certificateAuthority(own: Credentials): CertificateAuthority {
  const { subject: issuer, keyIdentifier } = readAuthority(own.certificate);
  const { notAfter: ends } = certificateFacts(own.certificate);
  return {
    async read(pem) {
      const { commonName, organizations, names } = readRequest(pem);
      return { commonName, organizations, ...names };
    },
    async issue({ request: pem, usages, notBefore, notAfter }) {
      const { subject, publicKey, names } = readRequest(pem);
      const extensions = [
        ...usageExtensions(usages),
        ...(keyIdentifier ? [authorityKey(keyIdentifier)] : []),
        ...(Object.values(names).flat().length > 0 ? [alternativeNames(names)] : []),
      ];
      return signCertificate(
        {
          subject,
          issuer,
          publicKey,
          notBefore,
          notAfter: Math.min(notAfter, ends),
          extensions: [basicConstraints(false), ...extensions],
        },
        own.key,
      );
    },
  };
}

/** What a key may be used for, in the words of certificates.k8s.io. */
export function usageExtensions(usages: readonly string[]): readonly Extension[] {
  const simple = [...new Set(usages.flatMap((usage) => SIMPLE[usage] ?? []))];
  const extended = [...new Set(usages.flatMap((usage) => EXTENDED[usage] ?? []))];
  return [
    ...(simple.length > 0 ? [keyUsage(simple)] : []),
    ...(extended.length > 0 ? [extendedKeyUsage(extended)] : []),
  ];
}
