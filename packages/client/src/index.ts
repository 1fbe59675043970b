export type {
  Api,
  DeleteOptions,
  KindApi,
  ListOptions,
  ObjectList,
  PartOptions,
  Patch,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from './api.ts';
export { Cache, type CacheDeps, type CacheReader } from './cache/cache.ts';
export { byController, byNamespace, byOwner, type CacheIndex, defineIndex, indexByLabel } from './cache/cache-index.ts';
export type { Scope } from './cache/follow.ts';
export type { CacheListener } from './cache/shelf.ts';
export type { Occurrence, Regarding } from './events/correlate.ts';
export { EventRecorder, type EventText, type Recorder, type RecorderDeps, referenceTo } from './events/recorder.ts';
export { httpApi, type HttpApiDeps } from './http/http-api.ts';
export type { HttpRequest, HttpResponse, HttpTransport } from './http/transport.ts';
export {
  lead,
  leadAgain,
  type LeaderElectionDeps,
  type LeaderElectionOptions,
  LeadershipLostError,
  type LeaseObject,
} from './leader-election.ts';
export { WorkQueue, type WorkQueueDeps } from './work-queue/work-queue.ts';
