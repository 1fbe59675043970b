import { type Clock, type Counter, joinedBytes, type Metrics, noMetrics } from '@navarch/base';
import { protobuf } from '@navarch/api';
import { type ApiObject, formatMicroTime, readJson, type Status } from '@navarch/machinery';
import type { Decision } from '../auth/authorizer.ts';
import type { User } from '../auth/user.ts';
import { PROTOBUF_TYPE } from '../representation/format.ts';
import type { ApiRequest, ApiResponse } from '../request.ts';
import type { RequestInfo } from '../request-info.ts';
import { type AuditEvent, type AuditSink, type ObjectReference, userInfo } from './event.ts';
import { AuditPolicy, LEVELS, type Level, type Stage, type Verdict } from './policy.ts';

export interface AuditDeps {
  readonly policy: AuditPolicy;
  readonly sink: AuditSink;
  readonly clock: Clock;
  readonly metrics?: Metrics;
  parseYaml?(text: string): unknown;
}

export interface Asked {
  readonly request: ApiRequest;
  readonly info: RequestInfo;
  readonly user: User;
  readonly id: string;
}

/** Writes down who did what (https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/). */
export class Audit {
  readonly #deps: AuditDeps;
  readonly #levels: Counter;

  constructor(deps: AuditDeps) {
    const { metrics = noMetrics, sink } = deps;
    const events = metrics
      .counter(
        'apiserver_audit_event_total',
        '[ALPHA] Counter of audit events generated and sent to the audit backend.',
      )
      .of({});
    this.#levels = metrics.counter(
      'apiserver_audit_level_total',
      '[ALPHA] Counter of policy levels for audit events (1 per request).',
    );
    const counting: AuditSink = {
      write(event) {
        events.add();
        sink.write(event);
      },
    };
    this.#deps = { ...deps, sink: counting };
  }

  /** A request has come in; undefined: nothing is written of it. */
  begin(asked: Asked): AuditTrail | undefined {
    const verdict = this.#deps.policy.of(asked.user, asked.info);
    this.#levels.add(1, { level: verdict.level });
    return verdict.level === 'None' ? undefined : new AuditTrail(this.#deps, verdict, asked);
  }

  /** Nobody knows who asked: it is written down when it is refused. */
  refused(asked: Omit<Asked, 'user'>, answer: ApiResponse): void {
    this.begin({ ...asked, user: { name: '', groups: [] } })?.answered(answer, 'ResponseStarted');
  }
}

/** What is written of one request, stage by stage. */
export class AuditTrail {
  /** To be used in the place of the one that came: notes the body as it is read, where the level asks for it. */
  readonly request: ApiRequest;
  readonly #deps: AuditDeps;
  readonly #verdict: Verdict;
  readonly #asked: Asked;
  readonly #received: string;
  #body: Uint8Array | undefined;
  #impersonated: User | undefined;
  #constraint: string | undefined;
  #annotations: Readonly<Record<string, string>> = {};

  constructor(deps: AuditDeps, verdict: Verdict, asked: Asked) {
    this.#deps = deps;
    this.#verdict = verdict;
    this.#asked = asked;
    this.#received = this.#now();
    // What is created has its name in the body only.
    this.request =
      this.#reaches('Request') || asked.info.verb === 'create' ? this.#noting(asked.request) : asked.request;
    this.#write('RequestReceived', {});
  }

  /** `constraint`: the verb by which the asker may act so, where that is for some requests only. */
  actsAs(user: User, constraint: string | undefined): void {
    this.#impersonated = user;
    this.#constraint = constraint;
  }

  decided({ verdict, reason }: Decision): void {
    this.#annotations = {
      'authorization.k8s.io/decision': verdict === 'allow' ? 'allow' : 'forbid',
      'authorization.k8s.io/reason': reason,
    };
  }

  /** The answer is made, or has begun: a stream is told of a second time when it ends. */
  answered(answer: ApiResponse, stage: Stage = 'ResponseComplete'): void {
    const status = answer.type === 'proxy' ? 101 : answer.status;
    const value =
      answer.type === 'bytes'
        ? this.#valueOf(answer.headers['content-type'] ?? '', joinedBytes(answer.body), answer.status >= 300)
        : undefined;
    const own = isStatus(value) ? value : undefined;
    const isShown = value !== undefined && !own && this.#reaches('RequestResponse');
    if (answer.type !== 'bytes') this.#write('ResponseStarted', { responseStatus: { metadata: {}, code: status } });
    if (answer.type === 'stream') return;
    this.#write(stage, {
      responseStatus: { ...own, metadata: {}, code: status },
      ...(isShown ? { responseObject: this.#shown(value) } : {}),
    });
  }

  /** A stream has ended. */
  ended(status: number): void {
    this.#write('ResponseComplete', { responseStatus: { metadata: {}, code: status } });
  }

  #write(stage: Stage, rest: Pick<AuditEvent, 'responseStatus' | 'responseObject'>): void {
    if (this.#verdict.omitStages.has(stage)) return;
    const { request, info, user, id } = this.#asked;
    const body =
      stage === 'RequestReceived' || !this.#body || this.#body.length === 0
        ? undefined
        : this.#valueOf(request.header('content-type') ?? 'application/json', this.#body, true);
    const sourceIPs = sourcesOf(request);
    const userAgent = request.header('user-agent') ?? '';
    const { responseStatus, responseObject } = rest;
    this.#deps.sink.write({
      kind: 'Event',
      apiVersion: 'audit.k8s.io/v1',
      level: this.#verdict.level,
      auditID: id,
      stage,
      requestURI: uriOf(request),
      verb: info.verb,
      user: userInfo(user),
      ...(this.#impersonated ? { impersonatedUser: userInfo(this.#impersonated) } : {}),
      ...(this.#constraint === undefined
        ? {}
        : { authenticationMetadata: { impersonationConstraint: this.#constraint } }),
      ...(sourceIPs.length > 0 ? { sourceIPs } : {}),
      ...(userAgent === '' ? {} : { userAgent }),
      ...(info.isResource ? { objectRef: referenceOf(info, body) } : {}),
      ...(responseStatus ? { responseStatus } : {}),
      ...(body === undefined || !this.#reaches('Request') ? {} : { requestObject: this.#shown(body) }),
      ...(responseObject === undefined ? {} : { responseObject }),
      requestReceivedTimestamp: this.#received,
      stageTimestamp: this.#now(),
      ...(stage === 'RequestReceived' || Object.keys(this.#annotations).length === 0
        ? {}
        : { annotations: this.#annotations }),
    });
  }

  #now(): string {
    return formatMicroTime(this.#deps.clock.now());
  }

  #reaches(level: Level): boolean {
    return LEVELS.indexOf(this.#verdict.level) >= LEVELS.indexOf(level);
  }

  #noting(request: ApiRequest): ApiRequest {
    const note = (bytes: Uint8Array): Uint8Array => (this.#body = bytes);
    return {
      method: request.method,
      path: request.path,
      query: request.query,
      remoteAddress: request.remoteAddress,
      ...(request.uri === undefined ? {} : { uri: request.uri }),
      ...(request.certificate ? { certificate: request.certificate } : {}),
      get signal() {
        return request.signal;
      },
      header: (name) => request.header(name),
      headerNames: () => request.headerNames(),
      body: async () => note(await request.body()),
    };
  }

  /** Bytes as the JSON value they are; undefined where they are none, or where it takes more than is `wanted` to find out. */
  #valueOf(type: string, bytes: Uint8Array, wanted: boolean): unknown {
    if (!wanted && !this.#reaches('RequestResponse')) return undefined;
    try {
      if (type.startsWith(PROTOBUF_TYPE)) return protobuf.decode(bytes);
      if (type.includes('json')) return readJson(decoder.decode(bytes));
      return type.includes('yaml') ? this.#deps.parseYaml?.(decoder.decode(bytes)) : undefined;
    } catch {
      return undefined; // A body that cannot be read was refused for that; the status says so.
    }
  }

  #shown(value: unknown): unknown {
    return this.#verdict.omitManagedFields ? withoutManagers(value) : value;
  }
}

const decoder = new TextDecoder();

const isStatus = (value: unknown): value is Status =>
  isRecord(value) && value['kind'] === 'Status' && value['apiVersion'] === 'v1';
const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Also of the items of a list. */
function withoutManagers(value: unknown): unknown {
  if (!isRecord(value)) return value;
  const { metadata, items } = value as { readonly metadata?: unknown; readonly items?: unknown };
  if (Array.isArray(items)) return { ...value, items: items.map(withoutManagers) };
  if (!isRecord(metadata)) return value;
  const { managedFields: _, ...rest } = metadata;
  return { ...value, metadata: rest };
}

/** Names that only the body has, as those of what is created, are taken from there. */
function referenceOf(info: RequestInfo, body: unknown): ObjectReference {
  const { metadata } = (isRecord(body) ? body : {}) as { readonly metadata?: Partial<ApiObject['metadata']> };
  const [namespace, name] = [info.namespace || (metadata?.namespace ?? ''), info.name || (metadata?.name ?? '')];
  const entries: readonly (readonly [keyof ObjectReference, string | undefined])[] = [
    ['resource', info.resource],
    ['namespace', namespace],
    ['name', name],
    ['uid', metadata?.uid],
    ['apiGroup', info.group],
    ['apiVersion', info.version],
    ['resourceVersion', metadata?.resourceVersion],
    ['subresource', info.subresource],
  ];
  return Object.fromEntries(entries.filter(([, value]) => typeof value === 'string' && value !== ''));
}

function sourcesOf(request: ApiRequest): readonly string[] {
  const forwarded = [...(request.header('x-forwarded-for') ?? '').split(','), request.header('x-real-ip') ?? '']
    .map((text) => text.trim())
    .filter((text) => /^[\da-fA-F.:]+$/.test(text));
  return [...new Set([...forwarded, request.remoteAddress].filter((address) => address !== ''))];
}

function uriOf({ uri, path, query }: ApiRequest): string {
  if (uri !== undefined) return uri;
  const text = query.toString();
  return text === '' ? path : `${path}?${text}`;
}
