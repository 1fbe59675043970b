export { nodeDraSockets } from './dra-sockets.ts';
