export { type LogLevel, systemClock, systemEntropy, systemLogger, systemRandom } from './system/index.ts';
export { SqliteStore } from './sqlite/index.ts';
export { healthPorts, kubeletReader, type Listening, listenHttps } from './http/index.ts';
export {
  certificateAuthority, certificateFacts, type Credentials, detachedSignature, isPair, makeRequest, openTokenKeys, Pki, publicKeyPin, type Subject, tokenKeysOf, writePrivateFile,
  x509,
} from './pki/index.ts';
export { type Access, checkKubeconfig, countRequests, httpTransport, kubeconfigFile, loadAccess, mergeKubeconfig, removeFromKubeconfig, type RotatingTransport, rotatingTransport } from './client/index.ts';
export { type Containerd, containerdImageMounts, findContainerd, importImages, listImageNames, startContainerd, stopContainerd, teardownContainerd, writePodNetwork } from './containerd/index.ts';
export { connectRuntime, countCalls, type GrpcRuntime } from './cri/index.ts';
export {
  CommandError, createNetns, deleteLink, deleteNetns, endProcess, findProgram, type HostReport, identityOf, installPackages, isAlive, netnsPath, openCgroups, packagesFor, type ProcessIdentity, probeHost, readSysctl, runCommand, signalProcess, unmountBelow, writeSysctl, hasLogind, logindShutdown,
} from './host/index.ts';
export { type RefusedRoute, replaceRoutes, type Route } from './host/routes.ts';
export { commandLine, processIds } from './host/processes.ts';
export { whoListens } from './host/who-listens.ts';
export { hostFacts, nodeCertificateKeys, nodeFiles, nodeProber, nodeStatistics, type NodeStatistics, serveKubelet } from './kubelet/index.ts';
export { AuditLog, type AuditLogOptions } from './audit/index.ts';
export { linearPatterns } from './patterns/index.ts';
export { folderBytes } from './metrics/folder-bytes.ts';
export { processMetrics } from './metrics/process-metrics.ts';
export { nftFilter } from './nftables/index.ts';
export { httpsWebhooks } from './webhooks/index.ts';
export { httpsExtensions } from './extensions/index.ts';
export { parseYaml } from './yaml/index.ts';
export { listenDns, resolvers } from './dns/index.ts';
