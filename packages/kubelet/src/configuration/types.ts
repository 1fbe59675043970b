import type { Taint } from '@navarch/api';
import type { Integer } from '@navarch/machinery';

type Texts = Readonly<Record<string, string>>;

/** kubelet.config.k8s.io/v1beta1 KubeletConfiguration. In a file, what is left out is undefined, zero or empty. Durations are Go's texts. */
export interface KubeletConfiguration {
  readonly enableServer?: boolean;
  readonly staticPodPath?: string;
  readonly podLogsDir?: string;
  readonly syncFrequency: string;
  readonly fileCheckFrequency: string;
  readonly httpCheckFrequency: string;
  readonly staticPodURL?: string;
  readonly staticPodURLHeader?: Readonly<Record<string, readonly string[]>>;
  readonly address?: string;
  readonly port?: number;
  readonly readOnlyPort?: number;
  readonly tlsCertFile?: string;
  readonly tlsPrivateKeyFile?: string;
  readonly tlsCipherSuites?: readonly string[];
  readonly tlsCurvePreferences?: readonly number[];
  readonly tlsMinVersion?: string;
  readonly rotateCertificates?: boolean;
  readonly serverTLSBootstrap?: boolean;
  readonly authentication: KubeletAuthentication;
  readonly authorization: KubeletAuthorization;
  readonly registryPullQPS?: number;
  readonly registryBurst?: number;
  readonly imagePullCredentialsVerificationPolicy?: string;
  readonly preloadedImagesVerificationAllowlist?: readonly string[];
  readonly eventRecordQPS?: number;
  readonly eventBurst?: number;
  readonly enableDebuggingHandlers?: boolean;
  readonly enableContentionProfiling?: boolean;
  readonly healthzPort?: number;
  readonly healthzBindAddress?: string;
  readonly oomScoreAdj?: number;
  readonly clusterDomain?: string;
  readonly clusterDNS?: readonly string[];
  readonly streamingConnectionIdleTimeout: string;
  readonly nodeStatusUpdateFrequency: string;
  readonly nodeStatusReportFrequency: string;
  readonly nodeLeaseDurationSeconds?: number;
  readonly imageMinimumGCAge: string;
  readonly imageMaximumGCAge: string;
  readonly imageGCHighThresholdPercent?: number;
  readonly imageGCLowThresholdPercent?: number;
  readonly volumeStatsAggPeriod: string;
  readonly kubeletCgroups?: string;
  readonly systemCgroups?: string;
  readonly cgroupRoot?: string;
  readonly cgroupsPerQOS?: boolean;
  readonly cgroupDriver?: string;
  readonly cpuManagerPolicy?: string;
  readonly singleProcessOOMKill?: boolean;
  readonly cpuManagerPolicyOptions?: Texts;
  readonly cpuManagerReconcilePeriod: string;
  readonly memoryManagerPolicy?: string;
  readonly topologyManagerPolicy?: string;
  readonly topologyManagerScope?: string;
  readonly topologyManagerPolicyOptions?: Texts;
  readonly qosReserved?: Texts;
  readonly runtimeRequestTimeout: string;
  readonly hairpinMode?: string;
  readonly maxPods?: number;
  readonly podCIDR?: string;
  readonly podPidsLimit?: Integer;
  readonly resolvConf?: string;
  readonly runOnce?: boolean;
  readonly cpuCFSQuota?: boolean;
  readonly cpuCFSQuotaPeriod?: string;
  readonly nodeStatusMaxImages?: number;
  readonly maxOpenFiles?: Integer;
  readonly contentType?: string;
  readonly kubeAPIQPS?: number;
  readonly kubeAPIBurst?: number;
  readonly serializeImagePulls?: boolean;
  readonly maxParallelImagePulls?: number;
  readonly evictionHard?: Texts;
  readonly evictionSoft?: Texts;
  readonly evictionSoftGracePeriod?: Texts;
  readonly evictionPressureTransitionPeriod: string;
  readonly evictionMaxPodGracePeriod?: number;
  readonly evictionMinimumReclaim?: Texts;
  readonly mergeDefaultEvictionSettings?: boolean;
  readonly podsPerCore?: number;
  readonly enableControllerAttachDetach?: boolean;
  readonly protectKernelDefaults?: boolean;
  readonly makeIPTablesUtilChains?: boolean;
  readonly iptablesMasqueradeBit?: number;
  readonly iptablesDropBit?: number;
  readonly featureGates?: Readonly<Record<string, boolean>>;
  readonly failSwapOn?: boolean;
  readonly memorySwap: MemorySwapConfiguration;
  readonly containerLogMaxSize?: string;
  readonly containerLogMaxFiles?: number;
  readonly containerLogMaxWorkers?: number;
  readonly containerLogMonitorInterval?: string;
  readonly configMapAndSecretChangeDetectionStrategy?: string;
  readonly systemReserved?: Texts;
  readonly kubeReserved?: Texts;
  readonly reservedSystemCPUs?: string;
  readonly showHiddenMetricsForVersion?: string;
  readonly systemReservedCgroup?: string;
  readonly kubeReservedCgroup?: string;
  readonly enforceNodeAllocatable?: readonly string[];
  readonly allowedUnsafeSysctls?: readonly string[];
  readonly defaultPodSysctls?: Texts;
  readonly volumePluginDir?: string;
  readonly providerID?: string;
  readonly kernelMemcgNotification?: boolean;
  readonly logging?: unknown;
  readonly enableSystemLogHandler?: boolean;
  readonly enableSystemLogQuery?: boolean;
  readonly shutdownGracePeriod: string;
  readonly shutdownGracePeriodCriticalPods: string;
  readonly shutdownGracePeriodByPodPriority?: readonly ShutdownGracePeriodByPodPriority[];
  readonly crashLoopBackOff: CrashLoopBackOffConfig;
  readonly reservedMemory?: readonly MemoryReservation[];
  readonly enableProfilingHandler?: boolean;
  readonly enableDebugFlagsHandler?: boolean;
  readonly seccompDefault?: boolean;
  readonly memoryThrottlingFactor?: number;
  readonly memoryReservationPolicy?: string;
  readonly registerWithTaints?: readonly Taint[];
  readonly registerNode?: boolean;
  readonly tracing?: unknown;
  readonly localStorageCapacityIsolation?: boolean;
  readonly containerRuntimeEndpoint?: string;
  readonly imageServiceEndpoint?: string;
  readonly failCgroupV1?: boolean;
  readonly userNamespaces?: UserNamespaces;
}

interface KubeletAuthentication {
  readonly x509: KubeletX509Authentication;
  readonly webhook: KubeletWebhookAuthentication;
  readonly anonymous: KubeletAnonymousAuthentication;
}

interface KubeletX509Authentication {
  readonly clientCAFile?: string;
}

interface KubeletWebhookAuthentication {
  readonly enabled?: boolean;
  readonly cacheTTL: string;
}

interface KubeletAnonymousAuthentication {
  readonly enabled?: boolean;
}

interface KubeletAuthorization {
  readonly mode?: string;
  readonly webhook: KubeletWebhookAuthorization;
}

interface KubeletWebhookAuthorization {
  readonly cacheAuthorizedTTL: string;
  readonly cacheUnauthorizedTTL: string;
}

interface MemoryReservation {
  readonly numaNode: number;
  readonly limits: Readonly<Record<string, string>>;
}

interface ShutdownGracePeriodByPodPriority {
  readonly priority: number;
  readonly shutdownGracePeriodSeconds: Integer;
}

interface MemorySwapConfiguration {
  readonly swapBehavior?: string;
}

interface CrashLoopBackOffConfig {
  readonly maxContainerRestartPeriod?: string;
}

interface UserNamespaces {
  readonly idsPerPod?: Integer;
}
