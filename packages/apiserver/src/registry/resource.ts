import { randomSuffix, randomUid } from '@navarch/base';
import {
  alreadyExists, type ApiObject, type Applied, applyConfig, apiVersionOf, backtrackingPatterns, badRequest, conflict, type Decoded, DecodeError, dnsSubdomainErrors, entriesOf, equalJson, failure, Field,
  type HookContext, invalid, isEqualManagement, jsonPatch, type Kind, mergePatch, methodNotAllowed, type Mutable, notFound, ownersOf, type Part, StatusError,
  strategicMergePatch, validateObjectMeta, validateObjectMetaUpdate, cloneJson } from '@navarch/machinery';
import { type Cached, StaleError } from '@navarch/store';
import { type AdmissionContext, type AdmissionRequest, applies, type Operation } from '../admission/admission.ts';
import type { User } from '../auth/user.ts';
import { type DeleteOptions, Deletion } from './deletion.ts';
import { emptyOf, ignoredBy, managerOf, recorded, unmanaged } from './field-management.ts';
import { isFinished } from './finished.ts';
import { inOrder, timestamp } from './meta.ts';
import type { Registry } from './registry.ts';
import { OBJECT_MODIFIED, type Shelf } from './shelf.ts';

/** Who writes, and how. */
export interface Call {
  readonly user: User;
  readonly isDryRun: boolean;
  /** What to do about fields nobody knows: fieldValidation of the API. */
  readonly fieldValidation?: 'Ignore' | 'Warn' | 'Strict';
  /** The text the object came as: tells of fields given twice. */
  readonly source?: { readonly hasDuplicates: boolean; complaints(unknown: readonly string[]): readonly string[] };
  /** Collects texts for Warning headers. */
  readonly warnings?: string[];
  /** Who owns the fields this call sets (metadata.managedFields). Absent: the user. */
  readonly fieldManager?: string;
  /** Throws Forbidden unless the user may also create: an update or apply of what is not there does. */
  mayCreate?(): void;
}

/** A server-side apply: what the manager wants, and nothing else. */
export interface ApplyRequest {
  readonly config: unknown;
  readonly manager: string;
  readonly force: boolean;
}

export type PatchType = 'json' | 'merge' | 'strategic';
type Draft = Mutable<ApiObject> & { spec?: unknown; status?: unknown };

/** Custom resources do not say how their lists merge. */
const NO_STRATEGY = 'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml';
/** Times a write is begun again when others were faster; more only under a storm on one object. */
const RETRIES_MAX = 10;
const NAME_RETRIES_MAX = 8;

/** Serves one kind. Knows nothing of any kind in particular: whatever differs between kinds is a declaration it reads. */
export class Resource<O extends ApiObject> {
  readonly kind: Kind<O>;
  readonly shelf: Shelf;
  readonly registry: Registry;
  readonly #parts: Readonly<Record<string, Part<O>>>;

  constructor(kind: Kind<O>, shelf: Shelf, registry: Registry) {
    this.kind = kind;
    this.shelf = shelf;
    this.registry = registry;
    const hasStatus = kind.subresources.some((subresource) => subresource.name === 'status');
    this.#parts = { ...(hasStatus ? { status: statusPart as Part<any> } : {}), ...kind.behaviour.parts };
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
    const draft = this.#read(input, call);
    const { metadata } = draft;
    this.#place(metadata, namespace);
    const { clock, random } = this.registry.deps;
    const isGenerated = !metadata.name && Boolean(metadata.generateName);
    for (let attempt = 0; ; attempt++) {
      if (isGenerated) metadata.name = (metadata.generateName ?? '').slice(0, 58) + randomSuffix(random, 5);
      const now = clock.now();
      const next = clonedOnce(draft, isGenerated);
      next.metadata = inOrder({
        ...next.metadata, uid: randomUid(random), resourceVersion: '', creationTimestamp: timestamp(now),
        ...(this.kind.behaviour.desired === false ? {} : { generation: 1 }),
      }) as Draft['metadata'];
      delete (next.metadata as { deletionTimestamp?: string }).deletionTimestamp;
      delete (next.metadata as { deletionGracePeriodSeconds?: number }).deletionGracePeriodSeconds;
      const ready = await this.#admitCreate(next, call, now, isApplied);
      try {
        if (this.shelf.cache.get(this.shelf.keyOf(namespace, ready.metadata.name))) throw alreadyExists(this.kind, ready.metadata.name);
        if (call.isDryRun) return this.view(ready);
        const cached = await this.shelf.create(this.shelf.keyOf(namespace, ready.metadata.name), ready);
        return this.view(cached.object);
      } catch (error) {
        const exists = error instanceof StaleError ? alreadyExists(this.kind, ready.metadata.name) : error;
        if (!isGenerated || attempt >= NAME_RETRIES_MAX || !(exists instanceof StatusError) || exists.status.reason !== 'AlreadyExists') throw exists;
      }
    }
  }

  /** PUT. Creates an absent object where the kind allows it. */
  async replace(namespace: string, name: string, input: unknown, call: Call, part = ''): Promise<O> {
    const draft = this.#read(input, call);
    this.#place(draft.metadata, namespace);
    if (draft.metadata.name && draft.metadata.name !== name) {
      throw badRequest(`the name of the object (${draft.metadata.name}) does not match the name on the URL (${name})`);
    }
    draft.metadata.name = name;
    if (part === '' && this.kind.behaviour.createsOnUpdate && !this.shelf.cache.get(this.shelf.keyOf(namespace, name))) {
      call.mayCreate?.();
      return this.create(namespace, draft, call);
    }
    if (!draft.metadata.resourceVersion && this.kind.behaviour.updatesUnconditionally === false) {
      throw invalid(this.kind, name, refusal('metadata.resourceVersion', 0, 'must be specified for an update'));
    }
    return this.#write(namespace, name, () => cloneJson(draft), call, part);
  }

  /** `change` gets the current object as this version shows it and must be pure: it runs again when others were faster. */
  async update(namespace: string, name: string, change: (current: O) => unknown, call: Call, part = ''): Promise<O> {
    return this.#write(namespace, name, (current) => {
      const changed = change(current);
      return changed === current ? undefined : this.#read(changed, call);
    }, call, part);
  }

  async patch(namespace: string, name: string, type: PatchType, body: unknown, call: Call, part = ''): Promise<O> {
    if (type === 'strategic' && this.kind.origin === 'custom') throw failure('UnsupportedMediaType', NO_STRATEGY);
    const apply = (current: O): unknown => {
      if (type === 'json') return jsonPatch(current, body);
      return type === 'merge' ? mergePatch(current, body) : strategicMergePatch(current, body, this.kind.schema);
    };
    const claimed = (body as { metadata?: { resourceVersion?: unknown } } | null)?.metadata?.resourceVersion;
    return this.#write(namespace, name, (current) => {
      const next = this.#read(apply(current), call);
      if (next.metadata.name !== name) throw badRequest(`the name of the object (${next.metadata.name}) does not match the name on the URL (${name})`);
      // Carried over from the current object, not asked for.
      if (claimed === undefined) next.metadata.resourceVersion = '';
      return next;
    }, call, part);
  }

  /** Server-side apply; creates an absent object. Throws Conflict where others own what would change. */
  async apply(namespace: string, name: string, request: ApplyRequest, call: Call, part = ''): Promise<{ readonly object: O; readonly isNew: boolean }> {
    const config = this.#checkedConfig(request, namespace, name);
    if (part === '' && !this.shelf.cache.get(this.shelf.keyOf(namespace, name))) {
      call.mayCreate?.();
      const made = this.#applied(emptyOf(this.kind) as unknown as ApiObject, config, request, part);
      return { object: await this.create(namespace, made, call, true), isNew: true };
    }
    const claimed = (config.metadata as { resourceVersion?: unknown }).resourceVersion;
    const object = await this.#write(namespace, name, (current) => {
      const next = this.#read(this.#applied(current, config, request, part), call);
      if (claimed === undefined) next.metadata.resourceVersion = '';
      return next;
    }, call, part, true);
    return { object, isNew: false };
  }

  #checkedConfig({ config, manager }: ApplyRequest, namespace: string, name: string): Draft {
    if (typeof config !== 'object' || config === null || Array.isArray(config)) throw badRequest('error decoding YAML: yaml: cannot unmarshal into Go value of type map[string]interface {}');
    const { metadata = {}, ...rest } = config as Partial<Draft>;
    if (!rest.kind) throw badRequest("error decoding YAML: Object 'Kind' is missing");
    const at = new Field();
    if (!manager) at.at('fieldManager').required('is required for apply patch');
    if (at.errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'PatchOptions' }, '', at.errors);
    const sent = metadata as Draft['metadata'];
    if (sent.managedFields !== undefined) throw badRequest('metadata.managedFields must be nil');
    if (sent.name && sent.name !== name) throw badRequest(`the name of the object (${sent.name}) does not match the name on the URL (${name})`);
    const placed = { ...sent, name };
    this.#place(placed, namespace);
    return { ...rest, metadata: placed } as Draft;
  }

  /** The object as it would be, with the record of who owns what. */
  #applied(live: ApiObject, config: Draft, { manager, force }: ApplyRequest, part: string): ApiObject {
    const { kind } = this;
    const empty = emptyOf(kind);
    const { object, owners }: Applied = applyConfig({
      schema: kind.schema, empty, live: (live as unknown) === empty ? empty : unmanaged(live), owners: ownersOf(live.metadata.managedFields), config: config as unknown as Record<string, unknown>, force,
      ignored: ignoredBy(part, this.#parts['status'] !== undefined),
      writer: { manager, apiVersion: apiVersionOf(kind), subresource: part, time: timestamp(this.registry.deps.clock.now()) },
    });
    return { ...object, metadata: { ...(object['metadata'] as object), managedFields: entriesOf(owners) } } as unknown as ApiObject;
  }

  delete(namespace: string, name: string, options: DeleteOptions, call: Call): Promise<{ readonly object: O; readonly isGone: boolean }> {
    return new Deletion(this).run(namespace, name, options, call);
  }

  /**
   * Admission of what writes no object of this kind: deletions, connections, bodies of other kinds sent to a subresource.
   * Plugins may change the body.
   */
  async admitOther(operation: Operation, at: { readonly namespace: string; readonly name: string; readonly subresource?: string }, body: object, call: Call): Promise<void> {
    const previous = this.shelf.cache.get(this.shelf.keyOf(at.namespace, at.name))?.object;
    const request = this.#request(operation, at.namespace, at.name, at.subresource ?? '', call, previous);
    await this.#mutating(body as Draft, request);
    const field = new Field();
    await this.#validating(body as ApiObject, field, request);
    if (field.errors.length > 0) throw invalid(this.kind, at.name, field.errors);
  }

  /** Writes what a part of the server itself decided about the stored object. Resolves to undefined when it has moved. */
  async overwrite(previous: Cached<ApiObject>, draft: ApiObject): Promise<Cached<ApiObject> | undefined> {
    try {
      return await this.shelf.replace(previous, { ...draft, metadata: inOrder({ ...draft.metadata, resourceVersion: '' } as Mutable<ApiObject>['metadata']) } as ApiObject);
    } catch (error) {
      if (error instanceof StaleError) return undefined;
      throw error;
    }
  }

  /** Decodes, completes and turns into the stored version. */
  #read(input: unknown, call: Call): Draft {
    const { kind } = this;
    const sent = input as Partial<ApiObject> | null;
    if (typeof sent !== 'object' || sent === null || Array.isArray(sent)) throw badRequest(`couldn't get version/kind; json parse error: json: cannot unmarshal into Go value of type struct { APIVersion string; Kind string }`);
    const apiVersion = apiVersionOf(kind);
    if ((sent.kind ?? kind.kind) !== kind.kind || (sent.apiVersion ?? apiVersion) !== apiVersion) {
      throw badRequest(`the API version in the data (${sent.apiVersion}) does not match the expected API version (${apiVersion})`);
    }
    // Given here, so that decoding puts them in their place even where the sender left them out.
    const { value, unknownFields } = this.#decode(kind, { ...sent, kind: kind.kind, apiVersion });
    this.#complain(unknownFields, call);
    kind.behaviour.complete?.(value as Mutable<O>);
    const { hub } = kind;
    if (!hub) return value as unknown as Draft;
    const converted = hub.kind.decode(hub.toHub(value as unknown as O)).value;
    hub.kind.behaviour.complete?.(converted as Mutable<any>);
    return converted as unknown as Draft;
  }

  #decode(kind: Kind<any>, sent: unknown): Decoded {
    try {
      return kind.decode(sent);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      throw badRequest(`${kind.kind} in version ${JSON.stringify(kind.version)} cannot be handled as a ${kind.kind}: ${error.message}`);
    }
  }

  #complain(unknownFields: readonly string[], call: Call): void {
    if (call.fieldValidation === 'Ignore' || (unknownFields.length === 0 && !call.source?.hasDuplicates)) return;
    const texts = call.source?.complaints(unknownFields) ?? unknownFields.map((field) => `unknown field ${JSON.stringify(field)}`);
    if (call.fieldValidation === 'Strict') {
      throw badRequest(`${this.kind.kind} in version ${JSON.stringify(this.kind.version)} cannot be handled as a ${this.kind.kind}: strict decoding error: ${texts.join(', ')}`);
    }
    call.warnings?.push(...texts);
  }

  #place(metadata: Mutable<ApiObject>['metadata'], namespace: string): void {
    if (!this.kind.namespaced) return;
    if (metadata.namespace && metadata.namespace !== namespace) {
      throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
    }
    metadata.namespace = namespace;
  }

  async #admitCreate(start: Draft, call: Call, now: number, isApplied: boolean): Promise<Draft> {
    let draft = start;
    const stored = this.shelf.kind;
    const hooks: HookContext = { now, subresource: undefined, apiVersion: apiVersionOf(this.kind), user: call.user };
    stored.behaviour.prepareCreate?.(draft as Mutable<any>, hooks);
    if (!isApplied) this.#record(draft, undefined, call, '', now);
    const request = this.#request('CREATE', draft.metadata.namespace ?? '', draft.metadata.name, '', call, undefined);
    const made = { ...draft };
    if (await this.#mutating(draft, request)) draft = this.#kept(this.#normal(draft), made);
    this.#attendant()?.prepare(draft as ApiObject, undefined);
    const at = new Field();
    const nameErrors = (name: string): readonly string[] => (stored.behaviour.validateName ?? dnsSubdomainErrors)(name, false);
    validateObjectMeta(draft.metadata, { namespaced: stored.namespaced, nameErrors }, at.at('metadata'));
    stored.behaviour.validate?.(draft as ApiObject, at, hooks);
    stored.behaviour.validateCreate?.(draft as ApiObject, at, hooks);
    if (at.errors.length > 0) throw invalid(this.kind, draft.metadata.name, at.errors);
    await this.#validating(draft as ApiObject, at, request);
    if (at.errors.length > 0) throw invalid(this.kind, draft.metadata.name, at.errors);
    call.warnings?.push(...(stored.behaviour.warnings?.(draft as ApiObject, undefined) ?? []));
    return draft;
  }

  #write(namespace: string, name: string, make: (current: O) => Draft | undefined, call: Call, part: string, isApplied = false): Promise<O> {
    return this.shelf.inTurn(this.shelf.keyOf(namespace, name), () => this.#writeInTurn(namespace, name, make, call, part, isApplied));
  }

  async #writeInTurn(namespace: string, name: string, make: (current: O) => Draft | undefined, call: Call, part: string, isApplied: boolean): Promise<O> {
    if (part !== '' && !this.#parts[part]) throw methodNotAllowed(this.kind, 'update');
    for (let attempt = 0; ; attempt++) {
      const cached = this.cached(namespace, name);
      const sent = make(this.view(cached.object));
      if (!sent) return this.view(cached.object);
      const claimed = sent.metadata.resourceVersion;
      if (claimed && claimed !== cached.object.metadata.resourceVersion) throw conflict(this.kind, name, OBJECT_MODIFIED);
      if (sent.metadata.uid && sent.metadata.uid !== cached.object.metadata.uid) {
        throw conflict(this.kind, name, `Precondition failed: UID in precondition: ${sent.metadata.uid}, UID in object meta: ${cached.object.metadata.uid}`);
      }
      const draft = await this.#admitUpdate(sent, cached.object, call, part, isApplied);
      if (isSame(draft, cached.object)) return this.view(cached.object);
      if (call.isDryRun) return this.view({ ...draft, metadata: { ...draft.metadata, resourceVersion: cached.object.metadata.resourceVersion } } as ApiObject);
      try {
        if (isFinished(draft as ApiObject, this.shelf.kind)) {
          await this.shelf.remove(cached);
          return this.view(draft as ApiObject);
        }
        return this.view((await this.shelf.replace(cached, draft as ApiObject)).object);
      } catch (error) {
        const isBehind = error instanceof StaleError || (error instanceof StatusError && error.status.reason === 'Conflict');
        if (!isBehind) throw error;
        // The caller insisted on a version that is no longer the newest, or others are faster every time.
        if (claimed || attempt >= RETRIES_MAX) throw conflict(this.kind, name, OBJECT_MODIFIED);
      }
    }
  }

  async #admitUpdate(sent: Draft, previous: ApiObject, call: Call, partName: string, isApplied: boolean): Promise<Draft> {
    const stored = this.shelf.kind;
    const hooks: HookContext = { now: this.registry.deps.clock.now(), subresource: partName || undefined, apiVersion: apiVersionOf(this.kind), user: call.user };
    const part = this.#parts[partName];
    let draft: Draft = part ? (part.merge(sent as Mutable<any>, previous as O) as unknown as Draft) : sent;
    if (!part && this.#parts['status'] && 'status' in previous) draft.status = (previous as Draft).status;
    this.#keepSystemMeta(draft, previous);
    if (part) part.prepare?.(draft as Mutable<any>, previous as O, hooks);
    else stored.behaviour.prepareUpdate?.(draft as Mutable<any>, previous, hooks);
    if (!isApplied) this.#record(draft, previous, call, partName, hooks.now);
    const request = this.#request('UPDATE', previous.metadata.namespace ?? '', previous.metadata.name, partName, call, previous);
    const made = { ...draft };
    if (await this.#mutating(draft, request)) draft = this.#kept(this.#normal(draft), made, part !== undefined);
    if (!part) this.#attendant()?.prepare(draft as ApiObject, previous);
    this.#countGeneration(draft, previous, part);
    const at = new Field();
    validateObjectMetaUpdate(draft.metadata, previous.metadata, at.at('metadata'));
    if (part) part.validate?.(draft as unknown as O, previous as O, at, hooks);
    else {
      stored.behaviour.validate?.(draft as ApiObject, at, hooks);
      stored.behaviour.validateUpdate?.(draft as ApiObject, previous, at, hooks);
    }
    await this.#validating(draft as ApiObject, at, request);
    if (at.errors.length > 0) throw invalid(this.kind, previous.metadata.name, at.errors);
    return draft;
  }

  /** Before admission, so that what plugins add belongs to nobody. */
  #record(draft: Draft, previous: ApiObject | undefined, call: Call, subresource: string, now: number): void {
    const recording = { manager: call.fieldManager ?? managerOf(call.user), now, subresource };
    const managedFields = recorded(this.shelf.kind, draft as ApiObject, previous, recording, this.#parts['status'] !== undefined);
    const { managedFields: _, ...metadata } = draft.metadata;
    draft.metadata = inOrder({ ...metadata, ...(managedFields ? { managedFields } : {}) }) as Draft['metadata'];
  }

  #keepSystemMeta(draft: Draft, previous: ApiObject): void {
    const { uid, creationTimestamp, generation, deletionTimestamp, deletionGracePeriodSeconds, namespace, name, generateName } = previous.metadata;
    draft.metadata = inOrder({
      ...draft.metadata, name, uid, creationTimestamp, resourceVersion: '',
      ...(generateName ? { generateName } : {}), ...(namespace ? { namespace } : {}), ...(generation === undefined ? {} : { generation }),
      ...(deletionTimestamp ? { deletionTimestamp } : {}), ...(deletionGracePeriodSeconds === undefined ? {} : { deletionGracePeriodSeconds }),
    }) as Draft['metadata'];
  }

  #countGeneration(draft: Draft, previous: ApiObject, part: Part<O> | undefined): void {
    const { desired } = this.shelf.kind.behaviour;
    if (desired === false || (part && !part.bumpsGeneration)) return;
    const wanted = desired ?? ((object: ApiObject) => {
      const { metadata: _, status: __, ...rest } = object as Draft;
      return [rest];
    });
    if (equalJson(wanted(draft as ApiObject), wanted(previous))) return;
    draft.metadata = inOrder({ ...draft.metadata, generation: (previous.metadata.generation ?? 0) + 1 }) as Draft['metadata'];
  }

  /** Whatever plugins (webhooks among them) did: who the object is, and the part that the request may not write, stay. */
  #kept(draft: Draft, before: Draft, isPart = false): Draft {
    const { uid, creationTimestamp, generation, namespace, deletionTimestamp, deletionGracePeriodSeconds } = before.metadata;
    const { deletionTimestamp: _, deletionGracePeriodSeconds: __, ...metadata } = draft.metadata;
    draft.metadata = inOrder({
      ...metadata, uid, creationTimestamp, resourceVersion: '', ...(namespace ? { namespace } : {}), ...(generation === undefined ? {} : { generation }),
      ...(deletionTimestamp ? { deletionTimestamp } : {}), ...(deletionGracePeriodSeconds === undefined ? {} : { deletionGracePeriodSeconds }),
    }) as Draft['metadata'];
    if (!isPart && this.#parts['status']) draft.status = before.status;
    return draft;
  }

  /** Plugins may have put fields anywhere: decoding again gives the printed order and fills what they left out. */
  #normal(draft: Draft): Draft {
    const { kind } = this.shelf;
    const value = kind.decode(draft).value as unknown as Draft;
    kind.behaviour.complete?.(value as Mutable<any>);
    value.metadata = inOrder(value.metadata) as Draft['metadata'];
    return value;
  }

  #request(operation: Operation, namespace: string, name: string, subresource: string, call: Call, previous: ApiObject | undefined): AdmissionRequest {
    const warn = (text: string): void => void call.warnings?.push(text);
    return { kind: this.shelf.kind, operation, namespace, name, subresource, user: call.user, previous, isDryRun: call.isDryRun, warn };
  }

  async #mutating(draft: Draft, request: AdmissionRequest): Promise<boolean> {
    let changed = false;
    const context = this.#context();
    for (const plugin of this.registry.deps.admission) {
      if (!plugin.mutate || !applies(plugin, request)) continue;
      const result = plugin.mutate(draft, request, context);
      // Nearly all answer at once: what they decided on is still so at the commit.
      changed = (typeof result === 'boolean' ? result : await result) || changed;
    }
    return changed;
  }

  async #validating(object: ApiObject, at: Field, request: AdmissionRequest): Promise<void> {
    const context = this.#context();
    for (const plugin of this.registry.deps.admission) {
      if (!plugin.validate || !applies(plugin, request)) continue;
      const result = plugin.validate(object, at, request, context);
      if (result) await result;
    }
  }

  #context(): AdmissionContext {
    const { clock, random, access, patterns = backtrackingPatterns } = this.registry.deps;
    return { registry: this.registry, access, patterns, now: clock.now(), randomSuffix: () => randomSuffix(random, 5) };
  }

  #attendant(): { prepare(draft: ApiObject, previous: ApiObject | undefined): void } | undefined {
    return this.registry.deps.attendants?.[`${this.kind.group}/${this.kind.plural}`];
  }
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
  return equalJson({ ...metadata, resourceVersion: '', managedFields: [] }, { ...before, resourceVersion: '', managedFields: [] })
    && equalJson(rest, restBefore) && isEqualManagement(metadata.managedFields, before.managedFields);
}

const clonedOnce = (draft: Draft, isNeeded: boolean): Draft => (isNeeded ? cloneJson(draft) : draft);

function refusal(field: string, value: unknown, detail: string): Field['errors'] {
  const at = new Field(field);
  at.invalid(value, detail);
  return at.errors;
}

