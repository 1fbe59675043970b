export type {
  Api, DeleteOptions, KindApi, ListOptions, ObjectList, PartOptions, Patch, WatchEvent, WatchOptions, WriteOptions,
} from './api.ts';
