export { type AnnounceDeps, type LinkAddresses, runAnnouncer } from './announce.ts';
export { announcements, type ClusterView } from './announcements.ts';
export { type HealthCheck, healthChecks } from './health-checks.ts';
export { type HealthPorts, type PacketFilter, type ProxyDeps, runProxy } from './proxy.ts';
export type { ProxyNode } from './reachable.ts';
export { type Ruleset, ruleset } from './ruleset.ts';
export { difference, TABLE } from './script.ts';
export { type StaleFlows, staleFlows } from './stale-flows.ts';
