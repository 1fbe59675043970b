export { GrpcChannel } from './channel.ts';
export type { Message } from './codec.ts';
export type { Messages, Protocol } from './description.ts';
export { type Answer, serveGrpc, type Spoken } from './server.ts';
