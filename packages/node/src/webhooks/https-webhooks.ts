import { Agent } from 'node:https';
import { isIP } from 'node:net';
import type { WebhookAddress, Webhooks } from '@navarch/apiserver';
import { postWords } from '../http/post-words.ts';
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
    const words = signal.aborted ? 'context deadline exceeded' : postWords(error as Error, host, port);
    // A service is written with its port, an address as people write it.
    const shown = servicePort === undefined ? nameWithPort(serverName, port) : `${serverName}:${servicePort}`;
    throw new Error(`Post "https://${shown}${path}": ${words}`, { cause: error });
  }
}

const nameWithPort = (name: string, port: number): string => (port === 443 ? name : `${name}:${port}`);
