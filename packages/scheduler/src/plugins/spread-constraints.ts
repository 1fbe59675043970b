import {
  compileNodeSelection,
  type Pod,
  replicaSet,
  replicationController,
  selectsNode,
  service,
  statefulSet,
  type TopologySpreadConstraint,
} from '@navarch/api';
import { byNamespace, type CacheReader } from '@navarch/client';
import {
  compileLabelSelector,
  controllerOf,
  keyIn,
  type LabelSelector,
  selectorFromMap,
  type Selector,
  selectorOf,
} from '@navarch/machinery';
import type { DomainCounts, Eligibility } from '../snapshot/domain-counts.ts';
import type { NodeInfo } from '../snapshot/node-info.ts';
import { withLabelKeys } from '../snapshot/pod-terms.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { perTemplate, type Template } from '../snapshot/template.ts';
import { toleratesAll } from './tolerations.ts';

/** Each node is a domain of its own by this label: its pods need no sum. */
export const HOSTNAME = 'kubernetes.io/hostname';

/** One constraint of a pod, ready to be asked. */
export interface Spread {
  readonly topologyKey: string;
  readonly maxSkew: number;
  readonly minDomains: number;
  readonly selector: Selector;
  /** The pod itself will be counted where it goes. */
  readonly countsSelf: boolean;
  readonly honorsAffinity: boolean;
  readonly honorsTaints: boolean;
}

export interface Spreads {
  readonly hard: readonly Spread[];
  readonly soft: readonly Spread[];
}

export const spreadsOf: (template: Template) => Spreads = perTemplate((template) => {
  const constraints = template.spec.topologySpreadConstraints ?? [];
  const compile = (constraint: TopologySpreadConstraint): Spread => compileSpread(constraint, template);
  return {
    hard: constraints.filter((c) => c.whenUnsatisfiable === 'DoNotSchedule').map(compile),
    soft: constraints.filter((c) => c.whenUnsatisfiable === 'ScheduleAnyway').map(compile),
  };
});

function compileSpread(constraint: TopologySpreadConstraint, { labels }: Template): Spread {
  const {
    topologyKey,
    maxSkew,
    minDomains = 1,
    nodeAffinityPolicy = 'Honor',
    nodeTaintsPolicy = 'Ignore',
  } = constraint;
  const selector = withLabelKeys(constraint, labels);
  return {
    topologyKey,
    maxSkew,
    minDomains,
    selector,
    countsSelf: selector.matches(labels),
    honorsAffinity: nodeAffinityPolicy === 'Honor',
    honorsTaints: nodeTaintsPolicy === 'Honor',
  };
}

export interface PodTopologySpreadArgs {
  /** What holds for pods that say nothing themselves: upstream's built-in constraints, or those of the list. */
  readonly defaultingType: 'System' | 'List';
  /** Without selectors: each pod's services and controller say which pods are counted. */
  readonly defaultConstraints?: readonly TopologySpreadConstraint[];
}

/** They prefer, and never refuse. */
const SYSTEM: readonly TopologySpreadConstraint[] = [
  { topologyKey: HOSTNAME, maxSkew: 3, whenUnsatisfiable: 'ScheduleAnyway' },
  { topologyKey: 'topology.kubernetes.io/zone', maxSkew: 5, whenUnsatisfiable: 'ScheduleAnyway' },
];

export const defaultsOf = ({ defaultingType, defaultConstraints = [] }: PodTopologySpreadArgs) =>
  defaultingType === 'System' ? SYSTEM : defaultConstraints;

/** The default constraints of one sort for a pod of some service or controller; none for a pod of its own. */
export function defaultSpreads(
  constraints: readonly TopologySpreadConstraint[],
  whenUnsatisfiable: TopologySpreadConstraint['whenUnsatisfiable'],
  { pod, template, objects }: { readonly pod: Pod; readonly template: Template; readonly objects: CacheReader },
): readonly Spread[] {
  if (template.spec.topologySpreadConstraints?.length) return [];
  const asked = constraints.filter((constraint) => constraint.whenUnsatisfiable === whenUnsatisfiable);
  const selector = asked.length > 0 ? selectorOfOwners(pod, objects) : undefined;
  if (!selector) return [];
  const countsSelf = selector.matches(template.labels);
  return asked.map((constraint) => ({ ...compileSpread(constraint, template), selector, countsSelf }));
}

/** What the services that select the pod and the controller that made it select, all together. */
function selectorOfOwners({ metadata }: Pod, objects: CacheReader): Selector | undefined {
  const namespace = metadata.namespace ?? '';
  const selectors: Selector[] = [];
  for (const { spec } of objects.find(service, byNamespace, namespace)) {
    if (!spec.selector || Object.keys(spec.selector).length === 0) continue;
    const selector = selectorOfService(spec.selector);
    if (selector.matches(metadata.labels)) selectors.push(selector);
  }
  const owner = controllerOf({ metadata } as Pod);
  const key = keyIn(namespace, owner?.name ?? '');
  const isApps = owner?.apiVersion === 'apps/v1';
  if (isApps && owner.kind === 'ReplicaSet') selectors.push(selected(objects.get(replicaSet, key)?.spec.selector));
  if (isApps && owner.kind === 'StatefulSet') selectors.push(selected(objects.get(statefulSet, key)?.spec.selector));
  if (owner?.apiVersion === 'v1' && owner.kind === 'ReplicationController')
    selectors.push(selectorFromMap(objects.get(replicationController, key)?.spec.selector ?? {}));
  const requirements = selectors.flatMap((selector) => selector.requirements);
  return requirements.length > 0 ? selectorOf(requirements) : undefined;
}

const ofServices = new WeakMap<object, Selector>();

/** Compiled once a service, however many pods are compared with it. */
function selectorOfService(labels: Readonly<Record<string, string>>): Selector {
  let selector = ofServices.get(labels);
  if (!selector) ofServices.set(labels, (selector = selectorFromMap(labels)));
  return selector;
}

const selected = (selector: LabelSelector | undefined): Selector =>
  selectorOf(compileLabelSelector(selector).requirements);

/** Which nodes a constraint counts: those that have all the labels it goes by, and that the pod could be on as far as the policies say. */
export function eligibilityOf(
  { honorsAffinity, honorsTaints }: Spread,
  topologyKeys: readonly string[],
  { spec }: Template,
): Eligibility {
  const selection =
    honorsAffinity && (spec.nodeSelector || spec.affinity?.nodeAffinity) ? compileNodeSelection(spec) : undefined;
  const key = JSON.stringify([
    topologyKeys,
    selection && [spec.nodeSelector, spec.affinity?.nodeAffinity],
    honorsTaints && [spec.tolerations],
  ]);
  return {
    key,
    test: ({ node, labels }: NodeInfo) =>
      topologyKeys.every((each) => labels[each] !== undefined) &&
      (selection === undefined || selectsNode(selection, node)) &&
      (!honorsTaints || toleratesAll(spec.tolerations, node.spec.taints)),
  };
}

/**
 * Pods that a constraint counts, wherever they are: those of the same namespace that are there to stay. A selector that
 * selects every pod counts none: upstream takes it for one that was left out, and placements depend on that.
 */
export function countedPods({ selector }: Spread, { namespace }: Template, snapshot: Snapshot): DomainCounts {
  return snapshot.pods.tally({
    key: `spread ${namespace} ${JSON.stringify(selector.requirements)}`,
    countsLeaving: false,
    selects: (template) =>
      selector.requirements.length > 0 && template.namespace === namespace && selector.matches(template.labels),
  });
}
