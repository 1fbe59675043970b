import {
  type ApiObject,
  apiVersionOf,
  type Applied,
  applyConfig,
  cloneJson,
  conflict,
  entriesOf,
  failure,
  type Kind,
  type Mutable,
  notFound,
  ownersOf,
  type Part,
} from '@navarch/machinery';
import { type Cached, StaleError } from '@navarch/store';
import type { Operation } from '../admission/request.ts';
import type { ListCounts } from '../observe/list-measures.ts';
import { Change } from './change.ts';
import type { ApplyRequest, Call, Draft, PatchType } from './call.ts';
import { appliedBefore, withApplied } from './client-side-apply.ts';
import { Creation } from './creation.ts';
import { type Deleted, type DeleteOptions, Deletion } from './deletion.ts';
import { Drafts } from './drafts.ts';
import { FanOut } from './fan-out.ts';
import { emptyOf, ignoredBy, unmanaged } from './field-management.ts';
import { checkApplier, checkName, place, readApplied, readMade, readObject } from './incoming.ts';
import { inOrder, timestamp } from './meta.ts';
import { readPatched } from './patched.ts';
import { checkClaim, checkMeant } from './preconditions.ts';
import type { Registry } from './registry.ts';
import type { Shelf } from './shelf.ts';
import { checkVersionsOfOwners, inVersionsOf } from './versions.ts';

/** Of kinds that do not say how their lists merge. */
const NO_STRATEGY =
  'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml';

/** Serves one kind. Knows nothing of any kind in particular: whatever differs between kinds is a declaration it reads. */
export class Resource<O extends ApiObject> {
  readonly kind: Kind<O>;
  readonly shelf: Shelf;
  readonly registry: Registry;
  /** Those who watch it from outside the process. */
  readonly watchers: FanOut;
  readonly #parts: Readonly<Record<string, Part<O>>>;
  readonly #drafts: Drafts<O>;
  readonly #creation: Creation<O>;
  readonly #change: Change<O>;
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
      admission: registry.deps.admission(registry),
      attendant: registry.deps.attendants?.[`${kind.group}/${kind.plural}`],
      features: registry.features,
      inVersion: inVersionsOf(this),
    });
    this.#creation = new Creation(this, this.#drafts);
    this.#change = new Change(this, this.#drafts);
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

  /** Throws AlreadyExists. */
  create(namespace: string, input: unknown, call: Call, isApplied = false): Promise<O> {
    const draft = (isApplied ? readMade : readObject)(this.kind, input, call);
    place(this.kind, draft.metadata, namespace);
    return this.#creation.run(namespace, draft, call, isApplied);
  }

  /** PUT. Creates an absent object where the kind allows it. */
  async replace(namespace: string, name: string, input: unknown, call: Call, part = ''): Promise<O> {
    const { kind } = this;
    const draft = readObject(kind, input, call);
    place(kind, draft.metadata, namespace);
    checkName(draft.metadata.name, name);
    const at = { key: this.shelf.keyOf(namespace, name), name };
    const { uid } = draft.metadata;
    if (part === '' && kind.behaviour.createsOnUpdate && !this.shelf.cache.get(at.key)) {
      checkMeant(kind, at, { uid }, undefined);
      checkClaim(draft.metadata);
      call.mayCreate?.();
      draft.metadata.resourceVersion = '';
      return this.#creation.run(namespace, draft, call, false);
    }
    const make = (current: O): Draft => {
      checkMeant(kind, at, { uid }, current);
      return cloneJson(draft);
    };
    return this.#change.run({ namespace, name, make, call, part });
  }

  /** `change` gets the current object as this version shows it and must be pure: it runs again when others were faster. */
  async update(namespace: string, name: string, change: (current: O) => unknown, call: Call, part = ''): Promise<O> {
    return this.#change.run({
      namespace,
      name,
      make: (current) => {
        const changed = change(current);
        if (changed === current) return undefined;
        const draft = this.#readPart(changed, current, call, part);
        const at = { key: this.shelf.keyOf(namespace, name), name };
        checkMeant(this.kind, at, { uid: draft.metadata.uid }, current);
        return draft;
      },
      call,
      part,
    });
  }

  /** As readObject(), but for what a change through a part left as it was and the part takes nothing of. */
  #readPart(changed: unknown, current: O, call: Call, part: string): Draft {
    const takes = this.#parts[part]?.takes;
    if (!takes) return readObject(this.kind, changed, call);
    const held = current as unknown as Readonly<Record<string, unknown>>;
    // Put together, not taken from: an object that loses a field is slow to read from then on.
    const given = Object.entries(changed as object).filter(
      ([name, value]) =>
        typeof value !== 'object' || value !== held[name] || name === 'metadata' || takes.includes(name),
    );
    // Nor is the record of owners taken from who writes a part.
    const { managedFields: _, ...metadata } = (changed as O).metadata;
    return readObject(this.kind, { ...Object.fromEntries(given), metadata }, call);
  }

  async patch(namespace: string, name: string, type: PatchType, body: unknown, call: Call, part = ''): Promise<O> {
    if (type === 'strategic' && this.kind.behaviour.patchesStrategically === false)
      throw failure('UnsupportedMediaType', NO_STRATEGY);
    return this.#change.run({
      namespace,
      name,
      make: (current) => {
        const next = readPatched(this.kind, current, { type, body }, call);
        place(this.kind, next.metadata, namespace);
        checkName(next.metadata.name, name);
        return next;
      },
      call,
      part,
    });
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
    const config = readApplied(this.kind, request);
    if (part === '' && !this.shelf.cache.get(this.shelf.keyOf(namespace, name))) {
      const uid = config.metadata?.uid;
      if (uid)
        throw conflict(
          this.kind,
          name,
          `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`,
        );
      call.mayCreate?.();
      const made = this.#applied(emptyOf(this.kind) as unknown as ApiObject, config, request, part);
      request.check?.();
      checkName(made.metadata.name, name);
      return { object: await this.create(namespace, made, call, true), isNew: true };
    }
    const object = await this.#change.run({
      namespace,
      name,
      make: (current) => {
        const next = readMade(this.kind, this.#applied(current, config, request, call.recordedAs ?? part), call);
        request.check?.();
        place(this.kind, next.metadata, namespace);
        checkName(next.metadata.name, name);
        return next;
      },
      call,
      part,
      isApplied: true,
    });
    return { object, isNew: false };
  }

  /** The object as it would be, with the record of who owns what. */
  #applied(live: ApiObject, config: Draft, { manager, force }: ApplyRequest, part: string): ApiObject {
    const { kind } = this;
    checkVersionsOfOwners(this, live);
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
        time: part === 'scale' ? undefined : timestamp(this.registry.deps.clock.now()),
      },
      inVersion: inVersionsOf(this),
    });
    const made = {
      ...object,
      metadata: { ...(object['metadata'] as object), managedFields: entriesOf(owners) },
    } as unknown as ApiObject;
    return withApplied(made, config as unknown as Record<string, unknown>, manager);
  }

  delete(namespace: string, name: string, options: DeleteOptions, call: Call): Promise<Deleted<O>> {
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
    const previous = this.shelf.cache.get(this.shelf.keyOf(at.namespace, at.name))?.object;
    await this.#drafts.admitOther(operation, { ...at, previous }, body, call);
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
}

/** Status writers change the status (and labels and annotations), nothing else. */
const statusPart: Part<ApiObject> = {
  takes: ['status'],
  merge(sent, previous) {
    const { status } = sent as Draft;
    return { ...(previous as Draft), metadata: sent.metadata, status } as unknown as Mutable<ApiObject>;
  },
};
