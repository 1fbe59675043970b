import type { NodeSelectorTerm, Pod, Taint, Toleration } from '@navarch/api';
import { selectorFromMap, type Selector, selectorOf } from '@navarch/machinery';
import { definePlugin, type Misfit, normalizeToHundred } from '../plugin.ts';
import { demandOf, hostPortsOf, type NodeInfo } from '../snapshot.ts';

const misfit = (isResolvable: boolean, ...reasons: readonly string[]): Misfit => ({ reasons, isResolvable });

export const nodeName = definePlugin({
  name: 'NodeName', wakes: ['node-added'],
  filter: (pod, { name }) => (pod.spec.nodeName && pod.spec.nodeName !== name ? NOT_THE_NODE : undefined),
});
const NOT_THE_NODE = misfit(false, "node(s) didn't match the requested node name");

const UNSCHEDULABLE: Taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };

export const nodeUnschedulable = definePlugin({
  name: 'NodeUnschedulable', wakes: ['node-added', 'node-changed'],
  filter: (pod, { node }) => (node.spec.unschedulable && !tolerates(pod.spec.tolerations ?? [], UNSCHEDULABLE) ? IS_UNSCHEDULABLE : undefined),
});
const IS_UNSCHEDULABLE = misfit(false, 'node(s) were unschedulable');

export function tolerates(tolerations: readonly Toleration[], taint: Taint): boolean {
  return tolerations.some(({ key, operator, value, effect }) => {
    if (effect && effect !== taint.effect) return false;
    if (key && key !== taint.key) return false;
    return operator === 'Exists' || (!operator || operator === 'Equal' ? (value ?? '') === (taint.value ?? '') && Boolean(key) : false);
  });
}

export const taintToleration = definePlugin({
  name: 'TaintToleration', wakes: ['node-added', 'node-changed'],
  filter(pod, { node }) {
    for (const taint of node.spec.taints ?? []) {
      if (taint.effect === 'PreferNoSchedule' || tolerates(pod.spec.tolerations ?? [], taint)) continue;
      return misfit(false, `node(s) had untolerated taint(s)`);
    }
    return undefined;
  },
  score: (pod, { node }) => (node.spec.taints ?? []).filter((t) => t.effect === 'PreferNoSchedule' && !tolerates(pod.spec.tolerations ?? [], t)).length,
  normalize: (scores) => normalizeToHundred(scores, true),
});

interface Affinity {
  readonly selector: Selector | undefined;
  readonly required: readonly CompiledTerm[] | undefined;
  readonly preferred: readonly { readonly term: CompiledTerm; readonly weight: number }[];
}
interface CompiledTerm {
  readonly labels: Selector;
  readonly name: Selector;
  readonly isEmpty: boolean;
}

const OPERATORS = { In: 'in', NotIn: 'notin', Exists: 'exists', DoesNotExist: 'absent', Gt: 'gt', Lt: 'lt' } as const;

function compileTerm(term: NodeSelectorTerm): CompiledTerm {
  const compile = (list: NodeSelectorTerm['matchExpressions'] = []): Selector =>
    selectorOf(list.map(({ key, operator, values = [] }) => ({ key, operator: OPERATORS[operator as keyof typeof OPERATORS] ?? 'in', values })));
  return {
    labels: compile(term.matchExpressions), name: compile(term.matchFields),
    isEmpty: !term.matchExpressions?.length && !term.matchFields?.length,
  };
}

const meets = ({ labels, name, isEmpty }: CompiledTerm, { node }: NodeInfo): boolean =>
  !isEmpty && labels.matches(node.metadata.labels) && name.matches({ 'metadata.name': node.metadata.name });

export const nodeAffinity = definePlugin<Affinity>({
  name: 'NodeAffinity', wakes: ['node-added', 'node-changed'],
  prepare({ spec }) {
    const affinity = spec.affinity?.nodeAffinity;
    return {
      selector: spec.nodeSelector ? selectorFromMap(spec.nodeSelector) : undefined,
      required: affinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms?.map(compileTerm),
      preferred: (affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ preference, weight }) => ({ term: compileTerm(preference), weight })),
    };
  },
  filter(_pod, info, { selector, required }) {
    if (selector && !selector.matches(info.node.metadata.labels)) return NO_AFFINITY;
    return required && !required.some((term) => meets(term, info)) ? NO_AFFINITY : undefined;
  },
  score: (_pod, info, { preferred }) => preferred.reduce((sum, { term, weight }) => (meets(term, info) ? sum + weight : sum), 0),
  normalize: (scores) => normalizeToHundred(scores, false),
});
const NO_AFFINITY = misfit(false, "node(s) didn't match Pod's node affinity/selector");

export const nodePorts = definePlugin<readonly string[]>({
  name: 'NodePorts', wakes: ['node-added', 'pod-removed'],
  prepare: (pod) => hostPortsOf(pod),
  filter(_pod, { ports }, wanted) {
    if (wanted.length === 0 || ports.size === 0) return undefined;
    return wanted.some((port) => conflicts(port, ports)) ? NO_PORTS : undefined;
  },
});
const NO_PORTS = misfit(true, "node(s) didn't have free ports for the requested pod ports");

/** 0.0.0.0 means every address of the node. */
function conflicts(wanted: string, taken: ReadonlyMap<string, number>): boolean {
  if (taken.has(wanted)) return true;
  const [protocol, ip, port] = wanted.split('/');
  if (ip !== '0.0.0.0') return taken.has(`${protocol}/0.0.0.0/${port}`);
  for (const other of taken.keys()) if (other.startsWith(`${protocol}/`) && other.endsWith(`/${port}`)) return true;
  return false;
}

const TOO_MANY_PODS = misfit(true, 'Too many pods');

export const nodeResourcesFit = definePlugin({
  name: 'NodeResourcesFit', wakes: ['node-added', 'node-changed', 'pod-removed'],
  filter(pod, info) {
    const { amounts } = demandOf(pod);
    const tooMany = info.pods.size + 1 > (info.allocatable.get('pods') ?? 0);
    let short: string[] | undefined;
    for (const [name, amount] of amounts) {
      if (amount > 0 && amount > (info.allocatable.get(name) ?? 0) - (info.requested.get(name) ?? 0)) (short ??= []).push(`Insufficient ${name}`);
    }
    if (!tooMany && !short) return undefined;
    return short ? misfit(true, ...(tooMany ? ['Too many pods'] : []), ...short) : TOO_MANY_PODS;
  },
  /** LeastAllocated: the emptier the better, cpu and memory alike. */
  score(pod, info) {
    const { cpu, memory } = demandOf(pod);
    return Math.floor((free(info.allocatable.get('cpu') ?? 0, info.scoredCpu + cpu) + free(info.allocatable.get('memory') ?? 0, info.scoredMemory + memory)) / 2);
  },
});

const free = (capacity: number, used: number): number => (capacity === 0 || used > capacity ? 0 : Math.floor(((capacity - used) * 100) / capacity));

/** Prefers nodes whose resources would be used up evenly. */
export const balancedAllocation = definePlugin({
  name: 'NodeResourcesBalancedAllocation', wakes: [],
  score(pod, info) {
    const { amounts } = demandOf(pod);
    const share = (name: string): number => Math.min(1, ((info.requested.get(name) ?? 0) + (amounts.get(name) ?? 0)) / (info.allocatable.get(name) || 1));
    return Math.floor((1 - Math.abs(share('cpu') - share('memory')) / 2) * 100);
  },
});

const IMAGE_MIN = 23 * 1024 * 1024;
const IMAGE_MAX = 1000 * 1024 * 1024;

/** Prefers nodes that hold the images already. */
export const imageLocality = definePlugin<ReadonlySet<string>>({
  name: 'ImageLocality', wakes: [],
  prepare: (pod: Pod) => new Set(pod.spec.containers.map((c) => c.image ?? '')),
  score(pod, { node }, images) {
    let bytes = 0;
    for (const image of node.status.images ?? []) if (image.names?.some((name) => images.has(name))) bytes += image.sizeBytes ?? 0;
    if (bytes === 0) return 0;
    const max = IMAGE_MAX * pod.spec.containers.length;
    return Math.floor((100 * (Math.min(Math.max(bytes, IMAGE_MIN), max) - IMAGE_MIN)) / (max - IMAGE_MIN));
  },
});
