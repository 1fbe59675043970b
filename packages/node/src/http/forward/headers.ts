import type { IncomingHttpHeaders } from 'node:http';

export type Headers = Record<string, string | string[] | undefined>;

/** Belong to one connection (RFC 9110, section 7.6.1), or say who asked us: not the target's business. */
const OURS = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'transfer-encoding',
  'te',
  'trailer',
  'host',
  'authorization',
  'http2-settings',
  'upgrade',
]);
/** Browsers send their token as a subprotocol that begins so. */
export const TOKEN_PROTOCOL = 'base64url.bearer.authorization.k8s.io.';

/** What of a request's headers the target may see. */
export function requestHeaders(headers: IncomingHttpHeaders, remoteAddress: string): Headers {
  const result: Headers = {};
  for (const [name, value] of Object.entries(headers)) {
    if (!name.startsWith('impersonate-') && !OURS.has(name)) result[name] = value;
  }
  // The token is for us.
  const protocols = headers['sec-websocket-protocol']
    ?.split(',')
    .map((name) => name.trim())
    .filter((name) => !name.startsWith(TOKEN_PROTOCOL));
  if (protocols) result['sec-websocket-protocol'] = protocols.length > 0 ? protocols.join(', ') : undefined;
  const before = headers['x-forwarded-for'];
  if (remoteAddress !== '')
    result['x-forwarded-for'] = [before ?? [], remoteAddress.replace(/^::ffff:/, '')].flat().join(', ');
  return result;
}

/** Who may read answers in browsers, this server says, not what it serves below its own address. */
const CROSS_ORIGIN = new Set([
  'access-control-allow-credentials',
  'access-control-allow-headers',
  'access-control-allow-methods',
  'access-control-allow-origin',
]);

/** What of an answer's headers the client may see. `isBelow`: it seems to come from this server's own address. */
export function responseHeaders(headers: IncomingHttpHeaders, isBelow: boolean): Headers {
  const result: Headers = { 'cache-control': 'no-cache, private' };
  for (const [name, value] of Object.entries(headers))
    if (!OURS.has(name) && !(isBelow && CROSS_ORIGIN.has(name))) result[name] = value;
  return result;
}
