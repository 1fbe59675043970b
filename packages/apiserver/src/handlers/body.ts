import { protobuf } from '@navarch/api';
import { badRequest, decodeCbor, failure, type Kind, type StatusError } from '@navarch/machinery';
import type { PatchType } from '../registry/call.ts';
import { CBOR_TYPE, cborFormat, type Format, formats, PROTOBUF_TYPE } from '../representation/format.ts';
import type { ApiRequest } from '../request.ts';
import { type BodySource, JsonSource } from './json-source.ts';
import { YamlSource } from './yaml-source.ts';

/** Bytes of a body shown in a refusal. */
const SUMMARY_BYTES = 30;
const APPLY_TYPE = 'application/apply-patch+yaml';
const APPLY_CBOR_TYPE = 'application/apply-patch+cbor';
const PATCH_TYPES: Readonly<Record<string, PatchType>> = {
  'application/json-patch+json': 'json', 'application/merge-patch+json': 'merge', 'application/strategic-merge-patch+json': 'strategic',
};
const decoder = new TextDecoder('utf-8', { fatal: false });

export interface Body {
  readonly value: unknown;
  /** Of a body that is text. */
  readonly source?: BodySource;
}

/** Reads a YAML document; tells keys that come again in their mapping, as a strict reader writes them; the last value counts. */
export type ParseYaml = (text: string, onRepeated?: (key: string, line: number) => void) => unknown;

/** Reads request bodies as JSON values. */
export class Bodies {
  readonly #parseYaml: ParseYaml | undefined;
  readonly #formats: readonly Format[];

  /** Without `parseYaml`, YAML must be JSON (which YAML includes). */
  constructor(parseYaml: ParseYaml | undefined, offered: readonly Format[] = formats) {
    this.#parseYaml = parseYaml;
    this.#formats = offered;
  }

  /**
   * An object of a kind, in any format that the server reads. `mustSay`: it is told by nothing else of what kind it is.
   * Throws UnsupportedMediaType or BadRequest.
   */
  async object(request: ApiRequest, kind: string, mustSay = false): Promise<Body> {
    const bytes = await request.body();
    const body = this.#read(bytes, contentType(request), kind);
    const { value } = body;
    if (mustSay && typeof value === 'object' && value !== null && !Array.isArray(value) && !(value as { readonly kind?: unknown }).kind) {
      const text = bytes[0] === OPEN_OBJECT ? decoder.decode(bytes) : JSON.stringify(value);
      throw badRequest(`the object provided is unrecognized (must be of type ${kind}): Object 'Kind' is missing in '${text}' (${summary(bytes)})`);
    }
    return body;
  }

  /** Options that may be sent in a body; undefined: none were. */
  async options(request: ApiRequest): Promise<unknown> {
    const bytes = await request.body();
    return bytes.length === 0 ? undefined : this.#read(bytes, contentType(request), 'DeleteOptions').value;
  }

  /** A patch of the type that `patchType()` said. */
  async patch(request: ApiRequest): Promise<Body> {
    const bytes = await request.body();
    if (contentType(request) === APPLY_CBOR_TYPE) return { value: parseCbor(bytes, (message) => badRequest(`error decoding patch: ${message}`)) };
    if (!isApply(request)) return parseJson(bytes, () => badRequest('invalid JSON patch'));
    const refuse = (message: string): StatusError => badRequest(`error decoding patch: ${message}`);
    // Programs send JSON, which YAML includes, and which is read faster.
    return bytes[0] === OPEN_OBJECT ? (this.#json(bytes) ?? this.#yaml(bytes, refuse)) : this.#yaml(bytes, refuse);
  }

  #read(bytes: Uint8Array, type: string, kind: string): Body {
    const refuse = (message: string): StatusError =>
      badRequest(`the object provided is unrecognized (must be of type ${kind}): ${message} (${summary(bytes)})`);
    const noIdentity = (message: string): StatusError => refuse(`couldn't get version/kind; json parse error: ${message}`);
    switch (type) {
      case '': case 'application/json': return checkIdentity(parseJson(bytes, noIdentity), noIdentity);
      case 'application/yaml': return checkIdentity(this.#yaml(bytes, noIdentity), noIdentity);
      case PROTOBUF_TYPE: return { value: parseProtobuf(bytes, refuse) };
      default: break;
    }
    if (type === CBOR_TYPE && this.#takesCbor) return { value: parseCbor(bytes, refuse) };
    throw unsupported(this.#formats.map((format) => format.mediaType));
  }

  /** Which patch the client sends. Throws UnsupportedMediaType, naming the types. */
  patchType(request: ApiRequest, { origin }: Pick<Kind<any>, 'origin'>): PatchType | 'apply' {
    const type = contentType(request);
    const types = Object.keys(PATCH_TYPES).filter((name) => origin !== 'custom' || PATCH_TYPES[name] !== 'strategic');
    if (type === APPLY_TYPE || (type === APPLY_CBOR_TYPE && this.#takesCbor)) return 'apply';
    const known = PATCH_TYPES[type];
    if (!known || !types.includes(type)) throw unsupported([...types, APPLY_TYPE, ...(this.#takesCbor ? [APPLY_CBOR_TYPE] : [])]);
    return known;
  }

  get #takesCbor(): boolean {
    return this.#formats.includes(cborFormat);
  }

  /** Undefined for what is YAML only. */
  #json(bytes: Uint8Array): Body | undefined {
    try {
      return parseJson(bytes, badRequest);
    } catch {
      return undefined;
    }
  }

  #yaml(bytes: Uint8Array, refuse: (message: string) => StatusError): Body {
    if (!this.#parseYaml) return parseJson(bytes, refuse);
    try {
      const repeated: string[] = [];
      const value = this.#parseYaml(decoder.decode(bytes), (key, line) => repeated.push(`line ${line}: key ${key} already set in map`));
      return { value, source: new YamlSource(repeated) };
    } catch (error) {
      throw refuse(`error converting YAML to JSON: ${(error as Error).message}`);
    }
  }
}

const isApply = (request: ApiRequest): boolean => contentType(request) === APPLY_TYPE;

const contentType = (request: ApiRequest): string => request.header('content-type')?.split(';')[0]?.trim().toLowerCase() ?? '';

function parseJson(bytes: Uint8Array, refuse: (message: string) => StatusError): Body {
  try {
    const text = decoder.decode(bytes);
    if (isTooDeep(text)) throw new SyntaxError('exceeded max depth');
    const value: unknown = JSON.parse(text);
    return { value, source: new JsonSource(text, value) };
  } catch (error) {
    throw refuse(goMessage((error as Error).message));
  }
}

/** What Go reads to learn what an object is. */
const IDENTITY = 'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';

/** What an object is must be text; whatever else is wrong with it, its kind says. */
function checkIdentity(body: Body, refuse: (message: string) => StatusError): Body {
  const { value: whole } = body;
  if (whole === null) return body;
  if (typeof whole !== 'object' || Array.isArray(whole)) throw refuse(`json: cannot unmarshal ${Array.isArray(whole) ? 'array' : typeof whole === 'boolean' ? 'bool' : typeof whole} into Go value of type ${IDENTITY}`);
  const { apiVersion, kind } = body.value as { readonly apiVersion?: unknown; readonly kind?: unknown };
  if (isTextOrAbsent(apiVersion) && isTextOrAbsent(kind)) return body;
  const [name, value] = isTextOrAbsent(apiVersion) ? ['kind', kind] : ['apiVersion', apiVersion];
  const type = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
  throw refuse(`json: cannot unmarshal ${type} into Go struct field .${name} of type string`);
}

const isTextOrAbsent = (value: unknown): boolean => typeof value === 'string' || value === undefined || value === null;

/** Lists and objects within one another; whoever walks a body may use this much of the stack. */
const DEPTH_MAX = 2000;
const [QUOTE, BACKSLASH, OPEN_LIST, OPEN_OBJECT, CLOSE_LIST, CLOSE_OBJECT] = Array.from('"\\[{]}', (char) => char.charCodeAt(0));

function isTooDeep(text: string): boolean {
  // Every level has a beginning and an end.
  if (text.length < 2 * DEPTH_MAX) return false;
  let depth = 0;
  for (let i = 0, inText = false; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) inText = !inText;
    else if (inText) i += code === BACKSLASH ? 1 : 0;
    else if (code === OPEN_LIST || code === OPEN_OBJECT) depth += 1;
    else if (code === CLOSE_LIST || code === CLOSE_OBJECT) depth -= 1;
    if (depth > DEPTH_MAX) return true;
  }
  return false;
}

/** What Go's decoder says where the two have words for the same thing. */
function goMessage(message: string): string {
  if (/Unexpected end|Unterminated/.test(message)) return 'unexpected end of JSON input';
  const [, character] = /^Unexpected token '(.)'/su.exec(message) ?? [];
  return character === undefined ? message : `invalid character '${character}' looking for beginning of value`;
}

function parseCbor(bytes: Uint8Array, refuse: (message: string) => StatusError): unknown {
  try {
    return decodeCbor(bytes);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw refuse(error.message);
  }
}

function parseProtobuf(bytes: Uint8Array, refuse: (message: string) => StatusError): unknown {
  try {
    return protobuf.decode(bytes);
  } catch (error) {
    if (!(error instanceof RangeError) && !(error instanceof SyntaxError)) throw error;
    throw refuse(error.message);
  }
}

function summary(bytes: Uint8Array): string {
  if (bytes.length === 0) return '<empty>';
  const start = bytes.subarray(0, SUMMARY_BYTES);
  const more = bytes.length > SUMMARY_BYTES ? ' ...' : '';
  if (bytes[0] === 0x7b) return decoder.decode(start) + more;
  return Array.from(start, (byte) => byte.toString(16).padStart(2, '0')).join('') + more;
}

const unsupported = (accepted: readonly string[]): StatusError =>
  failure('UnsupportedMediaType', `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`);
