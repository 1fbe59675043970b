import { canonicalAddress, type EndpointSlice, ipFamilyOf, type Service, type ServicePort } from '@navarch/api';
import type { NumberEnds } from './client-numbers.ts';
import { ownName } from './own-name.ts';
import type { PodFamily } from './families.ts';
import { type ProxyNode, type Reachable, reachable, type Target } from './reachable.ts';
import { numberMap, slotMap } from './remembering.ts';
import { type PlaceKind, poolMap, type Protocol, type Shape } from './shape.ts';
import { hairpinSet, placeMap, REFUSE, shapeName } from './shared-chains.ts';
import type { Flows } from './stale-flows.ts';

/** What packets for one service turn into, as data: what the kernel is told is made from it alone. */
export interface ServiceRules {
  readonly places: readonly Place[];
  /** Chains of its own: only of what no shared chain can do. */
  readonly chains: ReadonlyMap<string, readonly string[]>;
  /** Shared chains that it goes by, each as often as it does. */
  readonly shapes: readonly Shape[];
  /** Endpoints whose own packets may come back to them by this node. */
  readonly hairpins: readonly Element[];
  /** Ports that only other nodes could answer, but may not. */
  readonly withoutLocal: readonly WithoutLocal[];
}

/** By family and by the policy that forbids it: traffic from inside, or from outside. */
export type WithoutLocal = `${PodFamily['name']} ${'internal' | 'external'}`;

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

interface Circumstances {
  readonly node: ProxyNode;
  readonly families: readonly PodFamily[];
  readonly numberEnds: NumberEnds;
}

/** Of upstream's API: three hours. */
const AFFINITY_SECONDS = 10_800;

/** The same objects give the same rules, but for the numbers of endpoints whose clients are remembered. */
export function serviceRules(
  service: Service,
  slices: readonly EndpointSlice[],
  { node, families, numberEnds }: Circumstances,
): ServiceRules {
  const made: Made = { places: new Map(), chains: new Map(), shapes: [], hairpins: new Map(), withoutLocal: [] };
  const { spec } = service;
  if (spec.type !== 'ExternalName' && spec.clusterIP && spec.clusterIP !== 'None') {
    const own = clusterIpsOf(spec);
    for (const family of families) {
      if (!own.some((address) => ipFamilyOf(address) === family.name)) continue;
      const of = slices.filter(({ addressType }) => addressType === family.name);
      for (const port of spec.ports ?? []) {
        const ends = reachable(of, port.name ?? '', node);
        new PortRules({ service, port, ends, family, numberEnds }, made).add();
      }
    }
  }
  return { ...made, places: [...made.places.values()], hairpins: [...made.hairpins.values()] };
}

const clusterIpsOf = ({ clusterIP, clusterIPs }: Service['spec']): readonly string[] =>
  clusterIPs && clusterIPs.length > 0 ? clusterIPs : clusterIP ? [clusterIP] : [];

interface Made {
  readonly places: Map<string, Place>;
  readonly chains: Map<string, readonly string[]>;
  readonly shapes: Shape[];
  readonly hairpins: Map<string, Element>;
  readonly withoutLocal: WithoutLocal[];
}

/** How packets to a place are led on. */
interface Way {
  readonly ends: readonly Target[];
  /** Where others lead whoever is inside already. */
  readonly insiders?: readonly Target[];
  readonly masquerade: Shape['masquerade'];
}

interface PortFacts {
  readonly service: Service;
  readonly port: ServicePort;
  readonly ends: Reachable;
  readonly family: PodFamily;
  readonly numberEnds: NumberEnds;
}

/** The rules of one port of a service, by one family. */
class PortRules {
  readonly #service: Service;
  readonly #port: ServicePort;
  readonly #ends: Reachable;
  readonly #family: PodFamily;
  readonly #made: Made;
  /** By endpoint; of a service that remembers its clients. */
  readonly #numbers: ReadonlyMap<string, string> | undefined;

  constructor({ service, port, ends, family, numberEnds }: PortFacts, made: Made) {
    this.#service = service;
    this.#port = port;
    this.#ends = ends;
    this.#family = family;
    this.#made = made;
    this.#numbers =
      service.spec.sessionAffinity === 'ClientIP'
        ? numberEnds(`${family.name} ${this.#protocol} ${port.port}`, [...ends.cluster, ...ends.local].map(valueOf))
        : undefined;
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
    if (cluster.length === 0 || local.length > 0) return;
    const isExternal = this.#port.nodePort !== undefined || balanced.length > 0 || (spec.externalIPs ?? []).length > 0;
    const { name } = this.#family;
    if (spec.internalTrafficPolicy === 'Local') this.#made.withoutLocal.push(`${name} internal`);
    if (spec.externalTrafficPolicy === 'Local' && isExternal) this.#made.withoutLocal.push(`${name} external`);
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
    const place = { family, kind, protocol: this.#protocol, ...this.#memory() };
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
    return {
      verdict: `goto ${shapeName(shape)}`,
      pooled: [...this.#pooled(shape, key, ends), ...(inside ? this.#pooled(inside, key, insiders) : [])],
    };
  }

  #memory(): Pick<Shape, 'seconds'> {
    if (!this.#numbers) return {};
    return { seconds: this.#service.spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? AFFINITY_SECONDS };
  }

  /** Endpoints by slot; where clients are remembered their numbers, and the endpoints by those. */
  #pooled(shape: Shape, key: string, targets: readonly Target[]): readonly Element[] {
    const numbers = this.#numbers;
    if (!numbers) return targets.map((end, i) => ({ set: poolMap(shape), key: `${key} . ${i}`, value: valueOf(end) }));
    return targets.flatMap((end, i): readonly Element[] => {
      const number = numbers.get(valueOf(end)) ?? '';
      return [
        { set: slotMap(shape), key: `${key} . ${i}`, value: number },
        { set: numberMap(shape), key: `${key} . ${number}`, value: valueOf(end) },
      ];
    });
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

const valueOf = ({ address, port }: Target): string => `${address} . ${port}`;
