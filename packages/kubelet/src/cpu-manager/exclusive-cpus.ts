import { type Container, type Pod, qosClassOf } from '@navarch/api';
import { quantityMilliValue } from '@navarch/machinery';
import type { Hint, Hints } from '../topology/hints.ts';
import type { CpuLayout } from '../topology/machine.ts';
import { hasNode, masksOf, sizeOfMask } from '../topology/node-mask.ts';
import { AdmissionError, neededAtOnce, rolesOf, type TopologyProvider, unexpected } from '../topology/provider.ts';
import { type CpuSet, cpuSetText, parseCpuSet } from './cpu-set.ts';
import type { CpuOptions } from './cpu-settings.ts';
import { spreadCpus } from './spread-cpus.ts';
import { takeCpus } from './take-cpus.ts';

export interface ExclusiveCpusDeps {
  readonly layout: CpuLayout;
  /** Never given to one container alone. */
  readonly reserved: CpuSet;
  readonly options: CpuOptions;
  /** Counts what was asked for (`cpu_manager_pinning_requests_total`) and what of it failed. */
  readonly counted?: (outcome: 'request' | 'error') => void;
}

/** By pod, then by container. */
export type CpuEntries = Readonly<Record<string, Readonly<Record<string, string>>>>;

/**
 * The static policy: containers of guaranteed pods that ask for whole processors have those alone. Everyone else shares
 * what is left. No processor is given to two containers, but by an init container to those of its pod that come after.
 */
export class ExclusiveCpus implements TopologyProvider {
  readonly #deps: ExclusiveCpusDeps;
  readonly #given = new Map<string, Map<string, CpuSet>>();

  constructor(deps: ExclusiveCpusDeps) {
    this.#deps = deps;
  }

  /** Where all run that have none of their own. */
  get shared(): CpuSet {
    const { layout, reserved, options } = this.#deps;
    const left = layout.all.difference(this.#taken());
    return options.isStrict ? left.difference(reserved) : left;
  }

  /** Those that could be given out on an empty node. */
  get allocatable(): CpuSet {
    return this.#deps.layout.all.difference(this.#deps.reserved);
  }

  /** undefined: the container has none of its own. */
  of(podUid: string, container: string): CpuSet | undefined {
    return this.#given.get(podUid)?.get(container);
  }

  has(podUid: string): boolean {
    return this.#given.has(podUid);
  }

  hints(pod: Pod, container: Container): Hints {
    const count = wholeCpus(pod, container);
    if (count === 0) return {};
    const given = this.of(pod.metadata.uid, container.name);
    if (given) return { cpu: given.size === count ? this.#hintsFrom(given, new Set(), count) : [] };
    return { cpu: this.#hintsFrom(this.#free(), this.#handedOn(pod, container), count) };
  }

  podHints(pod: Pod): Hints {
    const count = neededAtOnce(pod, (container) => wholeCpus(pod, container));
    if (count === 0) return {};
    const given = new Set(
      this.#given
        .get(pod.metadata.uid)
        ?.values()
        .flatMap((cpus) => [...cpus]) ?? [],
    );
    if (given.size > 0) return { cpu: given.size === count ? this.#hintsFrom(given, new Set(), count) : [] };
    return { cpu: this.#hintsFrom(this.#free(), new Set(), count) };
  }

  allocate(pod: Pod, container: Container, hint: Hint): void {
    const count = wholeCpus(pod, container);
    if (count === 0 || this.of(pod.metadata.uid, container.name)) return;
    this.#deps.counted?.('request');
    try {
      this.#mustFitCores(count, pod, container);
      const taken = this.#choose(count, this.#free().union(this.#handedOn(pod, container)), hint);
      const ofPod = this.#given.get(pod.metadata.uid) ?? new Map<string, CpuSet>();
      this.#given.set(pod.metadata.uid, ofPod.set(container.name, taken));
    } catch (error) {
      this.#deps.counted?.('error');
      throw error;
    }
  }

  release(podUid: string): boolean {
    return this.#given.delete(podUid);
  }

  podUids(): readonly string[] {
    return [...this.#given.keys()];
  }

  entries(): CpuEntries {
    return Object.fromEntries(
      [...this.#given].map(([uid, containers]) => [
        uid,
        Object.fromEntries([...containers].map(([name, cpus]) => [name, cpuSetText(cpus)])),
      ]),
    );
  }

  /** Takes over what an earlier kubelet gave out. Throws RangeError for what cannot have been. */
  restore(entries: CpuEntries): void {
    for (const [uid, containers] of Object.entries(entries)) {
      const ofPod = new Map(Object.entries(containers).map(([name, text]) => [name, parseCpuSet(text)]));
      const own = new Set([...ofPod.values()].flatMap((cpus) => [...cpus]));
      if (!own.isSubsetOf(this.allocatable)) throw new RangeError(`CPUs ${cpuSetText(own)} cannot be given out`);
      if (!own.isDisjointFrom(this.#taken())) throw new RangeError(`CPUs of ${cpuSetText(own)} are given out twice`);
      this.#given.set(uid, ofPod);
    }
  }

  #taken(): CpuSet {
    const taken = new Set<number>();
    for (const containers of this.#given.values())
      for (const cpus of containers.values()) for (const cpu of cpus) taken.add(cpu);
    return taken;
  }

  #free(): CpuSet {
    return this.allocatable.difference(this.#taken());
  }

  /** What init containers had that are over when this one begins. */
  #handedOn(pod: Pod, container: Container): CpuSet {
    const free = new Set<number>();
    for (const [before, role] of rolesOf(pod)) {
      if (before.name === container.name) break;
      for (const cpu of this.of(pod.metadata.uid, before.name) ?? []) {
        if (role === 'init') free.add(cpu);
        else free.delete(cpu);
      }
    }
    return free;
  }

  #hintsFrom(free: CpuSet, handedOn: CpuSet, count: number): readonly Hint[] {
    const { layout } = this.#deps;
    const nodes = [...layout.groups(layout.all, 'numa').keys()];
    const within = (cpus: CpuSet, mask: number): number =>
      [...cpus].filter((cpu) => hasNode(mask, layout.numaOf(cpu))).length;
    const masks = masksOf(nodes);
    const least = Math.min(...masks.filter((mask) => within(layout.all, mask) >= count).map(sizeOfMask));
    return masks
      .filter((mask) => within(handedOn, mask) === handedOn.size && within(free.union(handedOn), mask) >= count)
      .map((mask) => ({ nodes: mask, isPreferred: sizeOfMask(mask) === least }));
  }

  #mustFitCores(count: number, pod: Pod, container: Container): void {
    const { layout, options } = this.#deps;
    if (!options.hasFullCores) return;
    const { cpusPerCore } = layout;
    if (count % cpusPerCore !== 0)
      throw new AdmissionError(
        'SMTAlignmentError',
        `SMT Alignment Error: requested ${count} cpus not multiple cpus per core = ${cpusPerCore}`,
      );
    const free = this.#free().union(this.#handedOn(pod, container));
    const whole = [...layout.groups(free, 'core')].filter(
      ([core, cpus]) => cpus.length === layout.sizeOf('core', core),
    );
    const available = whole.reduce((sum, [, cpus]) => sum + cpus.length, 0);
    if (count > available)
      throw new AdmissionError(
        'SMTAlignmentError',
        `SMT Alignment Error: not enough free physical CPUs: available physical CPUs = ${available}, requested CPUs = ${count}, CPUs per core = ${cpusPerCore}`,
      );
  }

  /** From where the hint says, as many as there are; the others from wherever. */
  #choose(count: number, available: CpuSet, { nodes }: Hint): CpuSet {
    const { layout } = this.#deps;
    const aligned =
      nodes === undefined ? new Set<number>() : new Set([...available].filter((c) => hasNode(nodes, layout.numaOf(c))));
    const first = this.#take(aligned, Math.min(aligned.size, count));
    const rest = first && this.#take(available.difference(first), count - first.size);
    if (!first || !rest)
      throw unexpected(`not enough cpus available to satisfy request: requested=${count}, available=${available.size}`);
    return first.union(rest);
  }

  #take(free: CpuSet, count: number): CpuSet | undefined {
    const { layout, options } = this.#deps;
    const groupSize = options.hasFullCores ? layout.cpusPerCore : 1;
    return options.isSpread
      ? spreadCpus(layout, free, count, { groupSize })
      : takeCpus(layout, free, count, { prefersCaches: options.prefersCaches });
  }
}

/** The processors that a container is to have alone; none where it asks for parts of one, or its pod is not guaranteed. */
function wholeCpus(pod: Pod, container: Container): number {
  if ((pod.status.qosClass ?? qosClassOf(pod.spec)) !== 'Guaranteed' || pod.spec.resources !== undefined) return 0;
  const milli = quantityMilliValue(container.resources?.requests?.['cpu'] ?? container.resources?.limits?.['cpu']);
  return milli % 1000 === 0 ? milli / 1000 : 0;
}
