import { registry } from '../registry.ts';
import type { ConfigFile, ExtenderFile, ProfileFile } from './config-types.ts';
import { type MergedPlugins, mergePlugins } from './merge-plugins.ts';

export interface CompleteProfile {
  readonly schedulerName: string;
  readonly percentageOfNodesToScore?: number;
  readonly plugins: MergedPlugins;
  /** As given, with what was left out. */
  readonly pluginConfig: readonly { readonly name: string; readonly args: unknown }[];
}

/** A configuration with upstream's defaults for what was left out. */
export interface CompleteConfig {
  readonly parallelism: number;
  readonly leaderElection: ConfigFile['leaderElection'];
  readonly clientConnection: ConfigFile['clientConnection'];
  readonly percentageOfNodesToScore: number;
  readonly podInitialBackoffSeconds: number;
  readonly podMaxBackoffSeconds: number;
  readonly profiles: readonly CompleteProfile[];
  readonly extenders: readonly ExtenderFile[];
}

export function completeConfig(file: ConfigFile): CompleteConfig {
  const { leaderElection: election, clientConnection, profiles = [] } = file;
  const said = profiles.length === 0 ? [{}] : profiles;
  return {
    parallelism: file.parallelism ?? 16,
    leaderElection: {
      leaderElect: election.leaderElect ?? true,
      leaseDuration: orSeconds(election.leaseDuration, 15),
      renewDeadline: orSeconds(election.renewDeadline, 10),
      retryPeriod: orSeconds(election.retryPeriod, 2),
      resourceLock: election.resourceLock || 'leases',
      resourceName: election.resourceName || 'kube-scheduler',
      resourceNamespace: election.resourceNamespace || 'kube-system',
    },
    clientConnection: { ...clientConnection, qps: clientConnection.qps || 50, burst: clientConnection.burst || 100 },
    percentageOfNodesToScore: file.percentageOfNodesToScore ?? 0,
    podInitialBackoffSeconds: file.podInitialBackoffSeconds ?? 1,
    podMaxBackoffSeconds: file.podMaxBackoffSeconds ?? 10,
    profiles: said.map((profile) => completeProfile(profile, said.length === 1)),
    extenders: file.extenders ?? [],
  };
}

const orSeconds = (duration: string, seconds: number): string => (duration === '0s' ? `${seconds}s` : duration);

/** The only profile is the default one, unless it says otherwise. */
function completeProfile(
  { schedulerName, percentageOfNodesToScore, plugins, pluginConfig = [] }: ProfileFile,
  isOnly: boolean,
): CompleteProfile {
  return {
    schedulerName: schedulerName ?? (isOnly ? 'default-scheduler' : ''),
    ...(percentageOfNodesToScore === undefined ? {} : { percentageOfNodesToScore }),
    plugins: mergePlugins(plugins),
    pluginConfig: pluginConfig.map(({ name, args }) => ({
      name,
      args:
        registry
          .find((registration) => registration.name === name)
          ?.args.complete((args ?? {}) as Readonly<Record<string, unknown>>) ?? args,
    })),
  };
}
