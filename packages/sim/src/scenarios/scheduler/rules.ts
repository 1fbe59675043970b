import { isTerminal, node, pod, type Pod } from '@navarch/api';
import { keyOf, quantityMilliValue } from '@navarch/machinery';
import { named } from '../drafts.ts';
import { defineProperty, type Property } from '../property.ts';
import { defineScenario, type Scenario } from '../scenario.ts';
import type { View } from '../view.ts';
import type { World } from '../world.ts';

export const HOST = 'kubernetes.io/hostname';

/** Where a pod is stays where it is. */
const boundOnce: Property = defineProperty({
  name: 'no pod is bound twice',
  of: [pod],
  begin() {
    const homes = new Map<string, string>();
    return (view) => {
      for (const { metadata, spec } of view.list(pod)) {
        const before = homes.get(metadata.uid);
        if (before !== undefined && spec.nodeName !== before)
          return `${metadata.name}: ${before}, then ${spec.nodeName}`;
        if (spec.nodeName) homes.set(metadata.uid, spec.nodeName);
      }
      return undefined;
    };
  },
});

/** What no two pods may take, whenever they were bound: the scheduler alone gives room away. */
const fitsWhereItIs: Property = defineProperty({
  name: 'no node is promised to more than it has room for',
  of: [pod],
  begin: () => (view) => {
    for (const each of view.list(node)) {
      const here = view.list(pod).filter((p) => p.spec.nodeName === each.metadata.name && !isTerminal(p));
      const asked = here.reduce((sum, p) => sum + cpuOf(p), 0);
      if (asked > quantityMilliValue(each.status.allocatable?.['cpu']))
        return `${each.metadata.name}: ${asked} m of cpu`;
      const lonely = here.find((p) => here.some((other) => other !== p && avoids(p, other)));
      if (lonely) return `${lonely.metadata.name} is not alone on ${each.metadata.name}`;
    }
    return undefined;
  },
});

const cpuOf = ({ spec }: Pod): number => quantityMilliValue(spec.containers[0]?.resources?.requests?.['cpu']);

const avoids = ({ spec }: Pod, other: Pod): boolean =>
  spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.some(
    ({ topologyKey, labelSelector }) =>
      topologyKey === HOST &&
      Object.entries(labelSelector?.matchLabels ?? {}).every(([key, value]) => other.metadata.labels?.[key] === value),
  ) ?? false;

/** Scenarios of the scheduler alone: what it places runs, and stays unless somebody deletes it. */
export const scheduling = (scenario: Pick<Scenario, 'name' | 'says' | 'act' | 'end'> & Partial<Scenario>): Scenario =>
  defineScenario({
    controllers: () => [],
    schedules: true,
    ...scenario,
    always: [boundOnce, fitsWhereItIs, ...(scenario.always ?? [])],
  });

/** A node is born with the taint of one that is not ready; this one is. */
export async function addNode(
  world: World,
  name: string,
  cpu = '2',
  labels: Readonly<Record<string, string>> = {},
): Promise<void> {
  const room = { cpu, memory: '8Gi', pods: '110' };
  await world.create(node, {
    metadata: { name, labels: { [HOST]: name, ...labels } },
    status: { allocatable: room, capacity: room },
  });
  await world.change(node, name, (born) => ({ ...born, spec: { ...born.spec, taints: [] } }));
}

interface PodShape {
  readonly cpu?: string;
  readonly app?: string;
  readonly priority?: number;
  readonly spec?: object;
}

/** Priorities are of classes: those of the seed are `p1`, `p2`. */
export const addPod = (
  world: World,
  name: string,
  { cpu = '1', app = 'any', priority, spec = {} }: PodShape = {},
): Promise<Pod> =>
  world.create(pod, {
    metadata: { ...named(name), labels: { app } },
    spec: {
      containers: [{ name: 'c', image: 'i', resources: { requests: { cpu } } }],
      ...(priority === undefined ? {} : { priorityClassName: `p${priority}` }),
      ...spec,
    },
  });

export const homes = (view: View): Readonly<Record<string, string>> =>
  Object.fromEntries(view.list(pod).map((p) => [p.metadata.name, p.spec.nodeName ?? 'none']));

export const homeless = (view: View): readonly string[] =>
  view
    .list(pod)
    .filter(({ spec }) => !spec.nodeName)
    .map((p) => keyOf(p).replace('default/', ''));

/** Since the play began: every pod that the scheduler sent away. */
export const preempted = (view: View): readonly Pod[] =>
  view.list(pod).filter(({ status }) => status.conditions?.some(({ reason }) => reason === 'PreemptionByScheduler'));
