export * as cri from './cri/index.ts';
export type { DnsSettings, NodeDirs } from './container-config.ts';
export { CONTAINER_NAME, logFile, POD_NAME, POD_NAMESPACE, POD_UID } from './container-config.ts';
export { type KubeletDeps, runKubelet } from './kubelet.ts';
export { EscapeError, type FileKind, type Files, type HostFacts, type Prober } from './ports.ts';
export { lastLines, type LogEntry, type LogOptions, logOptions, parseEntry, shown } from './logs/log-lines.ts';
