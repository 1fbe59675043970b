import { hasCapacity, shareOf } from '../../dynamic-resources/capacity.ts';
import type { Taint } from '../../dynamic-resources/devices.ts';
import type { ClaimPlan, Way } from '../../dynamic-resources/plan.ts';
import type { PooledDevice } from '../../dynamic-resources/pool.ts';
import { prepare } from '../../dynamic-resources/prepared.ts';
import { reaches } from '../../dynamic-resources/reach.ts';
import type { Supply } from '../../dynamic-resources/search.ts';
import { SelectorError } from '../../dynamic-resources/selectors.ts';
import { isRepelled } from '../../dynamic-resources/taints.ts';
import type { Case } from '../step.ts';

/** What a device has to be for a request, one thing after the other. */
type Stage =
  | { readonly type: 'class' | 'capacity' | 'taint' | 'free' }
  | { readonly type: 'selector'; readonly index: number; readonly expression: string };

/** How many devices of a node are left for a way of a request after each stage. */
export interface Sieve {
  readonly plan: ClaimPlan;
  readonly way: Way;
  /** Which of the claim's requests, and which of its alternatives. */
  readonly at: readonly [request: number, alternative: number];
  readonly wanted: number;
  readonly pools: readonly string[];
  /** All that the node can use. */
  readonly reached: readonly PooledDevice[];
  readonly stages: readonly { readonly stage: Stage; readonly left: readonly PooledDevice[] }[];
}

/** What each request of a pod finds on a node by itself; together they may still find less. */
export function sievesOf({ pod, node, whatIf: { snapshot } }: Pick<Case, 'pod' | 'node' | 'whatIf'>): readonly Sieve[] {
  const prepared = prepare(pod, snapshot);
  if (!prepared) return [];
  const supply = snapshot.devices.supplyFor(node.node);
  return prepared
    .plansOn(node)
    .flatMap((plan) =>
      plan.requests.flatMap((ways, request) => ways.map((way, i) => sieved(plan, way, [request, i], supply))),
    );
}

/** Where it runs out of devices; undefined: by itself the request could be met. */
export const lackOf = ({ stages, wanted }: Sieve): Sieve['stages'][number] | undefined =>
  stages.find(({ left }) => left.length < wanted);

function sieved(plan: ClaimPlan, way: Way, at: Sieve['at'], supply: Supply): Sieve {
  const reached = supply.pools
    .filter(({ isInvalid }) => !isInvalid)
    .flatMap(({ devices }) => devices.filter(({ reach }) => reaches(reach, supply.node)));
  const stages: { stage: Stage; left: readonly PooledDevice[] }[] = [];
  const stage = (of: Stage, holds: (device: PooledDevice) => boolean): void => {
    const left = (stages.at(-1)?.left ?? reached).filter(holds);
    stages.push({ stage: of, left });
  };
  const means = (selectors: Way['selectors'], device: PooledDevice): boolean => {
    try {
      return supply.selectors.mean(selectors, device, '');
    } catch (error) {
      if (error instanceof SelectorError) return false;
      throw error;
    }
  };
  stage({ type: 'class' }, (device) => means(way.deviceClass.spec.selectors ?? [], device));
  way.selectors.forEach((selector, index) =>
    stage({ type: 'selector', index, expression: selector.cel?.expression ?? '' }, (device) =>
      means([selector], device),
    ),
  );
  if (Object.keys(way.capacity).length > 0)
    stage({ type: 'capacity' }, ({ spec, driver }) =>
      spec.allowMultipleAllocations && !way.isAdmin
        ? shareOf(spec, driver, way.capacity) !== undefined
        : hasCapacity(spec, driver, way.capacity),
    );
  stage({ type: 'taint' }, ({ taints }) => !isRepelled(taints, way.tolerations));
  if (!way.isAdmin)
    stage({ type: 'free' }, ({ key, spec }) =>
      spec.allowMultipleAllocations ? !supply.inUse.isWhole(key) : !supply.inUse.isTaken(key),
    );
  const wanted = way.count ?? Math.max(1, stages.find((each) => each.stage.type === 'taint')?.left.length ?? 1);
  return { plan, way, at, wanted, pools: supply.pools.map(({ key }) => key), reached, stages };
}

const POOLS_MAX = 3;

/** How the devices of a node run out for a pod, request by request. */
export function deviceDetail(about: Pick<Case, 'pod' | 'node' | 'whatIf'>): readonly string[] {
  const sieves = sievesOf(about);
  const lacking = sieves.filter((sieve) => lackOf(sieve));
  if (lacking.length > 0) return lacking.map(textOf);
  return sieves.length === 0 ? [] : ['each request would find devices, but not all that the pod asks for together'];
}

function textOf(sieve: Sieve): string {
  const { plan, way, wanted, reached, pools, stages } = sieve;
  const head = `claim ${plan.key}, request ${way.name}`;
  if (reached.length === 0) return `${head}: no driver offers devices to this node`;
  const more = pools.length > POOLS_MAX ? ', …' : '';
  const where = `pool ${pools.slice(0, POOLS_MAX).join(', ')}${more}`;
  const end = stages.findIndex(({ left }) => left.length < wanted);
  const told = stages.slice(0, end + 1).map(({ stage, left }, i) => {
    const before = stages[i - 1]?.left ?? reached;
    return i === end || left.length < before.length ? [`${left.length} ${wordsFor(stage, sieve, before)}`] : [];
  });
  return `${head} wants ${wanted}: of ${reached.length} in ${where} ${told.flat().join(', ')}`;
}

function wordsFor(stage: Stage, { way }: Sieve, before: readonly PooledDevice[]): string {
  switch (stage.type) {
    case 'class':
      return `of class ${way.deviceClass.metadata.name}`;
    case 'selector':
      return `with ${stage.expression}`;
    case 'capacity':
      return `with ${Object.entries(way.capacity)
        .map(([name, amount]) => `${amount} ${name}`)
        .join(' and ')}`;
    case 'taint': {
      const taints = new Set(before.flatMap((device) => repelling(device, way)).map(taintText));
      return `without taints that it does not tolerate (${[...taints].join(', ')})`;
    }
    case 'free':
      return 'free';
  }
}

/** Those of a device's taints that keep the request away. */
export const repelling = ({ taints }: PooledDevice, { tolerations }: Way): readonly Taint[] =>
  taints.filter((taint) => isRepelled([taint], tolerations));

export const taintText = ({ key, value, effect }: Taint): string => `${key}${value ? `=${value}` : ''}:${effect}`;
