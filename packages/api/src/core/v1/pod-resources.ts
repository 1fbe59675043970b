import { addQuantities, compareQuantities, formatQuantity, parseQuantity, type Quantity } from '@navarch/machinery';
import type { Container, Pod, PodSpec, PodStatus } from '../../generated/types/core-v1.ts';

type Amounts = Map<string, Quantity>;
type ResourceList = Readonly<Record<string, string>>;

/** Restarts although it is an init container: it goes on running beside the app containers (KEP-753). */
export const isSidecar = (container: Container): boolean => container.restartPolicy === 'Always';

/**
 * What a pod asks of a node, as canonical quantities: the larger of what its containers need together and what
 * its init containers need one after the other (each beside the sidecars before it), plus the sandbox's overhead.
 */
export function podRequests(spec: PodSpec): ResourceList {
  return totals(spec, 'requests');
}

/** The same where each container that does not say how much of something it wants is taken to want this. */
export function podRequestsAtLeast(spec: PodSpec, unsaid: ResourceList): ResourceList {
  const filled = (container: Container): Container => ({
    ...container,
    resources: { ...container.resources, requests: { ...unsaid, ...container.resources?.requests } },
  });
  return podRequests({
    ...spec,
    containers: spec.containers.map(filled),
    ...(spec.initContainers ? { initContainers: spec.initContainers.map(filled) } : {}),
  });
}

export function podLimits(spec: PodSpec): ResourceList {
  return totals(spec, 'limits');
}

function totals(spec: PodSpec, which: 'requests' | 'limits'): ResourceList {
  const total: Amounts = new Map();
  for (const container of spec.containers) add(total, container.resources?.[which]);
  const sidecars: Amounts = new Map();
  const peak: Amounts = new Map();
  for (const container of spec.initContainers ?? []) {
    const alone: Amounts = new Map(sidecars);
    add(alone, container.resources?.[which]);
    raise(peak, alone);
    if (isSidecar(container)) add(sidecars, container.resources?.[which]);
  }
  for (const [name, amount] of sidecars)
    total.set(name, addQuantities(total.get(name) ?? { ...amount, nano: 0n }, amount));
  raise(total, peak);
  for (const [name, text] of Object.entries(spec.resources?.[which] ?? {})) {
    const amount = parseQuantity(text);
    if (amount) total.set(name, amount);
  }
  // A sandbox makes no limit where there is none.
  const overhead = Object.entries(spec.overhead ?? {}).filter(([name]) => which === 'requests' || total.has(name));
  add(total, Object.fromEntries(overhead));
  return Object.fromEntries(
    [...total].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, amount]) => [name, formatQuantity(amount)]),
  );
}

function add(total: Amounts, list: ResourceList | undefined): void {
  for (const [name, text] of Object.entries(list ?? {})) {
    const amount = parseQuantity(text);
    if (amount) total.set(name, total.has(name) ? addQuantities(total.get(name) as Quantity, amount) : amount);
  }
}

function raise(total: Amounts, to: Amounts): void {
  for (const [name, amount] of to) {
    const current = total.get(name);
    if (!current || compareQuantities(current, amount) < 0) total.set(name, amount);
  }
}

/** Quality of service class (only cpu and memory count). What is said of the pod as a whole counts alone (KEP-2837). */
export function qosClassOf(spec: PodSpec): NonNullable<PodStatus['qosClass']> {
  const parts = spec.resources
    ? [spec.resources]
    : [...(spec.initContainers ?? []), ...spec.containers].map(({ resources }) => resources);
  let isGuaranteed = true;
  let asksForAny = false;
  for (const part of parts) {
    for (const name of ['cpu', 'memory']) {
      const request = nonZero(part?.requests?.[name]);
      const limit = nonZero(part?.limits?.[name]);
      if (request || limit) asksForAny = true;
      if (!limit || (request && compareQuantities(request, limit) !== 0)) isGuaranteed = false;
    }
  }
  if (!asksForAny) return 'BestEffort';
  return isGuaranteed ? 'Guaranteed' : 'Burstable';
}

function nonZero(text: string | undefined): Quantity | undefined {
  const amount = parseQuantity(text ?? '0');
  return amount && amount.nano > 0n ? amount : undefined;
}

export const isReady = (pod: Pod): boolean =>
  pod.status.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') ?? false;

/** Ran to its end, well or not. */
export const isTerminal = (pod: Pod): boolean => pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed';

/** Counts for a controller: not over and not on its way out. */
export const isActive = (pod: Pod): boolean => !isTerminal(pod) && pod.metadata.deletionTimestamp === undefined;

/** Ready for at least `minReadySeconds`. `now` in milliseconds. */
export function isAvailable(pod: Pod, minReadySeconds: number, now: number): boolean {
  const ready = pod.status.conditions?.find((condition) => condition.type === 'Ready');
  if (ready?.status !== 'True') return false;
  if (minReadySeconds === 0) return true;
  return ready.lastTransitionTime !== undefined && Date.parse(ready.lastTransitionTime) + minReadySeconds * 1000 <= now;
}
