export {
  type Change, CompactedError, type Entry, FutureRevisionError, type ListOptions, type ListResult, type Operation, StaleError, type Store,
} from './store.ts';
