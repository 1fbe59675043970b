import type { Clock } from '@navarch/base';
import type { ApiObject } from '@navarch/machinery';
import type { CachedEvent, WatchCache } from '@navarch/store';

export type Events = readonly CachedEvent<ApiObject>[];

/** A field that a reader's objects must have this value of. */
export interface Interest {
  readonly field: string;
  readonly value: string;
}

/** One of many who are told of every change. */
export interface Reader {
  /** Absent: everything. Else changes of other objects may be left out, before as after the change. */
  readonly interest?: Interest | undefined;
  /** What it is told through, where others are told through the same: they have their turns together. */
  readonly connection?: object | undefined;
  /** Changes in their order, all those since the last call. Others may be given the same array. */
  deliver(events: Events): void;
  /** What `deliver` threw: this reader is told of nothing more. */
  failed(error: unknown): void;
}

/**
 * Told at a stretch before others of the process have their turn, milliseconds. That is our part alone: what the system
 * does for each of them comes afterwards, and takes several times as long.
 */
const TURN_MS_MAX = 0.5;
/** Readers between two looks at the clock. */
const READERS_BETWEEN_LOOKS = 8;
/** Batches that may wait for readers; beyond it, whoever brings another waits until all have been told. */
const BATCHES_MAX = 32;

/** A reader, and how far it was told. */
export interface Place {
  readonly reader: Reader;
  /** The number of the first batch that it has not been given. */
  next: number;
  isWaiting: boolean;
}

/**
 * Tells everyone who watches a resource of its changes. A thousand watchers take longer than a write takes on its way to
 * the disk: they are told by turns, between which other requests have theirs, and what was written meanwhile reaches
 * those that are still to come in one piece, which costs them less than two.
 */
export class FanOut {
  readonly #cache: WatchCache<ApiObject>;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #places = new Set<Place>();
  /**
   * Those of them that every change is for, by their connections. What one turn tells through the same connection leaves
   * in one piece, and a piece costs the system more than the bytes in it.
   */
  readonly #all = new Map<object | undefined, Set<Place>>();
  /** The others, by field and value: of a thousand nodes that watch their pods one is woken. */
  readonly #some = new Map<string, Map<string, Set<Place>>>();
  /** Those with something to be told, who waits longest first: their `next` never falls. */
  #waiting: Place[] = [];
  #served = 0;
  /** Batches that somebody has not been given; the first has number `#first`. */
  #batches: Events[] = [];
  #first = 0;
  #joined: { readonly from: number; readonly to: number; readonly events: Events } | undefined;
  #isGoingOn = false;
  #stop = (): void => undefined;

  /** Tells nobody any more once the signal aborts. */
  constructor(cache: WatchCache<ApiObject>, clock: Clock, signal: AbortSignal) {
    this.#cache = cache;
    this.#clock = clock;
    this.#signal = signal;
  }

  /** Tells the reader of every change after a revision, beginning at once. Throws CompactedError when that is too long ago. */
  add(after: number, reader: Reader): Place {
    const missed = this.#cache.since(after);
    if (this.#places.size === 0)
      this.#stop = this.#cache.follow(this.#cache.revision, (events) => this.#arrived(events));
    const place: Place = { reader, next: this.#end, isWaiting: false };
    this.#places.add(place);
    this.#peersOf(reader).add(place);
    if (missed.length > 0) this.#tell(place, missed);
    return place;
  }

  remove(place: Place): void {
    if (!this.#places.delete(place)) return;
    this.#leave(place);
    if (this.#places.size > 0) return;
    this.#stop();
    this.#forget();
  }

  /** Brings one reader up to date before its turn: it is about to be told how far it is. */
  catchUp(place: Place): void {
    if (!place.isWaiting) return;
    this.#waiting.splice(this.#waiting.indexOf(place, this.#served), 1);
    this.#serve(place);
  }

  /** The number that the next batch will have. */
  get #end(): number {
    return this.#first + this.#batches.length;
  }

  #arrived(events: Events): void {
    if (this.#signal.aborted) return;
    const number = this.#end;
    this.#batches.push(events);
    for (const place of this.#concerned(events)) {
      if (place.isWaiting) continue;
      place.isWaiting = true;
      // What came before was for others.
      place.next = number;
      this.#waiting.push(place);
    }
    if (this.#batches.length > BATCHES_MAX) this.#serveUntil(Number.POSITIVE_INFINITY);
    if (this.#isGoingOn) return;
    this.#serveUntil(this.#clock.monotonic() + TURN_MS_MAX);
    if (this.#waiting.length > 0) void this.#goOn();
  }

  *#concerned(events: Events): Generator<Place> {
    for (const peers of this.#all.values()) yield* peers;
    for (const [field, byValue] of this.#some) {
      const values = new Set(
        events.flatMap(({ current, previous }) => [current?.field(field), previous?.field(field)]),
      );
      for (const value of values) yield* (value === undefined ? undefined : byValue.get(value)) ?? [];
    }
  }

  #peersOf({ interest, connection }: Reader): Set<Place> {
    if (!interest) return setIn(this.#all, connection);
    let byValue = this.#some.get(interest.field);
    if (!byValue) this.#some.set(interest.field, (byValue = new Map()));
    return setIn(byValue, interest.value);
  }

  #leave(place: Place): void {
    const { interest, connection } = place.reader;
    const peers = this.#peersOf(place.reader);
    peers.delete(place);
    if (peers.size > 0) return;
    if (!interest) return void this.#all.delete(connection);
    const byValue = this.#some.get(interest.field);
    byValue?.delete(interest.value);
    if (byValue?.size === 0) this.#some.delete(interest.field);
  }

  /** Never rejects: a wait fails only when the signal aborts, and then nobody is to be told any more. */
  async #goOn(): Promise<void> {
    this.#isGoingOn = true;
    try {
      while (this.#waiting.length > 0) {
        await this.#clock.sleep(0, this.#signal);
        this.#serveUntil(this.#clock.monotonic() + TURN_MS_MAX);
      }
    } catch (error) {
      if (!this.#signal.aborted) throw error;
    } finally {
      this.#isGoingOn = false;
    }
  }

  #serveUntil(endMs: number): void {
    for (let place = this.#waiting[this.#served]; place; place = this.#waiting[this.#served]) {
      this.#served += 1;
      this.#serve(place);
      if (this.#served % READERS_BETWEEN_LOOKS === 0 && this.#clock.monotonic() >= endMs) break;
    }
    this.#forget();
  }

  #serve(place: Place): void {
    const { next } = place;
    place.next = this.#end;
    place.isWaiting = false;
    if (this.#places.has(place) && next < this.#end) this.#tell(place, this.#since(next));
  }

  #tell(place: Place, events: Events): void {
    try {
      place.reader.deliver(events);
    } catch (error) {
      // What cannot be shown to one must not keep others from being told.
      this.remove(place);
      place.reader.failed(error);
    }
  }

  /** Those who have seen the same are given the same array: what they are shown of it is made once. */
  #since(from: number): Events {
    const to = this.#end;
    if (to - from === 1) return this.#batches[from - this.#first] as Events;
    if (this.#joined?.from !== from || this.#joined.to !== to)
      this.#joined = { from, to, events: this.#batches.slice(from - this.#first).flat() };
    return this.#joined.events;
  }

  /** Drops what everyone has been given. */
  #forget(): void {
    this.#waiting = this.#waiting.slice(this.#served).filter((place) => place.isWaiting && this.#places.has(place));
    this.#served = 0;
    const needed = this.#waiting[0]?.next ?? this.#end;
    this.#batches.splice(0, needed - this.#first);
    this.#first = needed;
    if (this.#waiting.length === 0) this.#joined = undefined;
  }
}

function setIn<K>(sets: Map<K, Set<Place>>, key: K): Set<Place> {
  let set = sets.get(key);
  if (!set) sets.set(key, (set = new Set()));
  return set;
}
