export { answer, type Zone } from './answer.ts';
export { type Answer, codes, decodeQuery, encodeAnswer, type Query, type Question, types } from './message.ts';
export { type DnsDeps, dnsKinds, DnsServer, type Upstream, viewOf } from './server.ts';
export { type View } from './view.ts';
