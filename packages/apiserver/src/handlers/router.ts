import {
  apiVersionOf,
  badRequest,
  type Deprecation,
  type Kind,
  pathSegmentErrors,
  type ResourceFacts,
} from '@navarch/machinery';
import type { Waits } from '../observe/service-levels.ts';
import type { Aggregation } from '../aggregation/aggregation.ts';
import type { Access } from '../auth/access.ts';
import type { AuthenticationDeps } from '../auth/authentication.ts';
import type { User } from '../auth/user.ts';
import type { Documents } from '../documents/documents.ts';
import type { FeatureGates } from '../features/feature-gates.ts';
import type { ServedAs } from '../observe/request-tally.ts';
import type { Call } from '../registry/call.ts';
import type { Tuning } from '../tuning.ts';
import type { Registry } from '../registry/registry.ts';
import type { Format } from '../representation/format.ts';
import { checkRouted } from '../representation/routed.ts';
import type { RequestInfo } from '../request-info.ts';
import { type ApiRequest, type ApiResponse, notFoundPage } from '../request.ts';
import type { ComputedResource } from '../resource-metrics/computed.ts';
import { serveComputed } from '../resource-metrics/serve-computed.ts';
import { admitConnection } from '../subresources/admit-connection.ts';
import { builtinSubresources } from '../subresources/builtin.ts';
import type { Subresource, SubresourceContext } from '../subresources/subresource.ts';
import { serveView, shownBy, type View, viewAt } from '../views/view.ts';
import { valueAnswer } from './answer.ts';
import type { Bodies } from './body.ts';
import { callOf } from './call.ts';
import { serveCollection } from './collection.ts';
import { type Exchange, goesByVerb, notAllowedHere, notServed } from './exchange.ts';
import { serveObject, servePart } from './object.ts';

export interface RouterDeps {
  readonly registry: Registry;
  readonly access: Access;
  readonly documents: Documents;
  readonly bodies: Bodies;
  readonly formats: readonly Format[];
  readonly features: FeatureGates;
  readonly authentication: AuthenticationDeps;
  readonly tuning: Tuning;
  /** Resources that are asked and never stored. */
  readonly virtual: readonly Kind<any>[];
  /** Resources that are computed when they are read. */
  readonly computed: readonly ComputedResource[];
  readonly views: readonly View[];
  readonly aggregation: Aggregation | undefined;
}

/** What is told of a request while it is worked on. */
interface Told {
  /** Texts for the client. */
  readonly warnings: string[];
  readonly inFlight: Waits | undefined;
}

/** Where requests go: to a document, to a resource or a part of it, to an extension server, or nowhere. */
export class Router {
  readonly #deps: RouterDeps;
  readonly #access: Access;
  readonly #subresources: ReadonlyMap<string, Subresource>;
  readonly #views: ReadonlyMap<string, View>;

  constructor(deps: RouterDeps) {
    this.#deps = deps;
    this.#access = deps.access;
    this.#subresources = new Map(builtinSubresources.map((subresource) => [subresource.at, subresource]));
    this.#views = new Map(deps.views.map((view) => [view.at, view]));
  }

  /** Throws what refuses it, or rejects with it. Whoever asks may ask: that is decided already. */
  route(
    request: ApiRequest,
    info: RequestInfo,
    user: User,
    { warnings, inFlight }: Told,
  ): ApiResponse | Promise<ApiResponse> {
    const elsewhere = this.#deps.aggregation?.answer(request, user);
    if (elsewhere) return elsewhere;
    if (!info.isResource) return this.#deps.documents.answer(request);
    if (info.isMisplaced) {
      // Behind the name of a group that is the server's own, its routes are looked through.
      if (/^\/api(s\/[^/]+)?\//.test(request.path) && this.#deps.documents.isOwnGroup(info.group)) throw notServed();
      return notFoundPage();
    }
    const resource = this.#deps.registry.find(
      info.group ? `${info.group}/${info.version}` : info.version,
      info.resource,
    );
    const computed = this.#computed(info);
    const facts = resource?.kind ?? computed?.kind ?? this.#virtual(info);
    const view = this.#views.get(viewAt(info));
    const isElsewhere = !view && (!facts || isOutOfScope(info, facts));
    if (isElsewhere && this.#leadsNowhere(info)) return notFoundPage();
    if (isElsewhere) throw notServed();
    checkNamespace(info);
    const served = resource?.kind ?? computed?.kind;
    if (served?.deprecated) warnings.push(deprecationText(served, served.deprecated));
    const subresource = this.#subresources.get(addressOfInfo(info));
    if (info.rest !== '' && !view && !subresource?.connect && !(resource && goesByVerb(resource.kind)))
      throw notServed();
    if (resource && !goesByVerb(resource.kind)) checkRoute(request, info, resource.kind, this.#deps.formats);
    const mayCreate = (): void => this.#access.require(user, { ...info, verb: 'create' });
    const call = { ...callOf(request, user, warnings), mayCreate, waits: inFlight };
    const exchange: Exchange = {
      request,
      formats: this.#deps.formats,
      features: this.#deps.features,
      info,
      call,
      registry: this.#deps.registry,
      access: this.#access,
      bodies: this.#deps.bodies,
      tuning: this.#deps.tuning,
    };
    if (view) return serveView(view, exchange);
    if (subresource) return this.#special(subresource, exchange, user);
    if (computed) return serveComputed(computed, exchange);
    if (!resource) throw notServed();
    if (info.subresource !== '') return servePart(resource, exchange);
    return info.name !== '' ? serveObject(resource, exchange) : serveCollection(resource, exchange);
  }

  /** What a view shows, without a request. Rejects with NotFound. */
  async view(info: RequestInfo): Promise<unknown> {
    const view = this.#views.get(viewAt(info));
    if (!view) throw notServed();
    return shownBy(view, info, this.#deps.registry);
  }

  /** What a user may do through a subresource, without a request. */
  async post(info: RequestInfo, body: unknown, user: User): Promise<unknown> {
    const subresource = this.#subresources.get(addressOfInfo(info));
    if (!subresource?.answer) throw notServed();
    return (await subresource.answer(body, this.#context(info, new URLSearchParams(), user, { user, isDryRun: false })))
      .value;
  }

  /** Nothing answers for what is not served of a group of custom resources, nor for one that is none. */
  #leadsNowhere({ group, version }: RequestInfo): boolean {
    const of = this.#deps.registry.kinds.filter((kind) => kind.group === group && kind.version === version);
    return of.length > 0
      ? of.every(({ origin }) => origin === 'custom')
      : !this.#deps.documents.has(group, version) && !this.#deps.documents.isOwnGroup(group);
  }

  async #special(subresource: Subresource, exchange: Exchange, user: User): Promise<ApiResponse> {
    const { request, info, call, bodies } = exchange;
    const context = this.#context(info, request.query, user, call);
    if (subresource.connect) {
      if (subresource.methods && !subresource.methods.includes(request.method)) throw notAllowedHere();
      // A WebSocket can only begin with GET, yet what it begins is not reading (KEP-4006).
      const mustCreate = this.#deps.features.isOn('AuthorizePodWebsocketUpgradeCreatePermission');
      if (mustCreate && subresource.opensStreams && isWebSocket(request))
        this.#access.require(user, { ...info, verb: 'create' });
      await admitConnection(subresource, context);
      const target = subresource.connect(context);
      return target ? { type: 'proxy', target } : { type: 'bytes', status: 204, headers: {}, body: [] };
    }
    if (request.method !== 'POST' || !subresource.answer) throw notAllowedHere();
    const { value: body, ...source } = await bodies.object(request, { kind: info.subresource || info.resource });
    const { status, value } = await subresource.answer(body, { ...context, call: { ...call, ...source } });
    return valueAnswer(exchange, value, status);
  }

  /** As what requests to that path are counted; undefined: nothing of ours is there. */
  servedAs(info: RequestInfo): ServedAs | undefined {
    const { group, version, subresource } = info;
    const resource = this.#deps.registry.find(group ? `${group}/${version}` : version, info.resource);
    const isOurs =
      this.#subresources.has(addressOfInfo(info)) ||
      this.#views.has(viewAt(info)) ||
      (subresource === '' && this.#computed(info) !== undefined);
    if (!isOurs && !(resource && (subresource === '' || subresource === 'scale' || resource.hasPart(subresource))))
      return undefined;
    const { deprecated } = resource?.kind ?? this.#computed(info)?.kind ?? {};
    return { removedRelease: deprecated && (typeof deprecated === 'string' ? '' : (deprecated.removed ?? '')) };
  }

  #virtual({ group, version, resource }: RequestInfo): ResourceFacts | undefined {
    return this.#deps.virtual.find(
      (facts) => facts.group === group && facts.version === version && facts.plural === resource,
    );
  }

  #computed({ group, version, resource }: RequestInfo): ComputedResource | undefined {
    return this.#deps.computed.find(
      ({ kind }) => kind.group === group && kind.version === version && kind.plural === resource,
    );
  }

  #context(info: RequestInfo, query: URLSearchParams, user: User, call: Call): SubresourceContext {
    return {
      registry: this.#deps.registry,
      access: this.#access,
      authentication: this.#deps.authentication,
      tuning: this.#deps.tuning,
      call,
      info,
      query,
      user,
    };
  }
}

/** Throws what upstream says where it finds no handler for what is there otherwise. */
function checkRoute(request: ApiRequest, info: RequestInfo, kind: Kind<any>, formats: readonly Format[]): void {
  // A verb of the path is no method, and what begins with it no resource.
  if (info.verb === 'proxy') throw notServed();
  if (!isOwn(info, kind)) return;
  const isNamed = info.name !== '';
  const isMeant = info.verb === 'watch' || NAMED.has(info.verb) === isNamed;
  if (request.method === 'HEAD' || !isMeant) throw notAllowedHere();
  checkRouted(request, formats, info.verb);
}

/** What is done to one object; what is done to many needs no name. A watch may be either. */
const NAMED: ReadonlySet<string> = new Set(['get', 'update', 'patch', 'delete']);

/** Throws BadRequest for a namespace that cannot be. */
function checkNamespace({ namespace }: RequestInfo): void {
  const [error] = namespace === '' ? [] : pathSegmentErrors(namespace);
  if (error !== undefined) throw badRequest(`namespace parameter invalid: ${JSON.stringify(namespace)}: ${error}`);
}

/** Allowed in a namespace, it must not reach what is in none: a path of the wrong scope leads nowhere. */
function isOutOfScope(
  { name, isInNamespace, verb }: RequestInfo,
  facts: Pick<ResourceFacts, 'namespaced'> & { readonly origin?: Kind<any>['origin'] },
): boolean {
  if (isInNamespace) return !facts.namespaced;
  // What upstream's own resources do not allow there, it does not find of custom ones.
  const isAllowed = verb === 'list' || verb === 'watch' || (verb === 'deletecollection' && facts.origin !== 'custom');
  return facts.namespaced && (name !== '' || !isAllowed);
}

const deprecationText = (kind: Kind<any>, said: Deprecation | string): string =>
  typeof said === 'string' ? said : deprecationOf(kind, said);

const deprecationOf = (kind: Kind<any>, { since, removed, use }: Deprecation): string =>
  `${apiVersionOf(kind)} ${kind.kind} is deprecated in v${since}+${removed === undefined ? '' : `, unavailable in v${removed}+`}${use === undefined ? '' : `; use ${use}`}`;

const isWebSocket = (request: ApiRequest): boolean => /\bwebsocket\b/i.test(request.header('upgrade') ?? '');

const addressOfInfo = ({ group, resource, subresource }: RequestInfo): string =>
  `${group}/${resource}${subresource ? `/${subresource}` : ''}`;

/** Asked as the resource that it is: not what stands for another, as logs and connections do. */
const isOwn = ({ subresource, verb }: RequestInfo, kind: Kind<any>): boolean =>
  (subresource === '' || subresource === 'status' || subresource === 'scale') &&
  kind.verbs.some((known) => known === verb);
