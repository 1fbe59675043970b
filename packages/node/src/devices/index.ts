export { nodeDevicePluginSockets } from './device-plugin-sockets.ts';
