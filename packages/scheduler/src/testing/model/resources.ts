import type { Container, Node, Pod } from '@navarch/api';
import { quantityMilliValue, quantityValue } from '@navarch/machinery';
import { type Plain, podsOn, type Refusal, total } from './plain.ts';

type List = Readonly<Record<string, string>>;
type Amounts = Readonly<Record<string, number>>;

export interface Strategy {
  readonly type: 'LeastAllocated' | 'MostAllocated' | 'RequestedToCapacityRatio';
  readonly resources: readonly { readonly name: string; readonly weight: number }[];
  readonly shape: readonly { readonly utilization: number; readonly score: number }[];
}

const NONE: Amounts = {};

const amounts = (list: List = {}): Amounts =>
  Object.fromEntries(
    Object.entries(list).map(([name, text]) => [name, name === 'cpu' ? quantityMilliValue(text) : quantityValue(text)]),
  );
const plus = (a: Amounts, b: Amounts): Amounts => merged(a, b, (x, y) => x + y);
const larger = (a: Amounts, b: Amounts): Amounts => merged(a, b, Math.max);
const merged = (a: Amounts, b: Amounts, by: (x: number, y: number) => number): Amounts =>
  Object.fromEntries(
    [...new Set([...Object.keys(a), ...Object.keys(b)])].map((name) => [name, by(a[name] ?? 0, b[name] ?? 0)]),
  );

/** What every container counts for at least where it says nothing, so that scores spread such pods too. */
const FLOOR: Amounts = { cpu: 100, memory: 200 * 2 ** 20 };

/**
 * A container takes what it asks for; while it is resized in place, the most of what it asks for, what it was granted
 * and what it runs with; where the resize cannot be had on this node, what it asks for does not count (KEP-1287).
 */
function askedBy(container: Container, { status }: Pod, isTracked: boolean): Amounts {
  const wanted = amounts(container.resources?.requests);
  const state = isTracked
    ? [...(status.containerStatuses ?? []), ...(status.initContainerStatuses ?? [])].find(
        ({ name }) => name === container.name,
      )
    : undefined;
  if (!state?.resources) return wanted;
  const taken = larger(amounts(state.resources.requests), amounts(state.allocatedResources));
  const isHopeless = status.conditions?.some(
    ({ type, reason }) => type === 'PodResizePending' && reason === 'Infeasible',
  );
  return isHopeless ? taken : larger(wanted, taken);
}

/**
 * Containers run together, init containers one after the other, each beside the sidecars started before it (KEP-753);
 * what the pod says for itself replaces their sum (KEP-2837); the sandbox comes on top (KEP-688).
 */
function requestsOf(pod: Pod, floor: Amounts = NONE): Amounts {
  const { spec } = pod;
  const own = amounts(spec.resources?.requests);
  const isOwn = Object.keys(own).length > 0;
  // With requests of the pod itself only what nobody asks for has a floor.
  const named = isOwn && floor !== NONE ? requestsOf(pod) : NONE;
  const least = Object.fromEntries(Object.entries(floor).filter(([name]) => !(name in named)));
  const withFloor = (list: Amounts): Amounts => ({ ...least, ...list });
  let together: Amounts = {};
  let sidecars: Amounts = {};
  let peak: Amounts = {};
  for (const container of spec.containers) together = plus(together, withFloor(askedBy(container, pod, true)));
  for (const container of spec.initContainers ?? []) {
    const isSidecar = container.restartPolicy === 'Always';
    const asked = withFloor(askedBy(container, pod, isSidecar));
    peak = larger(peak, plus(sidecars, asked));
    if (isSidecar) sidecars = plus(sidecars, asked);
  }
  const sum = larger(plus(together, sidecars), peak);
  return plus({ ...sum, ...own }, amounts(spec.overhead));
}

const roomOf = ({ status }: Node): Amounts => amounts(status.allocatable);
const used = (node: Node, cluster: Plain, name: string, floor: Amounts = NONE): number =>
  total(podsOn(node, cluster).map((pod) => requestsOf(pod, floor)[name] ?? 0));

export function resourcesFit(pod: Pod, node: Node, cluster: Plain): Refusal | undefined {
  const room = roomOf(node);
  const asked = Object.entries(requestsOf(pod)).filter(([, amount]) => amount > 0);
  const lacking = asked.filter(([name, amount]) => amount > (room[name] ?? 0) - used(node, cluster, name));
  const reasons = [
    ...(podsOn(node, cluster).length + 1 > (room['pods'] ?? 0) ? ['Too many pods'] : []),
    ...lacking.map(([name]) => `Insufficient ${name}`),
  ];
  if (reasons.length === 0) return undefined;
  return {
    plugin: 'NodeResourcesFit',
    reasons,
    isResolvable: lacking.every(([name, amount]) => amount <= (room[name] ?? 0)),
  };
}

const isScalar = (name: string): boolean => !['cpu', 'memory', 'ephemeral-storage'].includes(name);

/** NodeResourcesFit's score (scoringStrategy of NodeResourcesFitArgs). */
export function allocation(pod: Pod, node: Node, cluster: Plain, { type, resources, shape }: Strategy): number {
  const room = roomOf(node);
  const asked = requestsOf(pod, FLOOR);
  const parts = resources
    .filter(({ name }) => (room[name] ?? 0) > 0 && !(isScalar(name) && !asked[name]))
    .map(({ name, weight }) => {
      const capacity = room[name] as number;
      const then = used(node, cluster, name, FLOOR) + (asked[name] ?? 0);
      if (type === 'LeastAllocated')
        return { weight, score: then > capacity ? 0 : Math.trunc(((capacity - then) * 100) / capacity) };
      if (type === 'MostAllocated') return { weight, score: Math.trunc((Math.min(then, capacity) * 100) / capacity) };
      return { weight, score: onLine(shape, then > capacity ? 100 : Math.trunc((then * 100) / capacity)) };
    })
    // A share that the shape gives nothing for does not count against the others.
    .filter(({ score }) => type !== 'RequestedToCapacityRatio' || score > 0);
  const weights = total(parts.map(({ weight }) => weight));
  if (weights === 0) return 0;
  const mean = total(parts.map(({ weight, score }) => weight * score)) / weights;
  return type === 'RequestedToCapacityRatio' ? Math.round(mean) : Math.trunc(mean);
}

/** Points of the shape are 0 to 10, scores 0 to 100; whole numbers all the way. */
function onLine(shape: Strategy['shape'], at: number): number {
  const next = shape.findIndex(({ utilization }) => at <= utilization);
  if (next === 0) return 10 * (shape[0]?.score ?? 0);
  const [to, from] = [shape[next], shape.at(next < 0 ? -1 : next - 1)];
  if (!from) return 0;
  if (!to) return 10 * from.score;
  return (
    10 * from.score +
    Math.trunc((10 * (to.score - from.score) * (at - from.utilization)) / (to.utilization - from.utilization))
  );
}

/** NodeResourcesBalancedAllocation's score: how much evener the pod makes the use of the node (1.36). */
export function balance(pod: Pod, node: Node, cluster: Plain, resources: Strategy['resources']): number {
  const asked = requestsOf(pod);
  // A pod that asks for none of them changes no balance.
  if (resources.every(({ name }) => !asked[name])) return 0;
  const room = roomOf(node);
  const counted = resources.filter(({ name }) => (room[name] ?? 0) > 0 && !(isScalar(name) && !asked[name]));
  const evenness = (more: Amounts): number => {
    const shares = counted.map(({ name }) =>
      Math.min(1, (used(node, cluster, name) + (more[name] ?? 0)) / (room[name] as number)),
    );
    return Math.trunc((1 - deviation(shares)) * 100);
  };
  return 50 + Math.trunc((50 + evenness(asked) - evenness({})) / 2);
}

function deviation(shares: readonly number[]): number {
  if (shares.length < 2) return 0;
  if (shares.length === 2) return Math.abs(((shares[0] as number) - (shares[1] as number)) / 2);
  const mean = total(shares) / shares.length;
  return Math.sqrt(total(shares.map((share) => (share - mean) * (share - mean))) / shares.length);
}
