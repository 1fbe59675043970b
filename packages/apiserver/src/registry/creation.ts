import { interned, onePiece, randomSuffix, randomUid } from '@navarch/base';
import { alreadyExists, type ApiObject, cloneJson, conflict, StatusError } from '@navarch/machinery';
import { StaleError } from '@navarch/store';
import type { Call, Draft } from './call.ts';
import type { Drafts } from './drafts.ts';
import { inOrder, timestamp } from './meta.ts';
import { ownFault } from './own-fault.ts';
import type { Resource } from './resource.ts';
import { OBJECT_MODIFIED } from './meta.ts';

const NAME_RETRIES_MAX = 8;

/** Stores an object that was not there, under its name or one that is made up for it. */
export class Creation<O extends ApiObject> {
  readonly #resource: Resource<O>;
  readonly #drafts: Drafts<O>;

  constructor(resource: Resource<O>, drafts: Drafts<O>) {
    this.#resource = resource;
    this.#drafts = drafts;
  }

  /** The draft is of the stored version and in its place. Throws AlreadyExists. */
  async run(namespace: string, draft: Draft, call: Call, isApplied: boolean): Promise<O> {
    const { metadata } = draft;
    const { kind, shelf, registry } = this.#resource;
    const { clock, random } = registry.deps;
    const isGenerated = !metadata.name && Boolean(metadata.generateName);
    // All that are made of one template have the same.
    if (isGenerated) metadata.generateName = interned(metadata.generateName ?? '');
    const isVersioned = /^0*[1-9]\d*$/.test(metadata.resourceVersion ?? '');
    for (let attempt = 0; ; attempt++) {
      if (isGenerated) metadata.name = onePiece((metadata.generateName ?? '').slice(0, 58) + randomSuffix(random, 5));
      const now = clock.now();
      const next = clonedOnce(draft, isGenerated);
      next.metadata = inOrder({
        ...next.metadata,
        uid: randomUid(random),
        resourceVersion: '',
        creationTimestamp: timestamp(now),
        ...(kind.behaviour.desired === false ? {} : { generation: 1 }),
      }) as Draft['metadata'];
      delete (next.metadata as { deletionTimestamp?: string }).deletionTimestamp;
      delete (next.metadata as { deletionGracePeriodSeconds?: number }).deletionGracePeriodSeconds;
      try {
        const ready = await this.#drafts.created(next, { call, now, part: '', isApplied });
        try {
          if (isVersioned && !call.isDryRun)
            throw ownFault('resourceVersion should not be set on objects to be created');
          // What must be converted is, first: whoever converts may refuse it. The store finds out then.
          const isKnown =
            (call.isDryRun || !shelf.isLate) &&
            shelf.cache.get(shelf.keyOf(namespace, ready.metadata.name)) !== undefined;
          if (isKnown) throw this.#alreadyThere(namespace, ready.metadata.name);
          if (call.isDryRun) return this.#resource.view(ready);
          const cached = await shelf.create(shelf.keyOf(namespace, ready.metadata.name), ready);
          return this.#resource.view(cached.object);
        } catch (error) {
          const exists = error instanceof StaleError ? this.#overtaken(error, ready.metadata) : error;
          if (
            !isGenerated ||
            attempt >= NAME_RETRIES_MAX ||
            !(exists instanceof StatusError) ||
            exists.status.reason !== 'AlreadyExists'
          )
            throw exists;
        }
      } finally {
        this.#drafts.settled(next.metadata.uid);
      }
    }
  }

  /** Who waits for the name to be free is told that it will be. */
  #alreadyThere(namespace: string, name: string): StatusError {
    const { kind, shelf } = this.#resource;
    const exists = alreadyExists(kind, name);
    const isGoing = shelf.cache.get(shelf.keyOf(namespace, name))?.object.metadata.deletionTimestamp !== undefined;
    return isGoing
      ? new StatusError({ ...exists.status, message: `object is being deleted: ${exists.message}` })
      : exists;
  }

  /** Somebody else was faster: with the object itself, or with what would have been written beside it. */
  #overtaken({ key }: StaleError, { namespace = '', name }: ApiObject['metadata']): StatusError {
    const { kind, shelf } = this.#resource;
    return key === shelf.keyOf(namespace, name)
      ? this.#alreadyThere(namespace, name)
      : conflict(kind, name, OBJECT_MODIFIED);
  }
}

const clonedOnce = (draft: Draft, isNeeded: boolean): Draft => (isNeeded ? cloneJson(draft) : draft);
