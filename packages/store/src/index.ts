export type { Labels } from './label-index.ts';
export { MemoryStore } from './memory.ts';
export {
  type Change,
  CompactedError,
  type Entry,
  FutureRevisionError,
  type ListOptions,
  type ListResult,
  type Operation,
  StaleError,
  type Store,
  type Watcher,
} from './store.ts';
export { type Planned, VersionedMap } from './versioned-map.ts';
export { Cached, type Form } from './cached.ts';
export { type CachedEvent, type Candidates, EVENT_WINDOW_MAX, type Listener, WatchCache } from './watch-cache.ts';
