/** A place that is asked, as an annotation names it. */
export interface Url {
  readonly isTls: boolean;
  readonly host: string;
  readonly port: number;
  /** With the query. */
  readonly path: string;
  /** As it was written. */
  readonly text: string;
}

const PLAIN = /^(https?):\/\/([a-z0-9](?:[-.a-z0-9]*[a-z0-9])?)(?::(\d{1,5}))?(\/[^\s$#]*|\?[^\s$#]*)?$/i;
const PORT_MAX = 65_535;

/** Undefined: none of http or https, or one in which something depends on the request. */
export function readUrl(text: string): Url | undefined {
  const [, scheme, host, digits, path = '/'] = PLAIN.exec(text) ?? [];
  if (scheme === undefined || host === undefined) return undefined;
  const isTls = scheme.toLowerCase() === 'https';
  const port = digits === undefined ? (isTls ? 443 : 80) : Number(digits);
  if (port < 1 || port > PORT_MAX) return undefined;
  return { isTls, host: host.toLowerCase(), port, path: path.startsWith('?') ? `/${path}` : path, text };
}

/** The service of a cluster that a host names: `name.namespace.svc`, with the cluster's domain or without. */
export function serviceIn({ host }: Url): { readonly name: string; readonly namespace: string } | undefined {
  const [, name, namespace] = /^([a-z0-9-]+)\.([a-z0-9-]+)\.svc(?:\.|$)/.exec(host) ?? [];
  return name !== undefined && namespace !== undefined ? { name, namespace } : undefined;
}
