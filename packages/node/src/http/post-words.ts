import { dialWords } from './dial-words.ts';

const UNKNOWN_AUTHORITY = 'certificate signed by unknown authority';
/** What Go says of certificates that are refused. */
const CERTIFICATES: Readonly<Record<string, string>> = {
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
  DEPTH_ZERO_SELF_SIGNED_CERT: UNKNOWN_AUTHORITY,
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_AUTHORITY,
  CERT_SIGNATURE_FAILURE: UNKNOWN_AUTHORITY,
  CERT_HAS_EXPIRED: 'certificate has expired or is not yet valid',
  CERT_NOT_YET_VALID: 'certificate has expired or is not yet valid',
};

/** Why a question was not answered: people look for the words that Go's clients have for it. */
export function postWords(error: Error & { readonly code?: string }, host: string, port: number): string {
  const { code = '' } = error;
  if (CERTIFICATES[code]) return `tls: failed to verify certificate: x509: ${CERTIFICATES[code]}`;
  switch (code) {
    case 'EAI_AGAIN':
      return `dial tcp: lookup ${host}: Temporary failure in name resolution`;
    case 'ECONNRESET':
      return 'EOF';
    default:
      return dialWords(error, host, port);
  }
}
