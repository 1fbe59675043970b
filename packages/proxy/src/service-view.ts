import type { EndpointSlice, Service } from '@navarch/api';
import { Claims } from './claims.ts';
import { ClientNumbers } from './client-numbers.ts';
import { Counts } from './counts.ts';
import { type PodFamily, podFamilies } from './families.ts';
import { type HealthCheck, healthCheck } from './health-checks.ts';
import type { ProxyNode } from './reachable.ts';
import { type Element, type Place, type ServiceRules, serviceRules, type WithoutLocal } from './service-rules.ts';
import { serviceTable } from './service-table.ts';
import type { Shape } from './shape.ts';
import { placeMap, shapeName, shapeRules, shapeSets } from './shared-chains.ts';
import { serviceOf } from './slices.ts';
import { type Flows, type KnownFlow, type StaleFlows, staleFlows, strayed } from './stale-flows.ts';
import type { Table } from './table.ts';

export interface ServiceChange {
  /** Commands for nft, to be run as one transaction; empty when nothing changed. */
  readonly script: string;
  /** To be forgotten once the kernel has the rules. */
  readonly stale: readonly StaleFlows[];
  /** Everything anew: what the kernel did until now is not known, and so are its flows. */
  readonly isWhole: boolean;
}

const NONE: ServiceRules = { places: [], chains: new Map(), shapes: [], hairpins: [], withoutLocal: [] };

/**
 * The rules of all services for one node, kept by what changes: a service or its endpoints cost what they are, however
 * many others there are.
 */
export class ServiceView {
  #node: ProxyNode;
  readonly #families: readonly PodFamily[];
  readonly #table: Table;
  readonly #services = new Map<string, Service>();
  /** By service, then by key. */
  readonly #slices = new Map<string, Map<string, EndpointSlice>>();
  readonly #serviceOfSlice = new Map<string, string>();
  /** What the table holds for each service. */
  readonly #rules = new Map<string, ServiceRules>();
  readonly #checks = new Map<string, HealthCheck>();
  readonly #claims = new Claims();
  readonly #clientNumbers = new ClientNumbers();
  readonly #shapeUses = new Counts();
  readonly #setUses = new Counts();
  readonly #hairpinUses = new Counts();
  readonly #withoutLocal = new Counts();
  readonly #changed = new Set<string>();
  #hasTaken = false;
  #isUnknown = true;

  constructor(node: ProxyNode) {
    this.#node = node;
    this.#families = podFamilies(node.clusterCidr);
    this.#table = serviceTable(node);
  }

  setService(key: string, service: Service | undefined): void {
    if (service) this.#services.set(key, service);
    else this.#services.delete(key);
    this.#changed.add(key);
  }

  setSlice(key: string, slice: EndpointSlice | undefined): void {
    const [before, after] = [this.#serviceOfSlice.get(key), slice && serviceOf(slice)];
    if (before !== undefined && before !== after) this.#putSlice(before, key, undefined);
    if (after !== undefined) this.#putSlice(after, key, slice);
    if (after === undefined) this.#serviceOfSlice.delete(key);
    else this.#serviceOfSlice.set(key, after);
  }

  /** Where this node is: which endpoints are meant for it. Whether that is news. */
  setZone(zone: string | undefined): boolean {
    if (zone === this.#node.zone) return false;
    this.#node = { ...this.#node, zone };
    for (const key of this.#services.keys()) this.#changed.add(key);
    return true;
  }

  /** By node port. */
  healthChecks(): ReadonlyMap<number, HealthCheck> {
    return new Map([...this.#checks.values()].map((check) => [check.port, check]));
  }

  /** Ports of services that nobody on this node answers, and nobody else may. */
  withoutLocal(which: WithoutLocal): number {
    return this.#withoutLocal.of(which);
  }

  /**
   * Everything that changed since it was last taken. From here on the kernel is taken to have it: whoever cannot make it
   * so says it with forget().
   */
  take(): ServiceChange {
    const moved = new Map<string, Place | undefined>();
    for (const key of this.#changed) this.#settle(key, moved);
    this.#changed.clear();
    // Of flows from before the first time nothing is known.
    const stale = this.#hasTaken
      ? [...moved].flatMap(([id, before]) => staleFlows(before?.flows, this.#claims.holder(id)?.flows))
      : [];
    this.#hasTaken = true;
    const isWhole = this.#isUnknown;
    this.#isUnknown = false;
    return { script: this.#table.take(), stale, isWhole };
  }

  /** What the kernel has is not known. */
  forget(): void {
    this.#isUnknown = true;
    this.#table.forget();
  }

  /** Of flows that the kernel knows those that the rules of now would lead elsewhere, each way once. */
  strayed(flows: Iterable<KnownFlow>): readonly StaleFlows[] {
    const found = new Map<string, StaleFlows>();
    for (const flow of flows) {
      const place = this.#flowsTo(flow);
      const stray = place && strayed(flow, place);
      if (stray) found.set(Object.values(stray).join(), stray);
    }
    return [...found.values()];
  }

  /** Of UDP alone, as all flows here. An address with a port of its own comes before the node's port. */
  #flowsTo({ family: name, address, port }: KnownFlow): Flows | undefined {
    const family = this.#families.find((one) => one.name === name);
    if (!family) return undefined;
    const place =
      this.#claims.holder(`${placeMap('address', family)} ${address} . udp . ${port}`) ??
      this.#claims.holder(`${placeMap('nodePort', family)} udp . ${port}`);
    return place?.flows;
  }

  #putSlice(service: string, key: string, slice: EndpointSlice | undefined): void {
    const slices = this.#slices.get(service) ?? new Map<string, EndpointSlice>();
    if (slice) slices.set(key, slice);
    else slices.delete(key);
    if (slices.size > 0) this.#slices.set(service, slices);
    else this.#slices.delete(service);
    this.#changed.add(service);
  }

  /** `moved` gets who had each place before. */
  #settle(key: string, moved: Map<string, Place | undefined>): void {
    const service = this.#services.get(key);
    const slices = [...(this.#slices.get(key)?.values() ?? [])];
    const before = this.#rules.get(key) ?? NONE;
    const after = this.#clientNumbers.of(key, (numberEnds) =>
      service ? serviceRules(service, slices, { node: this.#node, families: this.#families, numberEnds }) : NONE,
    );
    // First what is new: what both use need not go and come again.
    for (const shape of after.shapes) if (this.#shapeUses.add(shapeName(shape))) this.#add(shape);
    for (const shape of before.shapes) if (this.#shapeUses.remove(shapeName(shape))) this.#remove(shape);
    for (const one of after.hairpins) if (this.#hairpinUses.add(one.key)) this.#put(one);
    for (const one of after.withoutLocal) this.#withoutLocal.add(one);
    for (const one of before.withoutLocal) this.#withoutLocal.remove(one);
    for (const one of before.hairpins) if (this.#hairpinUses.remove(one.key)) this.#table.drop(one.set, one.key);
    for (const [name, rules] of after.chains) this.#table.setChain(name, rules);
    for (const name of before.chains.keys()) if (!after.chains.has(name)) this.#table.removeChain(name);
    this.#claim(key, service?.metadata.creationTimestamp ?? '', { before, after, moved });
    if (service) this.#rules.set(key, after);
    else this.#rules.delete(key);
    const check = service && healthCheck(service, slices, this.#node.name);
    if (check) this.#checks.set(key, check);
    else this.#checks.delete(key);
  }

  #claim(
    key: string,
    born: string,
    {
      before,
      after,
      moved,
    }: {
      readonly before: ServiceRules;
      readonly after: ServiceRules;
      readonly moved: Map<string, Place | undefined>;
    },
  ): void {
    const wanted = new Map(after.places.map((place) => [idOf(place), place]));
    for (const id of new Set([...before.places.map(idOf), ...wanted.keys()])) {
      const [had, place] = [this.#claims.holder(id), wanted.get(id)];
      this.#claims.set(id, key, place && { key, born, place });
      const has = this.#claims.holder(id);
      if (had === has) continue;
      if (!moved.has(id)) moved.set(id, had);
      const kept = new Set(has?.elements.map(({ set, key: element }) => `${set} ${element}`));
      for (const { set, key: element } of had?.elements ?? [])
        if (!kept.has(`${set} ${element}`)) this.#table.drop(set, element);
      for (const one of has?.elements ?? []) this.#put(one);
    }
  }

  #add(shape: Shape): void {
    for (const [name, declaration] of shapeSets(shape))
      if (this.#setUses.add(name)) this.#table.addSet(name, declaration);
    this.#table.setChain(shapeName(shape), shapeRules(shape));
  }

  #remove(shape: Shape): void {
    this.#table.removeChain(shapeName(shape));
    for (const name of shapeSets(shape).keys()) if (this.#setUses.remove(name)) this.#table.removeSet(name);
  }

  #put({ set, key, value }: Element): void {
    this.#table.put(set, key, value);
  }
}

const idOf = ({ elements: [{ set, key }] }: Place): string => `${set} ${key}`;
