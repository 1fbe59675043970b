export { httpTransport } from './http-transport.ts';
export {
  type Access,
  checkKubeconfig,
  kubeconfigFile,
  loadAccess,
  mergeKubeconfig,
  removeFromKubeconfig,
} from './kubeconfig.ts';
export { type RotatingTransport, rotatingTransport } from './rotating-transport.ts';
export { countRequests } from './count-requests.ts';
