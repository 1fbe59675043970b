import { protobuf } from '@navarch/api';
import { badRequest, failure, inKeyOrder, jsonText, type Kind, readJson, type StatusError } from '@navarch/machinery';
import type { PatchType } from '../registry/call.ts';
import { CBOR_TYPE, cborFormat, type Format, formats, PROTOBUF_TYPE } from '../representation/format.ts';
import type { ApiRequest } from '../request.ts';
import { checkIdentity, noKind, type Refuse, unhandled } from '../registry/sent-body.ts';
import { cborObject, cborPatch } from './cbor-body.ts';
import { JsonSource } from './json-source.ts';
import { jsonMistake } from './json-mistake.ts';
import type { Body, Wanted } from './read-body.ts';
import { YamlSource } from './yaml-source.ts';

/** Bytes of a body shown in a refusal. */
const SUMMARY_BYTES = 30;
const APPLY_TYPE = 'application/apply-patch+yaml';
const APPLY_CBOR_TYPE = 'application/apply-patch+cbor';
const PATCH_TYPES: Readonly<Record<string, PatchType>> = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
};
const decoder = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true });

interface Judging {
  /** What is wrong with it is said without a word about what it should have been. */
  readonly isBare?: boolean;
  /** Nobody asked for a strict reader. */
  readonly isLax?: boolean;
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

  /** An object of a kind, in any format that the server reads. Throws UnsupportedMediaType or BadRequest. */
  async object(request: ApiRequest, wanted: Wanted): Promise<Body> {
    const isLax = request.query.get('fieldValidation') === 'Ignore';
    return this.#read(await request.body(), contentType(request), wanted, { isLax });
  }

  /** Options that may be sent in a body; undefined: none were. */
  async options(request: ApiRequest): Promise<unknown> {
    const bytes = await request.body();
    return bytes.length === 0
      ? undefined
      : this.#read(bytes, contentType(request), { kind: 'DeleteOptions' }, { isBare: true }).value;
  }

  /** A patch of the type that `patchType()` said. */
  async patch(request: ApiRequest): Promise<Body> {
    const bytes = await request.body();
    const prefix = PATCH_TYPES[contentType(request)] === 'strategic' ? '' : 'error decoding patch: ';
    const refuse: Refuse = (message) => badRequest(`${prefix}${message}`);
    if (contentType(request) === APPLY_CBOR_TYPE) return cborPatch(bytes);
    if (!isApply(request)) return parseJson(bytes, () => badRequest('invalid JSON patch'), refuse);
    // Programs send JSON, which YAML includes, and which is read faster.
    const unread = (message: string): StatusError => refuse(`error converting YAML to JSON: ${message}`);
    return bytes[0] === OPEN_OBJECT ? (this.#json(bytes) ?? this.#yaml(bytes, unread)) : this.#yaml(bytes, unread);
  }

  #read(bytes: Uint8Array, type: string, wanted: Wanted, { isBare, isLax }: Judging): Body {
    const { kind } = wanted;
    const refuse = (message: string): StatusError =>
      badRequest(
        isBare
          ? message
          : `the object provided is unrecognized (must be of type ${kind}): ${message} (${summary(bytes)})`,
      );
    const noIdentity = (message: string): StatusError =>
      refuse(`couldn't get version/kind; json parse error: ${message}`);
    // Whoever reads without strictness has found out by then what it was to be.
    const named: Refuse = (why) => badRequest(unhandled(kind, wanted.version ?? '', why));
    const unnamed: Refuse = isLax ? named : refuse;
    const identified = (body: Body): Body => {
      checkIdentity(body.value, refuse);
      if (wanted.behaviour?.namesItself) checkNamed(body, isLax, unnamed);
      return body.value === null ? { ...body, value: {} } : body;
    };
    switch (type) {
      case '':
      case 'application/json':
        return identified(parseJson(bytes, noIdentity, named));
      case 'application/yaml':
        return identified(this.#yaml(bytes, (message) => refuse(`yaml: ${message}`)));
      case PROTOBUF_TYPE:
        return { value: parseProtobuf(bytes, refuse) };
      default:
        break;
    }
    if (type === CBOR_TYPE && this.#takesCbor) return cborObject(bytes, wanted, refuse);
    throw unsupported(this.#formats.map((format) => format.mediaType));
  }

  /** Which patch the client sends. Throws UnsupportedMediaType, naming the types. */
  patchType(request: ApiRequest, { behaviour }: Pick<Kind<any>, 'behaviour'>): PatchType | 'apply' {
    const type = contentType(request);
    const types = Object.keys(PATCH_TYPES).filter(
      (name) => behaviour.patchesStrategically !== false || PATCH_TYPES[name] !== 'strategic',
    );
    if (type === APPLY_TYPE || (type === APPLY_CBOR_TYPE && this.#takesCbor)) return 'apply';
    const known = PATCH_TYPES[type];
    if (!known || !types.includes(type))
      throw unsupported([...types, APPLY_TYPE, ...(this.#takesCbor ? [APPLY_CBOR_TYPE] : [])]);
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
      const text = decoder.decode(bytes);
      const value = this.#parseYaml(text, (key, line) => repeated.push(`line ${line}: key ${key} already set in map`));
      return { value, source: new YamlSource(text, repeated) };
    } catch (error) {
      throw refuse((error as Error).message);
    }
  }
}

const isApply = (request: ApiRequest): boolean => contentType(request) === APPLY_TYPE;

/** Without its parameters; what is no media type (RFC 9110, section 8.3.1) stays as it came, and is none that is known. */
function contentType(request: ApiRequest): string {
  const header = request.header('content-type') ?? '';
  const [type = '', ...parameters] = header.split(';');
  const isWhole = parameters.every(
    (text, i) =>
      PARAMETER.test(text.trim()) || (text.trim() === '' && i === parameters.length - 1 && type.trim() !== ''),
  );
  return isWhole ? type.trim().toLowerCase() : header;
}

const PARAMETER = /^[!#$%&'*+.^_`|~\w-]+\s*=\s*(?:[!#$%&'*+.^_`|~\w-]+|"(?:[^"\\]|\\.)*")$/;

function parseJson(bytes: Uint8Array, refuse: Refuse, refuseUnread = refuse): Body {
  try {
    const text = decoder.decode(bytes);
    if (isTooDeep(text))
      throw new SyntaxError(`invalid character '${text.startsWith('[') ? '[' : '{'}' exceeded max depth`);
    const value = readJson(text);
    return { value, source: new JsonSource(text, value) };
  } catch (error) {
    const mistake = jsonMistake(bytes);
    // It is JSON, with a number in it that no float holds.
    if (mistake === undefined && error instanceof RangeError)
      throw refuseUnread(`json: cannot unmarshal number ${error.message} into Go value of type float64`);
    throw refuse(mistake ?? (error as Error).message);
  }
}

/** What is custom must say what it is. Without strictness YAML is turned into JSON first, and shown so. */
function checkNamed({ value, source }: Body, isLax: boolean | undefined, refuse: Refuse): void {
  if ((value as { readonly kind?: string } | null)?.kind) return;
  const isAsSent = source?.text !== undefined && (!isLax || source instanceof JsonSource);
  throw refuse(noKind(isAsSent ? source.text : jsonText(inKeyOrder(value))));
}

/** Lists and objects within one another; whoever walks a body may use this much of the stack. */
const DEPTH_MAX = 2000;
const [QUOTE, BACKSLASH, OPEN_LIST, OPEN_OBJECT, CLOSE_LIST, CLOSE_OBJECT] = Array.from('"\\[{]}', (char) =>
  char.charCodeAt(0),
);

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
  failure(
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
  );
