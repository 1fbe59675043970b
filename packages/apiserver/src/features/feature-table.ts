/** How far along a feature is, as upstream's metrics write it: GA is written as nothing. */
export type Stage = 'ALPHA' | 'BETA' | '' | 'DEPRECATED';

export interface Feature {
  readonly stage: Stage;
  /** What it is where nobody says. */
  readonly isOn: boolean;
  /** Nobody may say otherwise. */
  readonly isLocked: boolean;
}

/**
 * The features that kube-apiserver 1.37 knows by name, with those of its libraries: facts of the feature lists of the
 * Go modules k8s.io/apiserver, apiextensions-apiserver, component-base and client-go v0.37.2, and of the release's
 * list of all features. One text for each stage, whether it is on, and whether that is fixed.
 */
const NAMES: readonly (readonly [stage: Stage, isOn: boolean, isLocked: boolean, names: string])[] = [
  [
    'ALPHA',
    false,
    false,
    `
    APIServerWebhookAuthenticationToken APIServingWithRoutine AtomicWriteVolumeUserFields CBORServingAndStorage
    ClientsAllowCBOR ClientsPreferCBOR CloudControllerManagerWatchBasedRoutesReconciliation
    CloudControllerManagerWebhook CompositePodGroup ConsistentListFromCacheSkipTimeoutFallback ContainerStopSignals
    ControllerManagerReleaseLeaderElectionLockOnExit CPUManagerPolicyAlphaOptions CRIListStreaming
    CrossNamespaceVolumeDataSource CSIVolumeHealth DefaultPodSysctls DRADerivedAttributes DRADeviceCompatibilityGroups
    DRAListTypeAttributes DRANodeAllocatableResources DRAOptionalNodeOperations DRAPartitionableDevicesType
    DRAResourcePoolStatus EmptyDirVolumeMode EventedPLEG EvictionRequestAPI GRPCContainerProbeTLS H2CContainerProbe
    ImageVolumeWithDigest InPlacePodVerticalScalingExclusiveCPUs InPlacePodVerticalScalingExclusiveMemory
    InPlacePodVerticalScalingMemoryBackedVolumes InPlacePodVerticalScalingSchedulerPreemption
    InterPodAffinityHostnameFastPath KubeletAllocatedPodsEndpoint KubeProxyNFTablesLocalhostNodePorts LoggingAlphaOptions
    MutablePVNodeAffinity NodeLifecycleConditions PodGroupPreemptionPolicy PodLogsQuerySplitStreams QOSReserved
    ReduceDefaultCrashLoopBackOffDecay RuntimeClassInImageCriApi SchedulerPreQueueingHints ShardedListAndWatch
    StatefulSetRecreateStrategy StorageVersionAPI TaintTolerationComparisonOperators TopologyAwareWorkloadScheduling
    TopologyManagerPolicyAlphaOptions UserNamespacesHostNetworkSupport VolumeBindMountOptions WindowsCPUAndMemoryAffinity
    WorkloadWithJob`,
  ],
  [
    'BETA',
    true,
    false,
    `
    AllowParsingUserUIDFromCertAuth AllowUnsafeMalformedObjectDeletion APIResponseCompression APIServerIdentity AtomicFIFO
    AuthorizePodWebsocketUpgradeCreatePermission ClearingNominatedNodeNameAfterBinding ClientsAllowCARotation
    ClientsAllowTLSCacheGC ComponentFlagz ComponentStatusz ConcurrentWatchObjectDecode ConstrainedImpersonation
    ContainerCheckpoint ContainerRestartRules ContextualLogging CPUManagerPolicyBetaOptions CRDObservedGenerationTracking
    DeclarativeValidationBeta DeploymentReplicaSetTerminatingReplicas DetectCacheInconsistency DRAConsumableCapacity
    DRADeviceBindingConditions DRAFractionalCapacityRange DRAPartitionableDevices DRAResourceClaimGranularStatusAuthorization
    DRASchedulerFilterTimeout EnvFiles EtcdRangeStream ExcludeAdmissionWebhookVirtualResources ExtendWebSocketsToKubelet
    GracefulNodeShutdown GracefulNodeShutdownBasedOnPodPriority HPAGeneration HPAOptimizedSelectorStore HPAScaleToZero
    HugepageAwareEviction InOrderInformersBatchProcess InPlacePodLevelResourcesVerticalScaling KubeletCrashLoopBackOffMax
    KubeletEnsureSecretPulledImages KubeletInUserNamespace KubeletSeparateDiskGC
    KubeletServiceAccountTokenForCredentialProviders ListFromCacheSnapshot LoggingBetaOptions
    ManifestBasedAdmissionControlConfig MatchLabelKeysInPodTopologySpread MatchLabelKeysInPodTopologySpreadSelectorMerge
    MaxUnavailableStatefulSet MemoryQoS MutablePodResourcesForSuspendedJobs MutableSchedulingDirectivesForSuspendedJobs
    NativeHistograms NFTablesNetlink NodeControllerLeaseCircuitBreaker NominatedNodeNameForExpectation OpenAPIEnums
    OpportunisticBatching PersistentVolumeClaimUnusedSinceTime PodDeletionCost PodLevelResources
    PodLevelResourcesFixDefaulting PodLevelResourcesFixKubeletQOSClass PodsAPI PodTopologyLabelsAdmission
    PortForwardWebsockets ReloadKubeletClientCAFile ReloadKubeletServerCertificateFile RemoteRequestHeaderUID
    ResourceHealthStatus ResourceHealthStatusMessage RestartAllContainersOnContainerExits RotateKubeletServerCertificate
    SchedulerAsyncPreemption SchedulerPopFromBackoffQ ServiceAccountNodeAudienceRestriction SizeBasedListCostEstimate
    StaleControllerConsistencyDaemonSet StaleControllerConsistencyHPA StaleControllerConsistencyJob
    StaleControllerConsistencyReplicaSet StaleControllerConsistencyStatefulSet StatefulSetSemanticRevisionComparison
    StorageCapacityScoring StorageVersionHash StrictIPCIDRValidation StructuredAuthenticationConfigurationEgressSelector
    StructuredAuthenticationConfigurationJWKSMetrics TokenRequestServiceAccountUIDValidation TopologyManagerPolicyBetaOptions
    TranslateStreamCloseWebsocketRequests UnauthenticatedHTTP2DOSMitigation UnknownVersionInteroperabilityProxy
    UnlockWhileProcessingFIFO VolumeLimitScaling WatchList WatchListClient WatchListCompression
    WebhookRoundTripLoadBalancing WindowsGracefulNodeShutdown`,
  ],
  [
    'BETA',
    false,
    false,
    `
    CoordinatedLeaderElection DRAWorkloadResourceClaims GenericWorkload LocalStorageCapacityIsolationFSQuotaMonitoring
    PodAndContainerStatsFromCRI PodLevelResourceManagers SchedulerAsyncAPICalls`,
  ],
  [
    '',
    true,
    false,
    `
    AllowServiceExternalIPs ClusterTrustBundle ClusterTrustBundleProjection CustomCPUCFSQuotaPeriod DRADeviceTaintRules
    DRADeviceTaints InformerResourceVersion MutatingAdmissionPolicy PodCertificateRequest SELinuxMount
    StorageVersionMigrator`,
  ],
  [
    '',
    true,
    true,
    `
    CPUManagerPolicyOptions CRDValidationRatcheting CSIServiceAccountTokenSecrets CustomResourceFieldSelectors
    DeclarativeValidation DisableAllocatorDualWrite DRAAdminAccess DRAExtendedResource DRAPrioritizedList
    DRAResourceClaimDeviceStatus DynamicResourceAllocation ExecProbeTimeout ExternalServiceAccountTokenSigner
    HostnameOverride HPAConfigurableTolerance ImageMaximumGCAge ImageVolume InOrderInformers InPlacePodVerticalScaling
    InPlacePodVerticalScalingInitContainers JobManagedBy KubeletCgroupDriverFromCRI KubeletFineGrainedAuthz
    KubeletPodResourcesDynamicResources KubeletPodResourcesGet KubeletPSI KubeletTracing MatchLabelKeysInPodAffinity
    MultiCIDRServiceAllocator MutableCSINodeAllocatableCount NFTablesProxyMode NodeDeclaredFeatures
    NodeInclusionPolicyInPodTopologySpread NodeLogQuery NodeSwap PLEGOnDemandRelist PodObservedGenerationTracking
    PodReadyToStartContainersCondition PodSchedulingReadiness PreferSameTrafficDistribution ProcMountType
    RecoverVolumeExpansionFailure RecursiveReadOnlyMounts RelaxedEnvironmentVariableValidation RelaxedServiceNameValidation
    SELinuxChangePolicy SELinuxMountReadWriteOncePod SeparateTaintEvictionController ServiceAccountTokenJTI
    ServiceAccountTokenNodeBinding ServiceAccountTokenNodeBindingValidation ServiceAccountTokenPodNodeInfo
    SupplementalGroupsPolicy SystemdWatchdog TopologyManagerPolicyOptions UserNamespacesSupport VolumeAttributesClass
    WatchCacheInitializationPostStartHook WinDSR WinOverlay`,
  ],
  [
    'DEPRECATED',
    true,
    false,
    'KubeletPodResourcesListUseActivePods KubeProxyIPVS ServiceCIDRStatusFieldWiping StorageNamespaceIndex',
  ],
  [
    'DEPRECATED',
    false,
    false,
    `
    AllowDNSOnlyNodeCSR AllowInsecureKubeletCertificateSigningRequests ChangeContainerStatusOnKubeletRestart KMSv1
    KubeletRegistrationGetOnExistsOnly WindowsHostNetwork`,
  ],
  [
    'DEPRECATED',
    true,
    true,
    'AggregatedDiscoveryRemoveBetaType DisableCPUQuotaWithExclusiveCPUs DisableNodeKubeProxyVersion',
  ],
  [
    'DEPRECATED',
    false,
    true,
    'AllowOverwriteTerminationGracePeriodSeconds DeclarativeValidationTakeover GitRepoVolumeDriver SeparateCacheWatchRPC',
  ],
];

const words = (text: string): readonly string[] => text.split(/\s+/).filter((word) => word !== '');

/** By name. */
export const FEATURES: ReadonlyMap<string, Feature> = new Map(
  NAMES.flatMap(([stage, isOn, isLocked, names]) =>
    words(names).map((name) => [name, Object.freeze({ stage, isOn, isLocked })] as const),
  ),
);
