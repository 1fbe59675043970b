import { protobuf } from '@navarch/api';
import { badRequest, failure, type StatusError } from '@navarch/machinery';
import type { PatchType } from '../registry/resource.ts';
import { formats, PROTOBUF_TYPE } from '../representation/format.ts';
import type { ApiRequest } from '../request.ts';

/** Bytes of a body shown in a refusal. */
const SUMMARY_BYTES = 30;
const APPLY_TYPE = 'application/apply-patch+yaml';
const PATCH_TYPES: Readonly<Record<string, PatchType>> = {
  'application/json-patch+json': 'json', 'application/merge-patch+json': 'merge', 'application/strategic-merge-patch+json': 'strategic',
};
const decoder = new TextDecoder('utf-8', { fatal: false });

/** Reads request bodies as JSON values. */
export class Bodies {
  readonly #parseYaml: ((text: string) => unknown) | undefined;

  /** Without `parseYaml`, YAML must be JSON (which YAML includes). */
  constructor(parseYaml: ((text: string) => unknown) | undefined) {
    this.#parseYaml = parseYaml;
  }

  /** An object of a kind, in any format that the server reads. Throws UnsupportedMediaType or BadRequest. */
  async object(request: ApiRequest, kind: string): Promise<unknown> {
    return this.#read(await request.body(), contentType(request), kind);
  }

  /** Options that may be sent in a body; undefined: none were. */
  async options(request: ApiRequest): Promise<unknown> {
    const bytes = await request.body();
    return bytes.length === 0 ? undefined : this.#read(bytes, contentType(request), 'DeleteOptions');
  }

  /** A patch of the type that `patchType()` said. */
  async patch(request: ApiRequest): Promise<unknown> {
    const bytes = await request.body();
    if (!isApply(request)) return parseJson(bytes, (message) => badRequest(`error decoding patch: ${message}`));
    return this.#yaml(bytes, (message) => badRequest(`error decoding YAML: ${message}`));
  }

  #read(bytes: Uint8Array, type: string, kind: string): unknown {
    const refuse = (message: string): StatusError =>
      badRequest(`the object provided is unrecognized (must be of type ${kind}): ${message} (${summary(bytes)})`);
    switch (type) {
      case '': case 'application/json': return parseJson(bytes, (message) => refuse(`couldn't get version/kind; json parse error: ${message}`));
      case 'application/yaml': return this.#yaml(bytes, (message) => refuse(`couldn't get version/kind; json parse error: ${message}`));
      case PROTOBUF_TYPE: return parseProtobuf(bytes, refuse);
      default: throw unsupported(formats.map((format) => format.mediaType));
    }
  }

  #yaml(bytes: Uint8Array, refuse: (message: string) => StatusError): unknown {
    if (!this.#parseYaml) return parseJson(bytes, refuse);
    try {
      return this.#parseYaml(decoder.decode(bytes));
    } catch (error) {
      throw refuse(`error converting YAML to JSON: ${(error as Error).message}`);
    }
  }
}

export const isApply = (request: ApiRequest): boolean => contentType(request) === APPLY_TYPE;

/** Which patch the client sends. Throws UnsupportedMediaType, naming the types. */
export function patchType(request: ApiRequest): PatchType | 'apply' {
  const type = contentType(request);
  if (type === APPLY_TYPE) return 'apply';
  const known = PATCH_TYPES[type];
  if (!known) throw unsupported([...Object.keys(PATCH_TYPES), APPLY_TYPE]);
  return known;
}

const contentType = (request: ApiRequest): string => request.header('content-type')?.split(';')[0]?.trim().toLowerCase() ?? '';

function parseJson(bytes: Uint8Array, refuse: (message: string) => StatusError): unknown {
  try {
    return JSON.parse(decoder.decode(bytes)) as unknown;
  } catch (error) {
    throw refuse(goMessage((error as Error).message));
  }
}

/** What Go's decoder says where the two have words for the same thing. */
const goMessage = (message: string): string => (/Unexpected end|Unterminated/.test(message) ? 'unexpected end of JSON input' : message);

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
