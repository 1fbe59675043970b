import { Agent } from 'node:https';
import { isIP } from 'node:net';
import type { WebhookAddress, Webhooks } from '@navarch/apiserver';
import { dialWords } from '../http/dial-words.ts';
import { wholeAnswer } from '../http/https-answer.ts';

/** Larger answers are cut off: a patch is never larger than the object may be, base64 and all. */
const ANSWER_BYTES_MAX = 8 * 1024 * 1024;
/** Connections kept open for the next question, over all webhooks. */
const IDLE_SOCKETS_MAX = 32;

/** Asks admission webhooks over HTTPS: certificates are checked against the webhook's authority and name, redirects not followed. */
export function httpsWebhooks(): Webhooks & Disposable {
  const agent = new Agent({ keepAlive: true, maxFreeSockets: IDLE_SOCKETS_MAX });
  return {
    post: (address, body, timeoutMs) => ask(agent, address, body, timeoutMs),
    [Symbol.dispose]: () => agent.destroy(),
  };
}

async function ask(
  agent: Agent,
  { host, port, servicePort, path, serverName, authority }: WebhookAddress,
  body: string,
  timeoutMs: number,
): Promise<{ readonly status: number; readonly body: string }> {
  const signal = AbortSignal.timeout(timeoutMs);
  const headers = {
    host: nameWithPort(serverName, servicePort ?? port),
    'content-type': 'application/json',
    accept: 'application/json',
    'content-length': Buffer.byteLength(body),
  };
  // Addresses are no server names; the certificate is checked for the host then.
  const servername = isIP(serverName) === 0 ? serverName : '';
  // Whatever the bundle holds is trusted, also where it is no authority: envtest gives the server's own certificate.
  const trust = authority === undefined ? {} : { ca: authority, allowPartialTrustChain: true };
  try {
    const { status, body: text } = await wholeAnswer(
      { agent, host, port, path, method: 'POST', signal, servername, ...trust, headers },
      body,
      ANSWER_BYTES_MAX,
    );
    return { status, body: text };
  } catch (error) {
    const words = signal.aborted ? 'context deadline exceeded' : wordsOf(error as Error, host, port);
    // A service is written with its port, an address as people write it.
    const shown = servicePort === undefined ? nameWithPort(serverName, port) : `${serverName}:${servicePort}`;
    throw new Error(`Post "https://${shown}${path}": ${words}`, { cause: error });
  }
}

const nameWithPort = (name: string, port: number): string => (port === 443 ? name : `${name}:${port}`);

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

/** People look for the words that Go's clients have for it. */
function wordsOf(error: Error & { readonly code?: string }, host: string, port: number): string {
  const { code = '' } = error;
  if (CERTIFICATES[code]) return `tls: failed to verify certificate: x509: ${CERTIFICATES[code]}`;
  switch (code) {
    case 'ENOTFOUND':
      return `dial tcp: lookup ${host}: no such host`;
    case 'EAI_AGAIN':
      return `dial tcp: lookup ${host}: Temporary failure in name resolution`;
    case 'ECONNRESET':
      return 'EOF';
    default:
      return dialWords(error, host, port);
  }
}
