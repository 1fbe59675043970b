import { isExtendedResource } from '@navarch/api';
import { Field, parseDuration, qualifiedNameErrors } from '@navarch/machinery';
import { registry } from '../registry.ts';
import type { CompleteConfig, CompleteProfile } from './complete-config.ts';
import type { ExtenderFile, NamedPlugin, PluginSet } from './config-types.ts';

/** What is wrong with a complete configuration, in upstream's words. */
export function configErrors(config: CompleteConfig): readonly string[] {
  const at = new Field();
  const { clientConnection, profiles, podInitialBackoffSeconds: initial, podMaxBackoffSeconds: max } = config;
  if (clientConnection.burst < 0)
    at.at('clientConnection', 'burst').invalid(clientConnection.burst, 'must be non-negative');
  validateElection(config.leaderElection, at.at('leaderElection'));
  if (config.parallelism <= 0)
    at.at('parallelism').invalid(config.parallelism, 'should be an integer value greater than zero');
  profiles.forEach((profile, i) => {
    const here = at.at('profiles').index(i);
    validateProfile(profile, here);
    if (profiles.slice(0, i).some(({ schedulerName }) => schedulerName === profile.schedulerName))
      here.at('schedulerName').duplicate(profile.schedulerName);
  });
  validateQueueSort(profiles, at.at('profiles'));
  validatePercentage(config.percentageOfNodesToScore, at.at('percentageOfNodesToScore'));
  if (initial <= 0) at.at('podInitialBackoffSeconds').invalid(initial, 'must be greater than 0');
  if (max < initial)
    at.at('podMaxBackoffSeconds').invalid(max, 'must be greater than or equal to PodInitialBackoffSeconds');
  validateExtenders(config.extenders, at.at('extenders'));
  return at.errors.map(({ field, message }) => `${field}: ${message}`);
}

function validateElection(election: CompleteConfig['leaderElection'], at: Field): void {
  if (!election.leaderElect) return;
  const { leaseDuration, renewDeadline, resourceLock } = election;
  const [lease, renew] = [parseDuration(leaseDuration) ?? 0, parseDuration(renewDeadline) ?? 0];
  for (const name of ['leaseDuration', 'renewDeadline', 'retryPeriod'] as const)
    if ((parseDuration(election[name]) ?? 0) <= 0) at.at(name).invalid(election[name], 'must be greater than zero');
  if (lease <= renew) at.at('leaseDuration').invalid(renewDeadline, 'must be greater than `RenewDeadline`');
  if (resourceLock !== 'leases') at.at('resourceLock').invalid(resourceLock, 'resourceLock value must be "leases"');
}

function validatePercentage(value: number | undefined, at: Field): void {
  if (value !== undefined && (value < 0 || value > 100)) at.invalid(value, 'not in valid range [0-100]');
}

function validateProfile(profile: CompleteProfile, at: Field): void {
  if (profile.schedulerName === '') at.at('schedulerName').required();
  validatePercentage(profile.percentageOfNodesToScore, at.at('percentageOfNodesToScore'));
  const seen = new Set<string>();
  profile.pluginConfig.forEach(({ name, args }, i) => {
    const here = at.at('pluginConfig').index(i);
    if (seen.has(name)) here.duplicate(name);
    seen.add(name);
    registry.find((registration) => registration.name === name)?.args.validate(args, here.at('args'));
  });
}

/** One queue holds the pods of all profiles. */
function validateQueueSort(profiles: readonly CompleteProfile[], at: Field): void {
  const [first, ...others] = profiles.map(({ plugins }) => plugins.queueSort);
  if (first && first.enabled.length > 1)
    at.index(0)
      .at('plugins', 'queueSort', 'Enabled')
      .invalid(first.enabled.length, 'only one queue sort plugin can be enabled');
  others.forEach((set, i) => {
    if (JSON.stringify(shown(set)) !== JSON.stringify(first && shown(first)))
      at.index(i + 1)
        .at('plugins', 'queueSort')
        .invalid(shown(set), 'has to match for all profiles');
  });
}

/** As Go prints it, whose type for this has no names of its own. */
const shown = ({ enabled, disabled }: Required<PluginSet>): object => {
  const list = (plugins: readonly NamedPlugin[]): object[] | null =>
    plugins.length === 0 ? null : plugins.map(({ name, weight = 0 }) => ({ Name: name, Weight: weight }));
  return { Enabled: list(enabled), Disabled: list(disabled) };
};

function validateExtenders(extenders: readonly ExtenderFile[], at: Field): void {
  const managed = new Set<string>();
  extenders.forEach(({ urlPrefix, prioritizeVerb, weight = 0, managedResources = [] }, i) => {
    const here = at.index(i);
    // Upstream finds out when it asks for the first time.
    if (!/^https?:\/\/[^/]/.test(urlPrefix)) here.at('urlPrefix').invalid(urlPrefix, 'must be a URL of http or https');
    if (prioritizeVerb && weight <= 0) here.at('weight').invalid(weight, 'must have a positive weight applied to it');
    managedResources.forEach(({ name }, j) => {
      const place = here.at('managedResources').index(j).at('name');
      const errors = qualifiedNameErrors(name);
      for (const error of errors) place.invalid(name, error);
      if (errors.length === 0 && !isExtendedResource(name)) place.invalid(name, 'is an invalid extended resource name');
      if (managed.has(name)) place.invalid(name, 'duplicate extender managed resource name');
      managed.add(name);
    });
  });
  const binders = extenders.filter(({ bindVerb }) => bindVerb).length;
  if (binders > 1) at.invalid(`found ${binders} extenders implementing bind`, 'only one extender can implement bind');
}
