import type { CertificateSigningRequest } from '@navarch/api';
import type { CertificateAuthority } from '@navarch/controllers';

/** A value of DER: its tag, its length, what is in it. */
const der = (tag: number, ...parts: readonly (readonly number[])[]): readonly number[] => {
  const content = parts.flat();
  const { length } = content;
  return length < 0x80 ? [tag, length, ...content] : [tag, 0x82, length >> 8, length & 0xff, ...content];
};
const SEQUENCE = 0x30;
const ALGORITHM = der(SEQUENCE, der(0x06, [0x2b, 0x65, 0x70]));

/** Requests in tests have JSON for a subject: what is signed says what was asked. */
export const wrapped = (names: object): string => {
  const subject = der(SEQUENCE, der(0x0c, [...new TextEncoder().encode(JSON.stringify(names))]));
  const key = der(SEQUENCE, ALGORITHM, der(0x03, [0, ...new Uint8Array(32)]));
  const request = der(SEQUENCE, der(SEQUENCE, der(0x02, [0]), subject, key, der(0xa0)), ALGORITHM, der(0x03, [0]));
  const text = btoa(String.fromCharCode(...request));
  return btoa(`-----BEGIN CERTIFICATE REQUEST-----\n${text}\n-----END CERTIFICATE REQUEST-----\n`);
};
/** Signs what JSON asks, with JSON. */
export const jsonAuthority: CertificateAuthority = {
  async read(pem) {
    const text = /\{.*\}/.exec(atob(pem.split('\n')[1] ?? ''))?.[0];
    if (text === undefined) throw new Error('not a request');
    return {
      commonName: '',
      organizations: [],
      dnsNames: [],
      ipAddresses: [],
      emailAddresses: [],
      uris: [],
      ...(JSON.parse(text) as object),
    };
  },
  issue: async ({ usages, notBefore, notAfter }) =>
    `-----BEGIN CERTIFICATE-----\n${btoa(JSON.stringify({ usages, minutes: (notAfter - notBefore) / 60_000 }))}\n-----END CERTIFICATE-----\n`,
};
/** What the certificate in the status was signed for. */
export const issued = ({ certificate = '' }: CertificateSigningRequest['status']): any =>
  JSON.parse(atob(atob(certificate).split('\n')[1] ?? ''));

/** A request without names for an Ed25519 key. */
export const STUB_REQUEST =
  'MH8wMwIBADAAMCowBQYDK2VwAyEAOXi1E2lfP2wHPw8uDxQOogZixVKre4YFXZjwRCMUSf2gADAFBgMrZXADQQDjXd0OWECPSa9/wRlHoqkpDVaMfeBfE9u6D/WT01orWlkl/wiolhy0DqaUPE3UXZmNJK96psaNNMldjrU0w4cA';
