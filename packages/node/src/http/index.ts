export type { ForwardCredentials } from './forward.ts';
export { healthPorts } from './health-ports.ts';
export { kubeletReader } from './kubelet-reader.ts';
export { type Listening, listenHttps, type ListenOptions } from './listen.ts';
export { serveProxyPorts } from './proxy-ports.ts';
