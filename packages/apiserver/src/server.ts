import { type MetricRegistry, randomUid, type Tick } from '@navarch/base';
import { badRequest, type Kind, statusOf, StatusError } from '@navarch/machinery';
import type { Aggregation, ExtensionVersion } from './aggregation/aggregation.ts';
import { authenticate, type AuthenticationDeps } from './auth/authentication.ts';
import type { Audit, AuditTrail } from './audit/audit.ts';
import type { Access } from './auth/access.ts';
import { type Attributes, attributesOf } from './auth/attributes.ts';
import { Impersonator } from './auth/impersonation.ts';
import type { User } from './auth/user.ts';
import { Documents } from './documents/documents.ts';
import { KEYS } from './documents/issuer.ts';
import { patienceOf, within } from './handlers/deadline.ts';
import type { FeatureGates } from './features/feature-gates.ts';
import { FlowControl } from './flow/flow-control.ts';
import { bytesAnswer } from './handlers/answer.ts';
import { Bodies, type ParseYaml } from './handlers/body.ts';
import { Router } from './handlers/router.ts';
import { warningHeaders } from './handlers/warnings.ts';
import type { Registry } from './registry/registry.ts';
import type { Health } from './health/health.ts';
import { type AccessMeasures, accessMeasures } from './observe/access-measures.ts';
import { type RequestInFlight, RequestTally } from './observe/request-tally.ts';
import { storageFamilies } from './observe/storage-families.ts';
import type { ComputedResource } from './resource-metrics/computed.ts';
import { type Format, formatsOf } from './representation/format.ts';
import { refusalShownAs } from './representation/representation.ts';
import { showValue } from './representation/show.ts';
import { NoKindError, type RequestInfo, requestInfo } from './request-info.ts';
import { type ApiRequest, type ApiResponse, plain, type StreamResponse } from './request.ts';
import type { Tuning } from './tuning.ts';
import { type MetricPage, metricPagesOf, type View } from './views/view.ts';

export interface ServerDeps {
  readonly registry: Registry;
  readonly access: Access;
  readonly authentication: AuthenticationDeps;
  /** Resources that are asked and never stored, for discovery. */
  readonly virtual: readonly Kind<any>[];
  /** Resources that are computed when they are read. */
  readonly computed: readonly ComputedResource[];
  /** What is worked out of single objects when it is read. */
  readonly views: readonly View[];
  readonly metricPages: readonly MetricPage[];
  /** `host:port` that clients in the cluster are told to use. */
  readonly address: string;
  /** Reads a YAML document; absent: bodies in YAML must be JSON, which YAML includes. */
  readonly parseYaml?: ParseYaml;
  /** Sends on what extension API servers serve. Absent: this server calls none. */
  readonly aggregation?: Aggregation | undefined;
  /** What this process counts; the server adds what it counts itself. */
  readonly metrics: MetricRegistry;
  /** What the store takes on disk; absent: nobody can say. */
  readonly storageBytes?: (() => number) | undefined;
  readonly features: FeatureGates;
  /** What the process was started with. */
  readonly flags: Readonly<Record<string, string>>;
  /** Writes down who did what; absent: nobody asked for that. */
  readonly audit?: Audit | undefined;
  readonly health: Health;
  readonly tuning: Tuning;
}

const NO_EXTENSIONS: readonly ExtensionVersion[] = [];

/** What is found out on the way to an answer and told in its headers. */
interface Trail {
  readonly warnings: string[];
  flow: Readonly<Record<string, string>> | undefined;
  info: RequestInfo | undefined;
  /** Names the request in the audit log and to the client. */
  id: string | undefined;
  /** What is written of it in the audit log, if anything. */
  audit: AuditTrail | undefined;
  /** As it is counted. */
  inFlight: RequestInFlight | undefined;
  /** It is known who asks, and not yet that they may. */
  isAtTheDoor: boolean;
}

/** The API server without its sockets: a request in, an answer out. */
export class Server {
  readonly registry: Registry;
  readonly access: Access;
  /** Whether long answers are made shorter for clients that can take them so. */
  readonly compresses: boolean;
  readonly #deps: ServerDeps;
  readonly #router: Router;
  readonly #formats: readonly Format[];
  readonly #flow: FlowControl;
  /** Of every answer. */
  readonly #ownHeaders: Readonly<Record<string, string>>;
  readonly #impersonator: Impersonator;
  readonly #accessMeasures: AccessMeasures;
  readonly #handshakes: Tick;
  readonly #tally = new RequestTally((info) => this.#router.servedAs(info));
  /** Names requests in logs and audits: random for the server, counted within it. */
  readonly #idPrefix: string;
  #idsGiven = 0;

  constructor(deps: ServerDeps) {
    this.#deps = deps;
    this.registry = deps.registry;
    this.access = deps.access;
    this.compresses = deps.features.isOn('APIResponseCompression');
    this.#formats = formatsOf(deps.features);
    this.#flow = new FlowControl(deps.registry, deps.metrics, deps.tuning.seats);
    const { transportSecurity = [] } = deps.tuning;
    this.#ownHeaders =
      transportSecurity.length > 0 ? { 'strict-transport-security': transportSecurity.join('; ') } : {};
    this.#impersonator = new Impersonator(this.access, deps.features.isOn('ConstrainedImpersonation'));
    this.#handshakes = deps.metrics
      .counter(
        'apiserver_tls_handshake_errors_total',
        "[ALPHA] Number of requests dropped with 'TLS handshake error from' error",
      )
      .of({});
    this.#accessMeasures = accessMeasures(deps.metrics, deps.registry.deps.clock);
    deps.metrics.collect(
      () => this.#tally.families(),
      () => this.#tally.reset(),
    );
    deps.metrics.collect(() => [
      ...this.#flow.families(),
      ...storageFamilies(deps.registry, deps.storageBytes),
      ...deps.features.families(),
    ]);
    this.#idPrefix = randomUid(this.registry.deps.random).slice(0, -12);
    this.#router = new Router({
      ...deps,
      aggregation: deps.aggregation,
      documents: documentsOf(deps, this.#formats, this.#flow),
      bodies: new Bodies(deps.parseYaml, this.#formats),
      formats: this.#formats,
    });
  }

  /** Somebody connected, and no TLS came of it. */
  handshakeFailed(): void {
    this.#handshakes.add();
  }

  /** Never rejects: whatever goes wrong is a Status. */
  async handle(request: ApiRequest): Promise<ApiResponse> {
    const trail: Trail = {
      warnings: [],
      flow: undefined,
      info: undefined,
      id: undefined,
      audit: undefined,
      inFlight: undefined,
      isAtTheDoor: false,
    };
    const { clock } = this.registry.deps;
    const started = clock.monotonic();
    let answer: ApiResponse;
    try {
      answer = await this.#inTime(request, trail);
    } catch (error) {
      answer = this.#refusal(request, error, trail);
    }
    const seconds = (): number => (clock.monotonic() - started) / 1000;
    if (answer.type === 'stream') trail.inFlight?.leave();
    else
      trail.inFlight?.answered(
        answer.type === 'proxy' ? 0 : answer.status,
        seconds(),
        answer.type === 'proxy' ? 0 : bytesIn(answer.body),
      );
    if (this.#deps.audit) this.#writeDown(this.#deps.audit, request, answer, trail);
    if (answer.type === 'proxy') return answer;
    const headers: Record<string, string> = {
      ...answer.headers,
      ...this.#ownHeaders,
      ...trail.flow,
      'audit-id': trail.id ?? this.#idOf(request),
    };
    const head = trail.warnings.length > 0 ? { headers, warnings: warningHeaders(trail.warnings) } : { headers };
    return answer.type === 'bytes'
      ? { ...answer, ...head }
      : { ...answer, ...head, run: counted(answer, trail, seconds) };
  }

  /** Throws Forbidden. */
  authorize(user: User, request: Attributes): void {
    this.access.require(user, request);
  }

  /** What a user may do through a subresource, for callers in the same process. */
  post(info: RequestInfo, body: unknown, user: User): Promise<unknown> {
    return this.#router.post(info, body, user);
  }

  /** The resource of that kind, where it is computed; for callers in the same process. */
  computed(kind: Kind<any>): ComputedResource | undefined {
    return this.#deps.computed.find((resource) => resource.kind === kind);
  }

  /** What an extension server has at a path, for callers in the same process; undefined where none serves it. Throws StatusError. */
  async readExtension(path: string, query: URLSearchParams, user: User): Promise<unknown> {
    this.access.require(user, attributesOf(requestInfo('GET', path, query), query));
    return this.#deps.aggregation?.read({ path, query }, user);
  }

  /** What a view shows at a path, for callers in the same process. Rejects with StatusError. */
  async view(path: string, user: User): Promise<unknown> {
    const query = new URLSearchParams();
    const info = requestInfo('GET', path, query);
    this.access.require(user, attributesOf(info, query));
    return this.#router.view(info);
  }

  /** Throws what refuses the request, or rejects with it. */
  #inTime(request: ApiRequest, trail: Trail): Promise<ApiResponse> {
    const info = infoOf(request);
    trail.info = info;
    const patienceMs = patienceOf(info, request.query, this.#deps.tuning.requestMsMax);
    const answer = this.#answer(request, info, trail);
    return patienceMs === undefined ? answer : within(patienceMs, this.registry.deps.clock, answer);
  }

  /** Who asks, whether there is room, whether they may; then what they ask for. */
  async #answer(request: ApiRequest, info: RequestInfo, trail: Trail): Promise<ApiResponse> {
    trail.inFlight = this.#tally.begin(request, info);
    // Most of what is waited for here is there at once, and a turn costs more than looking.
    const found = this.#authenticated(request);
    const asker = found instanceof Promise ? await found : found;
    if (this.#deps.audit)
      trail.audit = this.#deps.audit.begin({ request, info, user: asker, id: (trail.id = this.#idOf(request)) });
    trail.isAtTheDoor = true;
    const attributes = attributesOf(info, request.query);
    const { user, constraint } = this.#impersonator.of(request, asker, attributes);
    if (user !== asker) trail.audit?.actsAs(user, constraint);
    const pass = this.#flow.enter(user, info);
    trail.flow = pass.headers;
    if (pass.wait) {
      const { clock } = this.registry.deps;
      const began = clock.monotonic();
      if (!(await pass.wait(request.signal))) {
        trail.inFlight.isDropped = true;
        return tooManyRequests();
      }
      trail.inFlight.waitedSeconds += (clock.monotonic() - began) / 1000;
    }
    try {
      this.#admit(user, attributes, trail.audit);
      trail.inFlight.isAdmitted = true;
      trail.isAtTheDoor = false;
      const answer = this.#router.route(trail.audit?.request ?? request, info, user, trail);
      return answer instanceof Promise ? await answer : answer;
    } finally {
      pass.leave();
    }
  }

  /** Throws Unauthorized, or rejects with it. */
  #authenticated(request: ApiRequest): User | Promise<User> {
    const began = this.#accessMeasures.now();
    const known = (user: User): User => {
      this.#accessMeasures.authenticated(user, request.certificate, began);
      return user;
    };
    const unknown = (error: unknown): never => {
      this.#accessMeasures.unauthenticated(began);
      throw error;
    };
    try {
      const found = authenticate(request, this.#deps.authentication);
      return found instanceof Promise ? found.then(known, unknown) : known(found);
    } catch (error) {
      return unknown(error);
    }
  }

  /** Throws Forbidden. */
  #admit(user: User, attributes: Attributes, audit: AuditTrail | undefined): void {
    const began = this.#accessMeasures.now();
    const decision = this.access.decide(user, attributes);
    this.#accessMeasures.decided(decision.verdict, began);
    audit?.decided(decision);
    this.access.insist(user, attributes, decision);
  }

  #writeDown(audit: Audit, request: ApiRequest, answer: ApiResponse, trail: Trail): void {
    if (trail.audit) trail.audit.answered(answer);
    else if (trail.info && answer.type === 'bytes' && answer.status === 401)
      audit.refused({ request, info: trail.info, id: (trail.id = this.#idOf(request)) }, answer);
  }

  #idOf(request: ApiRequest): string {
    return request.header('audit-id') || this.#nextId();
  }

  #nextId(): string {
    this.#idsGiven += 1;
    return this.#idPrefix + this.#idsGiven.toString(16).padStart(12, '0');
  }

  #refusal(request: ApiRequest, error: unknown, { isAtTheDoor }: Trail): ApiResponse {
    // Too early for a Status: what is asked is not known.
    if (error instanceof NoKindError)
      return plain(
        `Internal Server Error: ${JSON.stringify(request.path)}: failed to create RequestInfo: ${error.message}\n`,
        500,
      );
    const status = statusOf(error);
    if (!(error instanceof StatusError))
      this.registry.deps.log.error('request failed', {
        path: request.path,
        method: request.method,
        error,
        stack: (error as Error).stack,
      });
    const retry = status.details?.retryAfterSeconds;
    const how = refusalShownAs({ request, formats: this.#formats });
    const answer = bytesAnswer(how, [showValue(how, status)], status.code ?? 500);
    if (retry === undefined && !isAtTheDoor) return answer;
    return {
      ...answer,
      headers: {
        ...answer.headers,
        ...(retry === undefined ? {} : { 'retry-after': String(retry) }),
        ...(isAtTheDoor ? { 'x-content-type-options': 'nosniff' } : {}),
      },
    };
  }
}

function documentsOf(deps: ServerDeps, formats: readonly Format[], flow: FlowControl): Documents {
  const {
    registry,
    features,
    flags,
    authentication: { issuer, tokens },
  } = deps;
  const { clock } = registry.deps;
  return new Documents({
    kinds: () => registry.kinds,
    extensions: () => deps.aggregation?.versions ?? NO_EXTENSIONS,
    virtual: [...deps.virtual, ...deps.computed.map(({ kind }) => kind)],
    address: deps.address,
    formats,
    features,
    running: { startedAt: clock.now(), now: () => clock.now(), flags },
    issuer,
    tokens,
    keysUri: deps.tuning.keysUri ?? `https://${deps.address}${KEYS}`,
    metrics: deps.metrics,
    metricPages: metricPagesOf(deps.metricPages, registry),
    health: deps.health,
    flow: () => flow.states(),
  });
}

/** The stream, counted while it is open. */
function counted(answer: StreamResponse, { inFlight, audit }: Trail, seconds: () => number): StreamResponse['run'] {
  return async (sink, signal) => {
    const end = inFlight?.open();
    try {
      await answer.run(sink, signal);
    } finally {
      end?.(answer.status, seconds());
      audit?.ended(answer.status);
    }
  };
}

function bytesIn(chunks: readonly Uint8Array[]): number {
  let bytes = 0;
  for (const chunk of chunks) bytes += chunk.length;
  return bytes;
}

function infoOf(request: ApiRequest): RequestInfo {
  try {
    return requestInfo(request.method, request.path, request.query);
  } catch (error) {
    if (error instanceof NoKindError) throw error;
    throw badRequest(`the path ${request.path} is not valid`);
  }
}

/** Upstream says this as text, too early for a Status. */
function tooManyRequests(): ApiResponse {
  const answer = plain('Too many requests, please try again later.\n', 429);
  return { ...answer, headers: { ...answer.headers, 'retry-after': '1' } };
}
