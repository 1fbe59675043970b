import {
  type ApiObject, applyDefaults, cloneJson, type Column, compileSimplePath, decode, DecodeError, defineKind, failure, type FieldSchema,
  humanDuration, type JsonSchema, type Kind, type Mutable, type Part, prune, pruneNulls, type ScaleFacts, schemaOf,
  type SubresourceFacts, type Verb,
} from '@navarch/machinery';
import { schemas } from '../../built-in.ts';
import type { CustomResourceDefinition, CustomResourceDefinitionVersion } from '../../generated/types/apiextensions-v1.ts';
import { age } from '../../columns.ts';
import { CustomChecks, type RuleEngine } from './custom-checks.ts';

/** An object of a custom resource: what its schema makes of it. */
export interface CustomObject extends ApiObject {
  readonly spec?: unknown;
  readonly status?: unknown;
}

const VERBS: readonly Verb[] = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'];
const objectMeta = schemas.object('io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta');
const own = (name: string, schema: FieldSchema['schema']): FieldSchema => ({ name, schema, isRequired: false, omit: 'empty', isPointer: true });
const OWN_FIELDS: readonly FieldSchema[] = [own('apiVersion', { type: 'string' }), own('kind', { type: 'string' }), { ...own('metadata', objectMeta), isPointer: false }];

/** One version of a definition's objects: a kind of its own, over the same place of the store as the others. */
export interface CustomVersion {
  readonly kind: Kind<CustomObject>;
  readonly isServed: boolean;
  /** An object that came from another version, as this one's schema has it: pruned, not completed. Throws DecodeError. */
  shape(value: unknown): CustomObject;
}

/** All versions of a definition, served or not, and the one that objects are stored in. */
export interface CustomKinds {
  readonly stored: CustomVersion;
  readonly all: readonly CustomVersion[];
}

/** undefined: the definition stores no version. */
export function customKinds(definition: CustomResourceDefinition, engine: RuleEngine): CustomKinds | undefined {
  const { versions } = definition.spec;
  const version = versions.find(({ storage }) => storage);
  const foremost = version?.served ? version : versions.find(({ served }) => served);
  const all = versions.map((one): CustomVersion => {
    const json = schemaIn(one);
    return {
      kind: customKind(definition, one, engine, one !== foremost), isServed: one.served,
      shape: (value) => decodeCustom(value, json, false).value as unknown as CustomObject,
    };
  });
  const stored = version && all[versions.indexOf(version)];
  return stored && { stored, all };
}

const schemaIn = ({ schema }: CustomResourceDefinitionVersion): JsonSchema =>
  (schema?.openAPIV3Schema ?? { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }) as JsonSchema;

function customKind({ metadata, spec }: CustomResourceDefinition, version: CustomResourceDefinitionVersion, engine: RuleEngine, isAlternate: boolean): Kind<CustomObject> {
  const { group, names, scope } = spec;
  const json = schemaIn(version);
  const checks = new CustomChecks(json, engine, version.subresources?.scale?.specReplicasPath);
  const hasStatus = version.subresources?.status !== undefined;
  return defineKind<CustomObject>({
    facts: {
      group, version: version.name, kind: names.kind, plural: names.plural, singular: names.singular ?? '', listKind: names.listKind ?? '',
      shortNames: names.shortNames ?? [], categories: names.categories ?? [], namespaced: scope === 'Namespaced', verbs: VERBS,
      subresources: subresourcesOf(version, group, names.kind),
    },
    schema: schemaOf(`${group.split('.').reverse().join('.')}.${version.name}.${names.kind}`, json, OWN_FIELDS), origin: 'custom', storagePrefix: `${group}/${names.plural}`,
    isAlternate, decode: (value) => decodeCustom(value, json, true),
    columns: columnsOf(version),
    selectableFields: Object.fromEntries((version.selectableFields ?? []).map(({ jsonPath }) => [jsonPath.replace(/^\./, ''), selectorValue(jsonPath)])),
    ...(version.subresources?.scale ? { scale: scaleOf(version.subresources.scale) } : {}),
    behaviour: {
      desired: ({ metadata: _, ...rest }) => {
        const { status, ...others } = rest;
        return hasStatus ? [others] : [others, status];
      },
      prepareCreate(draft) {
        if (metadata.deletionTimestamp) throw failure('MethodNotAllowed', 'create not allowed while custom resource definition is terminating');
        if (hasStatus) delete draft.status;
      },
      prepareUpdate(draft, previous) {
        if (hasStatus && previous.status === undefined) delete draft.status;
      },
      validateCreate: (object, at) => checks.whole(object, undefined, at),
      validateUpdate: (object, previous, at) => checks.whole(object, previous, at),
      ...(hasStatus ? { parts: { status: statusPartOf(checks) } } : {}),
      ...(version.deprecated ? { warnings: () => [version.deprecationWarning ?? `${group}/${version.name} ${names.kind} is deprecated`] } : {}),
    },
  });
}

/** A fresh value as the schema has it: metadata by its type, the rest pruned and, where wanted, completed. */
function decodeCustom(value: unknown, json: JsonSchema, isCompleted: boolean): { readonly value: Record<string, unknown>; readonly unknownFields: readonly string[] } {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new DecodeError('json: cannot unmarshal into Go value of type map[string]interface {}');
  const { apiVersion, kind, metadata, ...rest } = cloneJson(value) as Record<string, unknown>;
  const meta = decode(objectMeta, metadata ?? {});
  const object: Record<string, unknown> = { apiVersion, kind, metadata: meta.value };
  for (const name of Object.keys(rest).sort()) if (rest[name] !== undefined) object[name] = rest[name];
  const pruned = prune(object, json, true);
  if (isCompleted) {
    applyDefaults(object, json);
    pruneNulls(object, json);
  }
  return { value: object, unknownFields: [...meta.unknownFields.map((field) => `metadata.${field}`), ...pruned] };
}

const statusPartOf = (checks: CustomChecks): Part<CustomObject> => ({
  merge: (sent, previous) => ({ ...previous, metadata: sent.metadata, status: sent.status }) as unknown as Mutable<CustomObject>,
  validate: (object, previous, at) => checks.status(object, previous, at),
});

function subresourcesOf({ name: version, subresources }: CustomResourceDefinitionVersion, group: string, kind: string): readonly SubresourceFacts[] {
  const verbs: readonly Verb[] = ['get', 'patch', 'update'];
  return [
    ...(subresources?.status ? [{ name: 'status', group, version, kind, verbs }] : []),
    ...(subresources?.scale ? [{ name: 'scale', group: 'autoscaling', version: 'v1', kind: 'Scale', verbs }] : []),
  ];
}

function scaleOf({ specReplicasPath, statusReplicasPath, labelSelectorPath }: NonNullable<NonNullable<CustomResourceDefinitionVersion['subresources']>['scale']>): ScaleFacts<CustomObject> {
  const selector = labelSelectorPath ? compileSimplePath(labelSelectorPath) : () => [];
  return {
    specReplicas: specReplicasPath.replace(/^\./, ''), statusReplicas: statusReplicasPath.replace(/^\./, ''),
    selector: (object) => String(selector(object)[0] ?? ''),
  };
}

const NAME: Column<CustomObject> = { name: 'Name', type: 'string', format: 'name', priority: 0, value: (object) => object.metadata.name };
const AGE: Column<CustomObject> = { name: 'Age', type: 'date', priority: 0, value: (object, { now }) => age(object.metadata.creationTimestamp, now) };

function columnsOf({ additionalPrinterColumns = [] }: CustomResourceDefinitionVersion): readonly Column<CustomObject>[] {
  if (additionalPrinterColumns.length === 0) return [NAME, AGE];
  return [NAME, ...additionalPrinterColumns.map(({ name, type, format, description, priority, jsonPath }): Column<CustomObject> => {
    const find = compileSimplePath(jsonPath);
    return {
      name, type: type as Column<CustomObject>['type'], priority: priority ?? 0, ...(format ? { format } : {}), ...(description ? { description } : {}),
      value: (object, { now }) => cell(type, find(object), now),
    };
  })];
}

function cell(type: string, found: readonly unknown[], now: number): string | number | boolean | null {
  const [first] = found;
  if (first === undefined || first === null) return null;
  switch (type) {
    case 'integer': case 'number': return typeof first === 'number' ? first : null;
    case 'boolean': return typeof first === 'boolean' ? first : null;
    case 'date': return ageOf(first, now);
    default: return found.map((value) => (typeof value === 'string' ? value : JSON.stringify(value))).join(' ');
  }
}

function ageOf(value: unknown, now: number): string {
  const time = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(time) ? '<invalid>' : humanDuration(now - time);
}

function selectorValue(jsonPath: string): (object: CustomObject) => string {
  const find = compileSimplePath(jsonPath);
  return (object) => {
    const [value] = find(object);
    return value === undefined || value === null || typeof value === 'object' ? '' : String(value);
  };
}

