import { schemas } from '@navarch/api';
import {
  badRequest,
  decode,
  DecodeError,
  Field,
  invalid,
  parseFieldSelector,
  parseLabelSelector,
} from '@navarch/machinery';
import type { DeleteOptions } from '../registry/deletion.ts';
import type { ListRequest } from '../registry/reading.ts';
import type { ApiRequest } from '../request.ts';
import type { Exchange } from './exchange.ts';

/** A number of the query. Throws BadRequest, as upstream's conversion does. */
function wholeNumber(text: string): number {
  const why = !/^[+-]?\d+$/.test(text)
    ? 'invalid syntax'
    : BigInt.asIntN(64, BigInt(text)) !== BigInt(text)
      ? 'value out of range'
      : undefined;
  if (why) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: ${why}`);
  return Number(text);
}

/** Upstream takes everything for true but `false` and `0`. */
export const isTrue = (value: string | null): boolean =>
  value !== null && value !== '0' && value.toLowerCase() !== 'false';

interface WatchOptions {
  readonly sendInitialEvents: boolean;
  readonly allowBookmarks: boolean;
  /** Undefined: the server's choice. */
  readonly timeoutSeconds: number | undefined;
}

/** ListOptions of the query (meta/v1), for a list or a watch. Throws Invalid or BadRequest in upstream's words. */
export function listOptions({
  request: { query },
  info,
  features,
}: Pick<Exchange, 'request' | 'info' | 'features'>): ListRequest {
  const match = query.get('resourceVersionMatch') ?? '';
  const limit = wholeNumber(query.get('limit') ?? '0');
  wholeNumber(query.get('timeoutSeconds') ?? '0');
  parseLabelSelector(query.get('labelSelector') ?? '');
  parseFieldSelector(query.get('fieldSelector') ?? '');
  const at = new Field();
  if (info.verb === 'watch') checkWatch(query, match, features.isOn('WatchList'), at);
  else checkList(query, match, at);
  if (at.errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', at.errors);
  return {
    namespace: info.namespace,
    labelSelector: query.get('labelSelector') ?? '',
    fieldSelector: fieldsOf(query.get('fieldSelector') ?? '', info.name),
    limit: limit > 0 ? limit : undefined,
    continue: query.get('continue') ?? '',
    resourceVersion: query.get('resourceVersion') ?? '',
    resourceVersionMatch: match,
  };
}

export function watchOptions({ query }: ApiRequest): WatchOptions {
  const wanted = query.get('sendInitialEvents');
  const resourceVersion = query.get('resourceVersion') ?? '';
  const isFromAnywhere = resourceVersion === '' || resourceVersion === '0';
  const seconds = wholeNumber(query.get('timeoutSeconds') || '0');
  return {
    // Without a version to go on from, everything there is comes first, unless the client says otherwise.
    sendInitialEvents: wanted === null ? isFromAnywhere : isTrue(wanted),
    allowBookmarks: isTrue(query.get('allowWatchBookmarks')),
    timeoutSeconds: seconds > 0 ? seconds : undefined,
  };
}

function checkList(query: URLSearchParams, match: string, at: Field): void {
  const matching = at.at('resourceVersionMatch');
  if (match !== '') {
    if (!query.get('resourceVersion'))
      matching.forbidden('resourceVersionMatch is forbidden unless resourceVersion is provided');
    if (query.get('continue')) matching.forbidden('resourceVersionMatch is forbidden when continue is provided');
    if (match !== 'Exact' && match !== 'NotOlderThan') matching.notSupported(match, ['Exact', 'NotOlderThan', '']);
    if (match === 'Exact' && query.get('resourceVersion') === '0')
      matching.forbidden('resourceVersionMatch "exact" is forbidden for resourceVersion "0"');
  }
  if (query.has('sendInitialEvents')) at.at('sendInitialEvents').forbidden('sendInitialEvents is forbidden for list');
}

function checkWatch(query: URLSearchParams, match: string, mayListByWatch: boolean, at: Field): void {
  const matching = at.at('resourceVersionMatch');
  const isInitialAsked = query.has('sendInitialEvents');
  if (isInitialAsked && match !== 'NotOlderThan')
    matching.forbidden('sendInitialEvents requires setting resourceVersionMatch to NotOlderThan');
  if (isInitialAsked && !mayListByWatch)
    at.at('sendInitialEvents').forbidden(
      'sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled',
    );
  const isFromAnywhere = !query.get('resourceVersion') || query.get('resourceVersion') === '0';
  // What a watch of that kind is taken for goes with no token either.
  const isImplied = match === '' && !isInitialAsked && isFromAnywhere && mayListByWatch;
  if ((match !== '' || isImplied) && query.get('continue') && (isImplied || match === 'NotOlderThan'))
    matching.forbidden('resourceVersionMatch is forbidden when continue is provided');
  if (match === '') return;
  if (!isInitialAsked)
    matching.forbidden('resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided');
  if (match !== 'NotOlderThan') matching.notSupported(match, ['NotOlderThan']);
  if (query.get('continue')) matching.forbidden('resourceVersionMatch is forbidden when continue is provided');
}

/** A name in the path of a watch selects the object; a field selector beside it must say the same. */
function fieldsOf(fieldSelector: string, name: string): string {
  if (name === '') return fieldSelector;
  const terms = parseFieldSelector(fieldSelector);
  const isSame =
    terms.length === 0 || terms.some((term) => term.field === 'metadata.name' && term.isEqual && term.value === name);
  if (!isSame) throw badRequest("fieldSelector metadata.name doesn't match requested name");
  return fieldSelector || `metadata.name=${name}`;
}

const POLICIES = ['Foreground', 'Background', 'Orphan'] as const;

interface SentDeleteOptions extends DeleteOptions {
  readonly dryRun?: readonly string[];
  /** Of an object that cannot be read (KEP-3926). */
  readonly ignoreStoreReadErrorWithClusterBreakingPotential?: boolean;
}

/** DeleteOptions of body and query (meta/v1); a body counts before the query. Throws Invalid or BadRequest in upstream's words. */
export function deleteOptions(
  { request: { query }, info, features }: Pick<Exchange, 'request' | 'info' | 'features'>,
  body: unknown,
): SentDeleteOptions {
  const { [UNSAFE]: isUnsafe, ...safe } = body === undefined ? queriedOptions(query) : decodedOptions(body);
  const options: SentDeleteOptions =
    isUnsafe && features.isOn('AllowUnsafeMalformedObjectDeletion') ? { ...safe, [UNSAFE]: true } : safe;
  const at = new Field();
  checkDeletion(options, at);
  if (at.errors.length === 0 && options[UNSAFE] && info.verb === 'deletecollection')
    at.at(UNSAFE).invalid(true, 'is not allowed with DELETECOLLECTION, try again after removing the option');
  if (at.errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', at.errors);
  return options;
}

const UNSAFE = 'ignoreStoreReadErrorWithClusterBreakingPotential';
/** What makes no sense for what cannot be read. */
const SAFE_ONLY = ['propagationPolicy', 'orphanDependents', 'gracePeriodSeconds', 'preconditions'] as const;

function checkDeletion(options: SentDeleteOptions, at: Field): void {
  const { propagationPolicy, orphanDependents, dryRun = [] } = options;
  const place = at.at('propagationPolicy');
  if (propagationPolicy !== undefined && orphanDependents !== undefined)
    place.invalid(propagationPolicy, 'orphanDependents and deletionPropagation cannot be both set');
  if (propagationPolicy !== undefined && !POLICIES.some((known) => known === propagationPolicy))
    place.notSupported(propagationPolicy, [...POLICIES, 'nil']);
  if (dryRun.some((text) => text !== 'All')) at.at('dryRun').notSupported(dryRun, ['All']);
  if (!options[UNSAFE]) return;
  for (const other of SAFE_ONLY)
    if (options[other] !== undefined) at.at(UNSAFE).invalid(true, `cannot be set together with .${other}`);
}

function queriedOptions(query: URLSearchParams): SentDeleteOptions {
  const grace = query.get('gracePeriodSeconds');
  const policy = query.get('propagationPolicy');
  const orphan = query.get('orphanDependents');
  const unsafe = query.get(UNSAFE);
  return {
    ...(grace === null ? {} : { gracePeriodSeconds: wholeNumber(grace) }),
    ...(policy === null ? {} : { propagationPolicy: policy }),
    ...(orphan === null ? {} : { orphanDependents: isTrue(orphan) }),
    ...(unsafe === null ? {} : { [UNSAFE]: isTrue(unsafe) }),
    ...(query.has('dryRun') ? { dryRun: query.getAll('dryRun') } : {}),
  };
}

const optionsSchema = schemas.object('io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions');

/** Where upstream's own table of options is. */
const TABLE = 'pkg/apis/meta/internalversion/scheme/register.go:27';

function decodedOptions(body: unknown): SentDeleteOptions {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw badRequest('json: cannot unmarshal into Go value of type v1.DeleteOptions');
  const { kind, apiVersion } = body as { readonly kind?: string; readonly apiVersion?: string };
  if (kind && kind !== 'DeleteOptions')
    throw badRequest(
      `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion || 'v1')} in scheme ${JSON.stringify(TABLE)}`,
    );
  try {
    return decode(optionsSchema, body).value;
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw badRequest(error.message);
  }
}
