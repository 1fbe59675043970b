import { type Pod, podDisruptionBudget } from '@navarch/api';
import { controllerOf, keyOf } from '@navarch/machinery';
import { covers, priorityOf } from '../../preemption/victims.ts';
import { spreadsOf } from '../../plugins/spread-constraints.ts';
import { matchesTerm, termsOf } from '../../snapshot/pod-terms.ts';
import type { Snapshot } from '../../snapshot/snapshot.ts';
import { isLeaving, type Placed, type Template } from '../../snapshot/template.ts';
import { type Case, editPod, quoted, type Remedy, type Step } from '../step.ts';
import type { Effect } from '../what-if.ts';

/** What the system cannot do without. */
const SYSTEM_PRIORITY = 2_000_000_000;
/** Pods that are looked at whether their going would help. */
const PODS_MAX = 250;
const MIRROR = 'kubernetes.io/config.mirror';

/** Pods that may be in the way. */
export interface Blockers {
  pods(about: Case): readonly Placed[];
  /** What comes about by itself when these have gone. */
  after?(without: readonly Placed[], about: Case): readonly Effect[];
}

const onNode: Blockers = { pods: ({ node }) => [...node.pods.values()] };

/** Pods anywhere that the pod has to do with by its rules or theirs, or by a claim. */
const related = ({ pod, whatIf: { snapshot } }: Case): readonly Placed[] => {
  const found: Placed[] = [];
  // Pods of one template are alike: each is compared once.
  const known = new Map<Template, boolean>();
  for (const { pods } of snapshot.nodes)
    for (const placed of pods.values()) {
      const { template } = placed;
      if (!known.has(template)) known.set(template, isRelated(pod, template, snapshot));
      if (known.get(template)) found.push(placed);
      if (found.length === PODS_MAX) return found;
    }
  return found;
};

function isRelated(pod: Pod, template: Template, snapshot: Snapshot): boolean {
  const own = snapshot.templateOf(pod);
  const { objects } = snapshot;
  const isMate = own.namespace === template.namespace;
  return (
    termsOf(own).antiAffinity.some((term) => matchesTerm(term, template, objects)) ||
    termsOf(template).antiAffinity.some((term) => matchesTerm(term, own, objects)) ||
    (isMate && spreadsOf(own).hard.some(({ selector }) => selector.matches(template.labels))) ||
    (isMate && own.claims.some((claim) => template.claims.includes(claim)))
  );
}

const gone = ({ pod }: Placed): Effect => ({ type: 'gone', pod });

const without = (blockers: Blockers, placed: readonly Placed[], about: Case): readonly Effect[] => [
  ...placed.map(gone),
  ...(blockers.after?.(placed, about) ?? []),
];

const waitFor =
  (blockers: Blockers): Remedy =>
  (about) => {
    const leaving = blockers.pods(about).filter(isLeaving);
    const effects = without(blockers, leaving, about);
    if (leaving.length === 0 || about.objects(effects)) return [];
    const names = namesOf(leaving);
    return [
      {
        sort: 'wait',
        summary: `wait until ${names} ${leaving.length === 1 ? 'has' : 'have'} ended on its way out`,
        cost: 0.5,
        effects,
        deeds: [],
      },
    ];
  };

/** The fewest and least important pods whose going is enough. */
const remove =
  (blockers: Blockers): Remedy =>
  (about) => {
    const all = blockers.pods(about).filter((placed) => !isLeaving(placed) && mayGo(placed, about));
    const leaving = blockers.pods(about).filter(isLeaving);
    const objects = (victims: Iterable<Placed>): boolean =>
      about.objects(without(blockers, [...victims, ...leaving], about));
    if (all.length === 0 || all.length > PODS_MAX || objects(all)) return [];
    const plans = orders(about).map((order) => fewest(all.toSorted(order), objects));
    const [best] = plans.sort((a, b) => costOf(a, about) - costOf(b, about));
    return best ? [removal(best, about, blockers)] : [];
  };

export const freeing =
  (blockers: Blockers): Remedy =>
  (about) => [...waitFor(blockers)(about), ...remove(blockers)(about)];

export const freeOnNode: Remedy = freeing(onNode);
export const freeElsewhere: Remedy = freeing({ pods: related });

/** Those of a node come back at once; a static pod is its kubelet's. */
function mayGo({ pod }: Placed, { pod: waiting }: Case): boolean {
  const owner = controllerOf(pod);
  const isFixed = owner?.kind === 'DaemonSet' || pod.metadata.annotations?.[MIRROR] !== undefined;
  // The next one of the same maker would wait in place of this one.
  const isSibling = owner !== undefined && owner.uid === controllerOf(waiting)?.uid;
  return !isFixed && !isSibling && priorityOf(pod) < SYSTEM_PRIORITY;
}

type Order = (a: Placed, b: Placed) => number;

/** Which pods come back first: those whose going costs most, then the large ones or the small ones. */
function orders(about: Case): readonly Order[] {
  const first: Order = (a, b) => weightOf(b, about) - weightOf(a, about);
  const size: Order = (a, b) =>
    a.template.scoredCpu - b.template.scoredCpu || a.template.scoredMemory - b.template.scoredMemory;
  const byName: Order = (a, b) => (keyOf(a.pod) < keyOf(b.pod) ? -1 : 1);
  return [(a, b) => first(a, b) || size(a, b) || byName(a, b), (a, b) => first(a, b) || size(b, a) || byName(a, b)];
}

function fewest(all: readonly Placed[], objects: (without: Iterable<Placed>) => boolean): readonly Placed[] {
  const without = new Set(all);
  for (const placed of all) {
    without.delete(placed);
    if (objects(without)) without.add(placed);
  }
  return [...without].sort((a, b) => (keyOf(a.pod) < keyOf(b.pod) ? -1 : 1));
}

function weightOf({ pod }: Placed, { pod: waiting, whatIf: { snapshot } }: Case): number {
  const budgets = snapshot.objects.list(podDisruptionBudget);
  const isKept = budgets.some((budget) => budget.status.disruptionsAllowed < 1 && covers(budget, pod));
  // Its controller makes another, which may come to the same place.
  const comesBack = controllerOf(pod) !== undefined;
  return 1 + (comesBack ? 0.5 : 0) + (priorityOf(pod) > priorityOf(waiting) ? 8 : 0) + (isKept ? 6 : 0);
}

const costOf = (placed: readonly Placed[], about: Case): number =>
  placed.reduce((sum, each) => sum + weightOf(each, about), 3);

function removal(victims: readonly Placed[], about: Case, blockers: Blockers): Step {
  const owned = victims.map(({ pod }) => controllerOf(pod)).find((owner) => owner !== undefined);
  const freed = freedBy(victims, about);
  const note = owned ? `; ${owned.kind} ${owned.name} makes another, which may be faster` : '';
  return {
    sort: 'remove',
    summary: `remove ${namesOf(victims)}${freed === '' ? '' : `, which frees ${freed}`}${note}`,
    cost: costOf(victims, about),
    effects: without(blockers, victims, about),
    deeds: victims.map(gone),
    command: [...Map.groupBy(victims, ({ template }) => template.namespace)]
      .map(
        ([namespace, of]) =>
          `kubectl delete pod -n ${namespace} ${of.map(({ pod }) => quoted(pod.metadata.name)).join(' ')}`,
      )
      .join(' && '),
  };
}

const namesOf = (placed: readonly Placed[]): string =>
  `${placed.length === 1 ? 'pod' : 'pods'} ${placed
    .map(({ pod }) => keyOf(pod))
    .sort()
    .join(', ')}`;

/** Of what the node lacks for the pod. */
function freedBy(victims: readonly Placed[], about: Case): string {
  return shortfalls(about)
    .map(({ resource }) => {
      const sum = victims.reduce((total, { template }) => total + (template.requests.get(resource) ?? 0), 0);
      return sum > 0 ? amountText(resource, sum) : '';
    })
    .filter(Boolean)
    .join(' and ');
}

export interface Shortfall {
  readonly resource: string;
  readonly asked: number;
  readonly free: number;
  readonly allocatable: number;
}

/** Of which resources a node has less than the pod asks for. */
export function shortfalls({ pod, node, whatIf }: Pick<Case, 'pod' | 'node' | 'whatIf'>): readonly Shortfall[] {
  return [...whatIf.snapshot.templateOf(pod).requests].flatMap(([resource, asked]) => {
    const allocatable = node.allocatable.get(resource) ?? 0;
    const free = Math.max(0, allocatable - (node.requested.get(resource) ?? 0));
    return asked > free ? [{ resource, asked, free, allocatable }] : [];
  });
}

const MI = 1024 * 1024;

export function amountText(resource: string, amount: number): string {
  const isBytes = resource === 'memory' || resource.endsWith('storage') || resource.startsWith('hugepages-');
  if (resource === 'cpu') return `${amount % 1000 === 0 ? amount / 1000 : `${amount}m`} cpu`;
  const text = isBytes && amount >= MI ? `${Math.floor(amount / MI)}Mi` : String(amount);
  return `${text} ${resource}`;
}

type Container = Pod['spec']['containers'][number];

/** Ask for no more than the node has left: of the container that asks for most. */
export const askForLess: Remedy = (about) => {
  const [lack] = shortfalls(about);
  if (!lack || lack.free === 0) return [];
  const { resource, asked, free } = lack;
  const { containers } = about.pod.spec;
  const of = (container: Container): number =>
    about.whatIf.snapshot
      .templateOf({
        ...about.pod,
        spec: { ...about.pod.spec, containers: [container], initContainers: [], overhead: {} },
      })
      .requests.get(resource) ?? 0;
  const index = containers.reduce((most, each, i) => (of(each) > of(containers[most] ?? each) ? i : most), 0);
  const container = containers[index];
  const left = container ? of(container) - (asked - free) : 0;
  if (!container || left <= 0) return [];
  const [quantity = ''] = amountText(resource, left).split(' ');
  const lowered = (each: Container): Container => ({
    ...each,
    resources: { ...each.resources, requests: { ...each.resources?.requests, [resource]: quantity } },
  });
  return [
    {
      sort: `less ${resource}`,
      summary: `ask for ${quantity} ${resource} in container ${container.name}, which is what node ${about.node.name} has left, instead of ${amountText(resource, of(container))}`,
      // Half of it may do; a hundredth never does.
      cost: 2 + (4 * (asked - free)) / free,
      effects: [
        editPod((spec) => ({
          ...spec,
          containers: spec.containers.map((each, i) => (i === index ? lowered(each) : each)),
        })),
      ],
    },
  ];
};

/** Without the host port, or without those of this node that are taken. */
export const dropHostPort: Remedy = ({ pod }) => {
  const ports = pod.spec.containers.flatMap(({ ports: of = [] }) =>
    of.flatMap(({ hostPort }) => (hostPort ? [hostPort] : [])),
  );
  const free = (each: Container): Container => ({
    ...each,
    ...(each.ports ? { ports: each.ports.map(({ hostPort: _, ...port }) => port) } : {}),
  });
  return ports.length === 0 || pod.spec.hostNetwork
    ? []
    : [
        {
          sort: 'no host port',
          summary: `do not ask for host port ${ports.join(', ')}`,
          cost: 5,
          effects: [editPod((spec) => ({ ...spec, containers: spec.containers.map(free) }))],
        },
      ];
};
