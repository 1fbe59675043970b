import { compileLabelSelector, keyOf } from '@navarch/machinery';
import type { Wardrobe } from '../certificates.ts';
import type { Surroundings } from '../endpoints.ts';
import type { Bind } from '../model.ts';
import { isGranted } from './grants.ts';
import {
  type Gateway,
  GROUP,
  type Listener,
  type Reference,
  type ReferenceGrant,
  type RouteObject,
} from './objects.ts';

/** One thing that is so or not, as conditions say it. */
export interface Verdict {
  readonly type: string;
  readonly isTrue: boolean;
  readonly reason: string;
  readonly message: string;
}

export interface OpenListener {
  readonly gateway: Gateway;
  readonly listener: Listener;
  readonly kinds: readonly string[];
  readonly verdicts: readonly Verdict[];
  /** Whether requests are taken for it. */
  readonly isOpen: boolean;
  /** Whether they are at the machine's addresses, where a port is one protocol's, the first one's. */
  readonly isShared: boolean;
  /** Certificates that are shown at its port where its Gateway has an address of its own. */
  readonly wardrobe: Wardrobe;
}

export interface ListenerDeps extends Surroundings {
  readonly grants: readonly ReferenceGrant[];
  /** Certificates of the machine's addresses. */
  readonly wardrobe: Wardrobe;
  readonly newWardrobe: () => Wardrobe;
  /** Ports that are Ingresses'. */
  readonly taken: readonly Bind[];
  /** Whether another program has that port of the machine. */
  readonly isTaken: (port: number) => boolean;
  /** Whether a Gateway has an address of its own: its ports are nobody else's then. */
  readonly isApart: (gateway: Gateway) => boolean;
  labelsOf(namespace: string): Readonly<Record<string, string>> | undefined;
}

const KINDS = ['HTTPRoute', 'GRPCRoute'];
const verdict = (type: string, reason: string, message = ''): Verdict => ({
  type,
  isTrue: reason === type,
  reason,
  message,
});

/** What becomes of every listener of Gateways, the oldest first. A port is one protocol's, the first one's. */
export function openListeners(gateways: readonly Gateway[], deps: ListenerDeps): readonly OpenListener[] {
  const shared = new Map(deps.taken.map(({ port, isTls }) => [port, isTls ? 'HTTPS' : 'HTTP']));
  return gateways.flatMap((gateway) => {
    const names = new Set<string>();
    const wardrobes = new Map<number, Wardrobe>();
    const protocols = deps.isApart(gateway) ? new Map<number, string>() : shared;
    return gateway.spec.listeners.map((listener) => {
      const place = `${listener.port} ${listener.protocol} ${listener.hostname?.toLowerCase() ?? ''}`;
      const isTwice = names.has(place);
      names.add(place);
      const wardrobe = wardrobes.get(listener.port) ?? deps.newWardrobe();
      wardrobes.set(listener.port, wardrobe);
      return openListener(gateway, listener, { isTwice, protocols, shared, wardrobe, deps });
    });
  });
}

interface Context {
  readonly isTwice: boolean;
  readonly protocols: Map<number, string>;
  /** Those of the machine's addresses. */
  readonly shared: Map<number, string>;
  readonly wardrobe: Wardrobe;
  readonly deps: ListenerDeps;
}

function openListener(gateway: Gateway, listener: Listener, context: Context): OpenListener {
  const { isTwice, protocols, shared, wardrobe, deps } = context;
  const { protocol, port } = listener;
  const kinds = (listener.allowedRoutes?.kinds ?? []).filter(
    ({ group = GROUP, kind }) => group === GROUP && KINDS.includes(kind),
  );
  const asked = listener.allowedRoutes?.kinds?.length ?? 0;
  const held = protocols.get(port);
  const isHttp = protocol === 'HTTP' || (protocol === 'HTTPS' && (listener.tls?.mode ?? 'Terminate') === 'Terminate');
  if (isHttp && !isTwice) protocols.set(port, held ?? protocol);
  const conflict = isTwice
    ? 'HostnameConflict'
    : isHttp && held !== undefined && held !== protocol
      ? 'ProtocolConflict'
      : undefined;
  const isElsewhere = deps.isTaken(port);
  const accepted = !isHttp
    ? verdict('Accepted', 'UnsupportedProtocol', `protocol ${protocol} is not supported`)
    : conflict
      ? verdict('Accepted', 'PortUnavailable', `port ${port} is another listener's`)
      : isElsewhere && !deps.isApart(gateway)
        ? verdict('Accepted', 'PortUnavailable', `another program has port ${port} of the machine`)
        : verdict('Accepted', 'Accepted');
  const isShared = accepted.isTrue && !isElsewhere && (shared.get(port) ?? protocol) === protocol;
  if (isShared) shared.set(port, protocol);
  const resolved = references(gateway, listener, asked > kinds.length, {
    ...deps,
    wardrobes: isShared ? [wardrobe, deps.wardrobe] : [wardrobe],
  });
  const isOpen = accepted.isTrue && (resolved.isTrue || resolved.reason === 'InvalidRouteKinds');
  return {
    gateway,
    listener,
    wardrobe,
    isShared: isShared && isOpen,
    kinds: !isHttp ? [] : asked === 0 ? KINDS : kinds.map(({ kind }) => kind),
    isOpen,
    verdicts: [
      accepted,
      isOpen
        ? verdict('Programmed', 'Programmed')
        : verdict('Programmed', 'Invalid', resolved.message || accepted.message),
      resolved,
      conflict
        ? { type: 'Conflicted', isTrue: true, reason: conflict, message: `port ${port} is another listener's` }
        : { type: 'Conflicted', isTrue: false, reason: 'NoConflicts', message: '' },
    ],
  };
}

type ReferenceDeps = ListenerDeps & { readonly wardrobes: readonly Wardrobe[] };

function references(gateway: Gateway, listener: Listener, hasStrangeKinds: boolean, deps: ReferenceDeps): Verdict {
  if (listener.protocol === 'HTTPS') {
    const [first, ...more] = listener.tls?.certificateRefs ?? [];
    if (!first) return verdict('ResolvedRefs', 'InvalidCertificateRef', 'no certificate is named');
    for (const reference of [first, ...more]) {
      const wrong = certificate(gateway, listener, reference, deps);
      if (wrong) return wrong;
    }
  }
  return hasStrangeKinds
    ? verdict('ResolvedRefs', 'InvalidRouteKinds', `of routes only ${KINDS.join(' and ')} are supported`)
    : verdict('ResolvedRefs', 'ResolvedRefs');
}

function certificate(
  gateway: Gateway,
  listener: Listener,
  { group = '', kind = 'Secret', name, namespace: named }: Reference,
  { grants, wardrobes, secret }: ReferenceDeps,
): Verdict | undefined {
  const own = gateway.metadata.namespace ?? '';
  const namespace = named ?? own;
  if (group !== '' || kind !== 'Secret')
    return verdict('ResolvedRefs', 'InvalidCertificateRef', `a certificate of kind ${kind} is not supported`);
  const crossing = {
    fromKind: 'Gateway',
    fromNamespace: own,
    toGroup: '',
    toKind: 'Secret',
    toNamespace: namespace,
    toName: name,
  };
  if (!isGranted(grants, crossing))
    return verdict(
      'ResolvedRefs',
      'RefNotPermitted',
      `no ReferenceGrant lets it refer to secret "${namespace}/${name}"`,
    );
  const hosts = listener.hostname ? [listener.hostname] : [];
  const owner = `Gateway ${keyOf(gateway)}`;
  const wish = { namespace, secretName: name, hosts, owner };
  const problems = wardrobes.flatMap((wardrobe, n) =>
    // Among others' certificates it is for its own names alone.
    wardrobe.add({ ...wish, isDefault: n === 0 && hosts.length === 0 }, secret(namespace, name)),
  );
  const broken = problems.find(({ reason }) => reason === 'SecretNotFound' || reason === 'InvalidCertificate');
  return broken && verdict('ResolvedRefs', 'InvalidCertificateRef', broken.message);
}

/** Whether a listener takes routes of that kind from that namespace. */
export function admits({ gateway, listener, kinds }: OpenListener, route: RouteObject, deps: ListenerDeps): boolean {
  if (!kinds.includes(route.kind)) return false;
  const { from = 'Same', selector } = listener.allowedRoutes?.namespaces ?? {};
  const namespace = route.metadata.namespace ?? '';
  if (from === 'All') return true;
  if (from === 'Same') return namespace === gateway.metadata.namespace;
  return from === 'Selector' && compileLabelSelector(selector ?? {}).matches(deps.labelsOf(namespace) ?? {});
}

/** The names that a route has at a listener: of two that cover each other the narrower; none: it has none in common. */
export function commonHosts(listener: Listener, hostnames: readonly string[]): readonly string[] {
  const own = listener.hostname?.toLowerCase() ?? '';
  if (hostnames.length === 0) return [own];
  if (own === '') return hostnames.map((name) => name.toLowerCase());
  return hostnames.flatMap((name) => {
    const host = name.toLowerCase();
    if (covers(own, host)) return [host];
    return covers(host, own) ? [own] : [];
  });
}

/** Whether every host of the second is also one of the first; an empty one is every host. */
export const covers = (wide: string, narrow: string): boolean =>
  wide === '' ||
  wide === narrow ||
  (wide.startsWith('*.') && narrow.replace(/^\*/, '').endsWith(wide.slice(1)) && narrow !== wide.slice(2));
