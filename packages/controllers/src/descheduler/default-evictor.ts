import type { ObjectOf } from '@navarch/machinery';
import { compileLabelSelector, controllerOf, parseDuration, type Selector } from '@navarch/machinery';
import type { Pod, podDisruptionBudget } from '@navarch/api';
import type { ClusterView } from './cluster-view.ts';
import type { Fields } from './fields.ts';
import { selectorOf } from './strategy.ts';

type Budget = ObjectOf<typeof podDisruptionBudget>;

/** Upstream's system-cluster-critical: from here on pods are the cluster's own. */
const CRITICAL = 2_000_000_000;
/** Whoever writes it on a pod takes upon himself what else protects it. */
const EVICT = 'descheduler.alpha.kubernetes.io/evict';
const PREFER_NO_EVICTION = 'descheduler.alpha.kubernetes.io/prefer-no-eviction';
const MIRROR = 'kubernetes.io/config.mirror';
const SOURCE = 'kubernetes.io/config.source';

/** Arguments of the plugin DefaultEvictor. */
export interface EvictorArguments {
  readonly evictLocalStoragePods: boolean;
  readonly evictDaemonSetPods: boolean;
  readonly evictSystemCriticalPods: boolean;
  readonly ignorePvcPods: boolean;
  readonly ignorePodsWithoutPDB: boolean;
  readonly evictFailedBarePods: boolean;
  readonly nodeFit: boolean;
  readonly minReplicas: number;
  readonly minPodAgeMs: number;
  readonly labelSelector: Selector;
  /** Pods of at least this priority stay; that of a class where the policy names one. */
  readonly priorityThreshold: { readonly value: number } | { readonly name: string };
  /** The annotation that asks to be left alone is an order. */
  readonly heedsNoEviction: boolean;
}

export function evictorArguments(args: Fields): EvictorArguments {
  const threshold = args.inner('priorityThreshold');
  const [value, name] = [threshold.count('value'), threshold.text('name')];
  threshold.close();
  if (value !== undefined && name !== undefined)
    args.wrong('priorityThreshold', 'only one of name and value may be set');
  const age = args.text('minPodAge');
  const minPodAgeMs = age === undefined ? 0 : parseDuration(age);
  if (minPodAgeMs === undefined) args.wrong('minPodAge', 'must be a duration such as 10m');
  const policy = args.text('noEvictionPolicy') ?? 'Preferred';
  if (policy !== 'Preferred' && policy !== 'Mandatory')
    args.wrong('noEvictionPolicy', 'must be Preferred or Mandatory');
  return {
    evictLocalStoragePods: args.flag('evictLocalStoragePods'),
    evictDaemonSetPods: args.flag('evictDaemonSetPods'),
    evictSystemCriticalPods: args.flag('evictSystemCriticalPods'),
    ignorePvcPods: args.flag('ignorePvcPods'),
    ignorePodsWithoutPDB: args.flag('ignorePodsWithoutPDB'),
    evictFailedBarePods: args.flag('evictFailedBarePods'),
    nodeFit: args.flag('nodeFit'),
    minReplicas: args.count('minReplicas') ?? 0,
    minPodAgeMs: minPodAgeMs ?? 0,
    labelSelector: selectorOf(args),
    priorityThreshold: name === undefined ? { value: value ?? CRITICAL } : { name },
    heedsNoEviction: policy === 'Mandatory',
  };
}

export interface Evidence {
  readonly view: ClusterView;
  readonly budgets: readonly Budget[];
  /** Of the class that the policy names; undefined: there is none of that name. */
  priorityOf(className: string): number | undefined;
}

/** Whether pods may go, by these arguments. */
export function defaultEvictor(args: EvictorArguments, { view, budgets, priorityOf }: Evidence): (pod: Pod) => boolean {
  const { priorityThreshold: limit } = args;
  const threshold = 'value' in limit ? limit.value : priorityOf(limit.name);
  const replicas = new Map<string, number>();
  for (const { metadata } of view.pods)
    for (const { uid } of metadata.ownerReferences ?? []) replicas.set(uid, (replicas.get(uid) ?? 0) + 1);

  const isProtected = (pod: Pod): boolean => {
    const owners = pod.metadata.ownerReferences ?? [];
    const volumes = pod.spec.volumes ?? [];
    const priority = pod.spec.priority ?? 0;
    // A policy that names a class that is not there protects everything.
    if (!args.evictSystemCriticalPods && (threshold === undefined || priority >= Math.min(threshold, CRITICAL)))
      return true;
    if (args.evictSystemCriticalPods && 'value' in limit && limit.value < CRITICAL && priority >= limit.value)
      return true;
    if (!args.evictLocalStoragePods && volumes.some(({ emptyDir, hostPath }) => emptyDir || hostPath)) return true;
    if (!args.evictDaemonSetPods && owners.some(({ kind }) => kind === 'DaemonSet')) return true;
    if (args.ignorePvcPods && volumes.some(({ persistentVolumeClaim }) => persistentVolumeClaim)) return true;
    if (!args.labelSelector.matches(pod.metadata.labels)) return true;
    // Nobody would make another.
    if (owners.length === 0 && !(args.evictFailedBarePods && pod.status.phase === 'Failed')) return true;
    if (args.minReplicas > 1 && owners.some(({ uid }) => (replicas.get(uid) ?? 0) < args.minReplicas)) return true;
    if (
      args.minPodAgeMs > 0 &&
      view.now - Date.parse(pod.status.startTime ?? pod.metadata.creationTimestamp) < args.minPodAgeMs
    )
      return true;
    return args.ignorePodsWithoutPDB && !budgets.some((budget) => covers(budget, pod));
  };

  return (pod) => {
    const { annotations = {}, deletionTimestamp } = pod.metadata;
    if (deletionTimestamp !== undefined || isStatic(pod)) return false;
    if (args.heedsNoEviction && annotations[PREFER_NO_EVICTION] !== undefined) return false;
    if (annotations[EVICT] === undefined && isProtected(pod)) return false;
    return !args.nodeFit || view.fitsElsewhere(pod);
  };
}

/** The kubelet runs it whatever the API says. */
function isStatic(pod: Pod): boolean {
  const { annotations = {} } = pod.metadata;
  const source = annotations[SOURCE];
  return (
    annotations[MIRROR] !== undefined ||
    (source !== undefined && source !== 'api') ||
    controllerOf(pod)?.kind === 'Node'
  );
}

const covers = ({ metadata, spec }: Budget, pod: Pod): boolean =>
  metadata.namespace === pod.metadata.namespace &&
  spec.selector !== undefined &&
  compileLabelSelector(spec.selector).matches(pod.metadata.labels);
