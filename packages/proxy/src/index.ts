export { type PacketFilter, type ProxyDeps, runProxy } from './proxy.ts';
export { type ProxyNode, type Ruleset, ruleset } from './ruleset.ts';
export { difference, TABLE } from './script.ts';
export { type StaleFlows, staleFlows } from './stale-flows.ts';
