import { pemBlocks, readCertificateContent } from '@navarch/machinery';
import type { CustomResourceDefinition } from '../../generated/types/apiextensions-v1.ts';

/** Why the certificates by which the webhook that converts would be known cannot be used; undefined: they can, or there are none. */
export function authorityFault({ conversion }: CustomResourceDefinition['spec']): string | undefined {
  const bundle = conversion?.webhook?.clientConfig?.caBundle;
  if (!bundle) return undefined;
  const blocks = pemBlocks(atob(bundle));
  const certificates = blocks.filter(({ type }) => type === 'CERTIFICATE');
  if (certificates.some(({ bytes }) => isCertificate(bytes))) return undefined;
  const why =
    certificates.length > 0
      ? 'failed to parse certificate: x509: malformed certificate'
      : blocks.length > 0
        ? 'no valid certificate authority data seen'
        : 'unable to parse bytes as PEM block';
  return `unable to load root certificates: ${why}`;
}

function isCertificate(bytes: Uint8Array): boolean {
  try {
    readCertificateContent(bytes);
    return true;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return false;
  }
}
