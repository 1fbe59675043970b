import { parseDuration, quantityValue } from '@navarch/machinery';
import type { KubeletDeps } from '../kubelet-deps.ts';
import type { ImageVerification } from '../images/images.ts';
import { fullReference } from '../images/reference.ts';
import type { ChangeDetection } from '../named-objects/named-objects.ts';
import { IDS_UNIT } from '../user-ids/id-range.ts';
import type { CompleteConfiguration } from './complete.ts';

type Settings = Pick<
  KubeletDeps,
  | 'podsMax'
  | 'syncMs'
  | 'changeDetection'
  | 'statusTimes'
  | 'leaseSeconds'
  | 'imagesMax'
  | 'providerID'
  | 'registersNode'
  | 'taints'
  | 'logLimits'
  | 'pullsMax'
  | 'pullRate'
  | 'verification'
  | 'rules'
  | 'enforcesAllocatable'
  | 'imageThresholds'
>;

const msOf = (duration: string): number => parseDuration(duration) ?? 0;

/** What a configuration that is valid means for the kubelet on a machine with so many processors. */
export function settingsOf(config: CompleteConfiguration, { cpus }: { readonly cpus: number }): Settings {
  const { podsPerCore = 0, maxPods, providerID, registerWithTaints: taints = [] } = config;
  return {
    podsMax: podsPerCore > 0 ? Math.min(maxPods, podsPerCore * cpus) : maxPods,
    syncMs: msOf(config.syncFrequency),
    changeDetection: config.configMapAndSecretChangeDetectionStrategy as ChangeDetection,
    statusTimes: { lookMs: msOf(config.nodeStatusUpdateFrequency), reportMs: msOf(config.nodeStatusReportFrequency) },
    leaseSeconds: config.nodeLeaseDurationSeconds,
    imagesMax: config.nodeStatusMaxImages,
    ...(providerID ? { providerID } : {}),
    registersNode: config.registerNode,
    taints,
    logLimits: {
      fileBytesMax: quantityValue(config.containerLogMaxSize),
      filesMax: config.containerLogMaxFiles,
      workers: config.containerLogMaxWorkers,
      lookMs: msOf(config.containerLogMonitorInterval),
    },
    pullsMax: config.maxParallelImagePulls ?? 1,
    // None pulls as fast as pods ask.
    ...(config.registryPullQPS > 0
      ? { pullRate: { perSecond: config.registryPullQPS, burst: config.registryBurst } }
      : {}),
    verification: verificationOf(config),
    rules: rulesOf(config),
    enforcesAllocatable: config.enforceNodeAllocatable.includes('pods'),
    imageThresholds: thresholdsOf(config),
  };
}

function rulesOf(config: CompleteConfiguration): NonNullable<KubeletDeps['rules']> {
  const pids = Number(config.podPidsLimit);
  return {
    allowedUnsafeSysctls: config.allowedUnsafeSysctls ?? [],
    sysctls: config.defaultPodSysctls ?? {},
    pidsMax: pids > 0 ? pids : undefined,
    hasCpuQuota: config.cpuCFSQuota,
    cpuPeriodUs: Math.floor(msOf(config.cpuCFSQuotaPeriod) * 1000),
    isSeccompDefault: config.seccompDefault,
    hasSwap: config.memorySwap.swapBehavior === 'LimitedSwap',
    ...(config.memoryThrottlingFactor === undefined ? {} : { memoryThrottlingFactor: config.memoryThrottlingFactor }),
    isMemoryTiered: config.memoryReservationPolicy === 'TieredReservation',
    restartSecondsMax: msOf(config.crashLoopBackOff.maxContainerRestartPeriod) / 1000,
    userIdsPerPod: Number(config.userNamespaces?.idsPerPod ?? IDS_UNIT),
  };
}

function thresholdsOf(config: CompleteConfiguration): NonNullable<KubeletDeps['imageThresholds']> {
  const unusedMsMax = msOf(config.imageMaximumGCAge);
  return {
    high: config.imageGCHighThresholdPercent,
    low: config.imageGCLowThresholdPercent,
    ageMsMin: msOf(config.imageMinimumGCAge),
    ...(unusedMsMax > 0 ? { unusedMsMax } : {}),
  };
}

function verificationOf(config: CompleteConfiguration): ImageVerification {
  const patterns = config.preloadedImagesVerificationAllowlist ?? [];
  const isIn = (image: string, pattern: string): boolean => {
    const name = repositoryOf(image);
    return pattern.endsWith('/*') ? name.startsWith(pattern.slice(0, -1)) : name === repositoryOf(pattern);
  };
  return {
    policy: config.imagePullCredentialsVerificationPolicy as ImageVerification['policy'],
    allowed: (image) => patterns.some((pattern) => isIn(image, pattern)),
  };
}

/** Without tag and digest. */
const repositoryOf = (image: string): string =>
  fullReference(image)
    .replace(/@.*$/, '')
    .replace(/:[^/]+$/, '');
