import type { Clock } from '@navarch/base';
import { type ApiObject, expired, statusOf } from '@navarch/machinery';
import { type CachedEvent, CompactedError } from '@navarch/store';
import { encode, type Sink } from '../request.ts';
import { bookmark, bytesOf, frame, framed, seenAs } from './reading.ts';
import type { Resource } from './resource.ts';
import { selectionOf } from './selection.ts';
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
  const onEvents = (events: readonly CachedEvent<ApiObject>[]): void => {
    for (const event of events) {
      const type = seenAs(event, selection, prefix);
      if (type) send(frame(resource, event, type, request.shape));
    }
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
