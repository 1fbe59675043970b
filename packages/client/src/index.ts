export type {
  Api, DeleteOptions, KindApi, ListOptions, ObjectList, PartOptions, Patch, WatchEvent, WatchOptions, WriteOptions,
} from './api.ts';
export { Cache, type CacheDeps, type Change, type ChangeListener, type Index } from './cache.ts';
export { httpApi, type HttpRequest, type HttpTransport, statusError } from './http-api.ts';
export { Recorder, type RecordedEvent, type RecorderDeps, type Subject } from './recorder.ts';
export { WorkQueue } from './work-queue.ts';
