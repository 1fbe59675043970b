import { protobufEncoder } from '@navarch/api';
import {
  type ApiObject,
  apiVersionOf,
  envelope,
  envelopeAround,
  failure,
  inKeyOrder,
  jsonText,
  type Kind,
  type ListMeta,
  readJson,
  StatusError,
} from '@navarch/machinery';
import type { Cached, CachedEvent } from '@navarch/store';
import type { Resource } from '../registry/resource.ts';
import { reversioned } from '../registry/version-in-bytes.ts';
import { partial, SCALE_COLUMNS, partialList, tableList, tableOf } from '../registry/table.ts';
import { encode } from '../request.ts';
import { jsonFormat, type Kinded, protobufFormat } from './format.ts';
import type { Representation } from './representation.ts';

/** Any value that is no stored object: Status, Scale, reviews. */
export const showValue = ({ format, isPretty }: Representation, value: unknown): Uint8Array =>
  isPretty && format === jsonFormat ? encode(jsonText(value, 2)) : format.encode(value as Kinded);

/** An object in the version of the resource; bytes that the cache holds are not made again. */
export function showObject(how: Representation, resource: Resource<any>, object: ApiObject): Uint8Array {
  const { namespace = '', name } = object.metadata;
  const held = resource.shelf.cache.get(resource.shelf.keyOf(namespace, name));
  return held?.isKeptAs(object) ? showCached(how, resource, held) : showFresh(how, resource, object);
}

export function showCached(how: Representation, resource: Resource<any>, cached: Cached<ApiObject>): Uint8Array {
  if (how.shape === 'object' && how.format === protobufFormat) {
    return envelope(apiVersionOf(resource.kind), resource.kind.kind, untagged(cached.as(itemOf(resource))));
  }
  if (how.shape === 'object' && how.format === jsonFormat && !how.isPretty) return jsonOf(resource, cached);
  return showFresh(how, resource, resource.view(cached.object) as ApiObject);
}

/** An object that may be gone; `bytes`: of what was stored of it last, where they are at hand. */
export function showLast(
  how: Representation,
  resource: Resource<any>,
  object: ApiObject,
  bytes: Uint8Array | undefined,
): Uint8Array {
  if (!bytes || !isStored(how, resource.kind)) return showObject(how, resource, object);
  return reversioned(bytes, Number(object.metadata.resourceVersion));
}

/** Whether what is stored of objects of that kind is what is asked for. */
const isStored = ({ format, shape, isPretty }: Representation, { hub, origin }: Kind<any>): boolean =>
  shape === 'object' && format === jsonFormat && !isPretty && !hub && origin !== 'custom';

function showFresh(how: Representation, resource: Resource<any>, object: ApiObject): Uint8Array {
  // What is not stored, or no longer, has not been brought into its order.
  if (how.shape === 'object')
    return showValue(how, resource.kind.origin === 'custom' ? inKeyOrder(versionless(object)) : versionless(object));
  if (how.shape === 'table')
    return showValue(how, table(how, resource, [object], { resourceVersion: object.metadata.resourceVersion }));
  if (how.isList) throw mismatch(resource.kind, false);
  return showValue(how, partial(object, how.metaVersion));
}

/** What a dry run would have made has no version. */
function versionless(object: ApiObject): ApiObject {
  const { resourceVersion, ...metadata } = object.metadata;
  return resourceVersion === '' ? ({ ...object, metadata } as ApiObject) : object;
}

/** A value that a subresource makes of an object and that has metadata of its own: a Scale. */
export function showPart(how: Representation, value: ApiObject, now: number): Uint8Array {
  if (how.shape === 'object') return showValue(how, value);
  if (how.isList)
    throw cannotShow(
      `you requested PartialObjectMetadataList, but the requested object is not a list (*v1.${value.kind})`,
    );
  if (how.shape === 'metadata') return showValue(how, partial(value, how.metaVersion));
  const { resourceVersion } = value.metadata;
  return showValue(
    how,
    tableOf([value], {
      columns: SCALE_COLUMNS,
      now,
      meta: { resourceVersion },
      includeObject: how.includeObject,
      metaVersion: how.metaVersion,
    }),
  );
}

/** What a list is made of, whoever reads it. */
export interface ListPage {
  readonly objects: readonly Cached<ApiObject>[];
  readonly meta: ListMeta;
}

/** A list as the pieces that make it up: what is cached is not copied where the format allows. */
export function showList(how: Representation, resource: Resource<any>, page: ListPage): readonly Uint8Array[] {
  const { objects, meta } = page;
  if (how.shape === 'object') {
    if (how.format === protobufFormat) return protobufList(resource, page);
    const pieces = jsonList(resource, page);
    return how.format === jsonFormat && !how.isPretty ? pieces : [showValue(how, readJson(textOf(pieces)))];
  }
  const shown = objects.map((cached) => resource.view(cached.object) as ApiObject);
  if (how.shape === 'table') return [showValue(how, table(how, resource, shown, meta))];
  if (!how.isList) throw mismatch(resource.kind, true);
  return [showValue(how, partialList(shown, meta, how.metaVersion))];
}

/** One frame of a watch, about an object as it is now. */
export const showAdded = (
  how: Representation,
  resource: Resource<any>,
  cached: Cached<ApiObject>,
  hasHeader: boolean,
): Uint8Array =>
  how.format.frame(
    'ADDED',
    how.shape === 'object'
      ? showCached(how, resource, cached)
      : shapedForWatch(how, resource, resource.view(cached.object) as ApiObject, hasHeader),
  );

/** One frame of a watch, about a change. */
export const showEvent = (
  how: Representation,
  resource: Resource<any>,
  event: CachedEvent<ApiObject>,
  type: string,
  hasHeader: boolean,
): Uint8Array =>
  how.format.frame(
    type,
    eventObject(how, resource, type === 'DELETED' && event.previous ? gone(event) : event, hasHeader),
  );

/** Tells a watcher how far it is; `isInitial`: that all objects that were there have been sent (KEP-3157). */
export function showBookmark(
  how: Representation,
  resource: Resource<any>,
  revision: number,
  isInitial: boolean,
): Uint8Array {
  const { kind } = resource;
  const annotations = isInitial ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {};
  const bare = {
    kind: kind.kind,
    apiVersion: apiVersionOf(kind),
    metadata: { resourceVersion: String(revision), ...annotations },
  };
  const object = kind.origin === 'custom' ? inKeyOrder(bare) : bare;
  if (how.shape === 'metadata')
    return how.format.frame('BOOKMARK', showValue(how, partial(object as unknown as ApiObject, how.metaVersion)));
  const isTable = how.shape === 'table' && kind.origin === 'custom';
  return how.format.frame(
    'BOOKMARK',
    isTable ? shapedForWatch(how, resource, bare as unknown as ApiObject, false) : showValue(how, object),
  );
}

export const showError = ({ format }: Representation, status: Kinded): Uint8Array =>
  format.frame('ERROR', format.encode(status));

function eventObject(
  how: Representation,
  resource: Resource<any>,
  event: CachedEvent<ApiObject>,
  hasHeader: boolean,
): Uint8Array {
  const { current, previous } = event;
  if (current && how.shape === 'object') return showCached(how, resource, current);
  if (previous && !current && isStored(how, resource.kind)) return reversioned(previous.bytes, event.revision);
  const object = resource.view(lastState(event)) as ApiObject;
  return how.shape === 'object' ? showValue(how, object) : shapedForWatch(how, resource, object, hasHeader);
}

/** Who leaves a selection is shown as it was within it, as if it had been deleted. */
const gone = ({ current: _, ...event }: CachedEvent<ApiObject>): CachedEvent<ApiObject> =>
  event as CachedEvent<ApiObject>;

/** A deleted object is shown as it last was, at the version of its deletion. */
function lastState(event: CachedEvent<ApiObject>): ApiObject {
  const object = (event.current ?? event.previous)?.object as ApiObject;
  return event.current
    ? object
    : { ...object, metadata: { ...object.metadata, resourceVersion: String(event.revision) } };
}

/** Column definitions come with the first table of a watch only. */
const shapedForWatch = (
  how: Representation,
  resource: Resource<any>,
  object: ApiObject,
  hasHeader: boolean,
): Uint8Array =>
  showValue(
    how,
    how.shape === 'table'
      ? table(how, resource, [object], { resourceVersion: object.metadata.resourceVersion }, hasHeader)
      : partial(object, how.metaVersion),
  );

const table = (
  how: Representation,
  resource: Resource<any>,
  objects: readonly ApiObject[],
  meta: ListMeta,
  hasHeader = true,
): unknown =>
  tableList(resource, objects, { meta, includeObject: how.includeObject, metaVersion: how.metaVersion, hasHeader });

const OPEN = encode('{');
const COMMA_OPEN = encode(',{');

/** Its head, then the cached bytes of every item, then its tail. */
function jsonList(resource: Resource<any>, { objects, meta }: ListPage): readonly Uint8Array[] {
  const { head, itemHead, tail } =
    resource.kind.origin === 'custom' ? untypedList(resource.kind, meta) : typedList(resource.kind, meta);
  const chunks: Uint8Array[] = [encode(head)];
  for (const [i, cached] of objects.entries())
    chunks.push(i === 0 ? OPEN : COMMA_OPEN, jsonOf(resource, cached).subarray(itemHead.length));
  chunks.push(encode(tail));
  return chunks;
}

interface ListFrame {
  readonly head: string;
  /** What each item begins with on its own, and not here: `{` is put before the rest. */
  readonly itemHead: string;
  readonly tail: string;
}

/** Typed items leave out kind and apiVersion, as upstream's do. */
function typedList(kind: Kind<any>, meta: ListMeta): ListFrame {
  const apiVersion = apiVersionOf(kind);
  return {
    head: `{"kind":"${kind.listKind}","apiVersion":"${apiVersion}","metadata":${JSON.stringify(meta)},"items":[`,
    itemHead: `{"kind":"${kind.kind}","apiVersion":"${apiVersion}",`,
    tail: ']}',
  };
}

/** Items of custom resources, which clients read without knowing their types, keep saying what they are; fields are in order of their names. */
function untypedList(
  kind: Kind<any>,
  { resourceVersion, continue: token = '', remainingItemCount }: ListMeta,
): ListFrame {
  const meta = JSON.stringify({ continue: token, remainingItemCount, resourceVersion });
  return {
    head: `{"apiVersion":"${apiVersionOf(kind)}","items":[`,
    itemHead: '{',
    tail: `],"kind":"${kind.listKind}","metadata":${meta}}`,
  };
}

const jsonOf = (resource: Resource<any>, cached: Cached<ApiObject>): Uint8Array =>
  resource.kind.hub ? encode(jsonText(resource.view(cached.object))) : cached.bytes;

const LIST_META = 'io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta';
/** Tags of `metadata` (1) and `items` (2), which every list type has. */
const META_TAG = 0x0a;
const ITEM_TAG = 0x12;

/** Its head, then the items as they are held. */
function protobufList(resource: Resource<any>, { objects, meta }: ListPage): readonly Uint8Array[] {
  const { kind } = resource;
  const make = itemOf(resource);
  const listMeta = tagged(META_TAG, protobufEncoder.message(LIST_META, meta));
  const items = objects.map((cached) => cached.as(make));
  const { head, tail } = envelopeAround(
    apiVersionOf(kind),
    kind.listKind,
    items.reduce((sum, item) => sum + item.length, listMeta.length),
  );
  return [head, listMeta, ...items, tail];
}

/** A message as a field of another: its tag, its length and itself. */
function tagged(tag: number, message: Uint8Array): Uint8Array {
  let lengthBytes = 1;
  for (let rest = message.length; rest >= 0x80; rest >>>= 7) lengthBytes += 1;
  const out = new Uint8Array(1 + lengthBytes + message.length);
  out[0] = tag;
  let at = 1;
  let rest = message.length;
  for (; rest >= 0x80; rest >>>= 7) out[at++] = (rest & 0x7f) | 0x80;
  out[at++] = rest;
  out.set(message, at);
  return out;
}

function untagged(field: Uint8Array): Uint8Array {
  let at = 1;
  while ((field[at] as number) >= 0x80) at += 1;
  return field.subarray(at + 1);
}

const itemMakers = new WeakMap<Resource<any>, (object: ApiObject) => Uint8Array>();

/** Makes an object in the version of the resource as an item of its list: one function per resource, so that the cache knows it. */
function itemOf(resource: Resource<any>): (object: ApiObject) => Uint8Array {
  let make = itemMakers.get(resource);
  if (!make) {
    const type = typeOf(resource.kind);
    make = (object) => tagged(ITEM_TAG, protobufEncoder.message(type, resource.view(object)));
    itemMakers.set(resource, make);
  }
  return make;
}

function typeOf(kind: Kind<any>): string {
  const type = protobufEncoder.typeOf(apiVersionOf(kind), kind.kind);
  if (type === undefined)
    throw cannotShow(`${kind.kind} in version ${JSON.stringify(kind.version)} cannot be encoded to a protobuf message`);
  return type;
}

const decoder = new TextDecoder();
const textOf = (pieces: readonly Uint8Array[]): string => pieces.map((piece) => decoder.decode(piece)).join('');

/** One object was asked for as a list of metadata, or the other way round; `isList`: it is a list. */
export function mismatch(kind: Kind<any>, isList: boolean): StatusError {
  if (isList)
    return cannotShow(`you requested PartialObjectMetadata, but the requested object is a list (*${goType(kind)}List)`);
  // What upstream holds without a type could be a list as well, until one looks into it.
  if (kind.origin === 'custom')
    return new StatusError({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'content is not a list',
      code: 500,
    });
  return cannotShow(
    `you requested PartialObjectMetadataList, but the requested object is not a list (*${goType(kind)})`,
  );
}

/** How upstream's server holds objects of a kind: in the form that all versions of its group have in common. */
function goType({ origin, group, kind }: Kind<any>): string {
  if (origin === 'custom') return 'unstructured.Unstructured';
  const [first = '', second = ''] = group.split('.');
  const name = group === '' || first === 'events' ? 'core' : first === 'internal' ? `${second}internal` : first;
  return `${name}.${kind}`;
}

const cannotShow = (message: string): StatusError => failure('NotAcceptable', message);
