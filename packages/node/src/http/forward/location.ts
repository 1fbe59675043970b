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
