export { Code } from './frames.ts';
export { Http2Connection } from './http2-connection.ts';
export type { BodySink } from './incoming-body.ts';
export type { RequestHead } from './request-head.ts';
export type { ServerStream } from './server-stream.ts';
