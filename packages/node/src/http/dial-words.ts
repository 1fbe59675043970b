import { isIP } from 'node:net';

/** What clients of other clusters know these errors by. */
const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connect: connection refused',
  EHOSTUNREACH: 'connect: no route to host',
  ENETUNREACH: 'connect: network is unreachable',
  ETIMEDOUT: 'i/o timeout',
};

/** Why this address was not reached, in the words of Go; the error's own where it is of something else. */
export function dialWords(error: NodeJS.ErrnoException, host: string, port: number): string {
  const known = WORDS[error.code ?? ''];
  return known === undefined ? error.message : `dial tcp ${isIP(host) === 6 ? `[${host}]` : host}:${port}: ${known}`;
}
