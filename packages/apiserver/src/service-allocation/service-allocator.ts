import {
  type AddressRange,
  addressRange,
  canonicalAddress,
  containsAddress,
  holdsAddress,
  ipAddress,
  type IpFamily,
  isAddressOf,
  service,
  type Service,
  serviceAddresses,
  serviceCIDR,
  type ServiceCIDR,
  validateServiceAddresses,
} from '@navarch/api';
import type { Random } from '@navarch/base';
import { type ApiObject, Field, internalError, invalid, type Mutable } from '@navarch/machinery';
import type { Operation } from '@navarch/store';
import type { Attendant } from '../registry/attendant.ts';
import type { Registry } from '../registry/registry.ts';
import { addressChanges } from './address-objects.ts';
import { completeFamilies, isHeadless } from './families.ts';
import { freeAddress } from './free-place.ts';
import { Holdings } from './holdings.ts';
import { allocatePorts } from './node-ports.ts';

export interface AllocatorRanges {
  /** CIDR of cluster IPs; of two families: both, with a comma, the default first. */
  readonly serviceCidr: string;
  /** First and last node port. */
  readonly nodePorts: readonly [first: number, last: number];
}

/**
 * Gives services their cluster IPs and node ports. Each address has an IPAddress object, which is written and removed in
 * one transaction with what the service says; of ports, what the services say is all there is. What is given but not
 * stored yet is held until the write has come to its end.
 */
export class ServiceAllocator implements Attendant {
  readonly #registry: () => Registry;
  readonly #random: Random;
  readonly #ranges: AllocatorRanges;
  readonly #own: readonly AddressRange[];
  readonly #holdings = new Holdings();

  constructor(registry: () => Registry, random: Random, ranges: AllocatorRanges) {
    this.#registry = registry;
    this.#random = random;
    this.#ranges = ranges;
    this.#own = ranges.serviceCidr.split(',').flatMap((text) => addressRange(text) ?? []);
  }

  /** To be called when the registry has read what is stored. */
  start(): void {
    this.#holdings.follow(this.#registry());
  }

  prepare(object: ApiObject, before: ApiObject | undefined): void {
    const draft = object as unknown as Mutable<Service>;
    const previous = before as Service | undefined;
    const { spec, metadata } = draft;
    if (spec.type === 'ExternalName') return;
    if (spec.clusterIP && !spec.clusterIPs?.length) spec.clusterIPs = [spec.clusterIP];
    const at = new Field('spec');
    validateServiceAddresses(spec as Service['spec'], at);
    if (at.errors.length === 0)
      at.errors.push(
        ...completeFamilies(draft, previous?.spec.type === 'ExternalName' ? undefined : previous, this.#families),
      );
    if (at.errors.length > 0) throw invalid(service, metadata.name, at.errors);
    if (!isHeadless(spec as Service['spec'])) this.#addresses(draft, previous);
    draft.spec = ordered(spec);
    allocatePorts(draft, previous, { range: this.#ranges.nodePorts, holdings: this.#holdings, random: this.#random });
  }

  companions(next: ApiObject | undefined, previous: ApiObject | undefined): readonly Operation[] {
    return addressChanges(this.#registry(), next as Service | undefined, previous as Service | undefined);
  }

  settled(uid: string): void {
    this.#holdings.settled(uid);
  }

  /** Of the server's own ranges: others add room, never a family. */
  get #families(): readonly IpFamily[] {
    return this.#own.map(({ family }) => family);
  }

  #addresses(draft: Mutable<Service>, previous: Service | undefined): void {
    const {
      spec,
      metadata: { uid },
    } = draft;
    const held = previous ? serviceAddresses(previous) : [];
    const asked = spec.clusterIPs ?? [];
    for (const address of asked) if (!held.includes(canonical(address))) this.#check(draft, address);
    for (const address of asked) this.#holdings.hold(uid, canonical(address));
    const given = (spec.ipFamilies ?? []).slice(asked.length).map((family) => this.#free(draft, family as IpFamily));
    spec.clusterIPs = [...asked, ...given];
    spec.clusterIP = spec.clusterIPs[0] ?? '';
  }

  #check(draft: Mutable<Service>, address: string): void {
    const at = new Field('spec.clusterIPs');
    const refuse = (why: string): void =>
      at.invalid(draft.spec.clusterIPs ?? [], `failed to allocate IP ${address}: ${why}`);
    const around = this.#usable().filter(({ text }) => containsAddress(text, address));
    if (around.length === 0) refuse('the provided network does not match the current range');
    else if (!around.some((range) => holdsAddress(range, address))) {
      refuse(
        `the provided IP (${address}) is not in the valid range. The range of valid IPs is ${around.map(({ text }) => text).join(', ')}`,
      );
    } else if (this.#isTaken(draft, canonical(address))) refuse('provided IP is already allocated');
    if (at.errors.length > 0) throw invalid(service, draft.metadata.name, at.errors);
  }

  #free(draft: Mutable<Service>, wanted: IpFamily): string {
    for (const range of this.#usable()) {
      const found =
        range.family === wanted
          ? freeAddress(range, (address) => this.#isTaken(draft, address), this.#random)
          : undefined;
      if (found === undefined) continue;
      this.#holdings.hold(draft.metadata.uid, found);
      return found;
    }
    throw internalError(new Error('failed to allocate a serviceIP: range is full'));
  }

  /** An address is also taken where people wrote its object themselves. */
  #isTaken(draft: Mutable<Service>, address: string): boolean {
    const object = this.#registry().of(ipAddress).find('', address);
    return (
      this.#holdings.isTakenFrom(draft.metadata.uid, address) ||
      (object !== undefined && !isAddressOf(object, draft as unknown as Service))
    );
  }

  /** The server's own ranges, then what people added (KEP-1880). Nothing is taken from a range that is going, or not ready. */
  #usable(): readonly AddressRange[] {
    const { cache } = this.#registry().of(serviceCIDR).shelf;
    const added = [...cache.range(cache.prefix)].map(({ object }) => object as unknown as ServiceCIDR).filter(isUsable);
    const own = new Set(this.#own.map(({ text }) => text));
    return [
      ...this.#own,
      ...added
        .flatMap(({ spec }) => spec.cidrs ?? [])
        .filter((text) => !own.has(text))
        .flatMap((text) => addressRange(text) ?? []),
    ];
  }
}

/** Of what was found to be an address. */
const canonical = (address: string): string => canonicalAddress(address) ?? address;

const isUsable = ({ metadata, status }: ServiceCIDR): boolean =>
  !metadata.deletionTimestamp &&
  !(status.conditions ?? []).some(({ type, status: is }) => type === 'Ready' && is !== 'True');

/** Allocated fields take the places in which they are printed. */
function ordered(spec: Mutable<Service>['spec']): Mutable<Service>['spec'] {
  const { ports, selector, clusterIP, clusterIPs, type, ...rest } = spec;
  return {
    ...(ports ? { ports } : {}),
    ...(selector ? { selector } : {}),
    ...(clusterIP ? { clusterIP } : {}),
    ...(clusterIPs ? { clusterIPs } : {}),
    ...(type ? { type } : {}),
    ...rest,
  };
}
