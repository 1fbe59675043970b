import { keyOf } from '@navarch/machinery';
import { endpointsOf, portOf } from '../endpoints.ts';
import { digestOf } from '../haproxy/line.ts';
import type { Backend, Bind, Endpoint, Forward, Route, Rule, Target } from '../model.ts';
import { rulesOfFilters } from './filters.ts';
import { isGranted } from './grants.ts';
import { admits, commonHosts, type ListenerDeps, type OpenListener, openListeners, type Verdict } from './listeners.ts';
import { readMatch } from './matches.ts';
import type { BackendReference, Gateway, ParentReference, RouteMatch, RouteObject, RouteRule } from './objects.ts';
import { GROUP } from './objects.ts';

export interface GatewayTranslation {
  readonly routes: readonly Route[];
  readonly backends: readonly Backend[];
  readonly ports: readonly Omit<Bind, 'address'>[];
  readonly listeners: readonly (OpenListener & { readonly attached: number })[];
  readonly routeVerdicts: readonly RouteVerdicts[];
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
  return {
    ...translator.result(),
    routeVerdicts,
    listeners: listeners.map((one) => ({ ...one, attached: translator.attachedTo(one) })),
    ports: [
      ...new Map(
        listeners
          .filter(({ isOpen }) => isOpen)
          .map(({ listener: { port, protocol } }) => [port, { port, isTls: protocol === 'HTTPS' }]),
      ).values(),
    ],
  };
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
  readonly #routes: Route[] = [];
  readonly #backends = new Map<string, Backend>();

  constructor(listeners: readonly OpenListener[], deps: ListenerDeps) {
    this.#listeners = listeners;
    this.#deps = deps;
  }

  attachedTo(listener: OpenListener): number {
    return this.#attached.get(listener)?.size ?? 0;
  }

  result(): Pick<GatewayTranslation, 'routes' | 'backends'> {
    return { routes: this.#routes, backends: [...this.#backends.values()] };
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
        for (const host of hosts)
          this.#routes.push({
            host,
            wildcard: 'labels',
            path: read.path,
            conditions: [{ of: 'port', name: '', type: 'exact', value: String(at.listener.port) }, ...read.conditions],
            targets,
            owner: ownerOf(route),
            since: route.metadata.creationTimestamp ?? '',
          });
      }
    }
  }

  #targets(place: Place): readonly Target[] {
    const { route, rule, match, at } = place;
    const rules = rulesOfFilters(rule.filters ?? [], { match, listener: at.listener });
    if (typeof rules === 'string') return [this.#backend(route, [{ do: 'respond', status: 500 }])];
    if (rules.some((one) => one.do === 'redirect')) return [this.#backend(route, rules)];
    const shares = (rule.backendRefs ?? []).filter(({ weight = 1 }) => weight > 0);
    if (shares.length === 0) return [this.#backend(route, [{ do: 'respond', status: 500 }])];
    return shares.map((reference) => ({
      ...this.#share(place, rules, reference),
      weight: reference.weight ?? 1,
    }));
  }

  #share({ route, rule, match, at }: Place, rules: readonly Rule[], reference: BackendReference): Target {
    const own = rulesOfFilters(reference.filters ?? [], { match, listener: at.listener });
    const found = this.#endpoints(route, reference);
    // By the specification: what cannot be forwarded is answered so.
    if ('reason' in found || typeof own === 'string') return this.#backend(route, [{ do: 'respond', status: 500 }]);
    const idleMs = millisecondsOf(rule.timeouts?.backendRequest ?? rule.timeouts?.request);
    const forward: Forward = { ...found, ...(idleMs ? { timeouts: { idleMs } } : {}) };
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
      .flatMap(({ backendRefs = [] }) => backendRefs)
      .map((reference) => this.#endpoints(route, reference))
      .find((found): found is Wrong => 'reason' in found);
    const listener = { name: '', port: 80, protocol: 'HTTP' };
    const unsupported = rules
      .flatMap(({ matches = [], filters = [], backendRefs = [] }) => [
        ...matches.map(readMatch),
        ...[filters, ...backendRefs.map((one) => one.filters ?? [])].map((some) =>
          rulesOfFilters(some, { match: {}, listener }),
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

const ownerOf = (route: RouteObject): string => `${route.kind} ${keyOf(route)}`;

const UNITS: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };

/** GEP-2257: `1h30m`, `500ms`. None, or zero: no limit. */
function millisecondsOf(text = ''): number {
  return [...text.matchAll(/(\d+)(h|ms|m|s)/g)].reduce(
    (sum, [, count = '', unit = '']) => sum + Number(count) * (UNITS[unit] ?? 0),
    0,
  );
}
