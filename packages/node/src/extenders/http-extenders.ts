import { readFileSync } from 'node:fs';
import { Agent, type AgentOptions, request as httpsRequest } from 'node:https';
import type { ExtenderFile, ExtenderTls, ExtenderTransport } from '@navarch/scheduler';
import { Agent as PlainAgent, request as httpRequest } from '../built-in/index.ts';
import { answerTo } from '../http/https-answer.ts';
import { postWords } from '../http/post-words.ts';

/** Larger answers are cut off: a cluster's nodes, each with all that is said of it, are smaller. */
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;
/** Connections kept open for the next question, to each host. */
const IDLE_SOCKETS_MAX = 16;

/**
 * Asks scheduler extenders over HTTP or HTTPS, redirects not followed. Their keys and certificates are read here and
 * now: throws for files that cannot be read, and for what excludes each other.
 */
export function httpExtenders(extenders: readonly ExtenderFile[]): ExtenderTransport & Disposable {
  const plain = new PlainAgent({ keepAlive: true, maxFreeSockets: IDLE_SOCKETS_MAX });
  const agents = new Map(
    extenders.map((extender) => [
      extender,
      new Agent({ keepAlive: true, maxFreeSockets: IDLE_SOCKETS_MAX, ...trustOf(extender) }),
    ]),
  );
  return {
    async post(extender, { url, body }, signal) {
      const to = new URL(url);
      const options = {
        method: 'POST',
        signal,
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
      };
      const request =
        to.protocol === 'https:'
          ? httpsRequest(to, { ...options, agent: agents.get(extender) })
          : httpRequest(to, { ...options, agent: plain });
      try {
        return await answerTo(request, body, ANSWER_BYTES_MAX);
      } catch (error) {
        const port = Number(to.port) || (to.protocol === 'https:' ? 443 : 80);
        throw new Error(postWords(error as Error, to.hostname, port), { cause: error });
      }
    },
    [Symbol.dispose]() {
      plain.destroy();
      for (const agent of agents.values()) agent.destroy();
    },
  };
}

/** Without an authority, HTTPS that is switched on by enableHTTPS trusts whoever answers, as upstream. */
function trustOf({ urlPrefix, enableHTTPS, tlsConfig = {} }: ExtenderFile): AgentOptions {
  const ca = pemOf(tlsConfig.caData, tlsConfig.caFile);
  const isBlind = tlsConfig.insecure === true || (enableHTTPS === true && ca === undefined);
  if (tlsConfig.insecure && ca !== undefined)
    throw new Error(`extender ${urlPrefix}: specifying a root certificates file with the insecure flag is not allowed`);
  const cert = pemOf(tlsConfig.certData, tlsConfig.certFile);
  const key = pemOf(tlsConfig.keyData, tlsConfig.keyFile);
  return {
    rejectUnauthorized: !isBlind,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(tlsConfig.serverName ? { servername: tlsConfig.serverName } : {}),
  };
}

const pemOf = (data: ExtenderTls['caData'], file: ExtenderTls['caFile']): Buffer | undefined =>
  data ? Buffer.from(data, 'base64') : file ? readFileSync(file) : undefined;
