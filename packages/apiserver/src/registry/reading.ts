import { type ApiObject, apiVersionOf, badRequest, expired, type Kind } from '@navarch/machinery';
import { type Cached, type CachedEvent, CompactedError } from '@navarch/store';
import { encode } from '../request.ts';
import { decodeToken, encodeToken, expiredToken } from './continue-token.ts';
import type { Resource } from './resource.ts';
import { type Selection, selectionOf } from './selection.ts';
import { type Shape, tableEvent } from './table.ts';

export interface ListRequest {
  readonly namespace: string;
  readonly labelSelector: string;
  readonly fieldSelector: string;
  readonly limit: number | undefined;
  readonly continue: string;
  readonly resourceVersion: string;
  readonly resourceVersionMatch: string;
}

export interface Page {
  readonly objects: readonly Cached<ApiObject>[];
  readonly revision: number;
  readonly continue: string;
  readonly remaining: number | undefined;
}

/** What a list is about, from the cache; pages of a list all show the state of its first page where that is still known. */
export function page(resource: Resource<any>, request: ListRequest): Page {
  const { shelf, kind } = resource;
  const selection = selectionOf(kind, request.labelSelector, request.fieldSelector);
  const prefix = shelf.prefixOf(request.namespace);
  const revision = shelf.revision;
  checkVersion(request, revision);
  const token = request.continue === '' ? undefined : decodeToken(request.continue);
  if (token && token.revision > revision) throw badRequest('continue key is not valid: its version is in the future');
  if (token && token.revision < revision && !isUnchangedSince(resource, token.revision, prefix)) throw expiredToken();
  const objects: Cached<ApiObject>[] = [];
  let last = token?.after;
  for (const cached of candidates(resource, selection, prefix, token?.after)) {
    if (!selection.isEverything && !selection.matches(cached.object)) continue;
    if (request.limit !== undefined && objects.length === request.limit) {
      const remaining = selection.isEverything ? shelf.cache.count(prefix, last) : undefined;
      return { objects, revision: token?.revision ?? revision, continue: encodeToken({ revision: token?.revision ?? revision, after: last ?? '' }), remaining };
    }
    objects.push(cached);
    last = cached.key;
  }
  return { objects, revision: token?.revision ?? revision, continue: '', remaining: undefined };
}

/** An exact field or label requirement that has an index saves the scan. */
function candidates(resource: Resource<any>, selection: Selection, prefix: string, after: string | undefined): Iterable<Cached<ApiObject>> {
  const { cache } = resource.shelf;
  for (const { field, isEqual, value } of selection.fields) {
    if (!isEqual) continue;
    const indexed = cache.indexed(field, value);
    if (indexed) return indexed.filter((cached) => cached.key.startsWith(prefix) && (after === undefined || cached.key > after));
    if (field === 'metadata.name' && (prefix !== cache.prefix || !resource.kind.namespaced)) {
      const cached = cache.get(`${prefix}${value}`);
      return cached && (after === undefined || cached.key > after) ? [cached] : [];
    }
  }
  return cache.range(prefix, after);
}

function checkVersion({ resourceVersion, resourceVersionMatch, ...request }: ListRequest, revision: number): void {
  if (resourceVersion === '' || resourceVersion === '0') return;
  if (!/^\d+$/.test(resourceVersion)) throw badRequest(`resourceVersion: Invalid value: ${JSON.stringify(resourceVersion)}: strconv.ParseUint: parsing ${JSON.stringify(resourceVersion)}: invalid syntax`);
  if (request.continue !== '') throw badRequest('specifying resource version is not allowed when using continue');
  const asked = Number(resourceVersion);
  if (asked > revision) throw tooLarge(asked, revision);
  if (resourceVersionMatch === 'Exact' && asked < revision) throw expired(`The resourceVersion for the provided list is too old: ${asked} (${revision})`);
}

const tooLarge = (asked: number, revision: number): Error =>
  expired(`Too large resource version: ${asked}, current: ${revision}`);

/** Pages go on while nothing under the prefix has changed since the first one; a list that was overtaken must begin again. */
function isUnchangedSince(resource: Resource<any>, revision: number, prefix: string): boolean {
  let changed = false;
  try {
    resource.shelf.cache.follow(revision, (events) => { changed = events.some((event) => event.key.startsWith(prefix)); })();
  } catch (error) {
    if (!(error instanceof CompactedError)) throw error;
    return false;
  }
  return !changed;
}

const OPEN = encode('{');
const COMMA_OPEN = encode(',{');
const CLOSE = encode(']}');

/** The list as JSON: its head, then the cached bytes of every item. Typed items leave out kind and apiVersion, as upstream's do. */
export function listBytes(resource: Resource<any>, found: Page): readonly Uint8Array[] {
  const { kind } = resource;
  const meta = {
    resourceVersion: String(found.revision), ...(found.continue ? { continue: found.continue } : {}),
    ...(found.remaining ? { remainingItemCount: found.remaining } : {}),
  };
  const head = `{"kind":${JSON.stringify(kind.listKind)},"apiVersion":${JSON.stringify(apiVersionOf(kind))},"metadata":${JSON.stringify(meta)},"items":[`;
  const typeHead = encode(`{"kind":"${kind.kind}","apiVersion":"${apiVersionOf(kind)}",`).length;
  const chunks: Uint8Array[] = [encode(head)];
  for (const [i, cached] of found.objects.entries()) {
    chunks.push(i === 0 ? OPEN : COMMA_OPEN, bytesOf(resource, cached).subarray(typeHead));
  }
  chunks.push(CLOSE);
  return chunks;
}

export const bytesOf = (resource: Resource<any>, cached: Cached<ApiObject>): Uint8Array =>
  (resource.kind.hub ? encode(JSON.stringify(resource.view(cached.object))) : cached.bytes);

/** The bytes of what a write resolved to: the cache has them already unless it was overtaken. */
export function objectBytes(resource: Resource<any>, object: ApiObject): Uint8Array {
  const { namespace = '', name } = object.metadata;
  const held = resource.shelf.cache.get(resource.shelf.keyOf(namespace, name));
  return held?.object === object ? bytesOf(resource, held) : encode(JSON.stringify(object));
}


export type EventType = 'ADDED' | 'MODIFIED' | 'DELETED';

/** What a change means to someone who sees only the selection: entering is ADDED, leaving is DELETED. */
export function seenAs(event: CachedEvent<ApiObject>, selection: Selection, prefix: string): EventType | undefined {
  if (!event.key.startsWith(prefix)) return undefined;
  const is = event.current !== undefined && selection.matches(event.current.object);
  const was = event.previous !== undefined && selection.matches(event.previous.object);
  if (is) return was ? 'MODIFIED' : 'ADDED';
  return was ? 'DELETED' : undefined;
}

/** One watch frame. */
export function frame(resource: Resource<any>, event: CachedEvent<ApiObject>, type: EventType, shape: Shape): Uint8Array {
  if (shape !== 'object') return encode(`${JSON.stringify({ type, object: tableEvent(resource, lastState(event), shape) })}\n`);
  if (type !== 'DELETED' && event.current && !resource.kind.hub) return framed(type, event.current.bytes);
  return encode(`{"type":"${type}","object":${JSON.stringify(resource.view(lastState(event)))}}\n`);
}

/** A deleted object is shown as it last was, at the version of its deletion. */
function lastState(event: CachedEvent<ApiObject>): ApiObject {
  const object = (event.current ?? event.previous)?.object as ApiObject;
  return event.current ? object : { ...object, metadata: { ...object.metadata, resourceVersion: String(event.revision) } };
}

export const FRAME_HEAD = { ADDED: encode('{"type":"ADDED","object":'), MODIFIED: encode('{"type":"MODIFIED","object":'), DELETED: encode('{"type":"DELETED","object":') };
const FRAME_TAIL = encode('}\n');

export function framed(type: EventType, object: Uint8Array): Uint8Array {
  const head = FRAME_HEAD[type];
  const out = new Uint8Array(head.length + object.length + FRAME_TAIL.length);
  out.set(head);
  out.set(object, head.length);
  out.set(FRAME_TAIL, head.length + object.length);
  return out;
}

export function bookmark(kind: Kind<any>, revision: number, isInitial: boolean): Uint8Array {
  const annotations = isInitial ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {};
  const object = { kind: kind.kind, apiVersion: apiVersionOf(kind), metadata: { resourceVersion: String(revision), creationTimestamp: null, ...annotations } };
  return encode(`${JSON.stringify({ type: 'BOOKMARK', object })}\n`);
}

