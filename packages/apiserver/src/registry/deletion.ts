import {
  type ApiObject,
  cloneJson,
  conflict,
  failure,
  type Integer,
  isFinished,
  type Mutable,
  StatusError,
} from '@navarch/machinery';
import { type Cached, StaleError } from '@navarch/store';
import type { Call } from './call.ts';
import { generationAfter, inOrder, millisecondsIn, outdated, timestamp } from './meta.ts';
import { type ListRequest, type Page, page } from './reading.ts';
import type { Resource } from './resource.ts';
import type { Removed, Shelf } from './shelf.ts';

/** metav1.DeleteOptions, as far as it decides anything. */
export interface DeleteOptions {
  readonly gracePeriodSeconds?: Integer;
  readonly propagationPolicy?: string;
  readonly orphanDependents?: boolean;
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
}

/** What became of an object that was to be deleted. */
export interface Deleted<O> {
  /** As it is now, or was last, at the version of its deletion. */
  readonly object: O;
  readonly isGone: boolean;
  /** What was stored of it last, at an earlier version; absent: nobody has it at hand. */
  readonly bytes?: Uint8Array;
}

const ORPHAN = 'orphan';
const FOREGROUND = 'foregroundDeletion';
const RETRIES_MAX = 10;

/**
 * Deletes one object: at once where nothing holds it, else by marking it (graceful deletion, finalizers), as the
 * API conventions ("Finalizers and deletion") say.
 */
export class Deletion<O extends ApiObject> {
  readonly #resource: Resource<O>;

  constructor(resource: Resource<O>) {
    this.#resource = resource;
  }

  async run(namespace: string, name: string, options: DeleteOptions, call: Call): Promise<Deleted<O>> {
    const resource = this.#resource;
    for (let attempt = 0; ; attempt++) {
      const cached = resource.cached(namespace, name);
      const late = resource.shelf.ready([cached]);
      if (late) await late;
      const { object } = cached;
      this.#check(object, options, name);
      await resource.admitOther('DELETE', { namespace, name }, object, call);
      const draft = this.#marked(object, options);
      const isGone = draft === undefined || isFinished(draft, resource.shelf.kind);
      if (call.isDryRun) return { object: resource.view(isGone ? object : draft), isGone };
      if (draft === object) return { object: resource.view(object), isGone: false };
      try {
        if (isGone) {
          // In turn: whoever is writing the object now comes first, and is seen when this has to begin again.
          const { revision, bytes } = await resource.shelf.inTurn(cached.key, () => this.#removed(cached, draft));
          return { object: resource.view(withVersion(draft ?? object, revision)), isGone, ...(bytes && { bytes }) };
        }
      } catch (error) {
        const isStale = error instanceof StaleError;
        if (!isStale && (attempt >= RETRIES_MAX || options.preconditions?.resourceVersion)) throw error;
        if (!isStale || attempt < RETRIES_MAX) continue;
      }
      const next = isGone ? undefined : await resource.overwrite(cached, draft);
      if (next) return { object: resource.view(next.object), isGone };
      if (attempt >= RETRIES_MAX)
        throw failure(
          'Conflict',
          `Operation cannot be fulfilled on ${resource.kind.plural} "${name}": too many others write it`,
        );
    }
  }

  /**
   * An object that can have a grace is marked before it is removed, as two writes: whoever watches sees it going, even
   * where its grace is none, and acts on that (controllers that look for a deletionTimestamp).
   */
  async #removed(
    cached: Cached<ApiObject>,
    marked: ApiObject | undefined,
  ): Promise<Pick<Removed, 'revision'> & Partial<Removed>> {
    const { shelf } = this.#resource;
    if (marked !== undefined && this.#hasGrace(cached.object)) return shelf.removeMarked(cached, marked);
    return { revision: await shelf.remove(cached) };
  }

  /** Whether there is a grace to make shorter: what has had none left goes at once. */
  #hasGrace({ metadata: { deletionTimestamp, deletionGracePeriodSeconds = 0 } }: ApiObject): boolean {
    const { graceSeconds } = this.#resource.shelf.kind.behaviour;
    return graceSeconds !== undefined && (deletionTimestamp === undefined || deletionGracePeriodSeconds !== 0);
  }

  #check(object: ApiObject, { preconditions }: DeleteOptions, name: string): void {
    const { uid, resourceVersion } = object.metadata;
    // Upstream names the kind where others name the resource.
    const of = { ...this.#resource.kind, plural: this.#resource.kind.kind };
    if (preconditions?.uid !== undefined && preconditions.uid !== uid)
      throw conflict(
        of,
        name,
        `the UID in the precondition (${preconditions.uid}) does not match the UID in record (${uid}). The object might have been deleted and then recreated`,
      );
    if (preconditions?.resourceVersion !== undefined && preconditions.resourceVersion !== resourceVersion)
      throw conflict(
        of,
        name,
        `the ResourceVersion in the precondition (${preconditions.resourceVersion}) does not match the ResourceVersion in record (${resourceVersion}). The object might have been modified`,
      );
  }

  /** The object with its deletion marked; itself when it is marked already; undefined when it goes as it is. */
  #marked(object: ApiObject, options: DeleteOptions): ApiObject | undefined {
    const { behaviour } = this.#resource.shelf.kind;
    const now = this.#resource.registry.deps.clock.now();
    const { deletionTimestamp, deletionGracePeriodSeconds: before, generation } = object.metadata;
    const end = this.#endOf(object, options.gracePeriodSeconds, now);
    // Who waits for an object to go has no say in what holds it.
    if (end === undefined) return object;
    const finalizers = this.#finalizers(object, options);
    const held = finalizers.length > 0 || end.seconds > 0 || (behaviour.holdsDeletion?.(object) ?? false);
    if (!held && !this.#hasGrace(object)) return undefined;
    const isSame = new Set(finalizers).symmetricDifference(new Set(object.metadata.finalizers)).size === 0;
    if (deletionTimestamp !== undefined && before === end.seconds && isSame) return object;
    // What stays is shared, but with those who change more than the metadata.
    const draft = (behaviour.prepareDelete ? cloneJson(object) : { ...object }) as Mutable<ApiObject>;
    draft.metadata = inOrder({
      ...draft.metadata,
      deletionTimestamp: timestamp(end.at),
      deletionGracePeriodSeconds: end.seconds,
      ...(generation === undefined || deletionTimestamp ? {} : { generation: generationAfter(generation) }),
    }) as Mutable<ApiObject>['metadata'];
    if (finalizers.length > 0) draft.metadata.finalizers = [...finalizers];
    else delete draft.metadata.finalizers;
    draft.metadata = inOrder(draft.metadata) as Mutable<ApiObject>['metadata'];
    behaviour.prepareDelete?.(draft as Mutable<any>, { now, subresource: undefined }, object);
    return draft as ApiObject;
  }

  /** When the object is to be gone (ms since the epoch), and its grace; undefined: it is going, and this makes it no sooner. */
  #endOf(
    object: ApiObject,
    requested: Integer | undefined,
    now: number,
  ): { readonly at: number; readonly seconds: Integer } | undefined {
    const { deletionTimestamp, deletionGracePeriodSeconds: before = 0 } = object.metadata;
    if (deletionTimestamp === undefined) {
      const seconds = this.#resource.shelf.kind.behaviour.graceSeconds?.(object, requested) ?? 0;
      return { at: now + millisecondsIn(seconds), seconds };
    }
    const marked = Date.parse(deletionTimestamp);
    if (before === 0) return { at: Math.min(marked, now), seconds: 0 };
    const seconds = requested !== undefined && requested < 0 ? 1 : requested;
    if (seconds === undefined || seconds >= before) return undefined;
    const at = marked - millisecondsIn(before) + millisecondsIn(seconds);
    // Not in the past; a grace that is over is as short as one can be.
    return at < now ? { at: now, seconds: seconds === 0 ? 0 : 1 } : { at, seconds };
  }

  /** The garbage collector's finalizers follow the propagation policy; all others stay. */
  #finalizers(object: ApiObject, { propagationPolicy, orphanDependents }: DeleteOptions): readonly string[] {
    const current = object.metadata.finalizers ?? [];
    const others = current.filter((f) => f !== ORPHAN && f !== FOREGROUND);
    if (propagationPolicy === 'Orphan' || orphanDependents === true) return [...others, ORPHAN];
    if (propagationPolicy === 'Foreground') return [...others, FOREGROUND];
    if (propagationPolicy === 'Background' || orphanDependents === false) return others;
    return current;
  }
}

const withVersion = (object: ApiObject, revision: number): ApiObject => ({
  ...object,
  metadata: { ...object.metadata, resourceVersion: String(revision) },
});

/** Deletes an object that cannot be read any more, whatever holds it. Throws Conflict for one that can. */
export async function deleteUnreadable(
  { kind, shelf, cached }: Pick<Resource<any>, 'kind' | 'shelf'> & { readonly cached: Cached<ApiObject> },
  name: string,
  { isDryRun }: Call,
): Promise<void> {
  if (await isReadable(shelf, cached)) throw conflict(kind, name, outdated(cached.key, READABLE));
  if (!isDryRun) await shelf.removeUnread(cached);
}

const READABLE = 'unsafe deletion is not allowed because the object is decodable from storage';

async function isReadable(shelf: Shelf, cached: Cached<ApiObject>): Promise<boolean> {
  try {
    await shelf.ready([cached]);
    return cached.object !== undefined;
  } catch {
    return false;
  }
}

/** Deletes what the request selects and resolves to what that was. What is gone before its turn is as it should be. */
export async function deleteCollection(
  resource: Resource<any>,
  request: ListRequest,
  options: DeleteOptions,
  call: Call,
): Promise<Page> {
  const found = await page(resource, request);
  for (const { object } of found.objects) {
    const { namespace = '', name } = object.metadata;
    try {
      await resource.delete(namespace, name, options, call);
    } catch (error) {
      if (!(error instanceof StatusError && error.status.reason === 'NotFound')) throw error;
    }
  }
  return found;
}
