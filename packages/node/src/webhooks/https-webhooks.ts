import { Agent, request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import type { WebhookAddress, Webhooks } from '@navarch/apiserver';

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

function ask(
  agent: Agent,
  { host, port, servicePort = port, path, serverName, authority }: WebhookAddress,
  body: string,
  timeoutMs: number,
): Promise<{ readonly status: number; readonly body: string }> {
  const signal = AbortSignal.timeout(timeoutMs);
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void =>
      reject(
        new Error(
          `Post "https://${serverName}:${servicePort}${path}": ${signal.aborted ? 'context deadline exceeded' : wordsOf(error, host, port)}`,
          { cause: error },
        ),
      );
    const request = httpsRequest({
      agent,
      host,
      port,
      path,
      method: 'POST',
      signal, // Addresses are no server names; the certificate is checked for the host then.
      servername: isIP(serverName) === 0 ? serverName : '',
      // Whatever the bundle holds is trusted, also where it is no authority: envtest gives the server's own certificate.
      ...(authority === undefined ? {} : { ca: authority, allowPartialTrustChain: true }),
      headers: {
        host: servicePort === 443 ? serverName : `${serverName}:${servicePort}`,
        'content-type': 'application/json',
        accept: 'application/json',
        'content-length': Buffer.byteLength(body),
      },
    });
    request.on('error', fail);
    request.on('response', (reply) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      reply.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        chunks.push(chunk);
        if (bytes > ANSWER_BYTES_MAX) reply.destroy(new Error(`the answer is larger than ${ANSWER_BYTES_MAX} bytes`));
      });
      reply.on('error', fail);
      reply.on('end', () => resolve({ status: reply.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
    });
    request.end(body);
  });
}

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
    case 'ECONNREFUSED':
      return `dial tcp ${isIP(host) === 6 ? `[${host}]` : host}:${port}: connect: connection refused`;
    case 'ENOTFOUND':
      return `dial tcp: lookup ${host}: no such host`;
    case 'ECONNRESET':
      return 'EOF';
    default:
      return error.message;
  }
}
