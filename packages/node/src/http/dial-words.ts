import { isIP } from 'node:net';

/** What clients of other clusters know these errors by. */
const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connect: connection refused',
  EHOSTUNREACH: 'connect: no route to host',
  ENETUNREACH: 'connect: network is unreachable',
  ETIMEDOUT: 'i/o timeout',
};

/** Why this address was not reached, or did not answer as it should, in the words of Go; the error's own where it is of something else. */
export function dialWords(error: NodeJS.ErrnoException, host: string, port: number): string {
  const { code = '', message } = error;
  const known = WORDS[code];
  if (known !== undefined) return `dial tcp ${isIP(host) === 6 ? `[${host}]` : host}:${port}: ${known}`;
  if (code === 'ENOTFOUND') return `dial tcp: lookup ${host}: no such host`;
  if (code === 'EPROTO' && message.includes('wrong version number'))
    return 'http: server gave HTTP response to HTTPS client';
  return code === 'ECONNRESET' && message === 'socket hang up' ? 'EOF' : message;
}
