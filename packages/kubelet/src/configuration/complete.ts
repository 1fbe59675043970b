import { equalJson } from '@navarch/machinery';
import { EVICTION_HARD } from '../eviction/thresholds.ts';
import type { KubeletConfiguration } from './types.ts';

/** What holds where nothing is said: upstream's, but for what a node of Navarch is made otherwise in (see `idle.ts`). */
const DEFAULTS = {
  enableServer: true,
  podLogsDir: '/var/log/pods',
  syncFrequency: '1m0s',
  fileCheckFrequency: '20s',
  httpCheckFrequency: '20s',
  address: '0.0.0.0',
  port: 10250,
  // Upstream's is false: certificates are always had from the cluster here, and renewed in time.
  rotateCertificates: true,
  serverTLSBootstrap: true,
  registryPullQPS: 5,
  registryBurst: 10,
  imagePullCredentialsVerificationPolicy: 'NeverVerifyPreloadedImages',
  eventRecordQPS: 50,
  eventBurst: 100,
  enableDebuggingHandlers: true,
  healthzPort: 10248,
  healthzBindAddress: '127.0.0.1',
  oomScoreAdj: -999,
  streamingConnectionIdleTimeout: '4h0m0s',
  nodeStatusUpdateFrequency: '10s',
  nodeStatusReportFrequency: '5m0s',
  nodeLeaseDurationSeconds: 40,
  imageMinimumGCAge: '2m0s',
  imageMaximumGCAge: '0s',
  imageGCHighThresholdPercent: 85,
  imageGCLowThresholdPercent: 80,
  volumeStatsAggPeriod: '1m0s',
  cgroupsPerQOS: true,
  cgroupDriver: 'cgroupfs',
  cpuManagerPolicy: 'none',
  cpuManagerReconcilePeriod: '10s',
  memoryManagerPolicy: 'None',
  topologyManagerPolicy: 'none',
  topologyManagerScope: 'container',
  runtimeRequestTimeout: '2m0s',
  hairpinMode: 'promiscuous-bridge',
  maxPods: 110,
  podPidsLimit: -1,
  resolvConf: '/etc/resolv.conf',
  cpuCFSQuota: true,
  cpuCFSQuotaPeriod: '100ms',
  nodeStatusMaxImages: 50,
  maxOpenFiles: 1_000_000,
  contentType: 'application/vnd.kubernetes.protobuf',
  kubeAPIQPS: 50,
  kubeAPIBurst: 100,
  // Upstream's is true; where that is said, one image is pulled after the other.
  serializeImagePulls: false,
  evictionHard: EVICTION_HARD,
  evictionPressureTransitionPeriod: '5m0s',
  mergeDefaultEvictionSettings: false,
  enableControllerAttachDetach: true,
  makeIPTablesUtilChains: true,
  iptablesMasqueradeBit: 14,
  iptablesDropBit: 15,
  // Upstream's is true: a cluster on a machine that people work on does not fail by what else runs there.
  failSwapOn: false,
  containerLogMaxSize: '10Mi',
  containerLogMaxFiles: 5,
  containerLogMaxWorkers: 1,
  containerLogMonitorInterval: '10s',
  configMapAndSecretChangeDetectionStrategy: 'Watch',
  enforceNodeAllocatable: ['pods'],
  volumePluginDir: '/usr/libexec/kubernetes/kubelet-plugins/volume/exec/',
  enableSystemLogHandler: true,
  enableSystemLogQuery: false,
  enableProfilingHandler: true,
  enableDebugFlagsHandler: true,
  seccompDefault: false,
  memoryReservationPolicy: 'None',
  registerNode: true,
  localStorageCapacityIsolation: true,
  // Upstream's is true: Navarch does not mind.
  failCgroupV1: false,
} satisfies Partial<KubeletConfiguration>;

const RESTART_PERIOD = '5m0s';
/** More pulls at a time than upstream's default of one: one slow registry does not hold up the rest. */
const PULLS_MAX = 5;

export type CompleteConfiguration = KubeletConfiguration &
  Required<Pick<KubeletConfiguration, keyof typeof DEFAULTS>> & {
    readonly crashLoopBackOff: { readonly maxContainerRestartPeriod: string };
  };

/** The file with everything that it leaves out. */
export function completeConfiguration(file: KubeletConfiguration): CompleteConfiguration {
  const { authentication, authorization, crashLoopBackOff } = file;
  const { x509, webhook, anonymous } = authentication;
  const whole = {
    ...file,
    ...Object.fromEntries(
      Object.entries(DEFAULTS).filter(([name]) => isUnset(file[name as keyof KubeletConfiguration])),
    ),
  } as CompleteConfiguration;
  return {
    ...whole,
    ...(whole.serializeImagePulls || whole.maxParallelImagePulls !== undefined
      ? {}
      : { maxParallelImagePulls: PULLS_MAX }),
    ...(file.evictionHard && file.mergeDefaultEvictionSettings
      ? { evictionHard: { ...EVICTION_HARD, ...file.evictionHard } }
      : {}),
    authentication: {
      x509,
      webhook: { enabled: webhook.enabled ?? true, cacheTTL: orElse(webhook.cacheTTL, '2m0s') },
      anonymous: { enabled: anonymous.enabled ?? false },
    },
    authorization: {
      mode: authorization.mode || 'Webhook',
      webhook: {
        cacheAuthorizedTTL: orElse(authorization.webhook.cacheAuthorizedTTL, '5m0s'),
        cacheUnauthorizedTTL: orElse(authorization.webhook.cacheUnauthorizedTTL, '30s'),
      },
    },
    crashLoopBackOff: { maxContainerRestartPeriod: crashLoopBackOff.maxContainerRestartPeriod ?? RESTART_PERIOD },
  };
}

const orElse = (duration: string, usual: string): string => (isUnset(duration) ? usual : duration);

/** Zeros that mean something are only there where they were said. A resolver file may be none. */
const isUnset = (value: unknown): boolean => value === undefined || value === '0s';

/** Whether a field says what it would say if it were left out. */
export const isDefault = (name: string, value: unknown): boolean =>
  equalJson(value, (DEFAULTS as Readonly<Record<string, unknown>>)[name] ?? false);
