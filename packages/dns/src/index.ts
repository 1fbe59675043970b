export type { CompilePattern } from './chain/patterns.ts';
export type { Config, ServerBlock } from './corefile/config.ts';
export { defaultConfig } from './corefile/defaults.ts';
export { COREFILE, type Endpoint, type Endpoints, keepCorefile, withoutForwards } from './keep-corefile.ts';
export { readCorefile } from './corefile/read-corefile.ts';
export type { AskHow, Exchange, Upstream } from './forward/exchange.ts';
export { type DnsDeps, dnsKinds, DnsServer, type From } from './server.ts';
