export { nodeFiles } from './files.ts';
export { hostFacts } from './host-facts.ts';
export { nodeProber } from './prober.ts';
export { type KubeletServerOptions, serveKubelet } from './kubelet-server.ts';
