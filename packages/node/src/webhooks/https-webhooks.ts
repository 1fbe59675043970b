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
  { host, port, path, serverName, authority }: WebhookAddress,
  body: string,
  timeoutMs: number,
): Promise<{ readonly status: number; readonly body: string }> {
  const signal = AbortSignal.timeout(timeoutMs);
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void =>
      reject(
        new Error(
          `Post "https://${serverName}:${port}${path}": ${signal.aborted ? 'context deadline exceeded' : error.message}`,
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
      ...(authority === undefined ? {} : { ca: authority }),
      headers: {
        host: port === 443 ? serverName : `${serverName}:${port}`,
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
