import { podGroup, workload } from '@navarch/api';
import { type FeatureGates, parseFeatureGates, type RuntimeConfig, runtimeConfigOf } from '@navarch/apiserver';
import { listOf } from '../cluster/flags.ts';
import { UserError } from '../user-error.ts';

/** What of the API is on, as `--feature-gates` and `--runtime-config` say it. */
export interface ApiSwitches {
  readonly features: FeatureGates;
  readonly runtimeConfig: RuntimeConfig;
  /** The two flags, for `/flagz`: only those that say anything. */
  readonly flags: Readonly<Record<string, string>>;
}

/** Reads both flags, whose values are apart by commas. Throws UserError with what is wrong. */
export function apiSwitches(featureGates: readonly string[] = [], runtimeConfig: readonly string[] = []): ApiSwitches {
  const [gates, versions] = [listOf(featureGates), listOf(runtimeConfig)];
  return {
    features: told('--feature-gates', () => parseFeatureGates(gates)),
    runtimeConfig: told('--runtime-config', () => runtimeConfigOf(versions)),
    flags: {
      ...(gates.length > 0 ? { 'feature-gates': gates.toSorted().join(',') } : {}),
      ...(versions.length > 0 ? { 'runtime-config': versions.toSorted().join(',') } : {}),
    },
  };
}

function told<T>(flag: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new UserError(`${flag}: ${(error as Error).message}`, { cause: error });
  }
}

/** Whether pods can be of groups, which are placed together. */
export const hasPodGroups = ({ features, runtimeConfig }: ApiSwitches): boolean =>
  features.isOn('GenericWorkload') && runtimeConfig.isOn(podGroup);

/** Whether jobs have groups for their pods. */
export const hasJobGroups = (switches: ApiSwitches): boolean =>
  hasPodGroups(switches) && switches.features.isOn('WorkloadWithJob') && switches.runtimeConfig.isOn(workload);
