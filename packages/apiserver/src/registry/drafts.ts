import {
  type ApiObject,
  apiVersionOf,
  dnsSubdomainErrors,
  dropDisabled,
  equalJson,
  Field,
  type FieldError,
  type HookContext,
  inPrintedOrder,
  type InVersion,
  invalid,
  type Kind,
  type Mutable,
  type Part,
  ownedFinalizer,
  validateObjectMeta,
  validateObjectMetaUpdate,
  withDeclared,
} from '@navarch/machinery';
import type { Admission, AdmissionRequest, Operation } from '../admission/request.ts';
import { admissionRequest, admitBody, type AskedAt } from './admitting.ts';
import type { Call, Draft } from './call.ts';
import type { FeatureGates } from '../features/feature-gates.ts';
import { managerOf, recorded } from './field-management.ts';
import { generationAfter, inOrder } from './meta.ts';
import { dropRepeatedOwners } from './owner-references.ts';
import type { Attendant } from './attendant.ts';

export interface DraftsDeps<O extends ApiObject> {
  /** The version that the requests speak. */
  readonly kind: Kind<O>;
  /** The version that is stored: drafts are of it. */
  readonly stored: Kind<any>;
  readonly parts: Readonly<Record<string, Part<O>>>;
  readonly admission: Admission;
  readonly attendant: Attendant | undefined;
  readonly features: FeatureGates;
  /** How owners of fields who speak another version see an object. */
  readonly inVersion: InVersion;
}

/** A write that is under way. */
export interface Writing {
  readonly call: Call;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** The subresource it goes through; '' is the object itself. */
  readonly part: string;
  /** Server-side apply keeps its own record of who owns what. */
  readonly isApplied: boolean;
}

/**
 * What becomes of what was sent before it is stored: the strategy of its kind, the record of owners, admission and
 * validation. Throws what refuses it; touches nothing that is stored.
 */
export class Drafts<O extends ApiObject> {
  readonly #deps: DraftsDeps<O>;
  readonly #hasStatus: boolean;

  constructor(deps: DraftsDeps<O>) {
    this.#deps = deps;
    this.#hasStatus = deps.parts['status'] !== undefined;
  }

  async created(draft: Draft, writing: Writing): Promise<Draft> {
    const { kind, stored, attendant, admission } = this.#deps;
    const { call } = writing;
    const hooks = this.#hooks(writing);
    if (!call.isPatch) dropRepeatedOwners(draft, call, false);
    if (!writing.isApplied) this.#record(draft, undefined, writing);
    const request = this.#request(
      'CREATE',
      { namespace: draft.metadata.namespace ?? '', name: draft.metadata.name },
      call,
    );
    const ready = await this.#mutated(draft, request, undefined);
    dropRepeatedOwners(ready, call, true);
    stored.behaviour.prepareCreate?.(ready as Mutable<any>, hooks);
    this.#dropDisabled(ready, undefined);
    attendant?.prepare(ready as ApiObject, undefined);
    const at = new Field();
    this.#checkType(ready, at);
    const nameErrors = (name: string): readonly string[] =>
      (stored.behaviour.validateName ?? dnsSubdomainErrors)(name, false, ready as ApiObject);
    validateObjectMeta(ready.metadata, { namespaced: stored.namespaced, nameErrors }, at.at('metadata'));
    this.#checkFinalizers(ready, at);
    stored.behaviour.validate?.(ready as ApiObject, at, hooks);
    stored.behaviour.validateCreate?.(ready as ApiObject, at, hooks);
    this.#refuse(ready as ApiObject, undefined, at);
    if (stored.behaviour.canonicalize) {
      stored.behaviour.canonicalize(ready as Mutable<any>);
      ready.metadata = inOrder(ready.metadata) as Draft['metadata'];
    }
    call.warnings?.push(...(stored.behaviour.warnings?.(ready as ApiObject, undefined) ?? []));
    await admission.validate(ready as ApiObject, at, request);
    if (at.errors.length > 0) throw invalid(kind, ready.metadata.name, at.errors);
    return this.#kept(ready, undefined, writing);
  }

  /** As it is stored: hooks and plugins put fields where they were told, and not in the order in which they are printed. */
  #kept(draft: Draft, previous: ApiObject | undefined, { isApplied }: Writing): Draft {
    const { schema, applied } = this.#deps.stored as Kind<any>;
    const printed = inPrintedOrder(schema, draft, previous);
    return isApplied && applied ? (applied.kept(printed as ApiObject) as Draft) : printed;
  }

  /** To be called when a write that made a draft is over, whatever came of it. */
  settled(uid: string): void {
    this.#deps.attendant?.settled(uid);
  }

  async updated(sent: Draft, previous: ApiObject, writing: Writing): Promise<Draft> {
    const { kind, stored, parts, attendant, admission } = this.#deps;
    const { call } = writing;
    const hooks = this.#hooks(writing);
    const part = parts[writing.part];
    const draft = part ? (part.merge(sent as Mutable<any>, previous as O) as unknown as Draft) : sent;
    if (!part && this.#hasStatus && 'status' in previous) draft.status = (previous as Draft).status;
    draft.metadata = identified(draft.metadata, previous.metadata, true);
    if (!call.isPatch) dropRepeatedOwners(draft, call, false);
    if (!writing.isApplied) this.#record(draft, previous, writing);
    const request = this.#request(
      'UPDATE',
      {
        namespace: previous.metadata.namespace ?? '',
        name: previous.metadata.name,
        subresource: writing.part,
        previous,
      },
      call,
    );
    const ready = await this.#mutated(draft, request, part);
    dropRepeatedOwners(ready, call, true);
    if (part) part.prepare?.(ready as Mutable<any>, previous as O, hooks);
    else stored.behaviour.prepareUpdate?.(ready as Mutable<any>, previous, hooks);
    this.#dropDisabled(ready, previous);
    if (!part) attendant?.prepare(ready as ApiObject, previous);
    this.#countGeneration(ready, previous, part);
    const at = new Field();
    validateObjectMetaUpdate(ready.metadata, previous.metadata, at.at('metadata'));
    this.#checkType(ready, at);
    this.#checkFinalizers(ready, at);
    if (part) part.validate?.(ready as unknown as O, previous as O, at, hooks);
    else {
      stored.behaviour.validate?.(ready as ApiObject, at, hooks);
      stored.behaviour.validateUpdate?.(ready as ApiObject, previous, at, hooks);
    }
    this.#refuse(ready as ApiObject, previous, at);
    call.warnings?.push(...this.#warningsOf(ready as ApiObject, previous, part));
    await admission.validate(ready as ApiObject, at, request);
    if (at.errors.length > 0) throw invalid(kind, previous.metadata.name, at.errors);
    return this.#kept(ready, previous, writing);
  }

  /** What is custom is read whatever it says that it is. Throws Invalid where that is not what it should be. */
  #checkType({ apiVersion, kind, metadata }: Draft, at: Field): void {
    const { kind: of } = this.#deps;
    if (!of.behaviour.namesItself || (kind === of.kind && apiVersion === apiVersionOf(of))) return;
    if (kind !== of.kind) at.at('kind').invalid(kind, `must be ${of.kind}`);
    if (apiVersion !== apiVersionOf(of)) at.at('apiVersion').invalid(apiVersion, `must be ${apiVersionOf(of)}`);
    const [group = ''] = (apiVersion ?? '').includes('/') ? (apiVersion ?? '').split('/') : [];
    throw invalid({ group, kind }, metadata.name, at.errors);
  }

  /** What belongs to features that are off is not kept, but where it was there already. */
  #dropDisabled(draft: Draft, previous: ApiObject | undefined): void {
    const { stored, features } = this.#deps;
    dropDisabled(stored.schema, draft, previous, (feature) => features.isEnabled(feature));
  }

  #checkFinalizers({ metadata: { finalizers = [] } }: Draft, at: Field): void {
    if (this.#deps.stored.behaviour.anyFinalizer) return;
    finalizers.forEach((name, i) => ownedFinalizer(name, at.at('metadata', 'finalizers').index(i)));
  }

  /** Throws when anything is wrong: what was found by hand, and what the type declares in the version that the request speaks. */
  #refuse(next: ApiObject, previous: ApiObject | undefined, { errors }: Field): void {
    const { kind, features } = this.#deps;
    const spoken = (object: ApiObject): ApiObject => kind.hub?.fromHub(object) ?? object;
    const declared =
      kind.declared?.validate(kind.schema, spoken(next), previous && spoken(previous), (feature) =>
        features.isEnabled(feature),
      ) ?? [];
    const all: readonly FieldError[] = declared.length > 0 ? withDeclared(errors, declared) : errors;
    if (all.length > 0) throw invalid(kind, previous?.metadata.name ?? next.metadata.name, all);
  }

  /** Admission of what is done to an object of this kind without writing it. Plugins may change the body. */
  admitOther(operation: Operation, at: AskedAt, body: object, call: Call): Promise<void> {
    const { kind, admission } = this.#deps;
    return admitBody(admission, kind, body, this.#request(operation, at, call));
  }

  #warningsOf(ready: ApiObject, previous: ApiObject, part: Part<O> | undefined): readonly string[] {
    const found = part
      ? part.warnings?.(ready as O, previous as O)
      : this.#deps.stored.behaviour.warnings?.(ready, previous);
    return found ?? [];
  }

  #hooks({ now, part, call }: Writing): HookContext {
    return {
      now,
      subresource: part || undefined,
      apiVersion: apiVersionOf(this.#deps.kind),
      user: call.user,
      isOn: (feature) => this.#deps.features.isEnabled(feature),
    };
  }

  #request(operation: Operation, at: AskedAt, call: Call): AdmissionRequest {
    return admissionRequest(this.#deps.stored, operation, at, call);
  }

  /** Before admission and the strategy of the kind, so that what they add belongs to nobody. */
  #record(draft: Draft, previous: ApiObject | undefined, { call, part, now }: Writing): void {
    const { kind, inVersion } = this.#deps;
    const recording = {
      manager: call.fieldManager ?? managerOf(call.user),
      // Who writes a number through the scale keeps no time.
      now: call.recordedAs === undefined ? now : undefined,
      subresource: call.recordedAs ?? part,
      hasStatus: this.#hasStatus,
      inVersion,
    };
    const spoken = (object: ApiObject): ApiObject => kind.hub?.fromHub(object) ?? object;
    const managedFields = recorded(kind, spoken(draft as ApiObject), previous && spoken(previous), recording);
    draft.metadata = inOrder({ ...draft.metadata, managedFields } as Draft['metadata']) as Draft['metadata'];
  }

  /** Whatever plugins (webhooks among them) do: who the object is, and the part that the request may not write, stay. */
  async #mutated(draft: Draft, request: AdmissionRequest, part: Part<O> | undefined): Promise<Draft> {
    const { metadata, status } = draft;
    const done = await this.#deps.admission.mutate(draft, request);
    if (done === false) return draft;
    if (done !== true) {
      this.#deps.stored.behaviour.complete?.(draft as Mutable<any>);
      return draft;
    }
    const normal = this.#normal(draft);
    const { uid: _, deletionTimestamp: __, deletionGracePeriodSeconds: ___, ...own } = normal.metadata;
    normal.metadata = identified(own as Draft['metadata'], metadata);
    if (part || !this.#hasStatus) return normal;
    // A status that is not there must not look like one that is null.
    if (status === undefined) delete normal.status;
    else normal.status = status;
    return normal;
  }

  /** Plugins may have put anything anywhere: decoding again gives the printed form and fills what they left out. */
  #normal(draft: Draft): Draft {
    const { stored } = this.#deps;
    const value = stored.decode(draft).value as unknown as Draft;
    stored.behaviour.complete?.(value as Mutable<any>);
    return value;
  }

  #countGeneration(draft: Draft, previous: ApiObject, part: Part<O> | undefined): void {
    const { desired = allBut } = this.#deps.stored.behaviour;
    if (desired === false || (part && !part.bumpsGeneration)) return;
    if (equalJson(desired(draft as ApiObject), desired(previous))) return;
    draft.metadata = inOrder({
      ...draft.metadata,
      generation: generationAfter(previous.metadata.generation),
    }) as Draft['metadata'];
  }
}

/**
 * The metadata of the object that has this identity: which one it is and what has become of it is not the writer's to say.
 * A uid or a grace that it says all the same stays, and is refused where it is another.
 */
function identified(metadata: Draft['metadata'], identity: ApiObject['metadata'], isNamed = false): Draft['metadata'] {
  // What is undefined is left out, so that all of it is one copy.
  return inOrder({
    ...metadata,
    name: isNamed ? identity.name : metadata.name,
    generateName: (isNamed && identity.generateName) || metadata.generateName,
    uid: metadata.uid || identity.uid,
    creationTimestamp: identity.creationTimestamp,
    resourceVersion: '',
    namespace: identity.namespace || metadata.namespace,
    generation: identity.generation ?? metadata.generation,
    deletionTimestamp: identity.deletionTimestamp || metadata.deletionTimestamp,
    deletionGracePeriodSeconds: metadata.deletionGracePeriodSeconds ?? identity.deletionGracePeriodSeconds,
  } as Draft['metadata']) as Draft['metadata'];
}

/** What a change of counts as a new generation, where the kind does not say. */
function allBut(object: ApiObject): readonly unknown[] {
  const { metadata: _, status: __, ...rest } = object as Draft;
  return [rest];
}
