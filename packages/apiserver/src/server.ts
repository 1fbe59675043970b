import { protobuf } from '@navarch/api';
import { type ApiObject, badRequest, failure, Field, invalid, jsonPatch, mergePatch, methodNotAllowed, pathSegmentErrors, type ResourceFacts, statusOf, StatusError, success } from '@navarch/machinery';
import { authenticate, type AuthenticationDeps } from './auth/authentication.ts';
import type { Access } from './auth/access.ts';
import { type Attributes, attributesOf } from './auth/attributes.ts';
import { impersonated } from './auth/impersonation.ts';
import type { User } from './auth/user.ts';
import { aggregated, apiGroup, groupList, type GroupVersion, groupVersions, newestFirst, resourceList } from './documents/discovery.ts';
import { groupPath, openApiV2, openApiV3 } from './documents/openapi.ts';
import type { DeleteOptions } from './registry/deletion.ts';
import { bytesOf, listBytes, objectBytes, page } from './registry/reading.ts';
import type { Registry } from './registry/registry.ts';
import type { Call, PatchType, Resource } from './registry/resource.ts';
import { partial, partialList, type Shape, tableList } from './registry/table.ts';
import { runWatch } from './registry/watching.ts';
import { type RequestInfo, requestInfo } from './request-info.ts';
import { type ApiRequest, type ApiResponse, type BytesResponse, encode, json, plain } from './request.ts';
import { builtinSubresources } from './subresources/builtin.ts';
import { readScale, writeScale } from './subresources/scale.ts';
import type { Subresource, SubresourceContext } from './subresources/subresource.ts';

export interface ServerDeps {
  readonly registry: Registry;
  readonly authentication: AuthenticationDeps;
  /** Resources that are asked and never stored, for discovery. */
  readonly virtual: readonly ResourceFacts[];
  /** Reads a YAML document; absent: YAML bodies are refused. */
  parseYaml?(text: string): unknown;
  /** Prometheus text. */
  metrics(): string;
  /** Names of checks that fail right now. */
  failingChecks(): readonly string[];
}

const VERSION = {
  major: '1', minor: '37', gitVersion: 'v1.37.0', gitCommit: '', gitTreeState: 'clean', buildDate: '1970-01-01T00:00:00Z', goVersion: 'none',
  compiler: 'navarch', platform: 'linux/amd64',
};
const WATCH_MS_MIN = 30 * 60_000;
const decoder = new TextDecoder('utf-8', { fatal: false });

/** The API server without its sockets: a request in, an answer out. */
export class Server {
  readonly registry: Registry;
  readonly access: Access;
  readonly #deps: ServerDeps;
  readonly #subresources: ReadonlyMap<string, Subresource>;
  readonly #versions: readonly GroupVersion[];
  readonly #documents = new Map<string, unknown>();

  constructor(deps: ServerDeps) {
    this.#deps = deps;
    this.registry = deps.registry;
    this.access = deps.registry.deps.access;
    this.#subresources = new Map(builtinSubresources.map((s) => [s.at, s]));
    this.#versions = groupVersions([...deps.registry.kinds, ...deps.virtual]);
  }

  /** Never rejects: whatever goes wrong is a Status. */
  async handle(request: ApiRequest): Promise<ApiResponse> {
    try {
      const info = infoOf(request);
      const user = impersonated(request, await authenticate(request, this.#deps.authentication), this.access);
      this.access.require(user, attributesOf(info, request.query));
      const warnings: string[] = [];
      const answer = await this.#route(request, info, user, warnings);
      if (warnings.length === 0 || answer.type !== 'bytes') return answer;
      return { ...answer, headers: { ...answer.headers, warning: warningHeader(warnings) } };
    } catch (error) {
      const status = statusOf(error);
      if (!(error instanceof StatusError)) this.registry.deps.log.error('request failed', { path: request.path, method: request.method, error, stack: (error as Error).stack });
      const retry = status.details?.retryAfterSeconds;
      return json(status, status.code ?? 500, retry === undefined ? {} : { 'retry-after': String(retry) });
    }
  }

  /** Throws Forbidden. */
  authorize(user: User, request: Attributes): void {
    this.access.require(user, request);
  }

  /** What a user may do through a subresource, also for callers in the same process. */
  async post(info: RequestInfo, body: unknown, user: User): Promise<unknown> {
    const subresource = this.#subresources.get(addressOfInfo(info));
    if (!subresource?.answer) throw notServed();
    return (await subresource.answer(body, this.#context(info, new URLSearchParams(), user, { user, isDryRun: false }))).value;
  }

  async #route(request: ApiRequest, info: RequestInfo, user: User, warnings: string[]): Promise<ApiResponse> {
    if (!info.isResource) return this.#document(request, info.path);
    const resource = this.registry.find(info.group ? `${info.group}/${info.version}` : info.version, info.resource);
    checkPlace(info, resource?.kind ?? this.#virtual(info));
    const call = this.#call(request, info, user, warnings);
    const subresource = this.#subresources.get(addressOfInfo(info));
    if (subresource) return this.#special(subresource, request, info, user, call);
    if (!resource) throw notServed();
    if (info.subresource !== '') return this.#part(resource, request, info, call);
    if (info.name !== '') return this.#object(resource, request, info, call);
    return this.#collection(resource, request, info, call);
  }

  async #special(subresource: Subresource, request: ApiRequest, info: RequestInfo, user: User, call: Call): Promise<ApiResponse> {
    const context = this.#context(info, request.query, user, call);
    if (subresource.connect) {
      if (subresource.methods && !subresource.methods.includes(request.method)) throw methodNotAllowed({ group: info.group, plural: info.resource }, request.method.toLowerCase());
      // A WebSocket can only begin with GET, yet what it begins is not reading (KEP-4006).
      if (subresource.opensStreams && isWebSocket(request)) this.access.require(user, { ...info, verb: 'create' });
      return { type: 'proxy', target: subresource.connect(context) };
    }
    if (request.method !== 'POST' || !subresource.answer) throw methodNotAllowed({ group: info.group, plural: info.resource }, request.method.toLowerCase());
    const { status, value } = await subresource.answer(await this.#body(request), context);
    if (wantedShape(request) === 'table') throw notAcceptable();
    return json(value, status);
  }

  #virtual({ group, version, resource }: RequestInfo): ResourceFacts | undefined {
    return this.#deps.virtual.find((facts) => facts.group === group && facts.version === version && facts.plural === resource);
  }

  #call(request: ApiRequest, info: RequestInfo, user: User, warnings: string[]): Call {
    const mayCreate = (): void => this.access.require(user, { ...info, verb: 'create' });
    return { ...callOf(request, user, warnings), mayCreate };
  }

  #context(info: RequestInfo, query: URLSearchParams, user: User, call: Call): SubresourceContext {
    return { registry: this.registry, access: this.access, authentication: this.#deps.authentication, call, info, query, user };
  }

  async #collection(resource: Resource<any>, request: ApiRequest, info: RequestInfo, call: Call): Promise<ApiResponse> {
    const { query } = request;
    switch (info.verb) {
      case 'watch': return this.#watch(resource, request, info);
      case 'list': {
        const limit = query.get('limit');
        const found = page(resource, {
          namespace: info.namespace, labelSelector: query.get('labelSelector') ?? '', fieldSelector: query.get('fieldSelector') ?? '',
          limit: limit === null || limit === '0' ? undefined : wholeNumber('limit', limit), continue: query.get('continue') ?? '',
          resourceVersion: query.get('resourceVersion') ?? '', resourceVersionMatch: query.get('resourceVersionMatch') ?? '',
        });
        const shape = wantedShape(request);
        if (shape === 'object') return { type: 'bytes', status: 200, headers: JSON_HEADERS, body: listBytes(resource, found) };
        const meta = { resourceVersion: String(found.revision), ...(found.continue ? { continue: found.continue } : {}), ...(found.remaining ? { remainingItemCount: found.remaining } : {}) };
        const objects = found.objects.map((cached) => resource.view(cached.object) as ApiObject);
        return json(shape === 'metadata' ? partialList(objects, meta) : tableList(resource, objects, meta, query.get('includeObject') ?? 'Metadata'));
      }
      case 'create': return this.#answer(resource, request, (await resource.create(info.namespace, await this.#body(request), call)) as ApiObject, 201);
      case 'deletecollection':
        if (resource.kind.namespaced && !info.isInNamespace) throw methodNotAllowed(resource.kind, 'delete');
        return this.#deleteCollection(resource, request, info, call);
      default: throw methodNotAllowed(resource.kind, info.verb);
    }
  }

  async #object(resource: Resource<any>, request: ApiRequest, info: RequestInfo, call: Call): Promise<ApiResponse> {
    const { namespace, name } = info;
    switch (request.method) {
      case 'GET': case 'HEAD': {
        if (info.verb === 'watch') return this.#watch(resource, request, info);
        const cached = resource.cached(namespace, name);
        if (wantedShape(request) === 'object') return { type: 'bytes', status: 200, headers: JSON_HEADERS, body: [bytesOf(resource, cached)] };
        return this.#answer(resource, request, resource.view(cached.object) as ApiObject, 200);
      }
      case 'PUT': {
        const existed = resource.find(namespace, name) !== undefined;
        return this.#answer(resource, request, (await resource.replace(namespace, name, await this.#body(request), call)) as ApiObject, existed ? 200 : 201);
      }
      case 'PATCH': return this.#patch(resource, request, info, call);
      case 'DELETE': {
        const options = await this.#deleteOptions(request);
        const { object, isGone } = await resource.delete(namespace, name, options, { ...call, isDryRun: call.isDryRun || options.dryRun?.includes('All') === true });
        if (!isGone || returnsDeleted(resource)) return this.#answer(resource, request, object as ApiObject, 200);
        const { kind } = resource;
        return json(success({ name, ...(kind.group ? { group: kind.group } : {}), kind: kind.plural, uid: (object as ApiObject).metadata.uid }));
      }
      default: throw methodNotAllowed(resource.kind, request.method.toLowerCase());
    }
  }

  async #patch(resource: Resource<any>, request: ApiRequest, { namespace, name, subresource }: RequestInfo, call: Call): Promise<ApiResponse> {
    const { query } = request;
    if (!isApply(request)) {
      if (query.get('force')) throw invalid({ group: 'meta.k8s.io', kind: 'PatchOptions' }, '', forceMisplaced());
      return this.#answer(resource, request, (await resource.patch(namespace, name, patchType(request), await this.#body(request), call, subresource)) as ApiObject, 200);
    }
    const apply = { config: await this.#body(request), manager: query.get('fieldManager') ?? '', force: query.get('force') === 'true' };
    const { object, isNew } = await resource.apply(namespace, name, apply, call, subresource);
    return this.#answer(resource, request, object as ApiObject, isNew ? 201 : 200);
  }

  async #part(resource: Resource<any>, request: ApiRequest, info: RequestInfo, call: Call): Promise<ApiResponse> {
    const { namespace, name, subresource } = info;
    if (subresource === 'scale') return this.#scale(resource, request, info, call);
    if (!resource.hasPart(subresource)) throw notServed();
    switch (request.method) {
      case 'GET': return this.#answer(resource, request, resource.get(namespace, name), 200);
      case 'PUT': return this.#answer(resource, request, (await resource.replace(namespace, name, await this.#body(request), call, subresource)) as ApiObject, 200);
      case 'PATCH': return this.#patch(resource, request, info, call);
      default: throw methodNotAllowed(resource.kind, request.method.toLowerCase());
    }
  }

  async #scale(resource: Resource<any>, request: ApiRequest, { namespace, name }: RequestInfo, call: Call): Promise<ApiResponse> {
    if (request.method === 'GET') return json(readScale(resource, resource.get(namespace, name)));
    const body = await this.#body(request);
    if (request.method === 'PUT') return json(await writeScale(resource, namespace, name, () => body, call));
    if (request.method !== 'PATCH') throw methodNotAllowed(resource.kind, request.method.toLowerCase());
    const type = patchType(request);
    return json(await writeScale(resource, namespace, name, (current) => (type === 'json' ? jsonPatch(current, body) : mergePatch(current, body)), call));
  }

  #answer(resource: Resource<any>, request: ApiRequest, object: ApiObject, status: number): BytesResponse {
    switch (wantedShape(request)) {
      case 'table': return json(tableList(resource, [object], { resourceVersion: object.metadata.resourceVersion }, request.query.get('includeObject') ?? 'Metadata'), status);
      case 'metadata': return json(partial(object), status);
      case 'object': return { type: 'bytes', status, headers: JSON_HEADERS, body: [objectBytes(resource, object)] };
    }
  }

  #watch(resource: Resource<any>, request: ApiRequest, info: RequestInfo): ApiResponse {
    const { query } = request;
    const resourceVersion = query.get('resourceVersion') ?? '';
    if (!/^\d*$/.test(resourceVersion)) throw badRequest(`resourceVersion: Invalid value: ${JSON.stringify(resourceVersion)}: strconv.ParseUint: parsing ${JSON.stringify(resourceVersion)}: invalid syntax`);
    const seconds = query.get('timeoutSeconds');
    const { clock, random } = this.registry.deps;
    const fields = [query.get('fieldSelector') ?? '', info.name === '' ? '' : `metadata.name=${info.name}`].filter((text) => text !== '').join(',');
    const watch = {
      namespace: info.namespace, labelSelector: query.get('labelSelector') ?? '', fieldSelector: fields, resourceVersion,
      sendInitialEvents: query.get('sendInitialEvents') === 'true', allowBookmarks: query.get('allowWatchBookmarks') === 'true', shape: wantedShape(request),
      timeoutMs: seconds === null ? WATCH_MS_MIN + (random.uint32() % WATCH_MS_MIN) : wholeNumber('timeoutSeconds', seconds) * 1000,
    };
    return { type: 'stream', status: 200, headers: JSON_HEADERS, run: (sink, signal) => runWatch(resource, watch, clock, sink, signal) };
  }

  async #deleteCollection(resource: Resource<any>, request: ApiRequest, info: RequestInfo, call: Call): Promise<ApiResponse> {
    const options = await this.#deleteOptions(request);
    const found = page(resource, {
      namespace: info.namespace, labelSelector: request.query.get('labelSelector') ?? '', fieldSelector: request.query.get('fieldSelector') ?? '',
      limit: undefined, continue: '', resourceVersion: '', resourceVersionMatch: '',
    });
    for (const { object } of found.objects) {
      try {
        await resource.delete(object.metadata.namespace ?? '', object.metadata.name, options, call);
      } catch (error) {
        if (!(error instanceof StatusError && error.status.reason === 'NotFound')) throw error; // Gone already is what was asked for.
      }
    }
    return { type: 'bytes', status: 200, headers: JSON_HEADERS, body: listBytes(resource, found) };
  }

  async #deleteOptions(request: ApiRequest): Promise<DeleteOptions & { readonly dryRun?: readonly string[] }> {
    const bytes = await request.body();
    const body = bytes.length === 0 ? {} : (this.#parse(bytes, request.header('content-type') ?? '') as DeleteOptions);
    const { query } = request;
    const grace = query.get('gracePeriodSeconds');
    const policy = query.get('propagationPolicy');
    const options = {
      ...body, ...(grace === null ? {} : { gracePeriodSeconds: wholeNumber('gracePeriodSeconds', grace) }), ...(policy === null ? {} : { propagationPolicy: policy }),
      ...(query.get('orphanDependents') === null ? {} : { orphanDependents: query.get('orphanDependents') === 'true' }),
    };
    if (options.propagationPolicy !== undefined && !['Background', 'Foreground', 'Orphan'].includes(options.propagationPolicy)) {
      throw failure('Invalid', `DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Unsupported value: ${JSON.stringify(options.propagationPolicy)}: supported values: "Foreground", "Background", "Orphan", "nil"`);
    }
    return options;
  }

  async #body(request: ApiRequest): Promise<unknown> {
    return this.#parse(await request.body(), request.header('content-type') ?? '');
  }

  #parse(bytes: Uint8Array, contentType: string): unknown {
    const type = contentType.split(';')[0]?.trim().toLowerCase() ?? '';
    if (type === 'application/yaml' || type === 'application/apply-patch+yaml') {
      if (!this.#deps.parseYaml) throw unsupported(type);
      return this.#deps.parseYaml(decoder.decode(bytes));
    }
    if (type === 'application/vnd.kubernetes.protobuf') return protobufBody(bytes);
    if (type !== '' && type !== 'application/json' && !type.endsWith('+json')) throw unsupported(type);
    try {
      return JSON.parse(decoder.decode(bytes)) as unknown;
    } catch (error) {
      throw badRequest(`error decoding: ${(error as Error).message}`);
    }
  }

  #document(request: ApiRequest, path: string): ApiResponse {
    const accept = request.header('accept') ?? '';
    const wantsAggregated = accept.includes('as=APIGroupDiscoveryList') && accept.includes('v=v2');
    const parts = path.split('/').filter((part) => part !== '');
    if (path === '/' ) return json({ paths: ['/api', '/api/v1', '/apis', '/healthz', '/livez', '/metrics', '/openapi/v2', '/openapi/v3', '/readyz', '/version'] });
    switch (parts[0]) {
      case 'api': case 'apis': return this.#discovery(parts, wantsAggregated);
      case 'version': return json(VERSION);
      case 'healthz': case 'livez': case 'readyz': return this.#health(parts[0], parts[1], request.query);
      case 'metrics': return plain(this.#deps.metrics());
      case 'openapi': return this.#openApi(parts.slice(1));
      case '.well-known': if (parts[1] === 'openid-configuration') return json(this.#openIdConfiguration()); break;
      default: if (path === '/openid/v1/jwks') return { ...json(this.#deps.authentication.tokens.jwks()), headers: { 'content-type': 'application/jwk-set+json' } };
    }
    if (path === '/openid/v1/jwks') return json(this.#deps.authentication.tokens.jwks());
    throw failure('NotFound', 'the server could not find the requested resource');
  }

  #openIdConfiguration(): unknown {
    const { issuer } = this.#deps.authentication;
    return {
      issuer, jwks_uri: `${issuer}/openid/v1/jwks`, response_types_supported: ['id_token'], subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256', 'ES256'],
    };
  }

  #discovery(parts: readonly string[], wantsAggregated: boolean): ApiResponse {
    const isCore = parts[0] === 'api';
    if (parts.length === 1 && wantsAggregated) {
      return { ...json(aggregated(this.#versions, isCore)), headers: { 'content-type': 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList', vary: 'Accept' } };
    }
    if (parts.length === 1) return json(isCore ? { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] } : groupList(this.#versions));
    const group = isCore ? '' : (parts[1] ?? '');
    const of = newestFirst(this.#versions.filter((v) => v.group === group));
    const version = isCore ? parts[1] : parts[2];
    const found = of.find((v) => v.version === version);
    if (of.length > 0 && version === undefined) return json(apiGroup(group, of));
    if (!found) throw notServed();
    return json(resourceList(found));
  }

  #openApi(parts: readonly string[]): ApiResponse {
    const { kinds } = this.registry;
    const once = (name: string, make: () => unknown): ApiResponse => {
      if (!this.#documents.has(name)) this.#documents.set(name, make());
      return json(this.#documents.get(name));
    };
    if (parts[0] === 'v2') return once('v2', () => openApiV2(kinds));
    if (parts[0] !== 'v3') throw notServed();
    if (parts.length === 1) {
      return once('v3', () => ({ paths: Object.fromEntries([...new Set(kinds.map(groupPath))].map((path) => [path, { serverRelativeURL: `/openapi/v3/${path}?hash=1` }])) }));
    }
    const path = parts.slice(1).join('/');
    const of = kinds.filter((kind) => groupPath(kind) === path);
    if (of.length === 0) throw notServed();
    return once(path, () => openApiV3(of));
  }

  #health(endpoint: string, check: string | undefined, query: URLSearchParams): ApiResponse {
    const failing = this.#deps.failingChecks();
    const names = ['ping', 'log', 'store', 'poststarthook/rbac/bootstrap-roles', 'poststarthook/start-system-namespaces-controller'];
    if (check !== undefined && !names.includes(check)) return plain('404 page not found\n', 404);
    const excluded = new Set(query.getAll('exclude'));
    const shown = names.filter((name) => check === undefined || name === check);
    const bad = shown.filter((name) => failing.includes(name) && !excluded.has(name));
    if (bad.length === 0 && !query.has('verbose')) return plain('ok');
    const lines = shown.map((name) => (excluded.has(name) ? `[+]${name} excluded: ok` : bad.includes(name) ? `[-]${name} failed: reason withheld` : `[+]${name} ok`));
    return plain(`${lines.join('\n')}\n${endpoint} check ${bad.length === 0 ? 'passed' : 'failed'}\n`, bad.length === 0 ? 200 : 500);
  }
}

const JSON_HEADERS = { 'content-type': 'application/json' } as const;

function infoOf(request: ApiRequest): RequestInfo {
  try {
    return requestInfo(request.method, request.path, request.query);
  } catch {
    throw badRequest(`the path ${request.path} is not valid`);
  }
}

/** Throws NotFound for a path nothing is at, BadRequest for a name nothing can have. */
function checkPlace(info: RequestInfo, facts: Pick<ResourceFacts, 'namespaced'> | undefined): void {
  const { namespace, name, isInNamespace, verb } = info;
  if (!facts) throw notServed();
  for (const [what, text] of [['namespace', namespace], ['name', name]] as const) {
    const [error] = text === '' ? [] : pathSegmentErrors(text);
    if (error !== undefined) throw badRequest(`${what} parameter invalid: ${JSON.stringify(text)}: ${error}`);
  }
  // Allowed in a namespace, it must not reach what is in none: a path of the wrong scope leads nowhere.
  if (isInNamespace && !facts.namespaced) throw notServed();
  if (facts.namespaced && !isInNamespace && (name !== '' || (verb !== 'list' && verb !== 'watch' && verb !== 'deletecollection'))) throw notServed();
}

const isWebSocket = (request: ApiRequest): boolean => /\bwebsocket\b/i.test(request.header('upgrade') ?? '');

/** What all warnings of one answer may take (bytes), and each of them when together they are more; upstream's limits. */
const WARNINGS_BYTES_MAX = 4096;
const WARNING_CHARS_MAX = 256;

/** Texts as header values: quoted, control characters escaped, other scripts as UTF-8. */
function warningHeader(texts: readonly string[]): string {
  const unique = [...new Set(texts)];
  const isLong = unique.reduce((sum, text) => sum + text.length, 0) > WARNINGS_BYTES_MAX;
  const values: string[] = [];
  let bytes = 0;
  for (const text of unique) {
    const quoted = JSON.stringify(isLong ? text.slice(0, WARNING_CHARS_MAX) : text).replaceAll('\u007f', '\\u007f');
    const value = `299 - ${String.fromCharCode(...encode(quoted))}`;
    bytes += value.length;
    if (bytes > 2 * WARNINGS_BYTES_MAX) break;
    values.push(value);
  }
  return values.join(', ');
}

const addressOfInfo = ({ group, resource, subresource }: RequestInfo): string =>
  `${group}/${resource}${subresource ? `/${subresource}` : ''}`;

function callOf(request: ApiRequest, user: User, warnings: string[]): Call {
  const { query } = request;
  const dryRun = query.getAll('dryRun').filter((text) => text !== '');
  if (dryRun.some((text) => text !== 'All')) throw badRequest(`Invalid value: ${JSON.stringify(dryRun)}: Unsupported value: supported values: "All"`);
  const validation = query.get('fieldValidation') ?? 'Warn';
  if (validation !== 'Ignore' && validation !== 'Warn' && validation !== 'Strict') throw badRequest(`fieldValidation: Unsupported value: ${JSON.stringify(validation)}: supported values: "Ignore", "Strict", "Warn"`);
  return { user, isDryRun: dryRun.length > 0, fieldValidation: validation, warnings, fieldManager: fieldManagerOf(request) };
}

const FIELD_MANAGER_BYTES_MAX = 128;

/** Who the client says it is; who it looks like otherwise: the first word of its User-Agent. */
function fieldManagerOf(request: ApiRequest): string {
  const named = request.query.get('fieldManager');
  if (named && named.length > FIELD_MANAGER_BYTES_MAX) throw badRequest(`fieldManager: Too long: may not be more than ${FIELD_MANAGER_BYTES_MAX} bytes`);
  return named || (request.header('user-agent') ?? '').split('/')[0]?.slice(0, FIELD_MANAGER_BYTES_MAX) || 'unknown';
}

const APPLY_TYPE = 'application/apply-patch+yaml';
const isApply = (request: ApiRequest): boolean => contentType(request) === APPLY_TYPE;
const contentType = (request: ApiRequest): string => request.header('content-type')?.split(';')[0]?.trim() ?? '';

const PATCH_TYPES: Readonly<Record<string, PatchType>> = {
  'application/json-patch+json': 'json', 'application/merge-patch+json': 'merge', 'application/strategic-merge-patch+json': 'strategic',
};

function protobufBody(bytes: Uint8Array): unknown {
  try {
    return protobuf.decode(bytes);
  } catch (error) {
    if (!(error instanceof RangeError) && !(error instanceof SyntaxError)) throw error;
    throw badRequest(`error decoding: ${error.message}`);
  }
}

function patchType(request: ApiRequest): PatchType {
  const type = contentType(request);
  const known = PATCH_TYPES[type];
  if (!known) throw unsupported(type, [...Object.keys(PATCH_TYPES), APPLY_TYPE]);
  return known;
}

function wholeNumber(name: string, text: string): number {
  if (!/^-?\d{1,15}$/.test(text)) throw badRequest(`${name}: Invalid value: ${JSON.stringify(text)}: strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}

/** Reads the Accept header as far as it chooses between an object, a table and metadata; the first acceptable part counts. */
function wantedShape(request: ApiRequest): Shape {
  const accept = request.header('accept') ?? '';
  if (accept === '') return 'object';
  for (const part of accept.split(',')) {
    const [type = '', ...parameters] = part.split(';').map((text) => text.trim());
    if (!['application/json', '*/*', 'application/*', 'application/yaml'].includes(type)) continue;
    if (parameters.includes('as=Table')) return 'table';
    if (parameters.some((p) => p.startsWith('as=PartialObjectMetadata'))) return 'metadata';
    return 'object';
  }
  throw notAcceptable();
}

function forceMisplaced(): Field['errors'] {
  const at = new Field('force');
  at.forbidden('may not be specified for non-apply patch');
  return at.errors;
}

const returnsDeleted = (resource: Resource<any>): boolean => resource.kind.behaviour.graceSeconds !== undefined;
const notServed = (): StatusError => failure('NotFound', 'the server could not find the requested resource');
const notAcceptable = (): StatusError => failure('NotAcceptable', 'only the following media types are accepted: application/json');
const unsupported = (type: string, accepted: readonly string[] = ['application/json', 'application/yaml']): StatusError =>
  failure('UnsupportedMediaType', `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}${type ? ` (got ${type})` : ''}`);

