import { PROMETHEUS_TYPE } from '@navarch/base';
import { jsonText, type Kind, type ResourceFacts } from '@navarch/machinery';
import type { ExtensionVersion } from '../aggregation/aggregation.ts';
import type { FeatureGates } from '../features/feature-gates.ts';
import { notServed } from '../handlers/exchange.ts';
import { valueAnswer } from '../handlers/answer.ts';
import { parseAccept, takes } from '../representation/accept.ts';
import { type Format, formats, jsonFormat } from '../representation/format.ts';
import { checkRouted } from '../representation/routed.ts';
import {
  type ApiRequest,
  type ApiResponse,
  type BytesResponse,
  encode,
  json,
  notFoundPage,
  plain,
} from '../request.ts';
import {
  aggregated,
  apiGroup,
  apiVersions,
  groupList,
  type GroupVersion,
  groupVersions,
  newestFirst,
  resourceList,
} from './discovery.ts';
import { flowDump, type LevelState } from '../flow/dump.ts';
import { httpDate } from './dates.ts';
import { checkRead, type Document, documentAnswer, documentOf, movedTo } from './document.ts';
import { type IssuerFacts, keysAnswer } from './issuer.ts';
import type { Health } from '../health/health.ts';
import type { Doc } from './openapi/definitions.ts';
import { extensionPath, withExtensions } from './openapi/extensions.ts';
import { groupPath, OpenApi } from './openapi/open-api.ts';
import { OPENAPI_V2_PROTOBUF, openApiV2Protobuf } from './openapi/protobuf.ts';
import { openApiType } from './openapi/form.ts';
import { OPENAPI_V3_PROTOBUF, openApiV3Protobuf } from './openapi/protobuf-v3.ts';
import { ZPAGES, zpage } from './zpages.ts';

export interface DocumentsDeps extends IssuerFacts {
  /** What is served, now: custom resources come and go. The list is another one after each change. */
  kinds(): readonly Kind<any>[];
  /** What extension servers serve, now. The list is another one after each change. */
  extensions(): readonly ExtensionVersion[];
  /** Resources that are asked and never stored. */
  readonly virtual: readonly Kind<any>[];
  /** `host:port` for clients in the cluster. */
  readonly address: string;
  readonly formats: readonly Format[];
  readonly features: FeatureGates;
  readonly running: ProcessFacts;
  /** What the process counts. */
  readonly metrics: { text(): string; reset(): void };
  /** What others of the process tell, by what is behind `/metrics/`. */
  readonly metricPages: ReadonlyMap<string, () => string>;
  readonly health: Health;
  /** How things stand in the levels of flow control. */
  readonly flow: () => readonly LevelState[];
}

/** What is told of the process on its z-pages. */
interface ProcessFacts {
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  now(): number;
  /** What it was started with. */
  readonly flags: Readonly<Record<string, string>>;
}

const VERSION = {
  major: '1',
  minor: '37',
  emulationMajor: '1',
  emulationMinor: '37',
  minCompatibilityMajor: '1',
  minCompatibilityMinor: '36',
  gitVersion: 'v1.37.0',
  gitCommit: '',
  gitTreeState: 'clean',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: 'none',
  compiler: 'navarch',
  platform: 'linux/amd64',
};
/** Under which names documents are kept. */
const V3 = 'openapi v3 ';
const V3_PROTOBUF = 'protobuf of openapi v3 ';
const V3_INDEX = 'index of openapi v3';
const YEAR_MS = 365 * 24 * 3600 * 1000;
const AGGREGATED = 'APIGroupDiscoveryList';
/** A document that is asked for by its hash never changes (kept by clients). */
const FOREVER_HEADERS = { 'cache-control': 'public, immutable' } as const;
/** Upstream's handler of this document compresses it by itself. */
const V2_HEADERS = { vary: 'Accept-Encoding, Accept' } as const;
const JSON_TYPE = { 'content-type': 'application/json' } as const;

/** Everything the server says about itself: discovery, OpenAPI, health, version, keys. */
export class Documents {
  readonly #deps: DocumentsDeps;
  #kinds: readonly Kind<any>[] = [];
  #extensions: readonly ExtensionVersion[] = [];
  /** With those that are not stored. */
  #all: readonly Kind<any>[] = [];
  #versions: readonly GroupVersion[] = [];
  #openApis: OpenApi;
  readonly #made = new Map<string, Document>();
  readonly #lists = new Map<GroupVersion, unknown>();
  readonly #zpages: readonly (typeof ZPAGES)[number][];

  constructor(deps: DocumentsDeps) {
    this.#deps = deps;
    this.#openApis = new OpenApi([], deps.formats, deps.features);
    this.#zpages = ZPAGES.filter((page) =>
      deps.features.isOn(page === 'flagz' ? 'ComponentFlagz' : 'ComponentStatusz'),
    );
  }

  /** Most documents are shown whatever the method; those that are routed as resources are, by GET alone. Throws MethodNotAllowed. */
  answer(request: ApiRequest): ApiResponse | Promise<ApiResponse> {
    this.#refresh();
    if (request.path.includes('//')) return notFoundPage();
    const parts = request.path.split('/').filter((part) => part !== '');
    const [first = '', ...rest] = parts;
    switch (first) {
      case '':
      case 'index.html':
        return forPeople({ paths: this.#paths() });
      case 'api':
      case 'apis':
        return this.#discovery(request, parts);
      case 'version':
        checkRead(request);
        checkRouted(request, [jsonFormat]);
        return forPeople(VERSION);
      case 'healthz':
      case 'livez':
      case 'readyz':
        return this.#deps.health.answer(first, request);
      case 'metrics':
        return this.#metrics(request, rest.join('/'));
      case 'flagz':
      case 'statusz':
        return this.#zpage(first, rest, request);
      case 'openapi':
        return this.#openApi(request, rest);
      case 'debug': {
        const dump = flowDump(request.path, request.query, this.#deps.flow());
        return dump === undefined ? notFoundPage() : plain(dump);
      }
      default:
        return keysAnswer(request, this.#deps);
    }
  }

  #metrics({ method }: ApiRequest, rest: string): ApiResponse {
    const { metrics, metricPages, health } = this.#deps;
    const page = rest === '' ? () => metrics.text() : rest === 'slis' ? () => health.slis() : metricPages.get(rest);
    if (!page) return notFoundPage();
    if (method === 'DELETE') {
      if (rest === '') metrics.reset();
      if (rest === 'slis') health.resetSlis();
      return { ...plain('metrics reset\n'), headers: { 'content-type': 'text/plain; charset=utf-8' } };
    }
    return {
      ...plain(page()),
      headers: {
        'content-type': PROMETHEUS_TYPE,
        'process-start-time-unix': String(Math.floor(this.#deps.running.startedAt / 1000)),
      },
    };
  }

  #zpage(page: (typeof ZPAGES)[number], rest: readonly string[], request: ApiRequest): ApiResponse {
    if (rest.length > 0 || !this.#zpages.includes(page)) return notFoundPage();
    const component = {
      name: 'kube-apiserver',
      ...this.#deps.running,
      binaryVersion: VERSION.gitVersion.slice(1),
      emulationVersion: `${VERSION.emulationMajor}.${VERSION.emulationMinor}`,
      goVersion: VERSION.goVersion,
      paths: () => this.#paths(),
    };
    return zpage(page, component, request);
  }

  /** True for a group and version in which something is served. */
  has(group: string, version: string): boolean {
    this.#refresh();
    return this.#versions.some((of) => of.group === group && of.version === version);
  }

  /** True for a group that the server brought with it, in whichever version. */
  isOwnGroup(group: string): boolean {
    this.#refresh();
    return this.#all.some((kind) => kind.group === group && kind.origin === 'built-in');
  }

  #isOwn({ group, version }: GroupVersion): boolean {
    return this.#all.some((kind) => kind.group === group && kind.version === version && kind.origin === 'built-in');
  }

  #refresh(): void {
    const [kinds, extensions] = [this.#deps.kinds(), this.#deps.extensions()];
    if (kinds === this.#kinds && extensions === this.#extensions) return;
    const before = Map.groupBy(this.#all, groupPath);
    this.#kinds = kinds;
    this.#extensions = extensions;
    this.#all = [...kinds, ...this.#deps.virtual];
    this.#versions = groupVersions(this.#all, extensions);
    this.#openApis = new OpenApi(this.#all, this.#deps.formats, this.#deps.features);
    this.#forget(before, Map.groupBy(this.#all, groupPath));
    this.#lists.clear();
  }

  /** Documents of what has changed: to make all of them anew whenever a custom resource comes would keep everybody waiting. */
  #forget(before: ReadonlyMap<string, readonly Kind<any>[]>, now: ReadonlyMap<string, readonly Kind<any>[]>): void {
    const isSame = (a: readonly Kind<any>[], b: readonly Kind<any>[]): boolean =>
      a.length === b.length && a.every((kind, index) => kind === b[index]);
    for (const name of this.#made.keys()) {
      const path = name.startsWith(V3) ? name.slice(V3.length) : undefined;
      const isForeign = this.#extensions.some((version) => extensionPath(version) === path);
      if (path === undefined || isForeign || !isSame(before.get(path) ?? [], now.get(path) ?? []))
        this.#made.delete(name);
    }
  }

  #discovery(request: ApiRequest, parts: readonly string[]): ApiResponse {
    const isCore = parts[0] === 'api';
    if (isCore) checkRead(request);
    if (parts.length === 1) {
      const version = this.#deps.features.isOn('AggregatedDiscoveryEndpoint') ? aggregatedVersion(request) : undefined;
      if (version) return this.#aggregated(request, version, isCore);
      if (isCore) checkRouted(request, formats);
      return valueAnswer({ request, formats }, isCore ? apiVersions(this.#deps.address) : groupList(this.#versions));
    }
    const group = isCore ? '' : (parts[1] ?? '');
    const of = newestFirst(this.#versions.filter((v) => v.group === group));
    const [version, ...more] = parts.slice(isCore ? 1 : 2);
    if (of.length > 0 && version === undefined) return valueAnswer({ request, formats }, apiGroup(group, of));
    const found = of.find((v) => v.version === version);
    if (!found && this.isOwnGroup(group)) throw notServed();
    if (!found) return notFoundPage();
    if (more.length > 0) throw notServed();
    // Only what has resources of its own has the formats of features too.
    const shownIn = this.isOwnGroup(group) ? this.#deps.formats : formats;
    if (this.#isOwn(found)) {
      checkRead(request);
      checkRouted(request, shownIn);
    }
    let list = this.#lists.get(found);
    if (!list) this.#lists.set(found, (list = resourceList(found, (kind) => this.#storedAs(kind))));
    return valueAnswer({ request, formats: shownIn }, list);
  }

  #storedAs(kind: ResourceFacts): ResourceFacts | undefined {
    const own = this.#deps.features.isOn('StorageVersionHash')
      ? this.#kinds.find((known) => known === kind)
      : undefined;
    return own?.isAlternate
      ? (own.hub?.kind ?? this.#kinds.find((known) => !known.isAlternate && known.storagePrefix === own.storagePrefix))
      : own;
  }

  #aggregated(request: ApiRequest, version: string, isCore: boolean): ApiResponse {
    const document = this.#once(`${isCore ? 'api' : 'apis'} ${version}`, () =>
      aggregated(this.#versions, isCore, version),
    );
    return documentAnswer(request, document, {
      'content-type': `application/json;g=apidiscovery.k8s.io;v=${version};as=${AGGREGATED}`,
    });
  }

  #openApi(request: ApiRequest, [version, ...path]: readonly string[]): ApiResponse {
    if (version === 'v2' && path.length === 0) return this.#openApiV2(request);
    if (version !== 'v3') return notFoundPage();
    if (path.length === 0)
      return documentAnswer(
        request,
        this.#once(V3_INDEX, () => this.#openApiRoot()),
        { ...JSON_TYPE, vary: '' },
      );
    const type = openApiType(request, OPENAPI_V3_PROTOBUF);
    if (type === undefined) return plain('', 406);
    const name = path.join('/');
    const of = this.#openApiOf(name);
    if (!of) return { type: 'bytes', status: 404, headers: {}, body: [] };
    const asked = request.query.get('hash');
    if (asked && asked !== of.hash) return movedTo(openApiUrl(name, of), of, type);
    // The hash is of the text, in whichever form it comes.
    const shown =
      type === OPENAPI_V3_PROTOBUF[0]
        ? { ...this.#onceBytes(`${V3_PROTOBUF}${name}`, () => openApiV3Protobuf(of.bytes)), hash: of.hash }
        : of;
    const kept = asked ? { ...FOREVER_HEADERS, expires: httpDate(this.#deps.running.now() + YEAR_MS) } : {};
    return documentAnswer(request, shown, { 'content-type': type, ...kept });
  }

  #openApiV2(request: ApiRequest): ApiResponse {
    const type = openApiType(request, OPENAPI_V2_PROTOBUF);
    if (type === undefined) return plain('', 406);
    const document =
      type === OPENAPI_V2_PROTOBUF[0]
        ? this.#onceBytes('openapi v2 protobuf', () => openApiV2Protobuf(this.#wholeV2()))
        : this.#once('openapi v2', () => this.#wholeV2());
    return documentAnswer(request, document, { 'content-type': type, ...V2_HEADERS });
  }

  #wholeV2(): Doc {
    return withExtensions(this.#openApis.v2(), this.#extensions);
  }

  /** Where the document of each group and version is, with its hash: so that clients keep what has not changed. */
  #openApiRoot(): unknown {
    const names = [
      ...new Set([...this.#openApis.names, ...this.#extensions.filter((of) => of.openApiV3).map(extensionPath)]),
    ].sort();
    return {
      paths: Object.fromEntries(
        names.map((name) => [name, { serverRelativeURL: openApiUrl(name, this.#openApiOf(name) as Document) }]),
      ),
    };
  }

  #openApiOf(name: string): Document | undefined {
    const extension = this.#extensions.find((version) => extensionPath(version) === name);
    if (extension) return extension.openApiV3 && this.#once(`${V3}${name}`, () => extension.openApiV3);
    return this.#openApis.names.includes(name) ? this.#once(`${V3}${name}`, () => this.#openApis.v3(name)) : undefined;
  }

  #paths(): readonly string[] {
    const groups = this.#versions.flatMap(({ group, version }) =>
      group ? [`/apis/${group}`, `/apis/${group}/${version}`] : [`/api/${version}`],
    );
    return [
      ...new Set([
        '/.well-known/openid-configuration',
        '/api',
        '/apis',
        ...groups,
        ...this.#deps.health.paths,
        '/metrics',
        '/metrics/slis',
        ...this.#zpages.map((page) => `/${page}`),
        '/openapi/v2',
        '/openapi/v3',
        '/openapi/v3/',
        '/openid/v1/jwks',
        '/version',
      ]),
    ].sort();
  }

  #once(name: string, make: () => unknown): Document {
    return this.#onceBytes(name, () => encode(jsonText(make())));
  }

  #onceBytes(name: string, make: () => Uint8Array): Document {
    let document = this.#made.get(name);
    if (!document) this.#made.set(name, (document = documentOf(make(), this.#deps.running.now())));
    return document;
  }
}

/** Indented whoever asks. */
const forPeople = (value: unknown): BytesResponse => ({ ...json(value), body: [encode(jsonText(value, 2))] });

const openApiUrl = (name: string, { hash }: Document): string => `/openapi/v3/${name}?hash=${hash}`;

/** The version of aggregated discovery (KEP-3352) that the client likes best; undefined: it wants the lists. */
function aggregatedVersion(request: ApiRequest): string | undefined {
  for (const clause of parseAccept(request.header('accept') ?? '')) {
    if (!takes(clause, 'application/json')) continue;
    const { parameters } = clause;
    const version = parameters.get('v') ?? '';
    if (
      parameters.get('as') === AGGREGATED &&
      parameters.get('g') === 'apidiscovery.k8s.io' &&
      (version === 'v2' || version === 'v2beta1')
    )
      return version;
    if (!parameters.has('as')) return undefined;
  }
  return undefined;
}
