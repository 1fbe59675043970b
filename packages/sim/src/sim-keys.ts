import type { Random } from '@navarch/base';
import type { CertificateKeys } from '@navarch/kubelet';

/** A request for an Ed25519 key before and after the 32 bytes of the key, and the signature's 64 (RFC 2986, RFC 8410). */
const BEFORE = [
  0x30, 0x7f, 0x30, 0x33, 0x02, 0x01, 0x00, 0x30, 0x00, 0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03,
  0x21, 0x00,
];
const BETWEEN = [0xa0, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x41, 0x00];

/** Keys that nobody could use, of the shape that the API wants: a simulation has no secrets. */
export function simKeys(random: Random): CertificateKeys {
  const bytes = (count: number): readonly number[] => Array.from({ length: count }, () => random.uint32() & 0xff);
  const base64 = (list: readonly number[]): string => btoa(String.fromCharCode(...list));
  return {
    async make() {
      const key = bytes(32);
      return {
        key: `-----BEGIN PRIVATE KEY-----\n${base64(bytes(48))}\n-----END PRIVATE KEY-----\n`,
        request: base64([...BEFORE, ...key, ...BETWEEN, ...bytes(64)]),
      };
    },
  };
}
