import { canonicalAddress, type EndpointSlice, ipFamilyOf, type Service, type ServicePort } from '@navarch/api';
import { ownChains, ownName } from './own-chains.ts';
import type { PodFamily } from './families.ts';
import { type ProxyNode, type Reachable, reachable, type Target } from './reachable.ts';
import {
  hairpinSet,
  type PlaceKind,
  placeMap,
  poolMap,
  type Protocol,
  REFUSE,
  type Shape,
  shapeName,
} from './shared-chains.ts';
import type { Flows } from './stale-flows.ts';

/** What packets for one service turn into, as data: what the kernel is told is made from it alone. */
export interface ServiceRules {
  readonly places: readonly Place[];
  /** Chains and sets of its own, as nft declares them: only of what no shared chain can do. */
  readonly chains: ReadonlyMap<string, readonly string[]>;
  readonly sets: ReadonlyMap<string, string>;
  /** Shared chains that it goes by, each as often as it does. */
  readonly shapes: readonly Shape[];
  /** Endpoints whose own packets may come back to them by this node. */
  readonly hairpins: readonly Element[];
}

/** Where clients send to: an address with a port, or a port of the node. Other services may want the same. */
export interface Place {
  /** The place itself first, then the endpoints behind it. */
  readonly elements: readonly [Element, ...Element[]];
  /** Whose claim is better: the service whose cluster IP this is before one that names it among others. */
  readonly rank: number;
  /** Of UDP alone: the kernel remembers where such packets went. */
  readonly flows?: Flows;
}

export interface Element {
  readonly set: string;
  readonly key: string;
  /** Empty in a set that is no map. */
  readonly value: string;
}

const RANKS = { own: 0, balanced: 1, external: 2 } as const;

/** Pure: the same objects give the same rules. */
export function serviceRules(
  service: Service,
  slices: readonly EndpointSlice[],
  node: ProxyNode,
  families: readonly PodFamily[],
): ServiceRules {
  const made: Made = { places: new Map(), chains: new Map(), sets: new Map(), shapes: [], hairpins: new Map() };
  const { spec } = service;
  if (spec.type !== 'ExternalName' && spec.clusterIP && spec.clusterIP !== 'None') {
    const own = clusterIpsOf(spec);
    for (const family of families) {
      if (!own.some((address) => ipFamilyOf(address) === family.name)) continue;
      const of = slices.filter(({ addressType }) => addressType === family.name);
      for (const port of spec.ports ?? [])
        new PortRules(service, port, reachable(of, port.name ?? '', node), family, made).add();
    }
  }
  return { ...made, places: [...made.places.values()], hairpins: [...made.hairpins.values()] };
}

const clusterIpsOf = ({ clusterIP, clusterIPs }: Service['spec']): readonly string[] =>
  clusterIPs && clusterIPs.length > 0 ? clusterIPs : clusterIP ? [clusterIP] : [];

interface Made {
  readonly places: Map<string, Place>;
  readonly chains: Map<string, readonly string[]>;
  readonly sets: Map<string, string>;
  readonly shapes: Shape[];
  readonly hairpins: Map<string, Element>;
}

/** How packets to a place are led on. */
interface Way {
  readonly ends: readonly Target[];
  /** Where others lead whoever is inside already. */
  readonly insiders?: readonly Target[];
  readonly masquerade: Shape['masquerade'];
}

/** The rules of one port of a service, by one family. */
class PortRules {
  readonly #service: Service;
  readonly #port: ServicePort;
  readonly #ends: Reachable;
  readonly #family: PodFamily;
  readonly #made: Made;

  constructor(service: Service, port: ServicePort, ends: Reachable, family: PodFamily, made: Made) {
    this.#service = service;
    this.#port = port;
    this.#ends = ends;
    this.#family = family;
    this.#made = made;
  }

  add(): void {
    const { spec, status } = this.#service;
    const { cluster, local } = this.#ends;
    const internal: Way = {
      ends: spec.internalTrafficPolicy === 'Local' ? local : cluster,
      masquerade: 'outside',
    };
    for (const address of this.#ofFamily(clusterIpsOf(spec))) this.#lead('address', address, RANKS.own, internal);
    // Who comes from outside is answered by the node it came to, unless only pods of that node may answer; who is inside
    // already (a pod, the node itself) is no matter of that.
    const external: Way =
      spec.externalTrafficPolicy === 'Local'
        ? { ends: local, insiders: cluster, masquerade: 'never' }
        : { ends: cluster, masquerade: 'always' };
    // A balancer that is a proxy wants packets that are meant for it to reach it (KEP-1860).
    const balanced = (status.loadBalancer.ingress ?? []).flatMap(({ ip, ipMode }) =>
      ip && ipMode !== 'Proxy' ? [ip] : [],
    );
    const ranges = (spec.loadBalancerSourceRanges ?? [])
      .map((range) => range.trim())
      .filter((range) => ipFamilyOf(range) === this.#family.name);
    for (const address of this.#ofFamily(balanced)) this.#lead('address', address, RANKS.balanced, external, ranges);
    for (const address of this.#ofFamily(spec.externalIPs ?? []))
      this.#lead('address', address, RANKS.external, external);
    if (this.#port.nodePort) this.#lead('nodePort', undefined, RANKS.own, external);
  }

  get #protocol(): Protocol {
    return (this.#port.protocol ?? 'TCP').toLowerCase() as Protocol;
  }

  /** In the one form that the kernel knows: two forms of one address would be the same element twice. */
  #ofFamily(addresses: readonly string[]): readonly string[] {
    return addresses.flatMap((address) =>
      ipFamilyOf(address) === this.#family.name ? (canonicalAddress(address) ?? []) : [],
    );
  }

  #lead(
    kind: PlaceKind,
    address: string | undefined,
    rank: number,
    way: Way,
    /** Who may send at all; none: everybody. */
    ranges: readonly string[] = [],
  ): void {
    const number = kind === 'address' ? this.#port.port : this.#port.nodePort;
    const key = [...(address === undefined ? [] : [address]), this.#protocol, number].join(' . ');
    const set = placeMap(kind, this.#family);
    // A balancer's address may be named among the external ones too.
    if (this.#made.places.has(`${set} ${key}`)) return;
    const pooledKey = [...(address === undefined ? [] : [address]), number].join(' . ');
    const { verdict, pooled } = this.#verdict(kind, pooledKey, way);
    const reached = way.insiders ? [...way.ends, ...way.insiders] : way.ends;
    this.#noteHairpins(kind, way);
    this.#made.places.set(`${set} ${key}`, {
      elements: [{ set, key, value: this.#guarded(ranges, verdict) }, ...pooled],
      rank,
      ...(this.#protocol === 'udp'
        ? {
            flows: {
              family: this.#family.name,
              ...(address === undefined ? {} : { address }),
              port: number ?? 0,
              endpoints: new Set(reached.map((end) => `${end.address}:${end.port}`)),
            },
          }
        : {}),
    });
  }

  #verdict(
    kind: PlaceKind,
    key: string,
    { ends, insiders = [], masquerade }: Way,
  ): { readonly verdict: string; readonly pooled: readonly Element[] } {
    const family = this.#family;
    // Others could answer: packets are dropped, so that whoever sends them finds the way there.
    if (ends.length === 0 && insiders.length === 0)
      return { verdict: this.#ends.cluster.length > 0 ? 'drop' : `goto ${REFUSE}`, pooled: [] };
    if (this.#service.spec.sessionAffinity === 'ClientIP') {
      const own = ownChains({ service: this.#service, port: this.#port, family, ends, insiders, masquerade });
      for (const [name, rules] of own.chains) this.#made.chains.set(name, rules);
      for (const [name, declaration] of own.sets) this.#made.sets.set(name, declaration);
      return { verdict: `goto ${own.entry}`, pooled: [] };
    }
    const place = { family, kind, protocol: this.#protocol };
    const inside: Shape | undefined =
      insiders.length > 0 ? { ...place, pool: 'insiders', count: insiders.length, masquerade: 'outside' } : undefined;
    const shape: Shape = {
      ...place,
      pool: 'endpoints',
      count: ends.length,
      masquerade,
      ...(inside ? { inside } : {}),
    };
    this.#made.shapes.push(...(inside ? [inside, shape] : [shape]));
    const pooled = (set: string, targets: readonly Target[]): readonly Element[] =>
      targets.map((end, i) => ({ set, key: `${key} . ${i}`, value: `${end.address} . ${end.port}` }));
    return {
      verdict: `goto ${shapeName(shape)}`,
      pooled: [
        ...pooled(poolMap({ ...place, pool: 'endpoints' }), ends),
        ...pooled(poolMap({ ...place, pool: 'insiders' }), insiders),
      ],
    };
  }

  #guarded(ranges: readonly string[], verdict: string): string {
    if (ranges.length === 0 || !verdict.startsWith('goto ')) return verdict;
    const guard = ownName('fw', this.#family, this.#service, this.#port);
    // One rule for each, not a set: the kernel goes through all sets of a table for each that is made.
    this.#made.chains.set(guard, [
      ...ranges.map((range) => `${this.#family.protocol} saddr ${range} ${verdict}`),
      'drop',
    ]);
    return `goto ${guard}`;
  }

  /**
   * A pod that reaches itself through its service must see another source. It does so by its own node, or, where pods of
   * other nodes are let through as they are, by the node whose port it asked.
   */
  #noteHairpins(kind: PlaceKind, { ends, insiders = [] }: Way): void {
    for (const [targets, fromElsewhere] of [
      [ends, false],
      [insiders, kind === 'nodePort'],
    ] as const)
      for (const { address, mayBeHere } of targets)
        if (mayBeHere || fromElsewhere)
          this.#made.hairpins.set(address, {
            set: hairpinSet(this.#family),
            key: `${address} . ${address}`,
            value: '',
          });
  }
}
