import type { Profile } from '../plugin.ts';
import { composeProfile } from './compose-profile.ts';
import { type CompleteConfig, completeConfig } from './complete-config.ts';
import type { ExtenderFile } from './config-types.ts';
import { ConfigError, decodeConfig } from './decode-config.ts';
import { nodeResourcesFitArgs } from './plugin-args.ts';
import { configErrors } from './validate-config.ts';

/** What a scheduler is to do, made of a KubeSchedulerConfiguration. */
export interface SchedulerConfig {
  readonly profiles: readonly Profile[];
  readonly extenders: readonly ExtenderFile[];
  readonly backOff: { readonly initialMs: number; readonly maxMs: number };
  readonly leaderElection: CompleteConfig['leaderElection'];
  /** A cluster that is to be reached by it; empty: this one. */
  readonly kubeconfig: string;
}

/**
 * Reads a parsed KubeSchedulerConfiguration (kubescheduler.config.k8s.io/v1) as upstream does; `repeated` is what a
 * strict reader said of the text already. Throws ConfigError for one that cannot be used.
 */
export function readSchedulerConfig(document: unknown, repeated: readonly string[] = []): SchedulerConfig {
  const config = completeConfig(decodeConfig(document, repeated));
  const errors = configErrors(config);
  if (errors.length > 0) throw new ConfigError(errors.length === 1 ? (errors[0] ?? '') : `[${errors.join(', ')}]`);
  // Who says where a resource is counted says so to all profiles.
  const ignored = config.extenders.flatMap(({ managedResources = [] }) =>
    managedResources.filter(({ ignoredByScheduler }) => ignoredByScheduler).map(({ name }) => name),
  );
  return {
    profiles: config.profiles.map(({ schedulerName, percentageOfNodesToScore, plugins, pluginConfig }) =>
      composeProfile({
        schedulerName,
        percentageOfNodesToScore: percentageOfNodesToScore ?? config.percentageOfNodesToScore,
        plugins,
        args: withIgnored(new Map(pluginConfig.map(({ name, args }) => [name, args])), ignored),
      }),
    ),
    extenders: config.extenders,
    backOff: { initialMs: config.podInitialBackoffSeconds * 1000, maxMs: config.podMaxBackoffSeconds * 1000 },
    leaderElection: config.leaderElection,
    kubeconfig: config.clientConnection.kubeconfig,
  };
}

const FIT = 'NodeResourcesFit';

function withIgnored(args: ReadonlyMap<string, unknown>, ignored: readonly string[]): ReadonlyMap<string, unknown> {
  if (ignored.length === 0) return args;
  const fit = nodeResourcesFitArgs.complete((args.get(FIT) ?? {}) as Readonly<Record<string, unknown>>);
  return new Map([...args, [FIT, { ...fit, ignoredResources: [...(fit.ignoredResources ?? []), ...ignored] }]]);
}
