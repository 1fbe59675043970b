import { Memo, onePiece } from '@navarch/base';
import type { Integer } from './json-text.ts';
import { type Decoded, decode } from './engine/decode.ts';
import type { Literals } from './engine/decode-state.ts';
import type { Field } from './field.ts';
import type { ApiObject, OwnerReference } from './meta.ts';
import type { DeclaredRules } from './rules/declared.ts';
import type { ObjectSchema } from './schema.ts';

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection';

/** A value that nobody else has seen yet, so that it may still be changed in place. */
export type Mutable<T> = T extends readonly (infer E)[]
  ? Mutable<E>[]
  : T extends object
    ? { -readonly [K in keyof T]: Mutable<T[K]> }
    : T;

/** What a client may send: the server fills in the rest. */
export type Draft<T> = T extends readonly (infer E)[]
  ? readonly Draft<E>[]
  : T extends object
    ? { readonly [K in keyof T]?: Draft<T[K]> | undefined }
    : T;

/** Names of one resource, as kinds.tsv and discovery have them. */
export interface ResourceFacts {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly listKind: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  readonly verbs: readonly Verb[];
  /** Those that discovery tells, where it does not tell all. */
  readonly verbsTold?: readonly Verb[];
  readonly subresources: readonly SubresourceFacts[];
}

export interface SubresourceFacts {
  readonly name: string;
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly verbs: readonly Verb[];
}

/** One column of `kubectl get` (Table, meta.k8s.io/v1). */
export interface Column<Obj> {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  readonly format?: string;
  readonly description?: string;
  /** 0 is always shown, 1 with `-o wide` only. */
  readonly priority: number;
  value(obj: Obj, context: CellContext): string | Integer | boolean | null;
}
/** meta.k8s.io/v1 TableRowCondition. */
export interface RowCondition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason?: string;
  readonly message?: string;
}
export interface CellContext {
  /** Milliseconds since the epoch, for ages. */
  readonly now: number;
}

/** Who asks, when, and what for: what a strategy hook may depend on. */
export interface HookContext {
  readonly now: number;
  readonly subresource: string | undefined;
  /** What the request speaks, which need not be the stored version. */
  readonly apiVersion: string;
  /** As authentication found out (authentication.k8s.io/v1 UserInfo). */
  readonly user: Asker;
  /** Whether a feature is on, by upstream's name of it. */
  isOn(feature: string): boolean;
}

export interface Asker {
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/**
 * What the generic registry asks of a kind. Everything is optional: many kinds need a schema and two hooks.
 * Hooks get a draft that nobody else has seen and change it in place; what they are given as previous is frozen.
 */
export interface Behaviour<Obj extends ApiObject> {
  /** Defaults that the schema cannot say. Runs on every decode, from a request and from storage. Idempotent. */
  complete?(draft: Mutable<Obj>): void;
  /** The last word on an object that is created, valid and named: what follows from a name that was made up. */
  canonicalize?(draft: Mutable<Obj>): void;
  /** Resets what a creator may not set. Runs after defaulting, before admission. */
  prepareCreate?(draft: Mutable<Obj>, context: HookContext): void;
  /** Keeps what an updater of the main resource may not change. The registry itself keeps `status` for kinds that have that subresource. */
  prepareUpdate?(draft: Mutable<Obj>, previous: Obj, context: HookContext): void;
  /** What the schema cannot say. Collects every error and goes on. */
  validate?(obj: Obj, at: Field, context: HookContext): void;
  /** What only a new object may not have; those that are there stay valid. */
  validateCreate?(obj: Obj, at: Field, context: HookContext): void;
  validateUpdate?(obj: Obj, previous: Obj, at: Field, context: HookContext): void;
  /** Deprecations and likely mistakes; sent as Warning headers. Of an update, where the kind counts generations, only with a new one. */
  warnings?(obj: Obj, previous: Obj | undefined): readonly string[];
  /** The part of the object whose change is a new generation; `false`: the kind keeps no generation. Default: everything but metadata and status. */
  desired?: false | ((obj: Obj) => readonly unknown[]);
  /** Checks metadata.name. Default: DNS-1123 subdomain. Returns upstream's complaints, none when valid. */
  validateName?(name: string, prefix: boolean, obj?: Obj): readonly string[];
  /** PUT of an absent object creates it. */
  readonly createsOnUpdate?: boolean;
  /** PUT without a resourceVersion is refused when false. Default true. */
  readonly updatesUnconditionally?: boolean;
  /** Seconds the object stays after its deletion was asked for; undefined: gone at once. `requested` is the client's gracePeriodSeconds. */
  graceSeconds?(obj: Obj, requested: Integer | undefined): Integer | undefined;
  /** What clients send must say of which kind and version it is; of other kinds the address says it. Default false. */
  readonly namesItself?: boolean;
  /** Its type says how lists merge, so that a strategic merge patch means something. Default true. */
  readonly patchesStrategically?: boolean;
  /** Its finalizers may have names that belong to nobody, as those of custom resources. */
  readonly anyFinalizer?: boolean;
  /** Whoever deletes an object is answered with what it was, not with a Status. */
  readonly answersDeletion?: boolean;
  /** Keeps an object whose deletion was asked for, besides metadata.finalizers (namespaces have finalizers in their spec). */
  holdsDeletion?(obj: Obj): boolean;
  /** Changes the object when its graceful deletion begins (deletionTimestamp is set by the registry). */
  prepareDelete?(draft: Mutable<Obj>, context: Pick<HookContext, 'now' | 'subresource'>, previous: Obj): void;
  /** Subresources that read and write a part of the same object: status, approval, resize, ephemeralcontainers, finalize. */
  readonly parts?: Readonly<Record<string, Part<Obj>>>;
}

export interface Part<Obj extends ApiObject> {
  /** Makes the next whole object from the previous one and what was sent: copies only what this part may change. */
  merge(sent: Mutable<Obj>, previous: Obj): Mutable<Obj>;
  /** The fields beside metadata that merge() takes anything of from what was sent. Absent: it may be all of them. */
  readonly takes?: readonly string[];
  prepare?(draft: Mutable<Obj>, previous: Obj, context: HookContext): void;
  validate?(obj: Obj, previous: Obj, at: Field, context: HookContext): void;
  warnings?(obj: Obj, previous: Obj): readonly string[];
  /** True when a change through this part is a new generation. */
  readonly bumpsGeneration?: boolean;
}

/** Where the scale subresource finds its numbers; paths are field names joined by dots. */
export interface ScaleFacts<Obj> {
  readonly specReplicas: string;
  readonly statusReplicas: string;
  selector(obj: Obj): string;
  /** What the number may be, and whether it must be there, the schema of the object says alone. */
  readonly isBySchema?: boolean;
}

/**
 * One kind in one version: everything generic code may know of it. From the list of kinds come routes, discovery,
 * OpenAPI, storage keys, the typed client, caches, tables. Nothing generic may ask which kind it has.
 */
export interface Kind<Obj extends ApiObject = ApiObject> extends ResourceFacts {
  readonly schema: ObjectSchema;
  /** Reads what a client sent or a hub converted: a fresh, normal value. Throws DecodeError. */
  decode(value: unknown, literals?: Literals): Decoded;
  /** Set where what an apply made is read otherwise. */
  readonly applied?: AppliedReading<Obj>;
  /** Where the kind comes from: `built-in` types print their fields as Go's structs do and have a protobuf form; `custom` ones print them by name. */
  readonly origin: 'built-in' | 'custom';
  /** Checks what its type declares of its fields, besides what `behaviour` checks. */
  readonly declared?: DeclaredRules;
  readonly behaviour: Behaviour<Obj>;
  readonly columns: readonly Column<Obj>[];
  /** Field selectors beyond metadata.name and metadata.namespace: path -> value (absent: empty). */
  readonly selectableFields: Readonly<Record<string, (obj: Obj) => string>>;
  /** Those of them by which a few objects are often looked for among many. */
  readonly indexedFields: readonly string[];
  /** What a Table says of a row besides its cells. */
  rowConditions?(obj: Obj): readonly RowCondition[];
  readonly scale?: ScaleFacts<Obj>;
  /** Set on a version that is not the stored one: conversions to and from the stored version, pure. */
  readonly hub?: Hub<Obj>;
  /** The same objects are served in another version that stands for them: whoever wants to see each object once passes over this one. */
  readonly isAlternate: boolean;
  /** The stored resource when it is not group/plural (`/registry/<storagePrefix>/...`, as upstream lays etcd out). */
  readonly storagePrefix: string;
  /** Whoever asks for it is warned; in words of its own where it has some. */
  readonly deprecated?: Deprecation | string;
}

/** Upstream does not decode what an apply of a custom resource made: it is judged as it is, and read by its schema when it is stored. */
interface AppliedReading<Obj extends ApiObject> {
  decode(value: unknown): Decoded;
  /** What of an object that has been judged is stored. */
  kept(object: Obj): Obj;
}

export interface Deprecation {
  /** The release that said so first: `1.33`. */
  readonly since: string;
  /** The release from which on it will not be served: `1.38`. */
  readonly removed?: string;
  /** What to ask for instead: `discovery.k8s.io/v1 EndpointSlice`. */
  readonly use?: string;
}

export interface Hub<Obj extends ApiObject> {
  readonly kind: Kind<any>;
  toHub(obj: Obj): ApiObject;
  fromHub(hub: ApiObject): Obj;
}

export interface KindDeclaration<Obj extends ApiObject> {
  readonly facts: ResourceFacts;
  readonly schema: ObjectSchema;
  /** Default: by the schema, as Go decodes into structs. */
  decode?(value: unknown): Decoded;
  readonly applied?: AppliedReading<Obj>;
  readonly origin?: 'built-in' | 'custom';
  readonly declared?: DeclaredRules;
  readonly behaviour?: Behaviour<Obj>;
  readonly columns?: readonly Column<Obj>[];
  readonly selectableFields?: Readonly<Record<string, (obj: Obj) => string>>;
  readonly indexedFields?: readonly string[];
  rowConditions?(obj: Obj): readonly RowCondition[];
  readonly scale?: ScaleFacts<Obj>;
  readonly hub?: Hub<Obj>;
  /** Default: whether there is a hub. */
  readonly isAlternate?: boolean;
  readonly storagePrefix?: string;
  readonly deprecated?: Deprecation | string;
}

export function defineKind<Obj extends ApiObject>(declaration: KindDeclaration<Obj>): Kind<Obj> {
  const { facts, schema, behaviour = {}, columns = [], selectableFields = {}, indexedFields = [] } = declaration;
  const { rowConditions, scale, hub, storagePrefix, deprecated, declared } = declaration;
  return Object.freeze({
    ...facts,
    schema,
    decode: declaration.decode ?? ((value: unknown, literals?: Literals) => decode(schema, value, literals)),
    origin: declaration.origin ?? 'built-in',
    behaviour,
    columns,
    selectableFields,
    indexedFields,
    storagePrefix: storagePrefix ?? facts.plural,
    isAlternate: declaration.isAlternate ?? hub !== undefined,
    ...(declaration.applied ? { applied: declaration.applied } : {}),
    ...(declared ? { declared } : {}),
    ...(rowConditions ? { rowConditions } : {}),
    ...(scale ? { scale } : {}),
    ...(hub ? { hub } : {}),
    ...(deprecated ? { deprecated } : {}),
  });
}

export type ObjectOf<K> = K extends Kind<infer O> ? O : never;

export const apiVersionOf = ({ group, version }: { readonly group: string; readonly version: string }): string =>
  group ? apiVersions.get(group, versionsOfGroup).get(version, (text) => onePiece(`${group}/${text}`)) : version;

/** By group and version, so that a text that every write asks for several times is not put together to look for it. */
const apiVersions = new Memo<Memo<string>>(1000, 300);
const versionsOfGroup = (): Memo<string> => new Memo(100, 300);

/** `deployments.apps`: the name of a resource in messages and metrics. */
export const groupResourceOf = ({ group, plural }: { readonly group: string; readonly plural: string }): string =>
  group ? `${plural}.${group}` : plural;

/** The reference that makes `owner` the managing controller of what carries it. */
export const controllerReference = (kind: Kind<any>, owner: ApiObject): OwnerReference => ({
  apiVersion: apiVersionOf(kind),
  kind: kind.kind,
  name: owner.metadata.name,
  uid: owner.metadata.uid,
  controller: true,
  blockOwnerDeletion: true,
});
