import { apiVersionOf, failure, type Kind, type StatusError } from '@navarch/machinery';
import type { ApiRequest } from '../request.ts';
import { type Clause, parseAccept, takes } from './accept.ts';
import { cborFormat, type Format, formats, hasProtobuf, jsonFormat, PROTOBUF_TYPE } from './format.ts';

/** How clients want objects shown: whole, as table rows, or their metadata only. */
type Shape = 'object' | 'table' | 'metadata';

/** What one client asked to be shown, and in which bytes. */
export interface Representation {
  readonly format: Format;
  readonly shape: Shape;
  /** meta.k8s.io/v1, or v1beta1 where an old client asks for tables. */
  readonly metaVersion: string;
  /** The client asked for the metadata of a list. */
  readonly isList: boolean;
  /** For human eyes. */
  readonly isPretty: boolean;
  /** What each table row carries besides its cells. */
  readonly includeObject: string;
  /** Names what the bytes depend on: what one watcher encoded, others with the same key send. */
  readonly key: string;
}

/** A request, and the formats that whoever it is asked of has. */
export interface Asking {
  readonly request: ApiRequest;
  readonly formats: readonly Format[];
}

const META_V1 = 'meta.k8s.io/v1';
const METADATA = 'PartialObjectMetadata';
const HUMAN_AGENTS = ['curl', 'Wget', 'Mozilla/5.0'] as const;

/**
 * What the Accept header asks for, in upstream's order of preference. Without a kind only the value itself can be had.
 * Throws NotAcceptable in upstream's words.
 */
export function negotiate({ request, formats }: Asking, kind: Kind<any> | undefined): Representation {
  const accept = request.header('accept') ?? '';
  const isPretty = wantsPretty(request);
  if (accept === '') return plain(jsonFormat, isPretty);
  for (const clause of parseAccept(accept)) {
    for (const format of formats) {
      if (!takes(clause, format.mediaType)) continue;
      const found = accepted(clause, format, kind, isPretty || clause.parameters.get('pretty') === '1', request);
      if (found) return found;
    }
  }
  throw notAcceptable(formats.map((format) => format.mediaType));
}

/** The same for a watch, which has fewer formats. */
export function negotiateStream(asking: Asking, kind: Kind<any>): Representation {
  const found = negotiate(asking, kind);
  if (found.format.streamType === undefined) throw notAcceptable(asking.formats.flatMap(streamTypesOf));
  return { ...found, isPretty: false };
}

/** How a refusal is shown: in the client's format where it has one, else in indented JSON; never refused. */
export function refusalShownAs(asking: Asking): Representation {
  try {
    return negotiate(asking, undefined);
  } catch {
    return plain(jsonFormat, true);
  }
}

function accepted(
  clause: Clause,
  format: Format,
  kind: Kind<any> | undefined,
  isPretty: boolean,
  request: ApiRequest,
): Representation | undefined {
  const { parameters } = clause;
  const as = parameters.get('as');
  const stream = parameters.get('stream');
  if (stream && (stream !== 'watch' || format.streamType === undefined)) return undefined;
  if (as === undefined && !parameters.has('g') && !parameters.has('v')) {
    return format.mediaType !== PROTOBUF_TYPE ||
      !kind ||
      hasProtobuf({ apiVersion: apiVersionOf(kind), kind: kind.kind })
      ? plain(format, isPretty)
      : undefined;
  }
  const metaVersion = `${parameters.get('g')}/${parameters.get('v')}`;
  if (!kind || (metaVersion !== META_V1 && metaVersion !== 'meta.k8s.io/v1beta1')) return undefined;
  // Tables have no form in protobuf, and are not shown in CBOR.
  if (as === 'Table' && format.mediaType !== PROTOBUF_TYPE && format !== cborFormat) {
    const includeObject = request.query.get('includeObject') || 'Metadata';
    return {
      format,
      shape: 'table',
      metaVersion,
      isList: false,
      isPretty,
      includeObject,
      key: `${format.mediaType} table ${metaVersion} ${includeObject}`,
    };
  }
  if (as !== METADATA && as !== `${METADATA}List`) return undefined;
  return {
    format,
    shape: 'metadata',
    metaVersion,
    isList: as !== METADATA,
    isPretty,
    includeObject: '',
    key: `${format.mediaType} metadata ${metaVersion}`,
  };
}

const streamTypesOf = (format: Format): readonly string[] =>
  format.streamType === undefined
    ? []
    : [format === cborFormat ? format.streamType : `${format.mediaType};stream=watch`];

const plainOf = (format: Format, isPretty: boolean): Representation => ({
  format,
  shape: 'object',
  metaVersion: '',
  isList: false,
  isPretty,
  includeObject: '',
  key: format.mediaType,
});
const plains = new Map(
  [...formats, cborFormat].map((format) => [format, [plainOf(format, false), plainOf(format, true)] as const]),
);

const plain = (format: Format, isPretty: boolean): Representation =>
  plains.get(format)?.[isPretty ? 1 : 0] ?? plainOf(format, isPretty);

function wantsPretty(request: ApiRequest): boolean {
  const asked = request.query.get('pretty');
  if (asked) return /^(?:1|t|true)$/i.test(asked);
  const agent = request.header('user-agent') ?? '';
  return HUMAN_AGENTS.some((prefix) => agent.startsWith(prefix));
}

const notAcceptable = (accepted: readonly string[]): StatusError =>
  failure('NotAcceptable', `only the following media types are accepted: ${accepted.join(', ')}`);
