import type { Clock } from '@navarch/base';
import { type ApiObject, expired, statusOf } from '@navarch/machinery';
import { type CachedEvent, CompactedError } from '@navarch/store';
import { encode, type Sink } from '../request.ts';
import { bookmark, bytesOf, frame, framed, seenAs } from './reading.ts';
import type { Resource } from './resource.ts';
import { type Selection, selectionOf } from './selection.ts';
import { type Shape, tableEvent } from './table.ts';

export interface WatchRequest {
  readonly namespace: string;
  readonly labelSelector: string;
  readonly fieldSelector: string;
  readonly resourceVersion: string;
  readonly sendInitialEvents: boolean;
  readonly allowBookmarks: boolean;
  readonly timeoutMs: number;
  readonly shape: Shape;
}

/** How often a quiet watch is told how far it is. */
const BOOKMARK_INTERVAL_MS = 60_000;

/** Writes frames until the time is over, the client has gone or is too slow. Throws Expired before the first frame only. */
export async function runWatch(resource: Resource<any>, request: WatchRequest, clock: Clock, sink: Sink, signal: AbortSignal): Promise<void> {
  const { cache } = resource.shelf;
  const selection = selectionOf(resource.kind, request.labelSelector, request.fieldSelector);
  const prefix = resource.shelf.prefixOf(request.namespace);
  const end = new AbortController();
  const isInitial = request.resourceVersion === '' || request.resourceVersion === '0' || request.sendInitialEvents;
  let sent = isInitial ? cache.revision : Number(request.resourceVersion);
  const send = (bytes: Uint8Array): void => {
    if (!sink.write(bytes)) end.abort(new Error('The watcher reads too slowly'));
  };
  if (isInitial) {
    for (const cached of cache.range(prefix)) {
      if (!selection.matches(cached.object)) continue;
      send(request.shape === 'object' ? framed('ADDED', bytesOf(resource, cached)) : encode(`${JSON.stringify({ type: 'ADDED', object: tableEvent(resource, cached.object, request.shape) })}\n`));
    }
    if (request.sendInitialEvents && request.allowBookmarks) send(bookmark(resource.kind, sent, true));
  }
  const view: View = { resource, selection, prefix, shape: request.shape, name: [resource.kind.version, request.shape, prefix, request.labelSelector, request.fieldSelector].join('\n') };
  const onEvents = (events: readonly CachedEvent<ApiObject>[]): void => {
    const bytes = framesOf(events, view);
    if (bytes.length > 0) send(bytes);
    sent = events.at(-1)?.revision ?? sent;
  };
  const stop = startFollowing(resource, sent, onEvents, send);
  if (!stop) return;
  try {
    await heartbeat(resource, request, clock, send, AbortSignal.any([signal, end.signal]));
  } finally {
    stop();
  }
}

/** What a watcher wants to see. Equal names: equal bytes. */
interface View {
  readonly name: string;
  readonly resource: Resource<any>;
  readonly selection: Selection;
  readonly prefix: string;
  readonly shape: Shape;
}

/** Per batch of events, what was encoded for one watcher: the others with the same view send the same. */
const encoded = new WeakMap<readonly CachedEvent<ApiObject>[], Map<string, Uint8Array>>();

function framesOf(events: readonly CachedEvent<ApiObject>[], view: View): Uint8Array {
  let byView = encoded.get(events);
  if (!byView) encoded.set(events, (byView = new Map()));
  let bytes = byView.get(view.name);
  if (!bytes) byView.set(view.name, (bytes = encodeFrames(events, view)));
  return bytes;
}

function encodeFrames(events: readonly CachedEvent<ApiObject>[], { resource, selection, prefix, shape }: View): Uint8Array {
  const frames: Uint8Array[] = [];
  for (const event of events) {
    const type = seenAs(event, selection, prefix);
    if (type) frames.push(frame(resource, event, type, shape));
  }
  return frames.length === 1 ? (frames[0] as Uint8Array) : concatenated(frames);
}

function concatenated(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function startFollowing(
  resource: Resource<any>, after: number, listener: (events: readonly CachedEvent<ApiObject>[]) => void, send: (bytes: Uint8Array) => void,
): (() => void) | undefined {
  try {
    return resource.shelf.cache.follow(after, listener);
  } catch (error) {
    if (!(error instanceof CompactedError)) throw error;
    send(encode(`${JSON.stringify({ type: 'ERROR', object: statusOf(expired(`too old resource version: ${after} (${error.compacted})`)) })}\n`));
    return undefined;
  }
}

async function heartbeat(resource: Resource<any>, request: WatchRequest, clock: Clock, send: (bytes: Uint8Array) => void, signal: AbortSignal): Promise<void> {
  const until = clock.monotonic() + request.timeoutMs;
  try {
    for (;;) {
      const left = until - clock.monotonic();
      if (left <= 0) return;
      await clock.sleep(Math.min(left, BOOKMARK_INTERVAL_MS), signal);
      if (request.allowBookmarks) send(bookmark(resource.kind, resource.shelf.revision, false));
    }
  } catch (error) {
    if (!signal.aborted) throw error; // The client's going is the usual end.
  }
}
