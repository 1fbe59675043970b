import { type ApiObject, badRequest, expired, failure, type ListMeta, type StatusError } from '@navarch/machinery';
import { type Cached, type CachedEvent, type Candidates, CompactedError } from '@navarch/store';
import { type ContinueToken, decodeToken, encodeToken, expiredToken } from './continue-token.ts';
import type { Resource } from './resource.ts';
import { revisionMistake } from './revision-text.ts';
import type { Shelf } from './shelf.ts';
import { type Selection, selectionOf } from './selection.ts';

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

/** Entries read at once from the past. */
const PAST_ENTRIES = 500;

/**
 * What a list is about (API concepts, "Resource versions"): from the cache while nothing has changed since the state
 * asked for, else from the store's history, so that the pages of a list all show the state of its first page. Throws
 * Expired when that is no longer kept, Timeout for a version that is not yet there.
 */
export async function page(resource: Resource<any>, request: ListRequest): Promise<Page> {
  const { shelf, kind } = resource;
  const selection = selectionOf(kind, request.labelSelector, request.fieldSelector);
  const prefix = shelf.prefixOf(request.namespace);
  if (shelf.isLate) await readable(shelf, prefix);
  const newest = shelf.revision;
  const token = request.continue === '' ? undefined : decodeToken(request.continue);
  if (token && request.resourceVersion !== '' && request.resourceVersion !== '0')
    throw badRequest('specifying resource version is not allowed when using continue');
  const asked = token ? token.revision : exactRevision(request, newest);
  const revision = asked !== undefined && asked > 0 ? asked : newest;
  if (revision > newest) throw tooLarge(revision, newest);
  // Whoever takes any state takes all of it: so does upstream's cache.
  const limit = request.resourceVersion === '0' && !token ? undefined : request.limit;
  const reach: Reach = { resource, selection, prefix, after: token?.after, limit, revision };
  // What was compacted is expired also where nothing has changed since: so it is for every other reader.
  const held = revision === newest || revision >= resource.registry.compacted ? remembered(reach, newest) : undefined;
  if (held) return pageOf(reach, held);
  try {
    return await past(reach);
  } catch (error) {
    if (!(error instanceof CompactedError)) throw error;
    throw token ? expiredToken(token) : expired('The resourceVersion for the provided list is too old.');
  }
}

/** Resolves when everything under the prefix can be read, what came meanwhile included. */
async function readable(shelf: Shelf, prefix: string): Promise<void> {
  for (let late = shelf.ready(shelf.cache.range(prefix)); late; late = shelf.ready(shelf.cache.range(prefix)))
    await late;
}

/** ListMeta of a page. */
export const metaOf = ({ revision, continue: token, remaining }: Page): ListMeta => ({
  resourceVersion: String(revision),
  ...(token ? { continue: token } : {}),
  ...(remaining ? { remainingItemCount: remaining } : {}),
});

interface Reach {
  readonly resource: Resource<any>;
  readonly selection: Selection;
  readonly prefix: string;
  readonly after: ContinueToken['after'] | undefined;
  readonly limit: number | undefined;
  readonly revision: number;
}

/** Where the cache has what is asked for. */
interface Source {
  /** The index by which it is found, as upstream names it; '' where all under the prefix are looked at. */
  readonly index: string;
  readonly found: Iterable<Cached<ApiObject>>;
  /** How many there are after a key, whatever is selected. */
  count(last: string): number;
}

/** Undefined where the cache does not reach back so far. */
function remembered({ resource, selection, prefix, after, revision }: Reach, newest: number): Source | undefined {
  const { shelf } = resource;
  try {
    if (revision === newest || !shelf.cache.since(revision).some(({ key }) => key.startsWith(prefix))) {
      return { ...candidates(resource, selection, prefix, after), count: (last) => shelf.cache.count(prefix, last) };
    }
    // What the store has forgotten is nobody's any more; what was replaced is not kept ready to be read where that takes a while.
    return shelf.isLate || revision < shelf.oldest
      ? undefined
      : { index: '', ...shelf.cache.at(revision, prefix, after) };
  } catch (error) {
    if (!(error instanceof CompactedError)) throw error;
    return undefined;
  }
}

function pageOf({ resource, selection, after, limit, revision }: Reach, { index, found, count }: Source): Page {
  const objects: Cached<ApiObject>[] = [];
  let last = after ?? '';
  let fetched = 0;
  for (const cached of found) {
    fetched += 1;
    if (!selection.isEverything && !selection.chooses(cached)) continue;
    if (limit !== undefined && objects.length === limit) {
      resource.listCounts.listed(index && `f:${index}`, fetched, objects.length);
      return {
        objects,
        revision,
        continue: encodeToken({ revision, after: last }),
        remaining: selection.isEverything ? count(last) : undefined,
      };
    }
    objects.push(cached);
    last = cached.key;
  }
  resource.listCounts.listed(index && `f:${index}`, fetched, objects.length);
  return { objects, revision, continue: '', remaining: undefined };
}

async function past({ resource, selection, prefix, after, limit, revision }: Reach): Promise<Page> {
  const objects: Cached<ApiObject>[] = [];
  for (let from = after; ;) {
    const { held, remaining } = await resource.shelf.past(prefix, {
      revision,
      limit: limit ?? PAST_ENTRIES,
      ...(from === undefined ? {} : { after: from }),
    });
    await resource.shelf.ready(held);
    for (const [i, cached] of held.entries()) {
      if (!selection.chooses(cached)) continue;
      objects.push(cached);
      const follow = remaining + held.length - 1 - i;
      if (objects.length === limit && follow > 0) {
        return {
          objects,
          revision,
          continue: encodeToken({ revision, after: cached.key }),
          remaining: selection.isEverything ? follow : undefined,
        };
      }
    }
    from = held.at(-1)?.key;
    if (remaining === 0 || from === undefined) return { objects, revision, continue: '', remaining: undefined };
  }
}

/** Where to look: an exact name, or what an index leaves, saves the scan. */
export function candidates(
  { kind, shelf: { cache } }: Resource<any>,
  selection: Selection,
  prefix: string,
  after?: string,
): Candidates<ApiObject> {
  if (selection.isEverything) return { index: '', found: cache.range(prefix, after) };
  const named = selection.fields.find(({ field, isEqual }) => isEqual && field === 'metadata.name');
  if (named && (prefix !== cache.prefix || !kind.namespaced)) {
    const cached = cache.get(`${prefix}${named.value}`);
    return { index: '', found: cached && (after === undefined || cached.key > after) ? [cached] : [] };
  }
  return cache.candidates(kind.hub ? { ...selection, fields: [] } : selection, prefix, after);
}

/** The version the list must have; undefined: the newest will do. */
function exactRevision(
  { resourceVersion, resourceVersionMatch, limit }: ListRequest,
  newest: number,
): number | undefined {
  if (resourceVersion === '' || resourceVersion === '0') return undefined;
  const mistake = revisionMistake(resourceVersion);
  if (mistake !== undefined) throw badRequest(`invalid resource version: ${mistake}`);
  const asked = Number(resourceVersion);
  if (asked > newest) throw tooLarge(resourceVersion, newest);
  // A page without a word on how to match is of exactly that version, as it always was.
  return resourceVersionMatch === 'Exact' || (resourceVersionMatch === '' && limit !== undefined) ? asked : undefined;
}

/** Upstream's words for a version from the future; clients look for the cause. The version is shown to its last digit. */
export function tooLarge(asked: string | number, newest: number): StatusError {
  return failure('Timeout', `Timeout: Too large resource version: ${BigInt(asked)}, current: ${newest}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  });
}

export type EventType = 'ADDED' | 'MODIFIED' | 'DELETED';

/** What a change means to someone who sees only the selection: entering is ADDED, leaving is DELETED. */
export function seenAs(event: CachedEvent<ApiObject>, selection: Selection, prefix: string): EventType | undefined {
  if (!event.key.startsWith(prefix)) return undefined;
  const is = event.current !== undefined && selection.chooses(event.current);
  const was = event.previous !== undefined && selection.chooses(event.previous);
  if (is) return was ? 'MODIFIED' : 'ADDED';
  return was ? 'DELETED' : undefined;
}
