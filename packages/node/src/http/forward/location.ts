/** Where a proxied service seems to be for the client: `/api/v1/namespaces/n/pods/p/proxy`. */
export interface ProxyPlace {
  readonly prefix: string;
  /** What follows the prefix, path and query, as the client wrote it; empty when not even a slash does. */
  readonly rest: string;
}

const PLACE = /^(\/api\/v1\/(?:namespaces\/[^/?]+\/)?(?:pods|services|nodes)\/[^/?]+\/proxy)([/?].*)?$/s;

/** Takes the path of a request to a proxy subresource apart; undefined for all others. */
export function proxyPlace(url: string): ProxyPlace | undefined {
  const match = PLACE.exec(url);
  return match ? { prefix: match[1] ?? '', rest: match[2] ?? '' } : undefined;
}

/** What may stand in a path as it is (as Go writes paths). */
const KEPT = /^[A-Za-z0-9\-_.~$&+,/:;=@]$/;

/**
 * What the target is asked for: the path with its escapes read, its dots and repeated slashes resolved and written anew,
 * as upstream does it, so that no target is asked for less clear things than others; the query as the client wrote it.
 */
export function askedOf({ rest }: ProxyPlace): string {
  const at = rest.indexOf('?');
  const [path, query] = at < 0 ? [rest, ''] : [rest.slice(0, at), rest.slice(at)];
  return escaped(joined(unescaped(path))) + query;
}

/** Where the client asked, as targets are told it: below the prefix, resolved likewise. */
export function forwardedOf(place: ProxyPlace): string {
  const asked = askedOf(place).replace(/\?.*$/s, '');
  return place.prefix + (place.rest.startsWith('/') ? asked : '');
}

function unescaped(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function joined(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}${path.endsWith('/') && parts.length > 0 ? '/' : ''}`;
}

const escaped = (path: string): string =>
  Array.from(path, (character) =>
    KEPT.test(character)
      ? character
      : [...Buffer.from(character)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  ).join('');

/**
 * An address that a proxied service gave out, as the client must ask for it: absolute paths of the service itself are
 * moved below the prefix, others are left as they are.
 */
export function rewritten(address: string, { prefix }: ProxyPlace, hosts: readonly (string | undefined)[]): string {
  const match = /^(?:([a-z][a-z0-9+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(.*)$/is.exec(address);
  const [, scheme, host, path = '', tail = ''] = match ?? [];
  if (scheme !== undefined && !/^https?$/i.test(scheme)) return address;
  if (host !== undefined && host !== '' && !hosts.includes(host)) return address;
  if (!path.startsWith('/') || path.startsWith(`${prefix}/`)) return address;
  return prefix + path.replace(/\/{2,}/g, '/') + tail;
}
