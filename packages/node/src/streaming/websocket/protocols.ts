import type { IncomingMessage } from 'node:http';

/** How channels are told apart on a WebSocket, by the subprotocol that both sides agreed on. */
export interface ChannelProtocol {
  readonly name: string;
  /** Messages are text: a digit for the channel, then base64. */
  readonly isBase64: boolean;
  /** The error channel carries a Status object; otherwise only the text of a failure. */
  readonly hasStatus: boolean;
  /** The client may end a channel by itself (KEP-4006). */
  readonly hasHalfClose: boolean;
}

const define = (name: string, traits: Partial<ChannelProtocol>): ChannelProtocol =>
  Object.freeze({ name, isBase64: false, hasStatus: false, hasHalfClose: false, ...traits });

/** What upstream's API server speaks itself, whatever it speaks to the kubelet (KEP-4006): it agrees before it has asked. */
export const TRANSLATED = 'v5.channel.k8s.io';

/** What exec and attach speak. A client that names none gets the oldest. */
export const remoteCommandProtocols: readonly ChannelProtocol[] = [
  define(TRANSLATED, { hasStatus: true, hasHalfClose: true }),
  define('v4.channel.k8s.io', { hasStatus: true }),
  define('v4.base64.channel.k8s.io', { hasStatus: true, isBase64: true }),
  define('channel.k8s.io', {}),
  define('base64.channel.k8s.io', { isBase64: true }),
  define('', {}),
];

/** What port-forward speaks besides the tunnel. */
export const portForwardProtocols: readonly ChannelProtocol[] = [
  define('v4.channel.k8s.io', {}),
  define('v4.base64.channel.k8s.io', { isBase64: true }),
  define('', {}),
];

/** Port forwarding as SPDY within binary messages (KEP-4006, PortForwardWebsockets). */
export const portForwardTunnel = 'SPDY/3.1+portforward.k8s.io';

/** The subprotocols that a client offers, in its order of preference. */
export const offered = (request: Pick<IncomingMessage, 'headers'>): readonly string[] =>
  (request.headers['sec-websocket-protocol'] ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');

/** The first offered one that is known; undefined when none is. */
export function choose(
  request: Pick<IncomingMessage, 'headers'>,
  known: readonly ChannelProtocol[],
): ChannelProtocol | undefined {
  const names = offered(request);
  for (const name of names.length > 0 ? names : ['']) {
    const found = known.find((protocol) => protocol.name === name);
    if (found) return found;
  }
  return undefined;
}

export const refusalOf = (request: Pick<IncomingMessage, 'headers'>, known: readonly ChannelProtocol[]): string =>
  `requested protocol(s) are not supported: [${offered(request).join(' ')}]; supports [${known.map(({ name }) => name).join(' ')}]`;
