export { type LogLevel, systemClock, systemEntropy, systemLogger, systemRandom } from './system/index.ts';
export { SqliteStore } from './sqlite/index.ts';
export { type Listening, listenHttps } from './http/index.ts';
export {
  certificateAuthority, certificateFacts, type Credentials, detachedSignature, isPair, makeRequest, openTokenKeys, Pki, publicKeyPin, type Subject, writePrivateFile,
} from './pki/index.ts';
export { type Access, httpTransport, kubeconfigFile, loadAccess, mergeKubeconfig, removeFromKubeconfig } from './client/index.ts';
export { type Containerd, findContainerd, importImages, listImageNames, startContainerd, stopContainerd, teardownContainerd, writePodNetwork } from './containerd/index.ts';
export { connectRuntime, type GrpcRuntime } from './cri/index.ts';
export { CommandError, type HostReport, installPackages, packagesFor, probeHost, runCommand, writeSysctl } from './host/index.ts';
export { hostFacts, nodeFiles, nodeProber, serveKubelet } from './kubelet/index.ts';
export { nftFilter } from './nftables/index.ts';
export { listenDns, resolvers } from './dns/index.ts';
