export { protocol as registrationProtocol } from './generated/description.ts';
export { nodePluginSockets } from './plugin-sockets.ts';
