export { MemoryStore } from './memory.ts';
export {
  type Change, CompactedError, type Entry, FutureRevisionError, type ListOptions, type ListResult, type Operation, StaleError, type Store,
  type Watcher,
} from './store.ts';
export { type Planned, VersionedMap } from './versioned-map.ts';
export { Cached, type CachedEvent, EVENT_WINDOW_MAX, type Form, type Listener, WatchCache } from './watch-cache.ts';
