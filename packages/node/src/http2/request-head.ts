import type { FieldRole, HeaderField } from './hpack/header-field.ts';

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
export const HEADER_LIST_BYTES_MAX = 128 * 1024;

/** Fields by their names, of which none means anything to the language: as quick to make as any other object. */
class Fields {
  [name: string]: string | string[];
}
Object.setPrototypeOf(Fields.prototype, null);
Reflect.deleteProperty(Fields.prototype, 'constructor');

/** Takes the fields of one header block. */
export class RequestHeadReader {
  readonly #headers = new Fields();
  #method: string | undefined;
  #path: string | undefined;
  #scheme: string | undefined;
  #authority: string | undefined;
  #hasPseudo = false;
  #hasHeaders = false;
  #fields = 0;
  /** As the setting counts them (RFC 9113, section 6.5.2). */
  #bytes = 0;
  #isMalformed = false;

  readonly take = (field: HeaderField): void => {
    this.#fields++;
    this.#bytes += field.bytes;
    if (this.isTooLarge) return;
    switch ((field.role ??= roleOf(field))) {
      case 'pseudo':
        return this.#takePseudo(field);
      case 'header':
        return this.#takeHeader(field);
      default:
        this.#isMalformed = true;
    }
  };

  get isTooLarge(): boolean {
    return this.#fields > FIELDS_MAX || this.#bytes > HEADER_LIST_BYTES_MAX;
  }

  /** Whether these fields may end a body. */
  get areTrailers(): boolean {
    return !this.#hasPseudo && !this.#isMalformed;
  }

  /** undefined: no request that HTTP/2 knows. */
  head(): RequestHead | undefined {
    const [method, path] = [this.#method, this.#path];
    if (this.#isMalformed || !method || !path || !this.#scheme) return undefined;
    const length = this.#headers['content-length'] as string | undefined;
    if (length !== undefined && !/^\d{1,15}$/.test(length)) return undefined;
    if (this.#authority !== undefined) this.#headers['host'] = this.#authority;
    return { method, path, headers: this.#headers, contentLength: length === undefined ? undefined : Number(length) };
  }

  /** They come first, each once. */
  #takePseudo({ name, value }: HeaderField): void {
    this.#hasPseudo = true;
    let before: string | undefined;
    switch (name) {
      case ':method':
        before = this.#method;
        this.#method = value;
        break;
      case ':path':
        before = this.#path;
        this.#path = value;
        break;
      case ':scheme':
        before = this.#scheme;
        this.#scheme = value;
        break;
      default:
        before = this.#authority;
        this.#authority = value;
    }
    if (before !== undefined || this.#hasHeaders) this.#isMalformed = true;
  }

  #takeHeader({ name, value }: HeaderField): void {
    this.#hasHeaders = true;
    const before = this.#headers[name];
    if (before === undefined) this.#headers[name] = value;
    else if (name === 'cookie') this.#headers[name] = `${String(before)}; ${value}`;
    else if (typeof before === 'object') before.push(value);
    else if (!SINGLE_FIELDS.has(name)) this.#headers[name] = [before, value];
  }
}

const PSEUDO: ReadonlySet<string> = new Set([':method', ':path', ':scheme', ':authority']);

function roleOf({ name, value }: HeaderField): FieldRole {
  if (BROKEN_VALUE.test(value)) return 'broken';
  if (name.startsWith(':')) return PSEUDO.has(name) ? 'pseudo' : 'broken';
  if (!isName(name) || CONNECTION_FIELDS.has(name)) return 'broken';
  return name === 'te' && value !== 'trailers' ? 'broken' : 'header';
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
