import type { NodeAffinity, TopologySpreadConstraint } from '@navarch/api';
import { validateNodeAffinity } from '@navarch/api';
import { type Field, parseDuration, qualifiedNameErrors } from '@navarch/machinery';
import type { DynamicResourcesArgs } from '../dynamic-resources/dynamic-resources.ts';
import type { ResourceWeight, Shape } from '../plugins/allocation-score.ts';
import type { BalancedAllocationArgs } from '../plugins/balanced-allocation.ts';
import type { InterPodAffinityArgs } from '../plugins/inter-pod-affinity.ts';
import type { NodeAffinityArgs } from '../plugins/node-affinity.ts';
import type { NodeResourcesFitArgs } from '../plugins/node-resources-fit.ts';
import type { PodTopologySpreadArgs } from '../plugins/spread-constraints.ts';
import type { VolumeBindingArgs } from '../plugins/volume-binding.ts';
import type { PreemptionBounds } from '../plugin.ts';

/** What a plugin's arguments are when somebody left some out, and what is wrong with them. */
export interface ArgsDeclaration<Args> {
  /** Of what a file says, checked against its type; {}: nothing. */
  complete(given: Readonly<Record<string, unknown>>): Args;
  validate(args: Args, at: Field): void;
}

const STRATEGIES = ['LeastAllocated', 'MostAllocated', 'RequestedToCapacityRatio'];
const ACTIONS = ['DoNotSchedule', 'ScheduleAnyway'];

export const noArgs: ArgsDeclaration<undefined> = { complete: () => undefined, validate: () => undefined };

export const nodeAffinityArgs: ArgsDeclaration<NodeAffinityArgs> = {
  complete: ({ addedAffinity }) => (addedAffinity ? { addedAffinity: addedAffinity as NodeAffinity } : {}),
  validate({ addedAffinity }, at) {
    if (addedAffinity) validateNodeAffinity(addedAffinity, at.at('addedAffinity'));
  },
};

export const nodeResourcesFitArgs: ArgsDeclaration<NodeResourcesFitArgs> = {
  complete(given) {
    const strategy = (given['scoringStrategy'] ?? { type: 'LeastAllocated' }) as Partial<
      NodeResourcesFitArgs['scoringStrategy']
    >;
    return {
      ...(given as Partial<NodeResourcesFitArgs>),
      scoringStrategy: {
        ...(strategy as NodeResourcesFitArgs['scoringStrategy']),
        resources: weighed(strategy.resources),
      },
    };
  },
  validate({ ignoredResources = [], ignoredResourceGroups = [], scoringStrategy }, at) {
    ignoredResources.forEach((name, i) => labelName(name, at.at('ignoredResources').index(i)));
    ignoredResourceGroups.forEach((group, i) => {
      const here = at.at('ignoredResourceGroups').index(i);
      if (group.includes('/')) here.invalid(group, "resource group name can't contain '/'");
      labelName(group, here);
    });
    const { type = '', resources, requestedToCapacityRatio } = scoringStrategy as Partial<typeof scoringStrategy>;
    const here = at.at('scoringStrategy');
    if (!STRATEGIES.includes(type)) here.at('type').notSupported(type, STRATEGIES);
    resources?.forEach(({ name, weight }, i) => {
      if (weight <= 0 || weight > 100)
        here
          .at('resources')
          .index(i)
          .at('weight')
          .invalid(weight, `resource weight of ${name} not in valid range (0, 100]`);
    });
    if (requestedToCapacityRatio) validateShape(requestedToCapacityRatio.shape, here.at('shape'));
  },
};

export const balancedAllocationArgs: ArgsDeclaration<BalancedAllocationArgs> = {
  complete: ({ resources }) => ({ resources: weighed(resources as readonly ResourceWeight[] | undefined) }),
  validate({ resources }, at) {
    const seen = new Set<string>();
    resources.forEach(({ name, weight }, i) => {
      const here = at.at('resources').index(i);
      if (seen.has(name)) here.at('name').duplicate(name);
      seen.add(name);
      if (weight !== 1) here.at('weight').invalid(weight, 'must be 1');
    });
  },
};

export const dynamicResourcesArgs: ArgsDeclaration<DynamicResourcesArgs> = {
  complete: ({ bindingTimeout = '10m0s' }) => ({ bindingTimeout: bindingTimeout as string }),
  validate({ bindingTimeout }, at) {
    if ((parseDuration(bindingTimeout) ?? 0) < 1000)
      at.at('bindingTimeout').invalid(bindingTimeout, 'must be at least 1 second');
  },
};

export const interPodAffinityArgs: ArgsDeclaration<InterPodAffinityArgs> = {
  complete: (given) => ({ hardPodAffinityWeight: 1, ...(given as Partial<InterPodAffinityArgs>) }),
  validate: ({ hardPodAffinityWeight: weight }, at) => within(weight, [0, 100], at.at('hardPodAffinityWeight')),
};

export const podTopologySpreadArgs: ArgsDeclaration<PodTopologySpreadArgs> = {
  complete: (given) => ({ defaultingType: 'System', ...(given as Partial<PodTopologySpreadArgs>) }),
  validate({ defaultingType: type, defaultConstraints: constraints = [] }, at) {
    const here = at.at('defaultingType');
    if (type !== 'System' && type !== 'List') here.notSupported(type, ['System', 'List']);
    if (type === 'System' && constraints.length > 0) here.invalid(type, 'when .defaultConstraints are not empty');
    constraints.forEach((_, i) => validateConstraint(constraints, i, at.at('defaultConstraints').index(i)));
  },
};

export const preemptionArgs: ArgsDeclaration<PreemptionBounds> = {
  complete: (given) => ({
    minCandidateNodesPercentage: 10,
    minCandidateNodesAbsolute: 100,
    ...(given as Partial<PreemptionBounds>),
  }),
  validate({ minCandidateNodesPercentage: percentage, minCandidateNodesAbsolute: absolute }, at) {
    const [ofPercentage, ofAbsolute] = [at.at('minCandidateNodesPercentage'), at.at('minCandidateNodesAbsolute')];
    within(percentage, [0, 100], ofPercentage);
    if (absolute < 0) ofAbsolute.invalid(absolute, 'not in valid range [0, inf)');
    if (percentage !== 0 || absolute !== 0) return;
    ofPercentage.invalid(percentage, 'cannot be zero at the same time as minCandidateNodesAbsolute');
    ofAbsolute.invalid(absolute, 'cannot be zero at the same time as minCandidateNodesPercentage');
  },
};

export const volumeBindingArgs: ArgsDeclaration<VolumeBindingArgs> = {
  complete: ({ bindTimeoutSeconds = 600, shape }) => ({
    bindTimeoutSeconds: bindTimeoutSeconds as number,
    shape: (shape as Shape | undefined) ?? EMPTIEST,
  }),
  validate({ bindTimeoutSeconds: seconds, shape }, at) {
    if (seconds < 0)
      at.at('bindTimeoutSeconds').invalid(seconds, 'invalid BindTimeoutSeconds, should not be a negative value');
    validateShape(shape, at.at('shape'));
  },
};

/** Storage with much room left is the best. */
const EMPTIEST: Shape = [
  { utilization: 0, score: 10 },
  { utilization: 100, score: 0 },
];

const CPU_AND_MEMORY: readonly ResourceWeight[] = [
  { name: 'cpu', weight: 1 },
  { name: 'memory', weight: 1 },
];

/** cpu and memory where none are said; a weight that is not said is 1. */
const weighed = (resources: readonly Partial<ResourceWeight>[] = []): readonly ResourceWeight[] =>
  resources.length === 0 ? CPU_AND_MEMORY : resources.map(({ name = '', weight }) => ({ name, weight: weight || 1 }));

function within(value: number, [min, max]: readonly [number, number], at: Field): void {
  if (value < min || value > max) at.invalid(value, `not in valid range [${min}, ${max}]`);
}

function labelName(name: string, at: Field): void {
  for (const error of qualifiedNameErrors(name)) at.invalid(name, error);
}

function validateShape(shape: Shape | undefined, at: Field): void {
  if (!shape || shape.length === 0) return at.required('at least one point must be specified');
  const fallen = shape.findIndex(({ utilization }, i) => i > 0 && (shape[i - 1]?.utilization ?? 0) >= utilization);
  if (fallen > 0)
    at.index(fallen).at('utilization').invalid(shape[fallen]?.utilization, 'values must be sorted in increasing order');
  shape.forEach(({ utilization, score }, i) => {
    within(utilization, [0, 100], at.index(i).at('utilization'));
    within(score, [0, 10], at.index(i).at('score'));
  });
}

function validateConstraint(all: readonly TopologySpreadConstraint[], i: number, at: Field): void {
  const { maxSkew, topologyKey, whenUnsatisfiable: action, labelSelector } = all[i] as TopologySpreadConstraint;
  if (maxSkew <= 0) at.at('maxSkew').invalid(maxSkew, 'not in valid range (0, inf)');
  if (!topologyKey) at.at('topologyKey').required('can not be empty');
  else labelName(topologyKey, at.at('topologyKey'));
  if (!action) at.at('whenUnsatisfiable').required('can not be empty');
  else if (!ACTIONS.includes(action)) at.at('whenUnsatisfiable').notSupported(action, ACTIONS);
  if (labelSelector)
    at.at('labelSelector').forbidden('constraint must not define a selector, as they deduced for each pod');
  if (all.slice(0, i).some((one) => one.topologyKey === topologyKey && one.whenUnsatisfiable === action))
    at.duplicate(`{${topologyKey}, ${action}}`);
}
