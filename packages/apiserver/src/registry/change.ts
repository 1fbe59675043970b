import {
  type ApiObject,
  conflict,
  equalJson,
  isEqualManagement,
  isFinished,
  methodNotAllowed,
  StatusError,
} from '@navarch/machinery';
import { type Cached, StaleError } from '@navarch/store';
import type { Call, Draft } from './call.ts';
import type { Drafts } from './drafts.ts';
import { checkVersion } from './preconditions.ts';
import type { Resource } from './resource.ts';
import { OBJECT_MODIFIED } from './meta.ts';

/** Times a write is begun again when others were faster; more only under a storm on one object. */
const RETRIES_MAX = 10;

export interface ChangeRequest<O extends ApiObject> {
  readonly namespace: string;
  readonly name: string;
  /** What is to be stored in the place of the current object; undefined: nothing changes. Pure: it runs again when others were faster. */
  readonly make: (current: O) => Draft | undefined;
  readonly call: Call;
  /** The subresource it goes through; '' is the object itself. */
  readonly part: string;
  readonly isApplied?: boolean;
}

/** Stores an object in the place of what it is made from. */
export class Change<O extends ApiObject> {
  readonly #resource: Resource<O>;
  readonly #drafts: Drafts<O>;

  constructor(resource: Resource<O>, drafts: Drafts<O>) {
    this.#resource = resource;
    this.#drafts = drafts;
  }

  /** Throws NotFound, and Conflict where the object is not the one that is meant. */
  run(request: ChangeRequest<O>): Promise<O> {
    const { shelf } = this.#resource;
    return shelf.inTurn(shelf.keyOf(request.namespace, request.name), () => this.#inTurn(request));
  }

  async #inTurn({ namespace, name, make, call, part, isApplied = false }: ChangeRequest<O>): Promise<O> {
    const { kind, shelf, registry } = this.#resource;
    if (part !== '' && !this.#resource.hasPart(part)) throw methodNotAllowed(kind, 'update');
    for (let attempt = 0; ; attempt++) {
      const cached = this.#resource.cached(namespace, name);
      const late = shelf.ready([cached]);
      if (late) await late;
      // Held throughout: once it is replaced, the cache has nothing but its bytes.
      const previous = cached.object;
      const sent = make(this.#resource.view(previous));
      if (!sent) return this.#resource.view(previous);
      checkVersion(kind, sent.metadata, previous.metadata);
      try {
        const draft = await this.#drafts.updated(sent, previous, {
          call,
          now: registry.deps.clock.now(),
          part,
          isApplied,
        });
        if (isSame(draft, previous) && (await shelf.isStoredAsNow(cached))) return this.#resource.view(previous);
        if (call.isDryRun) return this.#resource.view(versionedAs(previous, draft));
        const stored = await this.#stored(cached, draft);
        if (stored) return this.#resource.view(stored);
      } finally {
        this.#drafts.settled(previous.metadata.uid);
      }
      // Who insists on a version is refused when it is made again: that one is not the newest any more.
      if (attempt >= RETRIES_MAX) throw conflict(kind, name, OBJECT_MODIFIED);
    }
  }

  /** The object as it is stored now, or as it was when it went for good; undefined: somebody else was faster. */
  async #stored(cached: Cached<ApiObject>, draft: Draft): Promise<ApiObject | undefined> {
    try {
      const { shelf } = this.#resource;
      if (!isFinished(draft as ApiObject, shelf.kind)) return (await shelf.replace(cached, draft as ApiObject)).object;
      const previous = cached.object;
      await shelf.remove(cached);
      return versionedAs(previous, draft);
    } catch (error) {
      const isBehind =
        error instanceof StaleError || (error instanceof StatusError && error.status.reason === 'Conflict');
      if (!isBehind) throw error;
      return undefined;
    }
  }
}

function isSame(draft: Draft, previous: ApiObject): boolean {
  const { metadata, ...rest } = draft;
  const { metadata: before, ...restBefore } = previous;
  // Times in the record alone are no reason to write.
  return (
    equalJson(rest, restBefore) &&
    equalJson(
      { ...metadata, resourceVersion: '', managedFields: [] },
      { ...before, resourceVersion: '', managedFields: [] },
    ) &&
    isEqualManagement(metadata.managedFields, before.managedFields)
  );
}

/** What was not stored is shown at the version it was made from. */
const versionedAs = ({ metadata: { resourceVersion } }: ApiObject, draft: Draft): ApiObject =>
  ({ ...draft, metadata: { ...draft.metadata, resourceVersion } }) as ApiObject;
