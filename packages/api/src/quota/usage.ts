import { type ApiObject, type Kind, parseQuantity } from '@navarch/machinery';
import type { Container, PersistentVolumeClaim, Pod, ResourceQuota, Service } from '../generated/types/core-v1.ts';
import type { ResourceClaim } from '../generated/types/resource-v1.ts';
import { podLimits, podRequests } from '../core/v1/pod-resources.ts';
import { type Amounts, amountsOf, wholeAmount } from './amounts.ts';
import { type AroundClaims, deviceUsage, measuresDevices } from './device-usage.ts';

/** How objects of one resource count against quotas. */
interface Evaluator {
  /** Whether a resource name of a quota is about these objects. */
  measures(name: string): boolean;
  /** `now` in milliseconds. */
  usage(object: any, now: number, around?: AroundClaims): Amounts;
  /** Quotas for these objects only may have scopes. */
  isInScope?(object: any, scope: Scope): boolean;
  /** Names that a container must say something about, and does not: `cpu` to the containers' names. */
  unsaid?(object: any, names: readonly string[]): ReadonlyMap<string, readonly string[]>;
}

interface Scope {
  readonly scopeName: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

const COMPUTE = new Set([
  'cpu',
  'memory',
  'ephemeral-storage',
  'requests.cpu',
  'requests.memory',
  'requests.ephemeral-storage',
  'limits.cpu',
  'limits.memory',
  'limits.ephemeral-storage',
]);
/** What must be said by every container once a quota limits it: as it always was. */
const MUST_SAY = new Set(['cpu', 'memory', 'requests.cpu', 'requests.memory', 'limits.cpu', 'limits.memory']);

const pods: Evaluator = {
  measures: (name) =>
    name === 'pods' ||
    COMPUTE.has(name) ||
    name.startsWith('hugepages-') ||
    name.startsWith('requests.hugepages-') ||
    /^requests\.[^.]+\..*\//.test(name),
  usage(object: Pod, now) {
    if (isOver(object, now)) return new Map();
    return new Map([['pods', wholeAmount(1)], ...computeUsage(podRequests(object.spec), podLimits(object.spec))]);
  },
  isInScope: podIsInScope,
  unsaid({ spec }: Pod, names) {
    const wanted = names.filter((name) => MUST_SAY.has(name));
    const ofPod = computeUsage(spec.resources?.requests ?? {}, spec.resources?.limits ?? {});
    const missing = new Map<string, string[]>();
    for (const container of [...spec.containers, ...(spec.initContainers ?? [])]) {
      const said = containerUsage(container);
      for (const name of wanted)
        if (!said.has(name) && !ofPod.has(name)) missing.set(name, [...(missing.get(name) ?? []), container.name]);
    }
    return missing;
  },
};

/** Pods that have ended, or whose time to end is over, take nothing any more. */
function isOver({ metadata, status }: Pod, now: number): boolean {
  if (status.phase === 'Failed' || status.phase === 'Succeeded') return true;
  return (
    metadata.deletionTimestamp !== undefined &&
    metadata.deletionGracePeriodSeconds !== undefined &&
    // The time to end is in the first already; upstream gives it once more.
    Date.parse(metadata.deletionTimestamp) + Number(metadata.deletionGracePeriodSeconds) * 1000 < now
  );
}

const containerUsage = ({ resources }: Container): Amounts =>
  computeUsage(resources?.requests ?? {}, resources?.limits ?? {});

function computeUsage(requests: Readonly<Record<string, string>>, limits: Readonly<Record<string, string>>): Amounts {
  const usage = new Map<string, ReturnType<typeof wholeAmount>>();
  for (const [name, amount] of amountsOf(requests)) {
    usage.set(`requests.${name}`, amount);
    if (COMPUTE.has(name) || name.startsWith('hugepages-')) usage.set(name, amount);
  }
  for (const [name, amount] of amountsOf(limits)) if (COMPUTE.has(name)) usage.set(`limits.${name}`, amount);
  return usage;
}

function podIsInScope(object: Pod, { scopeName, operator, values = [] }: Scope): boolean {
  const { spec } = object;
  switch (scopeName) {
    case 'Terminating':
      return spec.activeDeadlineSeconds !== undefined;
    case 'NotTerminating':
      return spec.activeDeadlineSeconds === undefined;
    case 'BestEffort':
      return isBestEffort(object);
    case 'NotBestEffort':
      return !isBestEffort(object);
    case 'CrossNamespacePodAffinity':
      return crossesNamespaces(spec);
    case 'PriorityClass':
      return matches(spec.priorityClassName ?? '', operator, values);
    default:
      return false;
  }
}

const isBestEffort = ({ spec }: Pod): boolean =>
  [...spec.containers, ...(spec.initContainers ?? [])].every(({ resources }) =>
    ['cpu', 'memory'].every((name) => isNothing(resources?.requests?.[name]) && isNothing(resources?.limits?.[name])),
  ) && !spec.resources;

const isNothing = (text: string | undefined): boolean => text === undefined || parseQuantity(text)?.nano === 0n;

function crossesNamespaces({ affinity }: Pod['spec']): boolean {
  const of = [affinity?.podAffinity, affinity?.podAntiAffinity];
  const terms = of.flatMap((a) => [
    ...(a?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(a?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((p) => p.podAffinityTerm),
  ]);
  return terms.some((term) => (term.namespaces?.length ?? 0) > 0 || term.namespaceSelector !== undefined);
}

function matches(value: string, operator: string, values: readonly string[]): boolean {
  switch (operator) {
    case 'Exists':
      return value !== '';
    case 'DoesNotExist':
      return value === '';
    case 'In':
      return values.includes(value);
    case 'NotIn':
      return !values.includes(value);
    default:
      return false;
  }
}

const SERVICES = new Set(['services', 'services.nodeports', 'services.loadbalancers']);
const services: Evaluator = {
  measures: (name) => SERVICES.has(name),
  usage({ spec }: Service) {
    const ports = spec.ports?.length ?? 0;
    const isBalanced = spec.type === 'LoadBalancer';
    const isGiven = spec.type === 'NodePort' || (isBalanced && spec.allocateLoadBalancerNodePorts !== false);
    const asked = isBalanced ? (spec.ports ?? []).filter(({ nodePort = 0 }) => nodePort !== 0).length : 0;
    const nodePorts = isGiven ? ports : asked;
    return new Map([
      ['services', wholeAmount(1)],
      ['services.nodeports', wholeAmount(nodePorts)],
      ['services.loadbalancers', wholeAmount(isBalanced ? 1 : 0)],
    ]);
  },
};

const CLASS = '.storageclass.storage.k8s.io/';
const claims: Evaluator = {
  measures: (name) => name === 'persistentvolumeclaims' || name === 'requests.storage' || name.includes(CLASS),
  usage({ metadata, spec, status }: PersistentVolumeClaim) {
    const className = spec.storageClassName ?? metadata.annotations?.['volume.beta.kubernetes.io/storage-class'];
    const [asked, allocated] = [spec.resources?.requests?.['storage'], status.allocatedResources?.['storage']].map(
      (text) => parseQuantity(text ?? '0') ?? wholeAmount(0),
    );
    const storage = asked && allocated && allocated.nano > asked.nano ? allocated : (asked ?? wholeAmount(0));
    const usage = new Map([
      ['persistentvolumeclaims', wholeAmount(1)],
      ['requests.storage', storage],
    ]);
    if (className) {
      usage.set(`${className}${CLASS}persistentvolumeclaims`, wholeAmount(1));
      usage.set(`${className}${CLASS}requests.storage`, storage);
    }
    return usage;
  },
  isInScope: (object: PersistentVolumeClaim, { scopeName, operator, values = [] }) =>
    scopeName === 'VolumeAttributesClass' && attributesMatch(attributesOf(object), operator, values),
};

/** The classes of attributes that a claim asks for, has, or is on its way to. */
const attributesOf = ({ spec, status }: PersistentVolumeClaim): readonly string[] =>
  [
    spec.volumeAttributesClassName,
    status.currentVolumeAttributesClassName,
    status.modifyVolumeStatus?.targetVolumeAttributesClassName,
  ].filter((name) => name !== undefined && name !== '') as readonly string[];

const attributesMatch = (names: readonly string[], operator: string, values: readonly string[]): boolean =>
  (names.length > 0 ? names : ['']).some((name) => matches(name, operator, values));

const deviceClaims: Evaluator = {
  measures: measuresDevices,
  usage: (claim: ResourceClaim, _now, around) => deviceUsage(claim, around),
};

/** Counted by their plain names too, as it was before any resource could be counted. */
const PLAIN = new Set(['configmaps', 'replicationcontrollers', 'resourcequotas', 'secrets']);
const EVALUATORS: Readonly<Record<string, Evaluator>> = {
  '/pods': pods,
  '/services': services,
  '/persistentvolumeclaims': claims,
  'resource.k8s.io/resourceclaims': deviceClaims,
};

type Named = Pick<Kind<any>, 'group' | 'plural'>;
const countName = ({ group, plural }: Named): string => `count/${plural}${group ? `.${group}` : ''}`;
const evaluatorOf = ({ group, plural }: Named): Evaluator | undefined => EVALUATORS[`${group}/${plural}`];

/** Whether updates can take more of a quota than before. */
export const isMeasuredOnUpdate = (kind: Named): boolean => evaluatorOf(kind) !== undefined;

/** What one object takes of quotas. `now` in milliseconds; without `around` claims are counted by their classes only. */
export function quotaUsage(kind: Named, object: ApiObject, now: number, around?: AroundClaims): Amounts {
  const counted = new Map([[countName(kind), wholeAmount(1)]]);
  if (kind.group === '' && PLAIN.has(kind.plural)) counted.set(kind.plural, wholeAmount(1));
  return new Map([...counted, ...(evaluatorOf(kind)?.usage(object, now, around) ?? [])]);
}

/** The names among a quota's that objects of the kind are measured by. */
export const measuredNames = (kind: Named, names: Iterable<string>): ReadonlySet<string> =>
  new Set(
    [...names].filter(
      (name) =>
        name === countName(kind) ||
        (kind.group === '' && PLAIN.has(kind.plural) && name === kind.plural) ||
        evaluatorOf(kind)?.measures(name),
    ),
  );

/** Whether the quota is about this object: all of its scopes must be so. */
export function isInQuotaScopes({ spec }: ResourceQuota, kind: Named, object: ApiObject): boolean {
  const scopes: readonly Scope[] = [
    ...(spec.scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists' })),
    ...((spec.scopeSelector?.matchExpressions ?? []) as readonly Scope[]),
  ];
  if (scopes.length === 0) return true;
  const evaluator = evaluatorOf(kind);
  return evaluator?.isInScope !== undefined && scopes.every((scope) => evaluator.isInScope?.(object, scope));
}

/** `limits.cpu for: a,b; limits.memory for: a`: what containers must say because the quota limits it; '' when all is said. */
export function unsaidText(kind: Named, object: ApiObject, names: Iterable<string>): string {
  const missing = evaluatorOf(kind)?.unsaid?.(object, [...names]);
  return [...(missing ?? [])]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, containers]) => `${name} for: ${[...new Set(containers)].sort().join(',')}`)
    .join('; ');
}
