export { nodeCsiSockets } from './csi-sockets.ts';
