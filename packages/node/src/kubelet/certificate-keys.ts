import { generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import type { CertificateKeys } from '@navarch/kubelet';
import { fromPem, signRequest } from '../pki/x509.ts';
import { sequence } from '../pki/der.ts';

const generate = promisify(generateKeyPair);

const encoding = {
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
} as const;

/** The ways to make a key, by the names of PodCertificateProjection.keyType. */
const makers: Readonly<Record<string, () => Promise<{ readonly privateKey: string }>>> = {
  ECDSAP256: () => generate('ec', { namedCurve: 'P-256', ...encoding }),
  ECDSAP384: () => generate('ec', { namedCurve: 'P-384', ...encoding }),
  ECDSAP521: () => generate('ec', { namedCurve: 'P-521', ...encoding }),
  ED25519: () => generate('ed25519', encoding),
  RSA3072: () => generate('rsa', { modulusLength: 3072, ...encoding }),
  RSA4096: () => generate('rsa', { modulusLength: 4096, ...encoding }),
};

/** Keys made by OpenSSL, aside from this thread. */
export const nodeCertificateKeys: CertificateKeys = {
  async make(type) {
    const maker = makers[type];
    if (!maker)
      throw new Error(`unknown key type ${JSON.stringify(type)}: there are ${Object.keys(makers).join(', ')}`);
    const { privateKey } = await maker();
    const request = fromPem('CERTIFICATE REQUEST', signRequest(sequence(), [], privateKey)) ?? Buffer.alloc(0);
    return { key: privateKey, request: request.toString('base64') };
  },
};
