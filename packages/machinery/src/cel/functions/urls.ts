import { isIPv6 } from '../../structural/addresses.ts';
import { flat, TRAVERSAL, traversing } from '../cost.ts';
import { declare, type Overload } from '../declare.ts';
import { asOwn, CelError, noOverload, Opaque } from '../values.ts';

interface Parts {
  readonly scheme: string;
  readonly host: string;
  readonly path: string;
  readonly query: string;
}

/** A URL as Go's net/url takes it apart. */
export class CelUrl extends Opaque {
  readonly typeName = 'kubernetes.URL';
  readonly text: string;
  readonly parts: Parts;

  constructor(text: string, parts: Parts) {
    super();
    this.text = text;
    this.parts = parts;
  }

  override equals(other: unknown): boolean {
    if (!(other instanceof CelUrl)) throw noOverload();
    return this.text === other.text;
  }

  override toString(): string {
    return this.text;
  }
}

const bad = (text: string, why: string): CelError => new CelError(`parse ${JSON.stringify(text)}: ${why}`);

/** As of a request: absolute, or a path from the root. A fragment is no part of it. */
export function parseUrl(text: string): CelUrl {
  if (Array.from(text).some((sign) => sign < ' ' || sign === '\u007f'))
    throw bad(text, 'net/url: invalid control character in URL');
  if (text === '') throw bad(text, 'empty url');
  if (text === '*') return new CelUrl(text, { scheme: '', host: '', path: '*', query: '' });
  const [scheme, afterScheme] = schemeOf(text);
  const [beforeQuery = '', ...queries] = afterScheme.split('?');
  if (!beforeQuery.startsWith('/')) {
    if (scheme === '') throw bad(text, 'invalid URI for request');
    return new CelUrl(text, { scheme, host: '', path: '', query: withoutFragment(queries.join('?')) });
  }
  // Upstream takes the text for a request's first, which has no fragment, and then for any URL.
  const hasAuthority = scheme !== '' && beforeQuery.startsWith('//');
  const authority = hasAuthority ? (/^[^/]*/.exec(beforeQuery.slice(2))?.[0] ?? '') : '';
  const path = hasAuthority ? beforeQuery.slice(2 + authority.length) : beforeQuery;
  const host = hostOf(scheme, authority, text);
  checkEscapes(path, text);
  const [main = ''] = path.split('#');
  return new CelUrl(text, {
    scheme,
    host,
    path: main,
    query: path.includes('#') ? '' : withoutFragment(queries.join('?')),
  });
}

const withoutFragment = (text: string): string => text.split('#')[0] ?? '';

function schemeOf(text: string): readonly [scheme: string, rest: string] {
  const at = text.search(/[^A-Za-z0-9+.-]/);
  if (at < 0 || text[at] !== ':') return ['', text];
  if (at === 0) throw bad(text, 'missing protocol scheme');
  if (!/^[A-Za-z]/.test(text)) return ['', text];
  return [text.slice(0, at).toLowerCase(), text.slice(at + 1)];
}

/** Without who asks; checked as far as Go checks it. */
function hostOf(scheme: string, authority: string, text: string): string {
  const at = authority.lastIndexOf('@');
  if (at >= 0 && !/^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/.test(authority.slice(0, at)))
    throw bad(text, 'net/url: invalid userinfo');
  const host = authority.slice(at + 1);
  if (host.lastIndexOf('[') > 0) throw bad(text, 'invalid IP-literal');
  if (host.startsWith('[')) {
    const end = host.lastIndexOf(']');
    if (end < 0) throw bad(text, "missing ']' in host");
    checkPort(host.slice(end + 1), text);
    checkLiteral(host.slice(1, end), text);
  } else {
    // Lists of hosts with ports are taken, but for the web's schemes.
    const isStrict = scheme === 'http' || scheme === 'https';
    const colon = isStrict ? host.indexOf(':') : host.lastIndexOf(':');
    if (colon >= 0) checkPort(host.slice(colon), text);
    checkHost(host, text);
  }
  return unescaped(host);
}

function checkPort(text: string, url: string): void {
  if (text !== '' && !/^:\d*$/.test(text)) throw bad(url, `invalid port ${JSON.stringify(text)} after host`);
}

/** Only addresses of IPv6 stand in brackets, with or without a zone. */
function checkLiteral(host: string, url: string): void {
  checkEscapes(host, url);
  const [address = '', zone] = unescaped(host).split(/%(.*)/s);
  if (!isIPv6(address) || zone === '')
    throw bad(url, `invalid host: ParseAddr(${JSON.stringify(host)}): unable to parse IP`);
}

function checkHost(host: string, url: string): void {
  checkEscapes(host, url);
  const [ascii] = /%(?!25)[0-7][0-9a-fA-F]/.exec(host) ?? [];
  if (ascii !== undefined) throw bad(url, `invalid URL escape ${JSON.stringify(ascii)}`);
  const [wrong] = /[ #\\^`{|}]/.exec(host) ?? [];
  if (wrong !== undefined) throw bad(url, `invalid character ${JSON.stringify(wrong)} in host name`);
}

function checkEscapes(text: string, url: string): void {
  const [wrong] = /%(?![0-9a-fA-F]{2})[\s\S]{0,2}/.exec(text) ?? [];
  if (wrong !== undefined) throw bad(url, `invalid URL escape ${JSON.stringify(wrong)}`);
}

function unescaped(text: string): string {
  if (!text.includes('%')) return text;
  const bytes = new TextEncoder().encode(text);
  const out: number[] = [];
  for (let i = 0; i < bytes.length; i++) {
    const isEscape = bytes[i] === 0x25;
    out.push(
      isEscape ? Number.parseInt(String.fromCharCode(bytes[i + 1] ?? 0, bytes[i + 2] ?? 0), 16) : (bytes[i] ?? 0),
    );
    if (isEscape) i += 2;
  }
  return new TextDecoder().decode(Uint8Array.from(out));
}

/** Characters of a path that stand for themselves, and those that may. */
const PLAIN = /[A-Za-z0-9\-_.~$&+,/:;=@]/;
const VALID = /^(?:[A-Za-z0-9\-_.~$&+,/:;=@!'()*[\]]|%[0-9a-fA-F]{2})*$/;

function escapedPath({ parts: { path } }: CelUrl): string {
  if (VALID.test(path) || path === '*') return path;
  return Array.from(new TextEncoder().encode(unescaped(path)), (byte) => {
    const character = String.fromCharCode(byte);
    return byte < 128 && PLAIN.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }).join('');
}

function portOf({ parts: { host } }: CelUrl): string {
  return /:(\d*)$/.exec(host.startsWith('[') ? host.slice(host.lastIndexOf(']') + 1) : host)?.[1] ?? '';
}

function hostnameOf({ parts: { host } }: CelUrl): string {
  const bare = host.replace(/:\d*$/, (port, at: number) =>
    host.startsWith('[') && at <= host.lastIndexOf(']') ? port : '',
  );
  return bare.startsWith('[') && bare.endsWith(']') ? bare.slice(1, -1) : bare;
}

function queryOf({ parts: { query } }: CelUrl): ReadonlyMap<string, unknown> {
  const values = new Map<string, unknown[]>();
  for (const pair of query.split('&')) {
    if (pair === '' || pair.includes(';') || /%(?![0-9a-fA-F]{2})/.test(pair)) continue;
    const [name = '', ...rest] = pair.split('=');
    const read = (text: string): string => unescaped(text.replaceAll('+', ' '));
    values.set(read(name), asOwn([...(values.get(read(name)) ?? []), read(rest.join('='))]));
  }
  return values;
}

function toUrl(text: string): CelUrl {
  try {
    return parseUrl(text);
  } catch (error) {
    throw error instanceof CelError
      ? new CelError(`URL parse error during conversion from string: ${error.message}`)
      : error;
  }
}

function isUrl(text: string): boolean {
  try {
    return parseUrl(text).text === text;
  } catch (error) {
    if (error instanceof CelError) return false;
    throw error;
  }
}

const part = (name: string, type: string, of: (url: CelUrl) => unknown): Overload =>
  declare(`${name}(this kubernetes.URL) -> ${type}`, of, flat(1));

/** URLs (KEP-2876, "URL library"). */
export const urls: readonly Overload[] = [
  declare('url(string) -> kubernetes.URL', toUrl, traversing(TRAVERSAL, true)),
  declare('isURL(string) -> bool', isUrl),
  part('getScheme', 'string', ({ parts }) => parts.scheme),
  part('getHost', 'string', ({ parts }) => parts.host),
  part('getHostname', 'string', hostnameOf),
  part('getPort', 'string', portOf),
  part('getEscapedPath', 'string', escapedPath),
  part('getQuery', 'map(string, list(string))', queryOf),
];
