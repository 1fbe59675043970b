const BLOCK = /-----BEGIN ([^\n-]+)-----[\s\S]*?-----END \1-----/g;

const blockTypes = (text: string): readonly string[] => Array.from(text.matchAll(BLOCK), ([, type = '']) => type);
const isPrivateKey = (type: string): boolean => type === 'PRIVATE KEY' || type.endsWith(' PRIVATE KEY');

/** What Go's crypto/tls would say of the two halves of a pair in PEM, as far as their wrapping tells. */
export function keyPairWarnings(certificate: string, key: string): readonly string[] {
  const types = blockTypes(certificate);
  if (!types.includes('CERTIFICATE')) return [certificateError(types)];
  const keyTypes = blockTypes(key);
  return keyTypes.some(isPrivateKey) ? [] : [keyError(keyTypes)];
}

function certificateError(types: readonly string[]): string {
  if (types.length === 0) return 'tls: failed to find any PEM data in certificate input';
  if (types.length === 1 && (types[0] ?? '').endsWith('PRIVATE KEY')) {
    return 'tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched';
  }
  return `tls: failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks of the following types: [${types.join(' ')}]`;
}

function keyError(types: readonly string[]): string {
  if (types.length === 0) return 'tls: failed to find any PEM data in key input';
  if (types.length === 1 && types[0] === 'CERTIFICATE')
    return 'tls: found a certificate rather than a key in the PEM for the private key';
  return `tls: failed to find PEM block with type ending in "PRIVATE KEY" in key input after skipping PEM blocks of the following types: [${types.join(' ')}]`;
}
