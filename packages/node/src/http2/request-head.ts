/** What a request begins with, as it came: names in lower case, `host` from :authority, what came twice as a list. */
export interface RequestHead {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[]>>;
  /** As the client says it; undefined where it does not. */
  readonly contentLength: number | undefined;
}

/** Fields of one connection of HTTP/1, which have no place here (RFC 9113, section 8.2.2). */
const CONNECTION_FIELDS = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade']);
/** Fields of which the first counts where there are more, as in HTTP/1 on Node. */
const SINGLE_FIELDS = new Set(['authorization', 'content-length', 'content-type', 'host', 'user-agent']);
const FIELDS_MAX = 200;
/** What a field costs besides its octets, as the setting counts it (RFC 9113, section 6.5.2). */
const FIELD_BYTES = 32;
export const HEADER_LIST_BYTES_MAX = 128 * 1024;

/** Takes the fields of one header block. */
export class RequestHeadReader {
  readonly #pseudo: Record<string, string> = {};
  readonly #headers: Record<string, string | string[]> = Object.create(null);
  #fields = 0;
  #bytes = 0;
  #isMalformed = false;

  readonly take = (name: string, value: string): void => {
    this.#fields++;
    this.#bytes += name.length + value.length + FIELD_BYTES;
    if (this.isTooLarge) return;
    if (name.startsWith(':')) this.#takePseudo(name, value);
    else if (!isName(name) || BROKEN_VALUE.test(value) || CONNECTION_FIELDS.has(name)) this.#isMalformed = true;
    else if (name === 'te' && value !== 'trailers') this.#isMalformed = true;
    else this.#takeHeader(name, value);
  };

  get isTooLarge(): boolean {
    return this.#fields > FIELDS_MAX || this.#bytes > HEADER_LIST_BYTES_MAX;
  }

  /** Whether these fields may end a body. */
  get areTrailers(): boolean {
    for (const _ in this.#pseudo) return false;
    return !this.#isMalformed;
  }

  /** undefined: no request that HTTP/2 knows. */
  head(): RequestHead | undefined {
    const { ':method': method, ':path': path, ':scheme': scheme, ':authority': authority } = this.#pseudo;
    if (this.#isMalformed || !method || !path || !scheme) return undefined;
    const length = this.#headers['content-length'] as string | undefined;
    if (length !== undefined && !/^\d{1,15}$/.test(length)) return undefined;
    if (authority !== undefined) this.#headers['host'] = authority;
    return { method, path, headers: this.#headers, contentLength: length === undefined ? undefined : Number(length) };
  }

  /** They come first, each once, and no others than these. */
  #takePseudo(name: string, value: string): void {
    const isKnown = name === ':method' || name === ':path' || name === ':scheme' || name === ':authority';
    if (!isKnown || name in this.#pseudo || BROKEN_VALUE.test(value)) this.#isMalformed = true;
    for (const _ in this.#headers) this.#isMalformed = true;
    this.#pseudo[name] = value;
  }

  #takeHeader(name: string, value: string): void {
    const before = this.#headers[name];
    if (before === undefined) this.#headers[name] = value;
    else if (name === 'cookie') this.#headers[name] = `${String(before)}; ${value}`;
    else if (typeof before === 'object') before.push(value);
    else if (!SINGLE_FIELDS.has(name)) this.#headers[name] = [before, value];
  }
}

/** Names of earlier blocks: most requests have the same ones. */
const names = new Set<string>();
const NAMES_MAX = 512;

function isName(name: string): boolean {
  if (names.has(name)) return true;
  const isOne = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/.test(name);
  if (isOne && names.size < NAMES_MAX) names.add(name);
  return isOne;
}

/** RFC 9113, section 8.2.1. */
// oxlint-disable-next-line no-control-regex
const BROKEN_VALUE = /[\0\n\r]|^[\t ]|[\t ]$/;
