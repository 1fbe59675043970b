export { nodeCertificateKeys } from './certificate-keys.ts';
export { nodeFiles } from './files.ts';
export { hostFacts } from './host-facts.ts';
export { machineTopology } from './machine-topology.ts';
export { nodeProber } from './prober.ts';
export { serveKubelet } from './kubelet-server.ts';
export type { KubeletServerOptions, NodeStatistics } from './server/options.ts';
export { nodeStatistics, type NodeStatisticsOptions } from './server/statistics.ts';
