import { parseLabelSelector, type Selector } from '@navarch/machinery';
import { type EvictorArguments, evictorArguments } from './default-evictor.ts';
import { Fields } from './fields.ts';
import { removeDuplicates } from './strategies/remove-duplicates.ts';
import { topologySpreadViolations } from './strategies/topology-spread.ts';
import { highNodeUtilization, lowNodeUtilization } from './strategies/utilization.ts';
import {
  interPodAntiAffinityViolations,
  nodeAffinityViolations,
  nodeTaintViolations,
} from './strategies/violations.ts';
import { failedPods, podLifeTime, tooManyRestarts } from './strategies/worn-pods.ts';
import type { Plan, Strategy } from './strategy.ts';

/** Adding one is adding a value to this list. */
const STRATEGIES: readonly Strategy[] = [
  removeDuplicates,
  lowNodeUtilization,
  highNodeUtilization,
  nodeAffinityViolations,
  nodeTaintViolations,
  interPodAntiAffinityViolations,
  topologySpreadViolations,
  tooManyRestarts,
  podLifeTime,
  failedPods,
];
const EVICTOR = 'DefaultEvictor';

interface ConfiguredStrategy {
  readonly name: string;
  readonly run: Plan;
}

export interface Profile {
  readonly name: string;
  readonly evictor: EvictorArguments;
  /** In the order in which they run. */
  readonly strategies: readonly ConfiguredStrategy[];
}

/** How many pods may go in one round; absent: as many as strategies say. */
interface EvictionLimits {
  readonly perNode: number | undefined;
  readonly perNamespace: number | undefined;
  readonly total: number | undefined;
}

/** `descheduler/v1alpha2` DeschedulerPolicy, read. */
export interface DeschedulerPolicy {
  readonly nodes: Selector;
  readonly limits: EvictionLimits;
  /** How long pods have to end; absent: as they say. */
  readonly gracePeriodSeconds: number | undefined;
  readonly tellsOfFailures: boolean;
  readonly profiles: readonly Profile[];
}

/** A policy that cannot be used; says all that is wrong with it. */
export class PolicyError extends Error {
  override readonly name = 'PolicyError';
}

/** Throws PolicyError. */
export function readPolicy(document: unknown): DeschedulerPolicy {
  const errors: string[] = [];
  const root = new Fields(document, '', errors);
  if (root.text('apiVersion') !== 'descheduler/v1alpha2') root.wrong('apiVersion', 'must be descheduler/v1alpha2');
  if (root.text('kind') !== 'DeschedulerPolicy') root.wrong('kind', 'must be DeschedulerPolicy');
  const profiles = root.items('profiles').map(readProfile);
  if (profiles.length === 0) root.wrong('profiles', 'must have at least one profile');
  const policy = {
    nodes: nodesOf(root),
    limits: {
      perNode: root.count('maxNoOfPodsToEvictPerNode'),
      perNamespace: root.count('maxNoOfPodsToEvictPerNamespace'),
      total: root.count('maxNoOfPodsToEvictTotal'),
    },
    gracePeriodSeconds: root.count('gracePeriodSeconds'),
    tellsOfFailures: root.flag('evictionFailureEventNotification'),
    profiles,
  };
  root.close();
  if (errors.length > 0) throw new PolicyError(errors.join('; '));
  return policy;
}

function nodesOf(root: Fields): Selector {
  const text = root.text('nodeSelector') ?? '';
  try {
    return parseLabelSelector(text);
  } catch {
    root.wrong('nodeSelector', `must be a label selector, not ${JSON.stringify(text)}`);
    return parseLabelSelector('');
  }
}

function readProfile(profile: Fields): Profile {
  const configs = new Map<string, Fields>();
  for (const config of profile.items('pluginConfig')) {
    const name = config.text('name') ?? '';
    if (name !== EVICTOR && !STRATEGIES.some((one) => one.name === name))
      config.wrong('name', `there is no plugin ${JSON.stringify(name)}`);
    configs.set(name, config.inner('args'));
    config.close();
  }
  const argsOf = (name: string): Fields => configs.get(name) ?? new Fields(undefined, name, profile.errors);
  const plugins = profile.inner('plugins');
  for (const extension of ['filter', 'preEvictionFilter', 'presort', 'sort', 'preevictionfilter'])
    if (plugins.has(extension)) namesOf(plugins, extension, [EVICTOR]);
  const strategies = (['deschedule', 'balance'] as const).flatMap((phase) =>
    namesOf(
      plugins,
      phase,
      STRATEGIES.filter((one) => one.phase === phase).map(({ name }) => name),
    ).flatMap((name) => {
      const strategy = STRATEGIES.find((one) => one.name === name && one.phase === phase);
      if (!strategy) return [];
      const args = argsOf(name);
      const run = strategy.plan(args);
      args.close();
      return [{ name, run }];
    }),
  );
  plugins.close();
  const evictor = argsOf(EVICTOR);
  const read = { name: profile.text('name') ?? '', evictor: evictorArguments(evictor), strategies };
  evictor.close();
  profile.close();
  return read;
}

/** Those that are enabled at an extension point. */
function namesOf(plugins: Fields, point: string, allowed: readonly string[]): readonly string[] {
  const set = plugins.inner(point);
  const names = set.texts('enabled', allowed) ?? [];
  const disabled = set.texts('disabled') ?? [];
  set.close();
  return names.filter((name) => !disabled.includes(name) && !disabled.includes('*'));
}
