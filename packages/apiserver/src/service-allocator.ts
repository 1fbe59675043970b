import { service, type Service } from '@navarch/api';
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

/**
 * Gives services their cluster IPs and node ports. What is taken is read from the services themselves, so there is
 * nothing to repair after a crash.
 */
export class ServiceAllocator implements Attendant {
  readonly #registry: () => Registry;
  readonly #random: Random;
  readonly #base: number;
  readonly #size: number;
  readonly #ranges: AllocatorRanges;

  constructor(registry: () => Registry, random: Random, ranges: AllocatorRanges) {
    this.#registry = registry;
    this.#random = random;
    this.#ranges = ranges;
    const [address = '', bits = '16'] = ranges.serviceCidr.split('/');
    this.#size = 2 ** (32 - Number(bits));
    this.#base = Math.floor(ipNumber(address) / this.#size) * this.#size;
  }

  prepare(object: ApiObject, previous: ApiObject | undefined): void {
    const draft = object as unknown as Mutable<Service>;
    const { spec } = draft;
    if (spec.type === 'ExternalName') return;
    this.#address(draft, previous as Service | undefined);
    if (spec.type !== 'NodePort' && !(spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false)) return;
    this.#ports(draft);
  }

  #address(draft: Mutable<Service>, previous: Service | undefined): void {
    const { spec } = draft;
    spec.ipFamilyPolicy ??= 'SingleStack';
    spec.ipFamilies ??= ['IPv4'];
    if (spec.clusterIPs?.[0] && !spec.clusterIP) spec.clusterIP = spec.clusterIPs[0];
    if (!spec.clusterIP) spec.clusterIP = this.#freeAddress();
    else if (spec.clusterIP !== 'None' && spec.clusterIP !== previous?.spec.clusterIP) this.#checkAddress(draft, spec.clusterIP);
    spec.clusterIPs ??= [spec.clusterIP];
    draft.spec = ordered(spec);
  }

  #checkAddress(draft: Mutable<Service>, address: string): void {
    const at = new Field('spec.clusterIPs');
    const number = ipNumber(address);
    if (Number.isNaN(number)) at.index(0).invalid(address, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)');
    else if (number <= this.#base || number >= this.#base + this.#size - 1) {
      at.invalid([address], `failed to allocate IP ${address}: the provided IP (${address}) is not in the valid range. The range of valid IPs is ${this.#ranges.serviceCidr}`);
    } else if (this.#taken(draft.metadata.uid).has(address)) at.invalid([address], `failed to allocate IP ${address}: provided IP is already allocated`);
    if (at.errors.length > 0) throw invalid(service, draft.metadata.name, at.errors);
  }

  /** The lower part of the range is left to those who ask by number (KEP-3070). */
  #freeAddress(): string {
    const taken = this.#taken('');
    const reserved = Math.min(Math.max(16, Math.floor(this.#size / 16)), 256);
    const usable = this.#size - 2 - reserved;
    const start = this.#random.uint32() % usable;
    for (let i = 0; i < usable; i++) {
      const address = ipText(this.#base + 1 + reserved + ((start + i) % usable));
      if (!taken.has(address)) return address;
    }
    throw invalid(service, '', [{ reason: 'FieldValueInvalid', field: 'spec.clusterIPs', message: 'Invalid value: null: failed to allocate a serviceIP: range is full' }]);
  }

  #ports(draft: Mutable<Service>): void {
    const [first, last] = this.#ranges.nodePorts;
    const taken = new Set(this.#services().filter((s) => s.metadata.uid !== draft.metadata.uid)
      .flatMap((s) => (s.spec.ports ?? []).filter((p) => p.nodePort).map((p) => `${p.protocol}/${p.nodePort}`)));
    const at = new Field('spec.ports');
    draft.spec.ports?.forEach((port, i) => {
      const here = at.index(i).at('nodePort');
      if (port.nodePort && (port.nodePort < first || port.nodePort > last)) {
        here.invalid(port.nodePort, `provided port is not in the valid range. The range of valid ports is ${first}-${last}`);
      } else if (port.nodePort && taken.has(`${port.protocol}/${port.nodePort}`)) here.invalid(port.nodePort, 'provided port is already allocated');
      port.nodePort ??= this.#freePort(taken, port.protocol ?? 'TCP');
      taken.add(`${port.protocol}/${port.nodePort}`);
    });
    if (at.errors.length > 0) throw invalid(service, draft.metadata.name, at.errors);
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

  #taken(exceptUid: string | undefined): ReadonlySet<string> {
    return new Set(this.#services().filter((s) => s.metadata.uid !== exceptUid).flatMap((s) => s.spec.clusterIPs ?? []));
  }

  #services(): readonly Service[] {
    const { cache } = this.#registry().of(service).shelf;
    return [...cache.range(cache.prefix)].map((cached) => cached.object as unknown as Service);
  }
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
