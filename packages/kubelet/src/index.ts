export * as cri from './cri/index.ts';
export type { DnsSettings, NodeDirs } from './container-config.ts';
export { CONTAINER_NAME, logFile, POD_NAME, POD_NAMESPACE, POD_UID } from './container-config.ts';
export type { Gauges } from './eviction/evictor.ts';
export {
  type EvictionSettings,
  EvictionSettingError,
  evictionSettings,
  type EvictionTexts,
} from './eviction/thresholds.ts';
export type { ImageThresholds } from './images/collect-images.ts';
export { type RpcCode, RpcError, rpcCodes } from './rpc/rpc-error.ts';
export { runKubelet } from './kubelet.ts';
export type { KubeletDeps } from './kubelet-deps.ts';
export { DriverStats } from './csi/driver-stats.ts';
export type { CsiNodeService, CsiSockets } from './csi/port.ts';
export type * as csi from './csi/generated/types.ts';
export type { PluginInfo } from './plugin-registration/generated/types.ts';
export type { FoundSocket, PluginSockets } from './plugin-registration/ports.ts';
export {
  type CertificateKey,
  type CertificateKeys,
  type CgroupLimits,
  type Cgroups,
  EscapeError,
  type FileKind,
  type Files,
  type HostFacts,
  type ImageMounts,
  type Prober,
} from './ports.ts';
export { LogFilter } from './logs/log-filter.ts';
export { type LogOptions, logOptions } from './logs/log-options.ts';
export { tailStart } from './logs/tail-start.ts';
export {
  type ShutdownGroup,
  shutdownGroups,
  ShutdownSettingError,
  shutdownSeconds,
  type ShutdownTexts,
} from './shutdown/groups.ts';
export type { ShutdownNotice } from './shutdown/shutdown.ts';
export {
  Access,
  type AccessDeps,
  type AccessPolicy,
  type Caller,
  type Credentials,
  nodeRights,
} from './server/access.ts';
export { checkpointContainer } from './server/checkpoint.ts';
export { loggedContainer } from './server/logs.ts';
export { HttpRefusal, notFound } from './server/refusal.ts';
export { cadvisorMetrics, kubeletMetrics, resourceMetrics } from './server/stats/metrics.ts';
export type {
  Disk,
  Interface,
  Network,
  NodeGauge,
  ObservedContainer,
  ObservedNode,
  ObservedPod,
  ObservedVolume,
  Usage,
} from './server/stats/observed.ts';
export { type Summary, summary } from './server/stats/summary.ts';
export {
  type CommandStreams,
  instances,
  type PodPath,
  runningContainer,
  streamAddress,
  type StreamRequest,
  streamRequest,
} from './server/streams.ts';
export { MemoryRuntime, type MemoryRuntimeOptions } from './testing/memory-runtime.ts';
export { MemoryDriver } from './csi/testing/memory-driver.ts';
export { MemorySockets } from './plugin-registration/testing/memory-sockets.ts';
export { type ExecAnswer, type Instance, job, type Program, server } from './testing/program.ts';
export { memoryFiles } from './volumes/testing/memory-files.ts';
export type { DevicePlugin, RegisterRequest } from './devices/generated/types.ts';
export type { DevicePluginSockets } from './devices/ports.ts';
export { completeConfiguration, type CompleteConfiguration } from './configuration/complete.ts';
export { ConfigurationError, decodeConfiguration } from './configuration/decode.ts';
export { idleFields } from './configuration/idle.ts';
export { settingsOf } from './configuration/settings.ts';
export type { KubeletConfiguration } from './configuration/types.ts';
export { validateConfiguration } from './configuration/validate.ts';
export { parseCpuSet } from './cpu-manager/cpu-set.ts';
export { type ResourceSettings, resourceSettings, type ResourceTexts } from './node-resources/settings.ts';
export type { LogicalCpu, MachineTopology, NumaNode } from './topology/machine.ts';
export { SettingError } from './topology/setting-error.ts';
export type { DRAResourceHealth } from './dra-health/generated/types.ts';
export type { DRAPlugin } from './dra/generated/types.ts';
export type { DraSockets } from './dra/ports.ts';
export { asV1alpha1 } from './pod-resources/as-v1alpha1.ts';
export type { PodResourcesSocket, PodResourcesView } from './pod-resources/pod-resources.ts';
