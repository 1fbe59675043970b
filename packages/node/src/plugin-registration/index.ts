export { nodePluginSockets } from './plugin-sockets.ts';
