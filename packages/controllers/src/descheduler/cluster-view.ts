import {
  compileNodeSelection,
  isTerminal,
  type Node,
  type Pod,
  podRequests,
  qosClassOf,
  selectsNode,
  type Taint,
} from '@navarch/api';
import { compileLabelSelector, quantityMilliValue } from '@navarch/machinery';
import { tolerates } from '../shared/tolerations.ts';

/** Amounts in thousandths by resource, `pods` too. */
export type Amounts = Readonly<Record<string, number>>;

/** What a round is decided on; pods that were evicted in it are taken out. */
export class ClusterView {
  /** Ready ones that the policy selects, by name. */
  readonly nodes: readonly Node[];
  readonly now: number;
  readonly #pods = new Map<string, Pod[]>();
  readonly #byName: ReadonlyMap<string, Node>;

  constructor(nodes: readonly Node[], pods: readonly Pod[], now: number) {
    this.nodes = nodes.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
    this.now = now;
    this.#byName = new Map(nodes.map((node) => [node.metadata.name, node]));
    for (const pod of pods) {
      const name = pod.spec.nodeName;
      if (!name || !this.#byName.has(name)) continue;
      this.#pods.set(name, [...(this.#pods.get(name) ?? []), pod]);
    }
  }

  node(name: string): Node | undefined {
    return this.#byName.get(name);
  }

  /** On the node, oldest first. */
  podsOn(name: string): readonly Pod[] {
    return (this.#pods.get(name) ?? []).toSorted(byAge);
  }

  get pods(): readonly Pod[] {
    return this.nodes.flatMap(({ metadata }) => this.podsOn(metadata.name));
  }

  without(pod: Pod): void {
    const name = pod.spec.nodeName ?? '';
    const left = (this.#pods.get(name) ?? []).filter(({ metadata }) => metadata.uid !== pod.metadata.uid);
    this.#pods.set(name, left);
  }

  /** What pods on the node ask for. */
  usage(name: string): Amounts {
    return sum(
      this.podsOn(name)
        .filter((pod) => !isTerminal(pod))
        .map(requestsOf),
    );
  }

  /** Whether the scheduler could put the pod there, as far as selection, taints, room and anti-affinity go. */
  fits(pod: Pod, node: Node): boolean {
    if (node.spec.unschedulable || !selectsNode(compileNodeSelection(pod.spec), node)) return false;
    if (!toleratesHard(pod, node.spec.taints ?? [])) return false;
    const [used, room] = [this.usage(node.metadata.name), capacityOf(node)];
    const asked = Object.entries(requestsOf(pod));
    if (asked.some(([name, amount]) => amount > 0 && (used[name] ?? 0) + amount > (room[name] ?? 0))) return false;
    return !this.#isRepelled(pod, node);
  }

  fitsElsewhere(pod: Pod): boolean {
    return this.nodes.some((node) => node.metadata.name !== pod.spec.nodeName && this.fits(pod, node));
  }

  /** Pods in the same domain of a node that the pod itself will not be with. */
  #isRepelled(pod: Pod, node: Node): boolean {
    return antiAffinityOf(pod).some((term) => {
      const domain = node.metadata.labels?.[term.topologyKey];
      if (domain === undefined) return false;
      return this.nodes
        .filter(({ metadata }) => metadata.labels?.[term.topologyKey] === domain)
        .some(({ metadata }) => this.podsOn(metadata.name).some((other) => isMeant(term, pod, other)));
    });
  }

  /** Whether it is with a pod that it will not be with. */
  isRepelledWhereItIs(pod: Pod): boolean {
    const node = this.node(pod.spec.nodeName ?? '');
    return node !== undefined && this.#isRepelled(pod, node);
  }
}

type Term = NonNullable<
  NonNullable<NonNullable<Pod['spec']['affinity']>['podAntiAffinity']>['requiredDuringSchedulingIgnoredDuringExecution']
>[number];

const antiAffinityOf = ({ spec }: Pod): readonly Term[] =>
  spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];

function isMeant(term: Term, pod: Pod, other: Pod): boolean {
  if (other.metadata.uid === pod.metadata.uid || isTerminal(other)) return false;
  const namespaces = term.namespaces && term.namespaces.length > 0 ? term.namespaces : [pod.metadata.namespace];
  return (
    namespaces.includes(other.metadata.namespace ?? '') &&
    compileLabelSelector(term.labelSelector).matches(other.metadata.labels)
  );
}

export function requestsOf({ spec }: Pod): Amounts {
  const requests = Object.entries(podRequests(spec)).map(([name, text]) => [name, quantityMilliValue(text)] as const);
  return { ...Object.fromEntries(requests), pods: 1000 };
}

export const capacityOf = ({ status }: Node): Amounts =>
  Object.fromEntries(
    Object.entries(status.allocatable ?? {}).map(([name, text]) => [name, quantityMilliValue(text)] as const),
  );

export function sum(all: readonly Amounts[]): Amounts {
  const total: Record<string, number> = {};
  for (const amounts of all)
    for (const [name, amount] of Object.entries(amounts)) total[name] = (total[name] ?? 0) + amount;
  return total;
}

export const toleratesHard = (pod: Pod, taints: readonly Taint[]): boolean =>
  taints
    .filter(({ effect }) => effect !== 'PreferNoSchedule')
    .every((taint) => (pod.spec.tolerations ?? []).some((toleration) => tolerates(toleration, taint)));

export const byAge = (a: Pod, b: Pod): number =>
  Date.parse(a.metadata.creationTimestamp) - Date.parse(b.metadata.creationTimestamp) ||
  (a.metadata.uid < b.metadata.uid ? -1 : 1);

const QUALITIES: readonly string[] = ['BestEffort', 'Burstable', 'Guaranteed'];

/** Who is missed least first: the lower priority, then the lower quality of service, then the younger. */
export const byImportance = (a: Pod, b: Pod): number =>
  (a.spec.priority ?? 0) - (b.spec.priority ?? 0) ||
  QUALITIES.indexOf(qosClassOf(a.spec)) - QUALITIES.indexOf(qosClassOf(b.spec)) ||
  byAge(b, a);

export const isNodeReady = ({ status }: Node): boolean =>
  status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false;
