export type { ForwardCredentials } from './forward.ts';
export { type Listening, listenHttps, type ListenOptions } from './listen.ts';
