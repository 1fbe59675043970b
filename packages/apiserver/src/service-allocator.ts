import { service, type Service, serviceCIDR, type ServiceCIDR } from '@navarch/api';
import type { Random } from '@navarch/base';
import { type ApiObject, Field, invalid, type Mutable } from '@navarch/machinery';
import type { Attendant } from './registry/drafts.ts';
import type { Registry } from './registry/registry.ts';

export interface AllocatorRanges {
  /** IPv4 CIDR of cluster IPs. */
  readonly serviceCidr: string;
  /** First and last node port. */
  readonly nodePorts: readonly [first: number, last: number];
}

/** Addresses from `first` on, `count` of them: what hosts of a range may have. */
interface Range {
  readonly text: string;
  readonly first: number;
  readonly count: number;
}

/**
 * Gives services their cluster IPs and node ports. What is taken is read from the services themselves, so there is
 * nothing to repair after a crash; what is given but not stored yet is held until the write has come to its end.
 */
export class ServiceAllocator implements Attendant {
  readonly #registry: () => Registry;
  readonly #random: Random;
  readonly #ranges: AllocatorRanges;
  /** Addresses, and `PROTOCOL/PORT`s, of writes that are under way, by the uid of the service. */
  readonly #held = new Map<string, Set<string>>();

  constructor(registry: () => Registry, random: Random, ranges: AllocatorRanges) {
    this.#registry = registry;
    this.#random = random;
    this.#ranges = ranges;
  }

  prepare(object: ApiObject, previous: ApiObject | undefined): void {
    const draft = object as unknown as Mutable<Service>;
    const { spec } = draft;
    if (spec.type === 'ExternalName') return;
    this.#address(draft, previous as Service | undefined);
    if (spec.type !== 'NodePort' && !(spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false)) return;
    this.#ports(draft);
  }

  settled(uid: string): void {
    this.#held.delete(uid);
  }

  #hold(uid: string, what: string): void {
    const held = this.#held.get(uid);
    if (held) held.add(what);
    else this.#held.set(uid, new Set([what]));
  }

  #address(draft: Mutable<Service>, previous: Service | undefined): void {
    const { spec } = draft;
    spec.ipFamilyPolicy ??= 'SingleStack';
    spec.ipFamilies ??= ['IPv4'];
    if (spec.clusterIPs?.[0] && !spec.clusterIP) spec.clusterIP = spec.clusterIPs[0];
    if (!spec.clusterIP) spec.clusterIP = this.#freeAddress(draft.metadata.uid);
    else if (spec.clusterIP !== 'None' && spec.clusterIP !== previous?.spec.clusterIP) this.#checkAddress(draft, spec.clusterIP);
    if (spec.clusterIP !== 'None') this.#hold(draft.metadata.uid, spec.clusterIP);
    spec.clusterIPs ??= [spec.clusterIP];
    draft.spec = ordered(spec);
  }

  #checkAddress(draft: Mutable<Service>, address: string): void {
    const at = new Field('spec.clusterIPs');
    const number = ipNumber(address);
    const ranges = this.#usable();
    if (Number.isNaN(number)) at.index(0).invalid(address, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)');
    else if (!ranges.some(({ first, count }) => number >= first && number < first + count)) {
      const valid = ranges.map(({ text }) => text).join(', ');
      at.invalid([address], `failed to allocate IP ${address}: the provided IP (${address}) is not in the valid range. The range of valid IPs is ${valid}`);
    } else if (this.#addresses(draft.metadata.uid).has(address)) at.invalid([address], `failed to allocate IP ${address}: provided IP is already allocated`);
    if (at.errors.length > 0) throw invalid(service, draft.metadata.name, at.errors);
  }

  /** The lower part of a range is left to those who ask by number, until the upper one is full (KEP-3070). */
  #freeAddress(uid: string): string {
    const taken = this.#addresses(uid);
    for (const { first, count } of this.#usable()) {
      const reserved = count > RESERVED_MIN ? Math.min(Math.max(RESERVED_MIN, Math.floor(count / RESERVED_MIN)), RESERVED_MAX) : 0;
      const found = this.#freeIn(first + reserved, count - reserved, taken) ?? this.#freeIn(first, reserved, taken);
      if (found) return found;
    }
    throw invalid(service, '', [{ reason: 'FieldValueInvalid', field: 'spec.clusterIPs', message: 'Invalid value: null: failed to allocate a serviceIP: range is full' }]);
  }

  #freeIn(first: number, count: number, taken: ReadonlySet<string>): string | undefined {
    const start = count > 0 ? this.#random.uint32() % count : 0;
    for (let i = 0; i < count; i++) {
      const address = ipText(first + ((start + i) % count));
      if (!taken.has(address)) return address;
    }
    return undefined;
  }

  #ports(draft: Mutable<Service>): void {
    const { uid, name } = draft.metadata;
    const [first, last] = this.#ranges.nodePorts;
    const taken = new Set(this.#others(uid).flatMap((s) => (s.spec.ports ?? []).filter((p) => p.nodePort).map((p) => `${p.protocol}/${p.nodePort}`)));
    for (const what of this.#heldByOthers(uid)) taken.add(what);
    const at = new Field('spec.ports');
    draft.spec.ports?.forEach((port, i) => {
      const here = at.index(i).at('nodePort');
      if (port.nodePort && (port.nodePort < first || port.nodePort > last)) {
        here.invalid(port.nodePort, `provided port is not in the valid range. The range of valid ports is ${first}-${last}`);
      } else if (port.nodePort && taken.has(`${port.protocol}/${port.nodePort}`)) here.invalid(port.nodePort, 'provided port is already allocated');
      port.nodePort ??= this.#freePort(taken, port.protocol ?? 'TCP');
      taken.add(`${port.protocol}/${port.nodePort}`);
    });
    if (at.errors.length > 0) throw invalid(service, name, at.errors);
    for (const { protocol, nodePort } of draft.spec.ports ?? []) this.#hold(uid, `${protocol}/${nodePort}`);
  }

  #freePort(taken: ReadonlySet<string>, protocol: string): number {
    const [first, last] = this.#ranges.nodePorts;
    const count = last - first + 1;
    const start = this.#random.uint32() % count;
    for (let i = 0; i < count; i++) {
      const port = first + ((start + i) % count);
      if (!taken.has(`${protocol}/${port}`)) return port;
    }
    throw invalid(service, '', [{ reason: 'FieldValueInvalid', field: 'spec.ports[0].nodePort', message: 'Invalid value: 0: failed to allocate a nodePort: range is full' }]);
  }

  /** The server's own range, then what people added, of IPv4 (KEP-1880). Nothing is taken from a range that is going. */
  #usable(): readonly Range[] {
    const { cache } = this.#registry().of(serviceCIDR).shelf;
    const added = [...cache.range(cache.prefix)].map((cached) => cached.object as unknown as ServiceCIDR);
    const texts = added.filter(({ metadata }) => !metadata.deletionTimestamp).flatMap(({ spec }) => spec.cidrs ?? []);
    return [...new Set([this.#ranges.serviceCidr, ...texts.filter((text) => !text.includes(':'))])].map(rangeOf);
  }

  #addresses(exceptUid: string): ReadonlySet<string> {
    return new Set([...this.#others(exceptUid).flatMap((s) => s.spec.clusterIPs ?? []), ...this.#heldByOthers(exceptUid)]);
  }

  #heldByOthers(uid: string): readonly string[] {
    return [...this.#held].flatMap(([other, held]) => (other === uid ? [] : [...held]));
  }

  #others(uid: string): readonly Service[] {
    const { cache } = this.#registry().of(service).shelf;
    return [...cache.range(cache.prefix)].map((cached) => cached.object as unknown as Service).filter((s) => s.metadata.uid !== uid);
  }
}

const RESERVED_MIN = 16;
const RESERVED_MAX = 256;

function rangeOf(text: string): Range {
  const [address = '', bits = '16'] = text.split('/');
  const size = 2 ** (32 - Number(bits));
  return { text, first: Math.floor(ipNumber(address) / size) * size + 1, count: Math.max(0, size - 2) };
}

/** Allocated fields take the places in which they are printed. */
function ordered(spec: Mutable<Service>['spec']): Mutable<Service>['spec'] {
  const { ports, selector, clusterIP, clusterIPs, type, ...rest } = spec;
  return {
    ...(ports ? { ports } : {}), ...(selector ? { selector } : {}), ...(clusterIP ? { clusterIP } : {}), ...(clusterIPs ? { clusterIPs } : {}),
    ...(type ? { type } : {}), ...rest,
  };
}

function ipNumber(address: string): number {
  const parts = address.split('.').map(Number);
  if (parts.length !== 4 || parts.some((p) => !Number.isInteger(p) || p < 0 || p > 255)) return Number.NaN;
  return parts.reduce((sum, part) => sum * 256 + part, 0);
}

const ipText = (number: number): string => [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');
