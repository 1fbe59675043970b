export { nodeCsiSockets } from './csi-sockets.ts';
export { protocol as csiProtocol } from './generated/description.ts';
