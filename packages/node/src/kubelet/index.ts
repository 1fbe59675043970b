export { nodeFiles } from './files.ts';
export { hostFacts } from './host-facts.ts';
export { nodeProber } from './prober.ts';
