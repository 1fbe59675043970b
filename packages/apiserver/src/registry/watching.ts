import { type Clock, joinedBytes, Notifier, TaskGroup } from '@navarch/base';
import { expired, type StatusError, statusOf } from '@navarch/machinery';
import { CompactedError } from '@navarch/store';
import type { WatchCounts } from '../observe/watch-measures.ts';
import type { Representation } from '../representation/representation.ts';
import { showAdded, showBookmark, showError, showEvent } from '../representation/show.ts';
import type { Sink } from '../request.ts';
import type { Events, Interest, Place, Reader } from './fan-out.ts';
import { candidates, seenAs, tooLarge } from './reading.ts';
import type { Resource } from './resource.ts';
import { type Selection, selectionOf } from './selection.ts';

export interface WatchRequest {
  readonly namespace: string;
  readonly labelSelector: string;
  readonly fieldSelector: string;
  readonly resourceVersion: string;
  /** All objects that are there come first, as ADDED. */
  readonly sendInitialEvents: boolean;
  readonly allowBookmarks: boolean;
  readonly timeoutMs: number;
  readonly how: Representation;
}

/** How often a quiet watch is told how far it is. */
const BOOKMARK_INTERVAL_MS = 60_000;
/** Initial events handed over at once: fewer and larger writes, and a look at whether the client still reads. */
const INITIAL_BYTES = 256 * 1024;

/** Writes frames until the time is over, the client has gone or is too slow. */
export async function runWatch(
  resource: Resource<any>,
  request: WatchRequest,
  clock: Clock,
  sink: Sink,
  signal: AbortSignal,
): Promise<void> {
  const counts = resource.registry.measures.watches.of(resource.kind);
  const watch = new Watch(resource, request, sink, counts);
  const began = clock.monotonic();
  const until = began + request.timeoutMs;
  const isListed = (): void =>
    counts.initial(request.namespace === '' ? 'cluster' : 'namespace').observe((clock.monotonic() - began) / 1000);
  try {
    if (request.sendInitialEvents && Number(request.resourceVersion) > resource.shelf.revision) {
      watch.refuse(tooLarge(request.resourceVersion, resource.shelf.revision));
      return;
    }
    const after = request.sendInitialEvents
      ? await watch.sendInitial(signal, isListed)
      : Number(request.resourceVersion || resource.shelf.revision);
    const end = AbortSignal.any([signal, watch.signal, resource.shelf.ended]);
    if (!watch.follow(after)) return;
    if (resource.shelf.isLate) await heartbeatWhileLate(watch, until, clock, end);
    else await heartbeat(watch, until, clock, end);
  } catch (error) {
    if (!signal.aborted && !watch.signal.aborted && !resource.shelf.ended.aborted) throw error; // The client's going is the usual end.
  } finally {
    watch.stop();
  }
}

/** Batches of events that may wait for their conversion; a watcher that is further behind must list again. */
const LATE_BATCHES_MAX = 1000;

/** Frames one after the other, as they are sent. */
interface Frames {
  readonly bytes: Uint8Array;
  readonly sizes: readonly number[];
}

/** Per batch of events, the frames of each view. */
const encoded = new WeakMap<Events, Map<string, Frames>>();

class Watch implements Reader {
  readonly #resource: Resource<any>;
  readonly #request: WatchRequest;
  readonly #sink: Sink;
  readonly #counts: WatchCounts;
  readonly #selection: Selection;
  readonly #prefix: string;
  /** Watchers with equal views see equal bytes. */
  readonly #view: string;
  readonly #end = new AbortController();
  #hasHeader = true;
  /** What has to be converted before it is sent. */
  readonly #late: Events[] = [];
  readonly #arrived = new Notifier();
  #place: Place | undefined;
  /** The revision it begins after. */
  #after = 0;
  readonly interest: Interest | undefined;
  readonly connection: object | undefined;

  constructor(resource: Resource<any>, request: WatchRequest, sink: Sink, counts: WatchCounts) {
    this.#resource = resource;
    this.#request = request;
    this.#sink = sink;
    this.connection = sink.connection;
    this.#counts = counts;
    this.#selection = selectionOf(resource.kind, request.labelSelector, request.fieldSelector);
    this.#prefix = resource.shelf.prefixOf(request.namespace);
    this.interest = interestOf(resource, this.#selection);
    this.#view = [
      resource.kind.version,
      request.how.key,
      this.#prefix,
      request.labelSelector,
      request.fieldSelector,
    ].join('\n');
  }

  /** Aborts when the client reads too slowly. */
  get signal(): AbortSignal {
    return this.#end.signal;
  }

  /** Once it is a watch, it is refused by an event of it. */
  refuse(error: StatusError): void {
    this.#sendOne(showError(this.#request.how, error.status));
  }

  stop(): void {
    if (this.#place) this.#resource.watchers.remove(this.#place);
  }

  /** Sends what is there, as fast as the client takes it. Resolves to the revision it was there at. */
  async sendInitial(signal: AbortSignal, isSent: () => void): Promise<number> {
    const { shelf } = this.#resource;
    const { how, allowBookmarks } = this.#request;
    for (
      let late = shelf.ready(shelf.cache.range(this.#prefix));
      late;
      late = shelf.ready(shelf.cache.range(this.#prefix))
    )
      await this.#orFail(late);
    const { revision } = shelf;
    let frames: Uint8Array[] = [];
    let bytes = 0;
    // Taken at once: what changes while the client reads comes afterwards, as events.
    const there = Array.from(candidates(this.#resource, this.#selection, this.#prefix).found);
    this.#counts.looked.add(there.length);
    for (const cached of there) {
      if (!this.#selection.chooses(cached)) continue;
      const frame = showAdded(how, this.#resource, cached, this.#takeHeader());
      frames.push(frame);
      bytes += frame.length;
      if (bytes < INITIAL_BYTES) continue;
      await this.#flush(frames, bytes, signal);
      frames = [];
      bytes = 0;
    }
    await this.#flush(frames, bytes, signal);
    if (allowBookmarks) this.#sendOne(showBookmark(how, this.#resource, revision, true));
    isSent();
    return revision;
  }

  /** Sends every change after a revision from now on; false when that one is too old, which the client is told. */
  follow(after: number): boolean {
    this.#after = after;
    try {
      this.#place = this.#resource.watchers.add(after, this);
      return true;
    } catch (error) {
      if (!(error instanceof CompactedError)) throw error;
      this.#sendOne(
        showError(this.#request.how, statusOf(expired(`too old resource version: ${after} (${error.compacted})`))),
      );
      return false;
    }
  }

  bookmark(): void {
    if (!this.#request.allowBookmarks) return;
    if (this.#place) this.#resource.watchers.catchUp(this.#place);
    this.#sendOne(showBookmark(this.#request.how, this.#resource, this.#resource.shelf.revision, false));
  }

  deliver(events: Events): void {
    const first = events[0];
    if (!first) return;
    // A watch may begin in the future.
    if (first.revision <= this.#after) return this.deliver(events.filter((event) => event.revision > this.#after));
    if (!this.#resource.shelf.isLate) return this.#show(events);
    this.#late.push(events);
    this.#arrived.notify();
    if (this.#late.length > LATE_BATCHES_MAX) this.#end.abort(new Error('Conversion is too far behind'));
  }

  /** Delivers what had to be converted first, in its order, until the signal aborts or something cannot be converted. */
  async deliverLate(signal: AbortSignal): Promise<void> {
    for (;;) {
      const [events] = this.#late;
      if (!events) await this.#arrived.wait(signal);
      else {
        await this.#orFail(
          this.#resource.shelf.ready(
            events.flatMap(({ current, previous }) => [current, previous].filter((held) => held !== undefined)),
          ),
        );
        this.#show(events);
        this.#late.shift();
      }
    }
  }

  failed(error: unknown): void {
    this.#end.abort(error);
  }

  /** A conversion that fails ends the watch, with a word of why. */
  async #orFail(conversion: Promise<void> | undefined): Promise<void> {
    try {
      await conversion;
    } catch (error) {
      this.#sendOne(showError(this.#request.how, statusOf(error)));
      this.#end.abort(error);
      throw error;
    }
  }

  #show(events: Events): void {
    const frames = this.#hasHeader && this.#request.how.shape === 'table' ? this.#encode(events) : this.#shared(events);
    if (frames.sizes.length > 0) this.#send(frames);
  }

  /** What was encoded of a batch for one watcher is sent to all that see the same. */
  #shared(events: Events): Frames {
    let byView = encoded.get(events);
    if (!byView) encoded.set(events, (byView = new Map()));
    let frames = byView.get(this.#view);
    if (!frames) byView.set(this.#view, (frames = this.#encode(events)));
    return frames;
  }

  #encode(events: Events): Frames {
    const frames: Uint8Array[] = [];
    for (const event of events) {
      const type = seenAs(event, this.#selection, this.#prefix);
      if (type) frames.push(showEvent(this.#request.how, this.#resource, event, type, this.#takeHeader()));
    }
    return framesOf(frames);
  }

  #takeHeader(): boolean {
    const has = this.#hasHeader && this.#request.how.shape === 'table';
    this.#hasHeader = false;
    return has;
  }

  async #flush(frames: readonly Uint8Array[], bytes: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (bytes > 0) {
      const all = framesOf(frames);
      this.#sink.write(all.bytes);
      this.#count(all.sizes);
    }
    await this.#sink.drained();
  }

  #sendOne(bytes: Uint8Array): void {
    this.#send({ bytes, sizes: [bytes.length] });
  }

  #send({ bytes, sizes }: Frames): void {
    this.#count(sizes);
    if (this.#sink.write(bytes) || this.#end.signal.aborted) return;
    this.#counts.tooSlow.add();
    this.#end.abort(new Error('The watcher reads too slowly'));
  }

  #count(sizes: readonly number[]): void {
    this.#counts.events.add(sizes.length);
    for (const size of sizes) this.#counts.sizes.observe(size);
  }
}

/** By an indexed field alone: each one that is watched by costs something with every change. */
function interestOf({ kind, shelf }: Resource<any>, { fields }: Selection): Interest | undefined {
  return kind.hub || shelf.isLate
    ? undefined
    : fields.find(({ field, isEqual }) => isEqual && kind.indexedFields.includes(field));
}

async function heartbeatWhileLate(watch: Watch, until: number, clock: Clock, signal: AbortSignal): Promise<void> {
  await using group = new TaskGroup(signal);
  group.spawn((s) => watch.deliverLate(s));
  await heartbeat(watch, until, clock, group.signal);
}

async function heartbeat(watch: Watch, until: number, clock: Clock, signal: AbortSignal): Promise<void> {
  for (;;) {
    const left = until - clock.monotonic();
    if (left <= 0) return;
    await clock.sleep(Math.min(left, BOOKMARK_INTERVAL_MS), signal);
    watch.bookmark();
  }
}

function framesOf(frames: readonly Uint8Array[]): Frames {
  return { bytes: joinedBytes(frames), sizes: frames.map((frame) => frame.length) };
}
