import {
  type ApiObject,
  applyDefaults,
  cloneJson,
  coerceEmbedded,
  compareApiVersions,
  compileSimplePath,
  decode,
  DecodeError,
  defineKind,
  EmbeddedError,
  type FieldSchema,
  forbidden,
  type JsonSchema,
  type Kind,
  type Mutable,
  type Part,
  prune,
  pruneNulls,
  qualifiedNameErrors,
  quotedAsGo,
  type ScaleFacts,
  schemaOf,
  type SubresourceFacts,
  type Verb,
} from '@navarch/machinery';
import { schemas } from '../../built-in.ts';
import type {
  CustomResourceDefinition,
  CustomResourceDefinitionVersion,
} from '../../generated/types/apiextensions-v1.ts';
import { CustomChecks, type CustomEngine } from './custom-checks.ts';
import { customColumns, selectorValue } from './custom-columns.ts';
import { childrenOf, hasDefault } from './schema-keywords-validation.ts';

/** An object of a custom resource: what its schema makes of it. */
export interface CustomObject extends ApiObject {
  readonly spec?: unknown;
  readonly status?: unknown;
}

const VERBS: readonly Verb[] = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'];
/** What is told while the definition is on its way out: nothing new is to be begun. */
const LAST_VERBS: readonly Verb[] = ['delete', 'deletecollection', 'get', 'list', 'watch'];
const objectMeta = schemas.object('io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta');
const own = (name: string, schema: FieldSchema['schema']): FieldSchema => ({
  name,
  schema,
  isRequired: false,
  omit: 'empty',
  isPointer: true,
});
const OWN_FIELDS: readonly FieldSchema[] = [
  own('apiVersion', { type: 'string' }),
  own('kind', { type: 'string' }),
  { ...own('metadata', objectMeta), isPointer: false },
];

/** One version of a definition's objects: a kind of its own, over the same place of the store as the others. */
export interface CustomVersion {
  readonly kind: Kind<CustomObject>;
  readonly isServed: boolean;
  /** What is stored in this version: completed, and rid of what has the wrong type by now. Throws DecodeError. */
  read(value: unknown): CustomObject;
  /** An object that came from another version, as this one's schema has it: pruned, not completed. Throws DecodeError. */
  shape(value: unknown): CustomObject;
}

/** All versions of a definition, served or not, and the one that objects are stored in. */
export interface CustomKinds {
  readonly stored: CustomVersion;
  readonly all: readonly CustomVersion[];
}

/** undefined: the definition stores no version. */
export function customKinds(definition: CustomResourceDefinition, engine: CustomEngine): CustomKinds | undefined {
  const { versions } = definition.spec;
  const version = versions.find(({ storage }) => storage);
  const foremost = version?.served ? version : versions.find(({ served }) => served);
  const all = versions.map((one): CustomVersion => {
    const json = schemaIn(one);
    const request = requestOf(json);
    return {
      kind: customKind(definition, one, engine, one !== foremost),
      isServed: one.served,
      read: (value) => decodeCustom(value, json, { ...request, isLenient: true }).value as unknown as CustomObject,
      shape: (value) => decodeCustom(value, json, { ...request, isCompleted: false }).value as unknown as CustomObject,
    };
  });
  const stored = version && all[versions.indexOf(version)];
  return stored && { stored, all };
}

const schemaIn = ({ schema }: CustomResourceDefinitionVersion): JsonSchema =>
  (schema?.openAPIV3Schema ?? { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }) as JsonSchema;

function customKind(
  { metadata, spec, status }: CustomResourceDefinition,
  version: CustomResourceDefinitionVersion,
  engine: CustomEngine,
  isAlternate: boolean,
): Kind<CustomObject> {
  const { group, scope } = spec;
  // What was accepted is served, whatever else is wanted by now.
  const names = status.acceptedNames.kind ? status.acceptedNames : spec.names;
  const json = schemaIn(version);
  const request = { ...requestOf(json), as: { group, version: version.name, kind: names.kind } };
  const checks = new CustomChecks(json, engine, version.subresources?.scale);
  const hasStatus = version.subresources?.status !== undefined;
  return defineKind<CustomObject>({
    facts: {
      group,
      version: version.name,
      kind: names.kind,
      plural: names.plural,
      singular: names.singular ?? '',
      listKind: names.listKind ?? '',
      shortNames: names.shortNames ?? [],
      categories: names.categories ?? [],
      namespaced: scope === 'Namespaced',
      verbs: VERBS,
      ...(metadata.deletionTimestamp ? { verbsTold: LAST_VERBS } : {}),
      subresources: subresourcesOf(version, group, names.kind),
    },
    schema: schemaOf(`${group.split('.').reverse().join('.')}.${version.name}.${names.kind}`, json, OWN_FIELDS),
    origin: 'custom',
    storagePrefix: `${group}/${names.plural}`,
    isAlternate,
    decode: (value) => decodeCustom(value, json, request),
    applied: {
      decode: (value) => decodeCustom(value, json, { ...request, isAsItIs: true }),
      kept: (object) => ({
        ...(decodeCustom(object, json, { ...request, isLenient: true }).value as unknown as CustomObject),
        metadata: object.metadata,
      }),
    },
    ...(version.deprecated ? { deprecated: version.deprecationWarning ?? deprecationOf(spec, version.name) } : {}),
    columns: customColumns(version),
    selectableFields: Object.fromEntries(
      (version.selectableFields ?? []).map(({ jsonPath }) => [jsonPath.replace(/^\./, ''), selectorValue(jsonPath)]),
    ),
    ...(version.subresources?.scale ? { scale: scaleOf(version.subresources.scale) } : {}),
    behaviour: {
      updatesUnconditionally: false,
      namesItself: true,
      patchesStrategically: false,
      anyFinalizer: true,
      desired: ({ metadata: _, ...rest }) => {
        const { status, ...others } = rest;
        return hasStatus ? [others] : [others, status];
      },
      prepareCreate(draft) {
        if (metadata.deletionTimestamp || engine.isTerminating?.()) {
          throw forbidden(
            { group, plural: names.plural },
            draft.metadata.name,
            'create not allowed while custom resource definition is terminating',
          );
        }
        if (!hasStatus) return;
        delete draft.status;
        // As it is read from now on.
        applyDefaults(draft, { properties: { status: json.properties?.['status'] ?? {} } });
      },
      prepareUpdate(draft, previous) {
        if (hasStatus && previous.status === undefined) delete draft.status;
      },
      warnings: ({ metadata: { finalizers } }, previous) =>
        finalizers ? finalizerWarnings(finalizers, previous?.metadata.finalizers) : [],
      validateCreate: (object, at) => checks.whole(object, undefined, at),
      validateUpdate: (object, previous, at) => checks.whole(object, previous, at),
      ...(hasStatus ? { parts: { status: statusPartOf(checks) } } : {}),
    },
  });
}

const STANDARD_FINALIZERS: ReadonlySet<string> = new Set(['orphan', 'foregroundDeletion', 'kubernetes']);

/** Of finalizers that come: who they belong to should be seen. */
function finalizerWarnings(next: readonly string[], previous: readonly string[] = []): readonly string[] {
  const added = [...new Set(next)].filter((name) => !previous.includes(name)).toSorted();
  return added.flatMap((name) => {
    const said = (text: string): string => `metadata.finalizers: ${quotedAsGo(name)}: ${text}`;
    const owned = name.includes('.') ? 'name including a path (/) ' : 'name ';
    const isPlain = !name.includes('/') && !STANDARD_FINALIZERS.has(name);
    return [
      ...qualifiedNameErrors(name).map(said),
      ...(isPlain
        ? [
            said(
              `prefer a domain-qualified finalizer ${owned}to avoid accidental conflicts with other finalizer writers`,
            ),
          ]
        : []),
    ];
  });
}

/** Names the version to use instead: the most grown-up of those that are. */
function deprecationOf({ group, names, versions }: CustomResourceDefinition['spec'], deprecated: string): string {
  const [next] = versions
    .filter(({ name, served, deprecated: isToo }) => served && !isToo && compareApiVersions(name, deprecated) > 0)
    .toSorted((a, b) => compareApiVersions(b.name, a.name));
  return `${group}/${deprecated} ${names.kind} is deprecated${next ? `; use ${group}/${next.name} ${names.kind}` : ''}`;
}

interface Reading {
  readonly isCompleted: boolean;
  /** What is malformed is left out instead of refused. */
  readonly isLenient: boolean;
  /** What the schema does not know stays, and nulls where it allows none. */
  readonly isAsItIs: boolean;
  /** Defaults may say of metadata what the API does not know. */
  readonly completesMetadata: boolean;
  /** What it is to be: whatever says that it is something else is not read by this schema. Absent: whatever it says. */
  readonly as?: Pick<Kind<any>, 'group' | 'version' | 'kind'>;
}

const requestOf = (json: JsonSchema): Reading => ({
  isCompleted: true,
  isLenient: false,
  isAsItIs: false,
  completesMetadata: hasDefault(json) && hasEmbedded(json),
});

const hasEmbedded = (json: JsonSchema): boolean =>
  json['x-kubernetes-embedded-resource'] === true || childrenOf(json).some(hasEmbedded);

/** A fresh value as the schema has it: metadata by its type, the rest pruned and, where wanted, completed. */
function decodeCustom(
  value: unknown,
  schema: JsonSchema,
  reading: Reading,
): { readonly value: Record<string, unknown>; readonly unknownFields: readonly string[] } {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new DecodeError('json: cannot unmarshal into Go value of type map[string]interface {}');
  const { apiVersion, kind, metadata, ...rest } = cloneJson(value) as Record<string, unknown>;
  const { json, isLenient, isCompleted, isAsItIs, completesMetadata } = readAs(schema, reading, apiVersion, kind);
  const meta = decode(objectMeta, metadata ?? {});
  const object: Record<string, unknown> = { apiVersion, kind, metadata: meta.value };
  for (const name of Object.keys(rest).sort()) if (rest[name] !== undefined) object[name] = rest[name];
  const embedded = isAsItIs ? [] : embeddedIn(object, json, isLenient);
  const pruned = isAsItIs ? [] : prune(object, json, true);
  if (!isAsItIs) pruneNulls(object, json);
  if (isCompleted) applyDefaults(object, json);
  if (isCompleted && completesMetadata) embeddedIn(object, json, true);
  return {
    value: object,
    unknownFields: [...meta.unknownFields.map((field) => `metadata.${field}`), ...embedded, ...pruned].toSorted(),
  };
}

/** Another kind is taken as it is; of a version that there is not nothing is known. */
function readAs(
  json: JsonSchema,
  reading: Reading,
  apiVersion: unknown,
  kind: unknown,
): Reading & { readonly json: JsonSchema } {
  const { as } = reading;
  if (!as || (kind === as.kind && apiVersion === `${as.group}/${as.version}`)) return { ...reading, json };
  const isOther = kind !== as.kind || !String(apiVersion).startsWith(`${as.group}/`);
  return isOther ? { ...reading, json, isCompleted: false, isAsItIs: true } : { ...reading, json: {} };
}

const statusPartOf = (checks: CustomChecks): Part<CustomObject> => ({
  merge: ({ metadata: { managedFields, resourceVersion }, status }, { metadata, status: _, ...previous }) => {
    const { managedFields: __, ...kept } = metadata;
    return {
      ...previous,
      metadata: { ...kept, resourceVersion, ...(managedFields ? { managedFields } : {}) },
      ...(status === undefined ? {} : { status }),
    } as unknown as Mutable<CustomObject>;
  },
  validate: (object, previous, at) => checks.status(object, previous, at),
});

function subresourcesOf(
  { name: version, subresources }: CustomResourceDefinitionVersion,
  group: string,
  kind: string,
): readonly SubresourceFacts[] {
  const verbs: readonly Verb[] = ['get', 'patch', 'update'];
  return [
    ...(subresources?.status ? [{ name: 'status', group, version, kind, verbs }] : []),
    ...(subresources?.scale ? [{ name: 'scale', group: 'autoscaling', version: 'v1', kind: 'Scale', verbs }] : []),
  ];
}

function scaleOf({
  specReplicasPath,
  statusReplicasPath,
  labelSelectorPath,
}: NonNullable<NonNullable<CustomResourceDefinitionVersion['subresources']>['scale']>): ScaleFacts<CustomObject> {
  const selector = labelSelectorPath ? compileSimplePath(labelSelectorPath) : () => [];
  return {
    specReplicas: specReplicasPath.replace(/^\./, ''),
    statusReplicas: statusReplicasPath.replace(/^\./, ''),
    selector: (object) => String(selector(object)[0] ?? ''),
    isBySchema: true,
  };
}

/** Throws DecodeError. */
function embeddedIn(object: object, json: JsonSchema, isLenient: boolean): readonly string[] {
  try {
    return coerceEmbedded(object, json, (metadata) => decode(objectMeta, metadata), isLenient);
  } catch (error) {
    if (!(error instanceof EmbeddedError)) throw error;
    throw new DecodeError(error.message);
  }
}
