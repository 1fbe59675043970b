import { Notifier } from '@navarch/base';
import {
  alreadyExists,
  type ApiObject,
  conflict,
  expired,
  type Key,
  keyOf,
  type Kind,
  notFound,
} from '@navarch/machinery';
import type { Api, KindApi, WatchEvent } from '../api.ts';

/** A server of one kind, small enough to be put in any state: what the client's own tests are run against. */
export class MemoryApi implements Api {
  readonly kind: Kind<any>;
  readonly objects = new Map<Key, ApiObject>();
  /** Calls since the start, for tests that count them. */
  lists = 0;
  watches = 0;
  /** Thrown by the next call that reads or writes, once. */
  failNext: unknown;
  /** Calls that read or write still to fail as the next one does. */
  failuresLeft = 0;
  /** Watches after this version are told to list again. */
  #compacted = 0;
  #version = 0;
  #history: { readonly version: number; readonly event: WatchEvent<ApiObject> }[] = [];
  #changed = new Notifier();
  #epoch = 0;
  /** Of watches the number of the last that is mute. */
  #muted = 0;

  constructor(kind: Kind<any>) {
    this.kind = kind;
  }

  /** Makes the object or changes it: `more` goes into its metadata, `content` beside it. */
  put(key: Key, more: object = {}, content: object = {}): ApiObject {
    const [namespace, name = ''] = key.includes('/') ? key.split('/') : [undefined, key];
    const before = this.objects.get(key);
    const version = String(++this.#version);
    const metadata = {
      ...(namespace ? { namespace } : {}),
      uid: `uid-${version}`,
      creationTimestamp: '',
      ...before?.metadata,
      ...more,
      name,
      resourceVersion: version,
    };
    const object = { apiVersion: 'v1', kind: this.kind.kind, ...before, ...content, metadata } as ApiObject;
    this.objects.set(key, object);
    this.#say({ type: before ? 'MODIFIED' : 'ADDED', object });
    return object;
  }

  remove(key: Key): void {
    const held = this.objects.get(key);
    if (!held) throw notFound(this.kind, key);
    this.objects.delete(key);
    const version = String(++this.#version);
    this.#say({ type: 'DELETED', object: { ...held, metadata: { ...held.metadata, resourceVersion: version } } });
  }

  bookmark(): void {
    this.#say({ type: 'BOOKMARK', resourceVersion: String(++this.#version) });
  }

  /** Ends every watch; with `forget` they cannot go on from where they were. */
  interrupt(forget: boolean): void {
    this.#epoch += 1;
    if (forget) {
      this.#compacted = this.#version;
      this.#history = [];
    }
    this.#changed.notify();
  }

  /** The watches that run now say nothing more, and nobody is told. */
  mute(): void {
    this.#muted = this.watches;
  }

  of<O extends ApiObject>(): KindApi<O> {
    const once = (): void => {
      const error = this.failNext;
      if (this.failuresLeft > 0) this.failuresLeft -= 1;
      else this.failNext = undefined;
      if (error) throw error;
    };
    const get = (key: Key): O => {
      const held = this.objects.get(key);
      if (!held) throw notFound(this.kind, key);
      return held as O;
    };
    const replace = (object: O): O => {
      const current = get(keyOf(object));
      if (object.metadata.resourceVersion !== current.metadata.resourceVersion)
        throw conflict(this.kind, object.metadata.name, 'it has moved');
      const metadata = { ...object.metadata, resourceVersion: String(++this.#version) };
      const next = { ...object, metadata };
      this.objects.set(keyOf(object), next);
      this.#say({ type: 'MODIFIED', object: next });
      return next;
    };
    return {
      get: async (key) => {
        once();
        return get(key);
      },
      list: async () => {
        this.lists += 1;
        once();
        return { resourceVersion: String(this.#version), items: [...this.objects.values()] as O[] };
      },
      watch: ({ after }, signal) => this.#watch(Number(after), signal) as AsyncIterable<readonly WatchEvent<O>[]>,
      create: async (input) => {
        once();
        const draft = input as unknown as O;
        if (this.objects.has(keyOf(draft))) throw alreadyExists(this.kind, draft.metadata.name);
        return this.put(keyOf(draft), draft.metadata, draft) as O;
      },
      replace: async (object) => {
        once();
        return replace(object);
      },
      update: async (key, change) => {
        once();
        const current = get(key);
        const next = change(current);
        return next === current
          ? current
          : replace({ ...next, metadata: { ...next.metadata, resourceVersion: current.metadata.resourceVersion } });
      },
      patch: async (key, patch) => {
        once();
        return replace({ ...get(key), ...(patch.body as object) });
      },
      delete: async (key) => {
        once();
        this.remove(key);
      },
      deleteCollection: async () => {
        for (const key of this.objects.keys()) this.remove(key);
      },
      post: async () => undefined,
    };
  }

  async *#watch(after: number, signal: AbortSignal): AsyncGenerator<readonly WatchEvent<ApiObject>[]> {
    const number = ++this.watches;
    const epoch = this.#epoch;
    if (after < this.#compacted) throw expired(`too old resource version: ${after}`);
    let sent = after;
    while (!signal.aborted && epoch === this.#epoch) {
      const news = this.#history.filter(({ version }) => version > sent);
      if (news.length > 0 && number > this.#muted) {
        sent = news.at(-1)?.version ?? sent;
        yield news.map(({ event }) => event);
      } else await this.#changed.wait(signal).catch(() => undefined);
    }
  }

  #say(event: WatchEvent<ApiObject>): void {
    this.#history.push({ version: this.#version, event });
    this.#changed.notify();
  }
}
