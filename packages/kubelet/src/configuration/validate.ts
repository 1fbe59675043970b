import { type Integer, parseDuration, parseQuantity, quotedAsGo } from '@navarch/machinery';
import { IDS_UNIT } from '../user-ids/id-range.ts';
import type { CompleteConfiguration } from './complete.ts';
import { ConfigurationError } from './decode.ts';

type Check = (config: CompleteConfiguration) => readonly (string | false | undefined)[];

/** Throws ConfigurationError with everything that is wrong, in upstream's words. */
export function validateConfiguration(config: CompleteConfiguration): void {
  const problems = CHECKS.flatMap((check) => check(config)).filter((problem) => typeof problem === 'string');
  if (problems.length === 0) return;
  const all = [...new Set(problems.map((problem) => `invalid configuration: ${problem}`))];
  throw new ConfigurationError(
    `failed to validate kubelet configuration, error: ${all.length === 1 ? all[0] : `[${all.join(', ')}]`}`,
  );
}

const msOf = (duration: string | undefined): number => parseDuration(duration ?? '0s') ?? 0;
const isIn = (value: number, low: number, high: number): boolean => value >= low && value <= high;
const PORT_MAX = 65_535;

/** Numbers that count something, with the flags that they are upstream. */
const COUNTS = {
  eventBurst: '--event-burst',
  eventRecordQPS: '--event-qps',
  kubeAPIBurst: '--kube-api-burst',
  kubeAPIQPS: '--kube-api-qps',
  maxOpenFiles: '--max-open-files',
  maxPods: '--max-pods',
  podsPerCore: '--pods-per-core',
  registryBurst: '--registry-burst',
  registryPullQPS: '--registry-qps',
} as const;

const RANGES = {
  imageGCHighThresholdPercent: ['--image-gc-high-threshold', 0, 100],
  imageGCLowThresholdPercent: ['--image-gc-low-threshold', 0, 100],
  iptablesDropBit: ['--iptables-drop-bit', 0, 31],
  iptablesMasqueradeBit: ['--iptables-masquerade-bit', 0, 31],
  oomScoreAdj: ['--oom-score-adj', -1000, 1000],
  port: ['--port', 1, PORT_MAX],
} as const;

const isIdRange = (count: Integer): boolean => Number(count) > 0 && Number(count) % IDS_UNIT === 0;

const numbers: Check = (config) => [
  ...Object.entries(COUNTS).map(([name, flag]) => {
    const value = Number(config[name as keyof typeof COUNTS] ?? 0);
    return value < 0 && `${name} (${flag}) ${value} must not be a negative number`;
  }),
  ...Object.entries(RANGES).map(([name, [flag, low, high]]) => {
    const value = config[name as keyof typeof RANGES];
    return !isIn(value, low, high) && `${name} (${flag}) ${value} must be between ${low} and ${high}, inclusive`;
  }),
  config.nodeLeaseDurationSeconds <= 0 && 'nodeLeaseDurationSeconds must be greater than 0',
  config.healthzPort !== 0 &&
    !isIn(config.healthzPort, 1, PORT_MAX) &&
    `healthzPort (--healthz-port) ${config.healthzPort} must be between 1 and ${PORT_MAX}, inclusive`,
  !isIn(config.readOnlyPort ?? 0, 0, PORT_MAX) &&
    `readOnlyPort (--read-only-port) ${config.readOnlyPort} must be between 0 and ${PORT_MAX}, inclusive`,
  config.nodeStatusMaxImages < -1 &&
    `nodeStatusMaxImages (--node-status-max-images) ${config.nodeStatusMaxImages} must be -1 or greater`,
  !isIdRange(config.userNamespaces?.idsPerPod ?? IDS_UNIT) &&
    `userNamespaces.idsPerPod ${config.userNamespaces?.idsPerPod} must be a positive multiple of ${IDS_UNIT}`,
  config.memoryThrottlingFactor !== undefined &&
    (config.memoryThrottlingFactor <= 0 || config.memoryThrottlingFactor > 1) &&
    `memoryThrottlingFactor ${config.memoryThrottlingFactor} must be greater than 0 and less than or equal to 1.0`,
];

const images: Check = (config) => {
  const { imageGCHighThresholdPercent: high, imageGCLowThresholdPercent: low } = config;
  const { imageMinimumGCAge: youngest, imageMaximumGCAge: oldest } = config;
  const pulls = config.maxParallelImagePulls;
  return [
    low >= high &&
      `imageGCLowThresholdPercent (--image-gc-low-threshold) ${low} must be less than imageGCHighThresholdPercent (--image-gc-high-threshold) ${high}`,
    msOf(youngest) < 0 && `imageMinimumGCAge ${youngest} must not be negative`,
    msOf(oldest) < 0 && `imageMaximumGCAge ${oldest} must not be negative`,
    msOf(oldest) > 0 &&
      msOf(oldest) <= msOf(youngest) &&
      `imageMaximumGCAge ${oldest} must be greater than imageMinimumGCAge ${youngest}`,
    pulls !== undefined && pulls < 1 && `maxParallelImagePulls ${pulls} must be a positive number`,
    config.serializeImagePulls &&
      pulls !== undefined &&
      pulls > 1 &&
      'maxParallelImagePulls cannot be larger than 1 unless SerializeImagePulls (--serialize-image-pulls) is set to false',
    !PULL_POLICIES.includes(config.imagePullCredentialsVerificationPolicy) &&
      `option ${quotedAsGo(config.imagePullCredentialsVerificationPolicy)} specified for imagePullCredentialsVerificationPolicy. Valid options are ${listed(PULL_POLICIES)}`,
    (config.preloadedImagesVerificationAllowlist?.length ?? 0) > 0 &&
      config.imagePullCredentialsVerificationPolicy !== 'NeverVerifyAllowlistedImages' &&
      'can\'t set `preloadedImagesVerificationAllowlist` if `imagePullCredentialsVertificationPolicy` is not "NeverVerifyAllowlistedImages"',
  ];
};

const PULL_POLICIES = ['NeverVerify', 'NeverVerifyPreloadedImages', 'NeverVerifyAllowlistedImages', 'AlwaysVerify'];

/** As Go's texts have it: `"a", "b" or "c"`. */
const listed = (names: readonly string[]): string =>
  `${names
    .slice(0, -1)
    .map((name) => quotedAsGo(name))
    .join(', ')} or ${quotedAsGo(names.at(-1) ?? '')}`;

const TOPOLOGY = ['none', 'best-effort', 'restricted', 'single-numa-node'];
const SCOPES = ['container', 'pod'];
const HAIRPINS = ['none', 'hairpin-veth', 'promiscuous-bridge'];

const choices: Check = (config) => [
  !TOPOLOGY.includes(config.topologyManagerPolicy) &&
    `topologyManagerPolicy (--topology-manager-policy) ${quotedAsGo(config.topologyManagerPolicy)} must be one of: [${TOPOLOGY.map((name) => quotedAsGo(name)).join(' ')}]`,
  !SCOPES.includes(config.topologyManagerScope) &&
    `topologyManagerScope (--topology-manager-scope) ${quotedAsGo(config.topologyManagerScope)} must be one of: "container", or "pod"`,
  !HAIRPINS.includes(config.hairpinMode) &&
    `option ${quotedAsGo(config.hairpinMode)} specified for hairpinMode (--hairpin-mode). Valid options are ${listed(HAIRPINS)}`,
  !['', 'NoSwap', 'LimitedSwap'].includes(config.memorySwap.swapBehavior ?? '') &&
    `memorySwap.swapBehavior ${quotedAsGo(config.memorySwap.swapBehavior ?? '')} must be one of: "", "LimitedSwap" or "NoSwap"`,
  !['Watch', 'Cache', 'Get'].includes(config.configMapAndSecretChangeDetectionStrategy) &&
    `unknown configmap and secret manager mode: ${quotedAsGo(config.configMapAndSecretChangeDetectionStrategy)}`,
  !['AlwaysAllow', 'Webhook'].includes(config.authorization.mode ?? '') &&
    `unknown authorization mode ${config.authorization.mode}`,
  !['None', 'TieredReservation'].includes(config.memoryReservationPolicy) &&
    `option ${quotedAsGo(config.memoryReservationPolicy)} specified for memoryReservationPolicy. Valid options are "None" or "TieredReservation"`,
  config.runOnce && `runOnce (--runOnce) true, Runonce mode has been deprecated and should not be set`,
];

const shutdown: Check = ({
  shutdownGracePeriod: all,
  shutdownGracePeriodCriticalPods: critical,
  shutdownGracePeriodByPodPriority: byPriority = [],
}) => [
  msOf(critical) > msOf(all) && `shutdownGracePeriodCriticalPods ${critical} must be <= shutdownGracePeriod ${all}`,
  ...Object.entries({ shutdownGracePeriod: all, shutdownGracePeriodCriticalPods: critical }).map(
    ([name, text]) =>
      msOf(text) !== 0 && msOf(text) < 1000 && `${name} ${text} must be either zero or otherwise >= 1 sec`,
  ),
  byPriority.length > 0 &&
    (msOf(all) > 0 || msOf(critical) > 0) &&
    'Cannot specify both shutdownGracePeriodByPodPriority and shutdownGracePeriod at the same time',
];

const RESTART_MS = [1000, 300_000] as const;

const times: Check = (config) => {
  const restart = msOf(config.crashLoopBackOff.maxContainerRestartPeriod);
  return [
    !isIn(restart, ...RESTART_MS) &&
      `CrashLoopBackOff.MaxContainerRestartPeriod (got: ${restart / 1000} seconds) must be set between 1s and 300s`,
    !isIn(msOf(config.cpuCFSQuotaPeriod), 1, 1000) &&
      `cpuCFSQuotaPeriod (--cpu-cfs-quota-period) {${config.cpuCFSQuotaPeriod}} must be between 1ms and 1sec, inclusive`,
  ];
};

const logs: Check = (config) => [
  config.containerLogMaxWorkers < 1 && 'containerLogMaxWorkers must be greater than or equal to 1',
  msOf(config.containerLogMonitorInterval) < 3000 &&
    'containerLogMonitorInterval must be a positive time duration greater than or equal to 3s',
  config.containerLogMaxFiles <= 1 && 'containerLogMaxFiles must be greater than 1',
  Number(parseQuantity(config.containerLogMaxSize)?.nano ?? 0) <= 0 &&
    `failed to parse container log max size ${quotedAsGo(config.containerLogMaxSize)}: quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'`,
  !config.podLogsDir.startsWith('/') && `pod logs path ${quotedAsGo(config.podLogsDir)} must be absolute path`,
  config.enableSystemLogQuery &&
    !config.enableSystemLogHandler &&
    'enableSystemLogHandler is required for enableSystemLogQuery',
];

const NONE = 'none';
const ENFORCEMENTS = [
  'pods',
  'system-reserved',
  'system-reserved-compressible',
  'kube-reserved',
  'kube-reserved-compressible',
  NONE,
];
const FLAG = 'enforceNodeAllocatable (--enforce-node-allocatable)';

const reservations: Check = (config) => {
  const { enforceNodeAllocatable: enforced, systemReservedCgroup, kubeReservedCgroup } = config;
  const both = (name: string): boolean => enforced.includes(name) && enforced.includes(`${name}-compressible`);
  const lacks = (name: string, cgroup: string | undefined): boolean =>
    !cgroup && enforced.some((one) => one === name || one === `${name}-compressible`);
  return [
    ...['system-reserved', 'kube-reserved'].map(
      (name) =>
        both(name) &&
        `both ${quotedAsGo(name)} and ${quotedAsGo(`${name}-compressible`)} cannot be specified together in ${FLAG}`,
    ),
    ...enforced
      .filter((name, i) => enforced.indexOf(name) < i)
      .map((name) => `duplicated enforcements ${quotedAsGo(name)} in ${FLAG}`),
    lacks('system-reserved', systemReservedCgroup) &&
      `systemReservedCgroup (--system-reserved-cgroup) must be specified when "system-reserved" or "system-reserved-compressible" included in ${FLAG}`,
    lacks('kube-reserved', kubeReservedCgroup) &&
      `kubeReservedCgroup (--kube-reserved-cgroup) must be specified when "kube-reserved" or "kube-reserved-compressible" included in ${FLAG}`,
    enforced.includes(NONE) &&
      enforced.length > 1 &&
      `${FLAG} may not contain additional enforcements when "none" is specified`,
    ...enforced
      .filter((name) => !ENFORCEMENTS.includes(name))
      .map((name) => `option ${quotedAsGo(name)} specified for ${FLAG}. Valid options are ${listed(ENFORCEMENTS)}`),
    ...enforced
      .filter((name) => !config.cgroupsPerQOS && name !== NONE && ENFORCEMENTS.includes(name))
      .map(
        (name) => `cgroupsPerQOS (--cgroups-per-qos) must be set to true when ${quotedAsGo(name)} contained in ${FLAG}`,
      ),
    Boolean(config.systemCgroups) &&
      !config.cgroupRoot &&
      'systemCgroups (--system-cgroups) was specified and cgroupRoot (--cgroup-root) was not specified',
    Boolean(config.reservedSystemCPUs) &&
      Boolean(systemReservedCgroup || kubeReservedCgroup) &&
      "can't use reservedSystemCPUs (--reserved-cpus) with systemReservedCgroup (--system-reserved-cgroup) or kubeReservedCgroup (--kube-reserved-cgroup)",
  ];
};

const CHECKS: readonly Check[] = [numbers, images, choices, shutdown, times, logs, reservations];
