import { randomSuffix, randomUid } from '@navarch/base';
import {
  alreadyExists,
  type ApiObject,
  apiVersionOf,
  type Applied,
  applyConfig,
  backtrackingPatterns,
  cloneJson,
  conflict,
  entriesOf,
  equalJson,
  failure,
  Field,
  invalid,
  isEqualManagement,
  type Kind,
  methodNotAllowed,
  type Mutable,
  notFound,
  ownersOf,
  type Part,
  StatusError,
} from '@navarch/machinery';
import { type Cached, StaleError } from '@navarch/store';
import type { AdmissionContext, Operation } from '../admission/admission.ts';
import { AdmissionChain } from '../admission/chain.ts';
import type { ListCounts } from '../observe/list-measures.ts';
import type { ApplyRequest, Call, Draft, PatchType } from './call.ts';
import { appliedBefore, withApplied } from './client-side-apply.ts';
import { type DeleteOptions, Deletion } from './deletion.ts';
import { Drafts } from './drafts.ts';
import { FanOut } from './fan-out.ts';
import { emptyOf, ignoredBy, unmanaged } from './field-management.ts';
import { isFinished } from './finished.ts';
import { checkApplier, checkName, place, readApplied, readMade, readObject } from './incoming.ts';
import { inOrder, outdated, timestamp } from './meta.ts';
import { readPatched } from './patched.ts';
import type { Registry } from './registry.ts';
import { OBJECT_MODIFIED, type Shelf } from './shelf.ts';

/** Custom resources do not say how their lists merge. */
const NO_STRATEGY =
  'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml';
/** Times a write is begun again when others were faster; more only under a storm on one object. */
const RETRIES_MAX = 10;
const NAME_RETRIES_MAX = 8;

/** Serves one kind. Knows nothing of any kind in particular: whatever differs between kinds is a declaration it reads. */
export class Resource<O extends ApiObject> {
  readonly kind: Kind<O>;
  readonly shelf: Shelf;
  readonly registry: Registry;
  /** Those who watch it from outside the process. */
  readonly watchers: FanOut;
  readonly #parts: Readonly<Record<string, Part<O>>>;
  readonly #drafts: Drafts<O>;
  /** Most resources are never listed. */
  #listCounts: ListCounts | undefined;

  constructor(kind: Kind<O>, shelf: Shelf, registry: Registry) {
    this.kind = kind;
    this.shelf = shelf;
    this.registry = registry;
    this.watchers = new FanOut(shelf.cache, registry.deps.clock, shelf.ended);
    const hasStatus = kind.subresources.some((subresource) => subresource.name === 'status');
    this.#parts = { ...(hasStatus ? { status: statusPart as Part<any> } : {}), ...kind.behaviour.parts };
    this.#drafts = new Drafts<O>({
      kind,
      stored: shelf.kind,
      parts: this.#parts,
      admission: new AdmissionChain(registry.deps.admission, () => contextOf(registry), registry.measures.admission),
      attendant: registry.deps.attendants?.[`${kind.group}/${kind.plural}`],
      features: registry.features,
    });
  }

  get listCounts(): ListCounts {
    return (this.#listCounts ??= this.registry.measures.lists.of(this.kind));
  }

  hasPart(name: string): boolean {
    return this.#parts[name] !== undefined;
  }

  /** Throws NotFound. The object is shared: nobody may change it. */
  get(namespace: string, name: string): O {
    return this.view(this.cached(namespace, name).object);
  }

  find(namespace: string, name: string): O | undefined {
    const cached = this.shelf.cache.get(this.shelf.keyOf(namespace, name));
    return cached && this.view(cached.object);
  }

  cached(namespace: string, name: string): Cached<ApiObject> {
    const cached = this.shelf.cache.get(this.shelf.keyOf(namespace, name));
    if (!cached) throw notFound(this.kind, name);
    return cached;
  }

  /** The stored object as this version shows it. */
  view(object: ApiObject): O {
    const { hub } = this.kind;
    return hub ? (this.kind.decode(hub.fromHub(object)).value as unknown as O) : (object as O);
  }

  async create(namespace: string, input: unknown, call: Call, isApplied = false): Promise<O> {
    const draft = (isApplied ? readMade : readObject)(this.kind, input, call);
    const { metadata } = draft;
    place(this.kind, metadata, namespace);
    const { clock, random } = this.registry.deps;
    const isGenerated = !metadata.name && Boolean(metadata.generateName);
    const isVersioned = /^0*[1-9]\d*$/.test(metadata.resourceVersion ?? '');
    for (let attempt = 0; ; attempt++) {
      if (isGenerated) metadata.name = (metadata.generateName ?? '').slice(0, 58) + randomSuffix(random, 5);
      const now = clock.now();
      const next = clonedOnce(draft, isGenerated);
      next.metadata = inOrder({
        ...next.metadata,
        uid: randomUid(random),
        resourceVersion: '',
        creationTimestamp: timestamp(now),
        ...(this.kind.behaviour.desired === false ? {} : { generation: 1 }),
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
            (call.isDryRun || !this.shelf.isLate) &&
            this.shelf.cache.get(this.shelf.keyOf(namespace, ready.metadata.name)) !== undefined;
          if (isKnown) throw this.#alreadyThere(namespace, ready.metadata.name);
          if (call.isDryRun) return this.view(ready);
          const cached = await this.shelf.create(this.shelf.keyOf(namespace, ready.metadata.name), ready);
          return this.view(cached.object);
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
    const exists = alreadyExists(this.kind, name);
    const isGoing =
      this.shelf.cache.get(this.shelf.keyOf(namespace, name))?.object.metadata.deletionTimestamp !== undefined;
    return isGoing
      ? new StatusError({ ...exists.status, message: `object is being deleted: ${exists.message}` })
      : exists;
  }

  /** Somebody else was faster: with the object itself, or with what would have been written beside it. */
  #overtaken({ key }: StaleError, { namespace = '', name }: ApiObject['metadata']): StatusError {
    return key === this.shelf.keyOf(namespace, name)
      ? this.#alreadyThere(namespace, name)
      : conflict(this.kind, name, OBJECT_MODIFIED);
  }

  /** PUT. Creates an absent object where the kind allows it. */
  async replace(namespace: string, name: string, input: unknown, call: Call, part = ''): Promise<O> {
    const draft = readObject(this.kind, input, call);
    place(this.kind, draft.metadata, namespace);
    checkName(draft.metadata.name, name);
    if (
      part === '' &&
      this.kind.behaviour.createsOnUpdate &&
      !this.shelf.cache.get(this.shelf.keyOf(namespace, name))
    ) {
      call.mayCreate?.();
      draft.metadata.resourceVersion = '';
      return this.create(namespace, draft, call);
    }
    this.cached(namespace, name); // Whether it is there is told before what is wrong with its version.
    this.#checkVersion(draft, name);
    if (draft.metadata.resourceVersion === '0') draft.metadata.resourceVersion = '';
    return this.#write(namespace, name, () => cloneJson(draft), call, part);
  }

  /** Throws Invalid where the kind wants a version and has none, and what upstream says to one that no object can have. */
  #checkVersion({ metadata: { resourceVersion } }: Draft, name: string): void {
    const { kind } = this;
    if (resourceVersion && !/^\d+$/.test(resourceVersion))
      throw ownFault(`strconv.ParseUint: parsing ${JSON.stringify(resourceVersion)}: invalid syntax`);
    if ((resourceVersion && resourceVersion !== '0') || kind.behaviour.updatesUnconditionally !== false) return;
    throw invalid(
      { group: kind.group, kind: kind.plural },
      name,
      refusal('metadata.resourceVersion', 0, 'must be specified for an update'),
    );
  }

  /** `change` gets the current object as this version shows it and must be pure: it runs again when others were faster. */
  async update(namespace: string, name: string, change: (current: O) => unknown, call: Call, part = ''): Promise<O> {
    return this.#write(
      namespace,
      name,
      (current) => {
        const changed = change(current);
        return changed === current ? undefined : readObject(this.kind, changed, call);
      },
      call,
      part,
    );
  }

  async patch(namespace: string, name: string, type: PatchType, body: unknown, call: Call, part = ''): Promise<O> {
    if (type === 'strategic' && this.kind.origin === 'custom') throw failure('UnsupportedMediaType', NO_STRATEGY);
    return this.#write(
      namespace,
      name,
      (current) => {
        const next = readPatched(this.kind, current, { type, body }, call);
        place(this.kind, next.metadata, namespace);
        checkName(next.metadata.name, name);
        this.#checkVersion(next, name);
        const { uid, resourceVersion } = current.metadata;
        // Parts of custom resources have no metadata of their own; a kubelet's status must not reach the next pod of the name.
        if (part !== '' && this.kind.origin === 'custom') next.metadata.uid = uid;
        else if (next.metadata.uid && next.metadata.uid !== uid)
          throw invalid(this.kind, name, refusal('metadata.uid', next.metadata.uid, 'field is immutable'));
        // Carried over from the current object, not asked for: whoever is overtaken tries again.
        if (next.metadata.resourceVersion === resourceVersion) next.metadata.resourceVersion = '';
        return next;
      },
      call,
      part,
    );
  }

  /** Server-side apply; creates an absent object. Throws Conflict where others own what would change. */
  async apply(
    namespace: string,
    name: string,
    request: ApplyRequest,
    call: Call,
    part = '',
  ): Promise<{ readonly object: O; readonly isNew: boolean }> {
    checkApplier(request.manager);
    const config = readApplied(this.kind, request, namespace, name);
    if (part === '' && !this.shelf.cache.get(this.shelf.keyOf(namespace, name))) {
      const { uid } = config.metadata;
      if (uid)
        throw conflict(
          this.kind,
          name,
          `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`,
        );
      call.mayCreate?.();
      const made = this.#applied(emptyOf(this.kind) as unknown as ApiObject, config, request, part);
      return { object: await this.create(namespace, made, call, true), isNew: true };
    }
    const claimed = (config.metadata as { resourceVersion?: unknown }).resourceVersion;
    const object = await this.#write(
      namespace,
      name,
      (current) => {
        const next = readMade(this.kind, this.#applied(current, config, request, call.recordedAs ?? part), call);
        if (claimed === undefined) next.metadata.resourceVersion = '';
        return next;
      },
      call,
      part,
      true,
    );
    return { object, isNew: false };
  }

  /** The object as it would be, with the record of who owns what. */
  #applied(live: ApiObject, config: Draft, { manager, force }: ApplyRequest, part: string): ApiObject {
    const { kind } = this;
    const empty = emptyOf(kind);
    const { object, owners }: Applied = applyConfig({
      schema: kind.schema,
      empty,
      live: (live as unknown) === empty ? empty : unmanaged(live),
      owners: ownersOf(live.metadata.managedFields),
      config: config as unknown as Record<string, unknown>,
      force,
      appliedBefore: appliedBefore(live, manager, kind),
      ignored: ignoredBy(part, this.#parts['status'] !== undefined),
      writer: {
        manager,
        apiVersion: apiVersionOf(kind),
        subresource: part,
        time: timestamp(this.registry.deps.clock.now()),
      },
    });
    const made = {
      ...object,
      metadata: { ...(object['metadata'] as object), managedFields: entriesOf(owners) },
    } as unknown as ApiObject;
    return withApplied(made, config as unknown as Record<string, unknown>, manager);
  }

  delete(
    namespace: string,
    name: string,
    options: DeleteOptions,
    call: Call,
  ): Promise<{ readonly object: O; readonly isGone: boolean }> {
    return new Deletion(this).run(namespace, name, options, call);
  }

  /**
   * Admission of what writes no object of this kind: deletions, connections, bodies of other kinds sent to a subresource.
   * Plugins may change the body.
   */
  async admitOther(
    operation: Operation,
    at: { readonly namespace: string; readonly name: string; readonly subresource?: string },
    body: object,
    call: Call,
  ): Promise<void> {
    await this.#drafts.admitOther(
      operation,
      at,
      body,
      call,
      this.shelf.cache.get(this.shelf.keyOf(at.namespace, at.name))?.object,
    );
  }

  /** Writes what a part of the server itself decided about the stored object. Resolves to undefined when it has moved. */
  async overwrite(previous: Cached<ApiObject>, draft: ApiObject): Promise<Cached<ApiObject> | undefined> {
    const next = {
      ...draft,
      metadata: inOrder({ ...draft.metadata, resourceVersion: '' } as Mutable<ApiObject>['metadata']),
    } as ApiObject;
    try {
      // In turn, so that whoever is overtaken by it has something to wait for.
      return await this.shelf.inTurn(previous.key, () => this.shelf.replace(previous, next));
    } catch (error) {
      if (error instanceof StaleError) return undefined;
      throw error;
    }
  }

  #write(
    namespace: string,
    name: string,
    make: (current: O) => Draft | undefined,
    call: Call,
    part: string,
    isApplied = false,
  ): Promise<O> {
    return this.shelf.inTurn(this.shelf.keyOf(namespace, name), () =>
      this.#writeInTurn(namespace, name, make, call, part, isApplied),
    );
  }

  async #writeInTurn(
    namespace: string,
    name: string,
    make: (current: O) => Draft | undefined,
    call: Call,
    part: string,
    isApplied: boolean,
  ): Promise<O> {
    if (part !== '' && !this.#parts[part]) throw methodNotAllowed(this.kind, 'update');
    for (let attempt = 0; ; attempt++) {
      const cached = this.cached(namespace, name);
      const late = this.shelf.ready([cached]);
      if (late) await late;
      // Held throughout: once it is replaced, the cache has nothing but its bytes.
      const previous = cached.object;
      const sent = make(this.view(previous));
      if (!sent) return this.view(previous);
      if (sent.metadata.uid && sent.metadata.uid !== previous.metadata.uid) {
        const detail = `Precondition failed: UID in precondition: ${sent.metadata.uid}, UID in object meta: ${previous.metadata.uid}`;
        throw conflict(this.kind, name, outdated(cached.key, detail));
      }
      const claimed = sent.metadata.resourceVersion;
      if (claimed && claimed !== previous.metadata.resourceVersion) throw conflict(this.kind, name, OBJECT_MODIFIED);
      try {
        const draft = await this.#drafts.updated(sent, previous, {
          call,
          now: this.registry.deps.clock.now(),
          part,
          isApplied,
        });
        if (isSame(draft, previous) && (this.kind.origin !== 'custom' || (await this.shelf.isStoredAsNow(cached))))
          return this.view(previous);
        if (call.isDryRun) return this.view(versionedAs(previous, draft));
        const stored = await this.#stored(cached, draft);
        if (stored) return this.view(stored);
      } finally {
        this.#drafts.settled(previous.metadata.uid);
      }
      // The caller insisted on a version that is no longer the newest, or others are faster every time.
      if (claimed || attempt >= RETRIES_MAX) throw conflict(this.kind, name, OBJECT_MODIFIED);
    }
  }

  /** The object as it is stored now, or as it was when it went for good; undefined: somebody else was faster. */
  async #stored(cached: Cached<ApiObject>, draft: Draft): Promise<ApiObject | undefined> {
    try {
      if (!isFinished(draft as ApiObject, this.shelf.kind))
        return (await this.shelf.replace(cached, draft as ApiObject)).object;
      const previous = cached.object;
      await this.shelf.remove(cached);
      return versionedAs(previous, draft);
    } catch (error) {
      const isBehind =
        error instanceof StaleError || (error instanceof StatusError && error.status.reason === 'Conflict');
      if (!isBehind) throw error;
      return undefined;
    }
  }
}

function contextOf(registry: Registry): AdmissionContext {
  const { clock, random, access, patterns = backtrackingPatterns } = registry.deps;
  return { registry, access, patterns, now: clock.now(), randomSuffix: () => randomSuffix(random, 5) };
}

/** Status writers change the status (and labels and annotations), nothing else. */
const statusPart: Part<ApiObject> = {
  merge(sent, previous) {
    const { status } = sent as Draft;
    return { ...(previous as Draft), metadata: sent.metadata, status } as unknown as Mutable<ApiObject>;
  },
};

function isSame(draft: Draft, previous: ApiObject): boolean {
  const { metadata, ...rest } = draft;
  const { metadata: before, ...restBefore } = previous;
  // Times in the record alone are no reason to write.
  return (
    equalJson(
      { ...metadata, resourceVersion: '', managedFields: [] },
      { ...before, resourceVersion: '', managedFields: [] },
    ) &&
    equalJson(rest, restBefore) &&
    isEqualManagement(metadata.managedFields, before.managedFields)
  );
}

/** What was not stored is shown at the version it was made from. */
const versionedAs = ({ metadata: { resourceVersion } }: ApiObject, draft: Draft): ApiObject =>
  ({ ...draft, metadata: { ...draft.metadata, resourceVersion } }) as ApiObject;

/** What upstream's store says of what it cannot do: it is no refusal of its own. */
const ownFault = (message: string): StatusError =>
  new StatusError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code: 500 });

const clonedOnce = (draft: Draft, isNeeded: boolean): Draft => (isNeeded ? cloneJson(draft) : draft);

function refusal(field: string, value: unknown, detail: string): Field['errors'] {
  const at = new Field(field);
  at.invalid(value, detail);
  return at.errors;
}
