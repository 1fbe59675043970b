import { firstOf, type Clock, type Logger, type Random, type TaskGroup } from '@navarch/base';
import { type Api, Cache } from '@navarch/client';
import { type ApiObject, hasReason, type Key, type Kind } from '@navarch/machinery';

/** An object of a pod's namespace from which files of the pod are made. */
export interface NamedObject {
  readonly kind: Kind<any>;
  readonly name: string;
}

/**
 * How the kubelet learns that such an object has changed (configMapAndSecretChangeDetectionStrategy): by a watch of each,
 * or by reading it, when pods are looked at again, at most once in a while or every time.
 */
export type ChangeDetection = 'Watch' | 'Cache' | 'Get';

export interface NamedObjectsDeps {
  readonly api: Api;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Watch, as upstream, when left out. */
  readonly changeDetection?: ChangeDetection;
}

/**
 * A node's authorization is for single objects, so each is a watch of its own, and a connection. Those beyond are read
 * now and then.
 */
const WATCHES_MAX = 100;
/** What was read may be this old with `Cache`, as upstream. */
const AGE_MS_MAX = 60_000;

/** Who waits longer for the first list of a watch asks for the object itself. */
const FIRST_LIST_MS_MAX = 1000;

type Changed = (id: string) => void;

interface Watch {
  readonly cache: Cache;
  readonly end: AbortController;
}

interface Entry {
  readonly kind: Kind<any>;
  readonly key: Key;
  /** By uid of the pods that name it. */
  readonly followers: Map<string, Changed>;
  watch: Watch | undefined;
  /** What was read, and when; for ever of an object that cannot change. */
  held: { readonly object: ApiObject | undefined; readonly until: number } | undefined;
}

export const idOf = (kind: Kind<any>, key: Key): string => `${kind.plural} ${key}`;

/** The objects that pods of the node name, as long as they do: whoever follows one hears at once that it has changed. */
export class NamedObjects {
  readonly #deps: NamedObjectsDeps;
  readonly #group: TaskGroup;
  readonly #detection: ChangeDetection;
  readonly #entries = new Map<string, Entry>();
  readonly #byPod = new Map<string, readonly string[]>();
  #watches = 0;

  constructor(deps: NamedObjectsDeps, group: TaskGroup) {
    // Hundreds of watches end at once where the server goes: that is one thing to tell, which others do.
    this.#deps = { ...deps, log: quiet(deps.log) };
    this.#group = group;
    this.#detection = deps.changeDetection ?? 'Watch';
  }

  /** How many objects are watched. */
  get watches(): number {
    return this.#watches;
  }

  /** Begins to tell of the objects, once: more calls for the same pod do nothing. Told is `idOf` what has changed. */
  follow(uid: string, namespace: string, named: readonly NamedObject[], changed: Changed): void {
    if (this.#byPod.has(uid)) return;
    const ids = named.map(({ kind, name }) => {
      const key = `${namespace}/${name}`;
      const id = idOf(kind, key);
      let entry = this.#entries.get(id);
      if (!entry)
        this.#entries.set(id, (entry = { kind, key, followers: new Map(), watch: undefined, held: undefined }));
      // What another pod had read may be of before this one was made.
      else if (!entry.watch && entry.held?.until !== Number.POSITIVE_INFINITY) entry.held = undefined;
      entry.followers.set(uid, changed);
      return id;
    });
    this.#byPod.set(uid, ids);
    this.#watchMore();
  }

  /** The pod names them no more. */
  forget(uid: string): void {
    for (const id of this.#byPod.get(uid) ?? []) {
      const entry = this.#entries.get(id);
      entry?.followers.delete(uid);
      if (!entry || entry.followers.size > 0) continue;
      this.#entries.delete(id);
      this.#endWatch(entry);
    }
    this.#byPod.delete(uid);
    this.#watchMore();
  }

  /** As it is known here where it is followed, else as the server has it now; undefined when there is none. */
  async read<O extends ApiObject>(kind: Kind<O>, key: Key): Promise<O | undefined> {
    const entry = this.#entries.get(idOf(kind, key));
    const cache = entry?.watch?.cache;
    if (entry?.watch && (await this.#isSynced(entry.watch, kind))) return cache?.get(kind, key);
    const now = this.#deps.clock.monotonic();
    if (entry?.held && now < entry.held.until) return entry.held.object as O | undefined;
    const object = await this.#ask(kind, key);
    if (entry && this.#detection === 'Cache') entry.held = { object, until: now + AGE_MS_MAX };
    return object;
  }

  /** The first list of a watch that has just begun says what there is: it is waited for, a while. */
  async #isSynced({ cache, end }: Watch, kind: Kind<any>): Promise<boolean> {
    if (cache.isSynced(kind)) return true;
    await firstOf(
      end.signal,
      (s) => cache.whenSynced([kind], s),
      (s) => this.#deps.clock.sleep(FIRST_LIST_MS_MAX, s),
    );
    return cache.isSynced(kind);
  }

  async #ask<O extends ApiObject>(kind: Kind<O>, key: Key): Promise<O | undefined> {
    try {
      return await this.#deps.api.of(kind).get(key);
    } catch (error) {
      if (hasReason(error, 'NotFound')) return undefined;
      throw error;
    }
  }

  #watchMore(): void {
    if (this.#detection !== 'Watch') return;
    for (const [id, entry] of this.#entries) {
      if (this.#watches >= WATCHES_MAX) return;
      if (!entry.watch && !entry.held) this.#watch(id, entry);
    }
  }

  #watch(id: string, entry: Entry): void {
    const { kind, key } = entry;
    const [namespace = '', name = ''] = key.split('/');
    const scopes = new Map([[kind, { namespace, fieldSelector: `metadata.name=${name}` }]]);
    const cache = new Cache({ ...this.#deps, scopes });
    const end = new AbortController();
    entry.watch = { cache, end };
    this.#watches += 1;
    cache.onChange<ApiObject & { readonly immutable?: boolean }>(kind, (current) => {
      if (current?.immutable === true) {
        entry.held = { object: current, until: Number.POSITIVE_INFINITY };
        this.#endWatch(entry);
      }
      for (const changed of entry.followers.values()) changed(id);
    });
    this.#group.spawn((signal) => cache.run(AbortSignal.any([signal, end.signal])));
  }

  #endWatch(entry: Entry): void {
    if (!entry.watch) return;
    entry.watch.end.abort(OVER);
    entry.watch = undefined;
    this.#watches -= 1;
  }
}

const quiet = (log: Logger): Logger => ({
  debug: (event, fields) => log.debug(event, fields),
  info: (event, fields) => log.debug(event, fields),
  warn: (event, fields) => log.warn(event, fields),
  error: (event, fields) => log.error(event, fields),
  with: (fields) => quiet(log.with(fields)),
});

const OVER = new Error('Nobody names the object any more');
