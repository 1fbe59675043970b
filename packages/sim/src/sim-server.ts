import { directApi, serve, type ServeOptions, type Server, type User } from '@navarch/apiserver';
import { aborted, type Clock, Notifier, type Random, TaskGroup } from '@navarch/base';
import type { Api, KindApi } from '@navarch/client';
import { type ApiObject, apiVersionOf, failure, type Kind } from '@navarch/machinery';
import type { ListOptions, ListResult, Operation, Store, Watcher } from '@navarch/store';
import { oncePerKind } from './once-per-kind.ts';

export interface SimServerOptions extends Omit<ServeOptions, 'store'> {
  /** Outlives the server, as a disk outlives a process. */
  readonly disk: Store;
  /** Longest time before a write is on the disk, and before the server hears of it, in milliseconds; asked each time. */
  diskMs(): number;
}

interface Life {
  readonly server: Server;
  readonly signal: AbortSignal;
  end(error: Error): void;
}

/** An API server on simulated time that can crash at any moment and begin again on the same disk. */
export class SimServer {
  readonly #options: SimServerOptions;
  #life: Life | undefined;
  readonly #began = new Notifier();
  #kinds: readonly Kind<any>[] = [];
  #lives = 0;

  constructor(options: SimServerOptions) {
    this.#options = options;
  }

  /** Serves until the signal aborts or it crashes. Resolves when it has ended. */
  async run(signal: AbortSignal, onReady: () => void = () => undefined): Promise<void> {
    const end = new AbortController();
    const life = AbortSignal.any([signal, end.signal]);
    const { disk, diskMs, clock, random } = this.#options;
    const fork = random.fork(`server ${++this.#lives}`);
    const served = await serve(
      { ...this.#options, random: fork, store: new SimDisk(disk, diskMs, clock, fork.fork('disk'), life) },
      life,
    );
    this.#life = { server: served.server, signal: life, end: (error) => end.abort(error) };
    this.#began.notify();
    onReady();
    await using group = new TaskGroup(life);
    group.spawn((s) => served.housekeep(s));
    await aborted(life);
  }

  /** Nothing that was not on the disk has happened; whoever waits for an answer gets none. */
  crash(): void {
    this.#life?.end(new Error('Simulated crash'));
    this.#life = undefined;
  }

  /** What is served now, or was when the server crashed. */
  current(): readonly Kind<any>[] {
    return this.#life ? (this.#kinds = this.#life.server.registry.kinds) : this.#kinds;
  }

  /** Resolves when another list than `known` is served. Rejects when the signal aborts. */
  async changed(known: readonly Kind<any>[], signal: AbortSignal): Promise<void> {
    while (this.current() === known) {
      const life = this.#life;
      if (life)
        await life.server.registry
          .kindsChanged(known, AbortSignal.any([signal, life.signal]))
          .catch(() => signal.throwIfAborted());
      else await this.#began.wait(signal);
    }
  }

  /** What an extension server has at a path, asked through this one; undefined where none serves it. Throws StatusError. */
  async read(path: string, query: Readonly<Record<string, string>>, user: User): Promise<unknown> {
    if (!this.#life) throw refused();
    const { server, signal } = this.#life;
    const answer = await server.readExtension(path, new URLSearchParams(query), user).catch((error: unknown) => {
      throw signal.aborted ? cutOff() : error;
    });
    if (signal.aborted) throw cutOff();
    return answer;
  }

  /** What is worked out at a path when it is read. Rejects with StatusError. */
  async show(path: string, user: User): Promise<unknown> {
    if (!this.#life) throw refused();
    return this.#life.server.view(path, user);
  }

  /** The client port as a client elsewhere has it: refused while the server is down, cut off when it crashes. */
  api(user: User): Api {
    const alive = (): Life => {
      if (!this.#life) throw refused();
      return this.#life;
    };
    return oncePerKind((kind) => remote(kind, user, alive));
  }
}

function remote<O extends ApiObject>(kind: Kind<O>, user: User, alive: () => Life): KindApi<O> {
  const ask = async <T>(request: (api: KindApi<O>) => Promise<T>): Promise<T> => {
    const { server, signal } = alive();
    const answer = await request(directApi(server, user).of(asServed(kind, server))).catch((error: unknown) => {
      throw signal.aborted ? cutOff() : error;
    });
    if (signal.aborted) throw cutOff();
    return answer;
  };
  return {
    get: (key) => ask((api) => api.get(key)),
    list: (options) => ask((api) => api.list(options)),
    async *watch(options, signal) {
      const life = alive();
      yield* directApi(life.server, user)
        .of(asServed(kind, life.server))
        .watch(options, AbortSignal.any([signal, life.signal]));
      if (life.signal.aborted && !signal.aborted) throw cutOff();
    },
    create: (input, options) => ask((api) => api.create(input, options)),
    replace: (object, options) => ask((api) => api.replace(object, options)),
    update: (key, change, options) => ask((api) => api.update(key, change, options)),
    patch: (key, patch, options) => ask((api) => api.patch(key, patch, options)),
    delete: (key, options) => ask((api) => api.delete(key, options)),
    deleteCollection: (options) => ask((api) => api.deleteCollection(options)),
    post: (key, subresource, body, options) => ask((api) => api.post(key, subresource, body, options)),
  };
}

/** On a wire a kind is its name: a server that began anew has read the definition of a custom one again. */
function asServed<O extends ApiObject>(kind: Kind<O>, { registry: { kinds } }: Server): Kind<O> {
  if (kinds.includes(kind)) return kind;
  const isIt = (one: Kind<any>): boolean => one.plural === kind.plural && apiVersionOf(one) === apiVersionOf(kind);
  return kinds.find(isIt) ?? kind;
}

const refused = (): Error => failure('ServiceUnavailable', 'simulated: connection refused');
const cutOff = (): Error => failure('ServiceUnavailable', 'simulated: the connection was reset');

/** A disk that takes its time. What has not reached it when its server crashes never will. */
class SimDisk implements Store {
  readonly #store: Store;
  readonly #maxMs: () => number;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #life: AbortSignal;

  constructor(store: Store, maxMs: () => number, clock: Clock, random: Random, life: AbortSignal) {
    this.#store = store;
    this.#maxMs = maxMs;
    this.#clock = clock;
    this.#random = random;
    this.#life = life;
  }

  revision(): number {
    return this.#store.revision();
  }

  oldest(): number {
    return this.#store.oldest();
  }

  get(key: string): ReturnType<Store['get']> {
    return this.#store.get(key);
  }

  list(prefix: string, options?: ListOptions): Promise<ListResult> {
    return this.#store.list(prefix, options);
  }

  async commit(operations: readonly Operation[]): Promise<readonly number[]> {
    await this.#pause();
    this.#life.throwIfAborted();
    const revisions = await this.#store.commit(operations);
    await this.#pause();
    return revisions;
  }

  subscribe(prefix: string, after: number, watcher: Watcher, signal: AbortSignal): void {
    this.#store.subscribe(prefix, after, watcher, signal);
  }

  async compact(revision: number): Promise<void> {
    this.#life.throwIfAborted();
    await this.#store.compact(revision);
  }

  async check(): Promise<void> {
    this.#life.throwIfAborted();
    await this.#store.check();
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  async #pause(): Promise<void> {
    const maxMs = this.#maxMs();
    if (maxMs > 0) await this.#clock.sleep(this.#random.uint32() % maxMs, this.#life);
  }
}
