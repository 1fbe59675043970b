import { keyOf } from '@navarch/machinery';
import type { Wardrobe } from '../certificates.ts';
import { endpointsOf, portOf } from '../endpoints.ts';
import { digestOf, NOBODY } from '../haproxy/line.ts';
import type { Backend, Bind, Endpoint, Forward, Route, Rule, Target } from '../model.ts';
import { type FilterSubject, rulesOfFilters } from './filters.ts';
import { isGranted } from './grants.ts';
import {
  admits,
  commonHosts,
  covers,
  type ListenerDeps,
  type OpenListener,
  openListeners,
  type Verdict,
} from './listeners.ts';
import { readMatch } from './matches.ts';
import type { BackendReference, Gateway, ParentReference, RouteMatch, RouteObject, RouteRule } from './objects.ts';
import { GROUP } from './objects.ts';

export interface GatewayTranslation {
  /** What all Gateways serve together at the machine's addresses. */
  readonly routes: readonly Route[];
  readonly ports: readonly Omit<Bind, 'address'>[];
  readonly apart: readonly string[];
  /** What each serves at an address of its own. */
  readonly own: readonly OwnPort[];
  readonly backends: readonly Backend[];
  readonly listeners: readonly (OpenListener & { readonly attached: number })[];
  readonly routeVerdicts: readonly RouteVerdicts[];
}

/** One port of a Gateway that has an address of its own. */
export interface OwnPort {
  readonly gateway: Gateway;
  readonly port: number;
  readonly isTls: boolean;
  readonly routes: readonly Route[];
  readonly wardrobe: Wardrobe;
  /** Names of its listeners. */
  readonly apart: readonly string[];
}

/** What one of our Gateways says of a route. */
export interface RouteVerdicts {
  readonly route: RouteObject;
  readonly parents: readonly { readonly parentRef: ParentReference; readonly verdicts: readonly Verdict[] }[];
}

/** What Gateways of our class and their routes want. Objects are in order of age. */
export function translateGateways(
  gateways: readonly Gateway[],
  routes: readonly RouteObject[],
  deps: ListenerDeps,
): GatewayTranslation {
  const listeners = openListeners(gateways, deps);
  const translator = new GatewayTranslator(listeners, deps);
  const routeVerdicts = routes.flatMap((route) => translator.attach(route, gateways));
  const shared = listeners.filter(({ isShared }) => isShared);
  return {
    backends: translator.backends,
    routes: shared.flatMap((one) => translator.routesOf(one).map((route) => atPort(route, one.listener.port))),
    ports: [...new Map(shared.map((one) => [one.listener.port, portFacts(one)])).values()],
    apart: namesOf(shared.filter((one) => portFacts(one).isTls)),
    own: [...Map.groupBy(listeners, ({ gateway }) => gateway)].flatMap(([gateway, own]) =>
      deps.isApart(gateway) ? ownPorts(gateway, own, translator) : [],
    ),
    routeVerdicts,
    listeners: listeners.map((one) => ({ ...one, attached: translator.attachedTo(one) })),
  };
}

const portFacts = ({ listener: { port, protocol } }: OpenListener) => ({ port, isTls: protocol === 'HTTPS' });
const hostOf = ({ listener: { hostname } }: OpenListener): string => hostname?.toLowerCase() ?? '';
const namesOf = (listeners: readonly OpenListener[]): readonly string[] =>
  listeners.map(hostOf).filter((host) => host !== '');

const atPort = (route: Route, port: number): Route => ({
  ...route,
  conditions: [{ of: 'port', name: '', type: 'exact', value: String(port) }, ...route.conditions],
});

function ownPorts(
  gateway: Gateway,
  listeners: readonly OpenListener[],
  translator: GatewayTranslator,
): readonly OwnPort[] {
  const byPort = Map.groupBy(
    listeners.filter(({ isOpen }) => isOpen),
    ({ listener }) => listener.port,
  );
  return [...byPort.values()].flatMap((own) => {
    const [first] = own;
    if (!first) return [];
    const routes = own.flatMap((one) => translator.routesOf(one));
    return [{ gateway, ...portFacts(first), routes, wardrobe: first.wardrobe, apart: namesOf(own) }];
  });
}

const accepted = (reason: string, message = ''): Verdict => ({
  type: 'Accepted',
  isTrue: reason === 'Accepted',
  reason,
  message,
});
const resolved = (reason: string, message = ''): Verdict => ({
  type: 'ResolvedRefs',
  isTrue: reason === 'ResolvedRefs',
  reason,
  message,
});

/** One rule of a route at one listener. */
interface Place {
  readonly route: RouteObject;
  readonly rule: RouteRule;
  readonly match: RouteMatch;
  readonly at: OpenListener;
}

class GatewayTranslator {
  readonly #listeners: readonly OpenListener[];
  readonly #deps: ListenerDeps;
  readonly #attached = new Map<OpenListener, Set<string>>();
  readonly #routes = new Map<OpenListener, Route[]>();
  readonly #backends = new Map<string, Backend>();

  constructor(listeners: readonly OpenListener[], deps: ListenerDeps) {
    this.#listeners = listeners;
    this.#deps = deps;
  }

  attachedTo(listener: OpenListener): number {
    return this.#attached.get(listener)?.size ?? 0;
  }

  get backends(): readonly Backend[] {
    return [...this.#backends.values()];
  }

  /**
   * What is served through a listener. Of those of a Gateway and port the one with the narrowest name takes a request, and
   * no other does, whatever has been attached to it: so nothing comes through that a listener with that name does not admit.
   */
  routesOf(at: OpenListener): readonly Route[] {
    const [host, { gateway }] = [hostOf(at), at];
    const routes = this.#routes.get(at) ?? [];
    if (host === '' || !at.isOpen) return routes;
    const nobody = { weight: 1, backend: NOBODY };
    const rest = { type: 'begin', value: '' } as const;
    const owner = `Gateway ${keyOf(gateway)}`;
    return [...routes, { host, wildcard: 'labels', path: rest, conditions: [], targets: [nobody], owner, since: LAST }];
  }

  /** Whether a narrower listener takes all requests to a host. */
  #isTaken(host: string, at: OpenListener): boolean {
    const { gateway, listener } = at;
    return this.#listeners.some(
      (other) =>
        other !== at &&
        other.isOpen &&
        other.gateway === gateway &&
        other.listener.port === listener.port &&
        hostOf(other) !== hostOf(at) &&
        covers(hostOf(at), hostOf(other)) &&
        covers(hostOf(other), host),
    );
  }

  attach(route: RouteObject, gateways: readonly Gateway[]): readonly RouteVerdicts[] {
    const parents = (route.spec.parentRefs ?? []).flatMap((parentRef) => {
      const { group = GROUP, kind = 'Gateway', name, namespace = route.metadata.namespace } = parentRef;
      const gateway = gateways.find(({ metadata }) => metadata.name === name && metadata.namespace === namespace);
      if (group !== GROUP || kind !== 'Gateway' || !gateway) return [];
      return [{ parentRef, verdicts: this.#attachTo(route, parentRef, gateway) }];
    });
    return parents.length === 0 ? [] : [{ route, parents }];
  }

  #attachTo(route: RouteObject, { sectionName, port }: ParentReference, gateway: Gateway): readonly Verdict[] {
    const { verdict: references, unsupported } = this.#references(route);
    const found = this.#listeners.filter(
      ({ gateway: own, listener }) =>
        own === gateway &&
        (sectionName === undefined || listener.name === sectionName) &&
        (port === undefined || listener.port === port),
    );
    if (found.length === 0) return [accepted('NoMatchingParent', 'the Gateway has no such listener'), references];
    const admitting = found.filter((listener) => admits(listener, route, this.#deps));
    if (admitting.length === 0)
      return [accepted('NotAllowedByListeners', 'no listener takes routes of this kind or namespace'), references];
    const common = admitting.flatMap((at) => {
      const hosts = commonHosts(at.listener, route.spec.hostnames ?? []);
      return hosts.length > 0 ? [{ at, hosts }] : [];
    });
    if (common.length === 0)
      return [accepted('NoMatchingListenerHostname', 'no host name is also one of the listener'), references];
    for (const { at, hosts } of common) {
      const attached = this.#attached.get(at) ?? new Set();
      this.#attached.set(at, attached.add(`${route.kind} ${keyOf(route)}`));
      if (at.isOpen) this.#serve(route, at, hosts);
    }
    return [unsupported ? accepted('UnsupportedValue', unsupported) : accepted('Accepted'), references];
  }

  #serve(route: RouteObject, at: OpenListener, hosts: readonly string[]): void {
    for (const rule of route.spec.rules ?? []) {
      for (const match of rule.matches?.length ? rule.matches : [{}]) {
        const read = readMatch(match);
        // What it asks for is not known: nobody gets what others might not be meant to get.
        if (typeof read === 'string') continue;
        const targets = this.#targets({ route, rule, match, at });
        const routes = this.#routes.get(at) ?? [];
        this.#routes.set(at, routes);
        for (const host of hosts.filter((one) => !this.#isTaken(one, at)))
          routes.push({
            host,
            wildcard: 'labels',
            path: read.path,
            conditions: read.conditions,
            targets,
            owner: ownerOf(route),
            since: route.metadata.creationTimestamp ?? '',
          });
      }
    }
  }

  #targets(place: Place): readonly Target[] {
    const { route, rule } = place;
    const rules = rulesOfFilters(rule.filters ?? [], this.#filterSubject(place));
    if (typeof rules === 'string') return [this.#backend(route, [{ do: 'respond', status: 500 }])];
    if (rules.some((one) => one.do === 'redirect')) return [this.#backend(route, rules)];
    const shares = (rule.backendRefs ?? []).filter(({ weight = 1 }) => weight > 0);
    if (shares.length === 0) return [this.#backend(route, [{ do: 'respond', status: 500 }])];
    return shares.map((reference) => ({
      ...this.#share(place, rules, reference),
      weight: reference.weight ?? 1,
    }));
  }

  #filterSubject({ route, match, at: { listener } }: Place): FilterSubject {
    return {
      match,
      listener,
      mirrorTo: (reference) => {
        const found = this.#endpoints(route, reference);
        if ('reason' in found) return undefined;
        const { name, namespace = '', port = '' } = reference;
        return this.#backend(route, [], found, `${namespace}/${name}:${port}`).backend;
      },
    };
  }

  #share(place: Place, rules: readonly Rule[], reference: BackendReference): Target {
    const { route, rule } = place;
    const own = rulesOfFilters(reference.filters ?? [], this.#filterSubject(place));
    const found = this.#endpoints(route, reference);
    // By the specification: what cannot be forwarded is answered so.
    if ('reason' in found || typeof own === 'string') return this.#backend(route, [{ do: 'respond', status: 500 }]);
    const idleMs = millisecondsOf(rule.timeouts?.backendRequest ?? rule.timeouts?.request);
    const { codes = [], attempts = 1 } = rule.retry ?? {};
    const forward: Forward = {
      ...found,
      ...(idleMs ? { timeouts: { idleMs } } : {}),
      ...(rule.retry ? { retry: { statuses: codes, attempts } } : {}),
    };
    return this.#backend(
      route,
      [...rules, ...own],
      forward,
      `${reference.namespace ?? ''}/${reference.name}:${reference.port ?? ''}`,
    );
  }

  /** `to`: what tells one service from another, whose endpoints come and go. */
  #backend(route: RouteObject, rules: readonly Rule[], forward?: Forward, to = ''): Target {
    const owner = ownerOf(route);
    const text = JSON.stringify([owner, to, rules, forward && { ...forward, endpoints: [] }]);
    const id = `b:${route.metadata.namespace}:${route.metadata.name}:${digestOf(text)}`;
    this.#backends.set(id, { id, owner, rules, ...(forward ? { forward } : {}) });
    return { weight: 1, backend: id };
  }

  #endpoints(route: RouteObject, reference: BackendReference): Found | Wrong {
    const own = route.metadata.namespace ?? '';
    const { group = '', kind = 'Service', name, namespace = own, port: number } = reference;
    if (group !== '' || kind !== 'Service')
      return { reason: 'InvalidKind', message: `backends of kind ${kind} are not supported` };
    const crossing = {
      fromKind: route.kind,
      fromNamespace: own,
      toGroup: '',
      toKind: kind,
      toNamespace: namespace,
      toName: name,
    };
    if (!isGranted(this.#deps.grants, crossing))
      return {
        reason: 'RefNotPermitted',
        message: `no ReferenceGrant lets it refer to service "${namespace}/${name}"`,
      };
    const service = this.#deps.service(namespace, name);
    const port = service && number !== undefined ? portOf(service, { number: Number(number) }) : undefined;
    if (!service || !port) {
      const what = service
        ? `service "${namespace}/${name}" has no port ${number ?? ''}`
        : `service "${namespace}/${name}" not found`;
      return { reason: 'BackendNotFound', message: what };
    }
    const isH2 = route.kind === 'GRPCRoute' || port.appProtocol === 'kubernetes.io/h2c';
    return {
      protocol: isH2 ? 'h2c' : 'http',
      endpoints: endpointsOf(service, port, this.#deps.slices(namespace, name)),
    };
  }

  /** What of a route cannot be found, and what cannot be done. */
  #references(route: RouteObject): { readonly verdict: Verdict; readonly unsupported: string | undefined } {
    const rules = route.spec.rules ?? [];
    const wrong = rules
      .flatMap(({ backendRefs = [], filters = [] }) => [
        ...backendRefs,
        ...[...filters, ...backendRefs.flatMap((one) => one.filters ?? [])].flatMap(
          ({ requestMirror }) => requestMirror?.backendRef ?? [],
        ),
      ])
      .map((reference) => this.#endpoints(route, reference))
      .find((found): found is Wrong => 'reason' in found);
    const listener = { name: '', port: 80, protocol: 'HTTP' };
    const unsupported = rules
      .flatMap(({ matches = [], filters = [], backendRefs = [] }) => [
        ...matches.map(readMatch),
        ...[filters, ...backendRefs.map((one) => one.filters ?? [])].map((some) =>
          rulesOfFilters(some, { match: {}, listener, mirrorTo: () => undefined }),
        ),
      ])
      .find((read) => typeof read === 'string');
    return { verdict: wrong ? resolved(wrong.reason, wrong.message) : resolved('ResolvedRefs'), unsupported };
  }
}

interface Found {
  readonly protocol: Forward['protocol'];
  readonly endpoints: readonly Endpoint[];
}

interface Wrong {
  readonly reason: string;
  readonly message: string;
}

/** Behind everything that somebody wrote. */
const LAST = '\uffff';

const ownerOf = (route: RouteObject): string => `${route.kind} ${keyOf(route)}`;

const UNITS: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };

/** GEP-2257: `1h30m`, `500ms`. None, or zero: no limit. */
function millisecondsOf(text = ''): number {
  return [...text.matchAll(/(\d+)(h|ms|m|s)/g)].reduce(
    (sum, [, count = '', unit = '']) => sum + Number(count) * (UNITS[unit] ?? 0),
    0,
  );
}
