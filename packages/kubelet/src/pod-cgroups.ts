import { type Pod, podLimits, podRequests, qosClassOf } from '@navarch/api';
import { equalJson, quantityMilliValue, quantityValue } from '@navarch/machinery';
import { cpuQuota, cpuShares } from './container/resources.ts';
import { cgroupParent, qosCgroup } from './container-config.ts';
import type { PodRules } from './pod-rules.ts';
import type { CgroupLimits, Cgroups, HostFacts } from './ports.ts';

export interface PodCgroupsDeps {
  readonly cgroups: Cgroups;
  readonly host: HostFacts;
  /** The cgroup below which all pods are. */
  readonly root: string;
  readonly rules: PodRules;
  /** What all pods together are kept from: thousandths of a processor, bytes, processes. Absent: nothing. */
  readonly aside?: Readonly<Record<string, number>>;
  /** Some container of the pod has processors that nobody else runs on. */
  hasOwnCpus(podUid: string): boolean;
}

/** The cgroups above containers: one a pod with what its containers may use together, one a class of service. */
export class PodCgroups {
  readonly #deps: PodCgroupsDeps;
  /** Milli-CPU that burstable pods ask for, by uid. */
  #burstable = new Map<string, number>();
  /** Memory that is kept for pods, by uid; none where nothing is. */
  #kept = new Map<string, Kept>();
  /** What the classes were last given: setting it is hundreds of calls of the kernel, and most pods change nothing of it. */
  #balanced: readonly ClassLimits[] = [];

  constructor(deps: PodCgroupsDeps) {
    this.#deps = deps;
  }

  /** Makes the pod's cgroup, before its sandbox is made in it. */
  enter(pod: Pod): void {
    const { cgroups, root, rules, hasOwnCpus } = this.#deps;
    if (qosOf(pod) === 'Burstable') this.#burstable.set(pod.metadata.uid, milliCpu(pod));
    this.#keep(pod);
    this.#rebalance();
    cgroups.ensure(cgroupParent(pod, root), podCgroupLimits(pod, rules, hasOwnCpus(pod.metadata.uid)));
  }

  /** Removes the pod's cgroup; nothing of the pod may run any more. */
  leave(pod: Pod): void {
    const { cgroups, root } = this.#deps;
    cgroups.remove(cgroupParent(pod, root));
    const wasKept = this.#kept.delete(pod.metadata.uid);
    if (this.#burstable.delete(pod.metadata.uid) || wasKept) this.#rebalance();
  }

  /** Sets what the classes get by all pods of the node, and removes cgroups of pods that are gone. */
  keep(pods: readonly Pod[]): void {
    const { cgroups, root } = this.#deps;
    this.#burstable = new Map(
      pods.filter((pod) => qosOf(pod) === 'Burstable').map((pod) => [pod.metadata.uid, milliCpu(pod)]),
    );
    this.#kept = new Map();
    for (const pod of pods) this.#keep(pod);
    this.#balance();
    const wanted = new Set(pods.map((pod) => cgroupParent(pod, root)));
    for (const qos of ['Guaranteed', 'Burstable', 'BestEffort']) {
      const parent = qosCgroup(qos, root);
      // Processes keep a cgroup that is still in use.
      for (const name of cgroups.children(parent))
        if (name.startsWith('pod') && !wanted.has(`${parent}/${name}`)) cgroups.remove(`${parent}/${name}`);
    }
  }

  /** What all pods may use together: what is set aside they do not get, however little is used of it. */
  #together(): CgroupLimits {
    const { host, aside = {} } = this.#deps;
    const { cpu = 0, memory = 0 } = aside;
    return {
      cpuShares: cpuShares(host.cpus * 1000 - cpu),
      memoryBytes: memory > 0 ? Math.max(0, host.memoryBytes - memory) : UNLIMITED,
    };
  }

  #keep(pod: Pod): void {
    const kept = keptFor(pod, this.#deps.rules);
    if (Object.keys(kept).length > 0) this.#kept.set(pod.metadata.uid, kept);
  }

  /** A group has no more than those above it: what is kept for pods is kept for their class, and for all pods. */
  #keptForAll(): Kept {
    if (!this.#deps.rules.isMemoryTiered) return {};
    const all = [...this.#kept.values()];
    return {
      memoryMinBytes: all.reduce((sum, { memoryMinBytes = 0 }) => sum + memoryMinBytes, 0),
      memoryLowBytes: all.reduce((sum, { memoryLowBytes = 0 }) => sum + memoryLowBytes, 0),
    };
  }

  #rebalance(): void {
    if (!equalJson(this.#balanced, this.#ofClasses())) this.#balance();
  }

  #balance(): void {
    const { cgroups, root } = this.#deps;
    this.#balanced = this.#ofClasses();
    for (const { qos, limits } of this.#balanced) cgroups.ensure(qosCgroup(qos, root), limits);
  }

  /** In a shortage burstable pods share by what they ask for together, those that ask for nothing come last. */
  #ofClasses(): readonly ClassLimits[] {
    const kept = this.#keptForAll();
    const { memoryLowBytes } = kept;
    const shares = cpuShares([...this.#burstable.values()].reduce((sum, milli) => sum + milli, 0));
    return [
      { qos: 'Guaranteed', limits: { ...this.#together(), ...kept } },
      { qos: 'Burstable', limits: { ...(memoryLowBytes === undefined ? {} : { memoryLowBytes }), cpuShares: shares } },
      { qos: 'BestEffort', limits: { cpuShares: cpuShares(0) } },
    ];
  }
}

interface ClassLimits {
  readonly qos: 'Guaranteed' | 'Burstable' | 'BestEffort';
  readonly limits: CgroupLimits;
}

const UNLIMITED = -1;

const qosOf = (pod: Pod): string => pod.status.qosClass ?? qosClassOf(pod.spec);
const milliCpu = ({ spec }: Pod): number => quantityMilliValue(podRequests(spec)['cpu']);

type Kept = Pick<CgroupLimits, 'memoryMinBytes' | 'memoryLowBytes'>;

/** What a pod asks for, where the node keeps that for it (KEP-2570). */
function keptFor(pod: Pod, { isMemoryTiered }: PodRules): Kept {
  const bytes = isMemoryTiered ? quantityValue(podRequests(pod.spec)['memory']) : 0;
  if (bytes === 0) return {};
  return qosOf(pod) === 'Guaranteed' ? { memoryMinBytes: bytes } : { memoryLowBytes: bytes };
}

/** What a pod's containers may use together. A limit counts when each of them has one: otherwise one may take all. */
export function podCgroupLimits(pod: Pod, rules: PodRules, hasOwnCpus = false): CgroupLimits {
  const { spec } = pod;
  const limits = podLimits(spec);
  const isLimited = (name: string): boolean =>
    spec.resources?.limits?.[name] !== undefined ||
    [...spec.containers, ...(spec.initContainers ?? [])].every(
      (c) => quantityMilliValue(c.resources?.limits?.[name]) > 0,
    );
  const quota = isLimited('cpu') && !hasOwnCpus ? cpuQuota(quantityMilliValue(limits['cpu']), rules) : undefined;
  return {
    cpuShares: cpuShares(qosOf(pod) === 'BestEffort' ? 0 : milliCpu(pod)),
    ...(quota === undefined ? {} : { cpuQuotaUs: quota, cpuPeriodUs: rules.cpuPeriodUs }),
    ...(isLimited('memory') ? { memoryBytes: quantityValue(limits['memory']) } : {}),
    ...keptFor(pod, rules),
    ...(rules.pidsMax === undefined ? {} : { pids: rules.pidsMax }),
  };
}
