export { httpTransport } from './http-transport.ts';
export { type Access, kubeconfigFile, loadAccess, mergeKubeconfig, removeFromKubeconfig } from './kubeconfig.ts';
