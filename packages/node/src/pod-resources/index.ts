export { nodePodResourcesSocket } from './pod-resources-socket.ts';
