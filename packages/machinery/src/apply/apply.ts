/**
 * Server-side apply (KEP-555) and the record of who set which field, as pure functions over a schema. Objects are
 * given in the version of the request and without metadata.managedFields; nothing given is changed.
 */
import { STRUCTS, zeroOf } from '../engine/decode.ts';
import { equalJson } from '../equality.ts';
import type { ObjectSchema } from '../schema.ts';
import { StatusError } from '../status.ts';
import { type Change, changeBetween, Changes, type InVersion, without } from './changes.ts';
import { applyConflict } from './conflict.ts';
import { difference, type FieldSet, intersection, isEmptySet, isEqualSet, isSubset, union } from './field-set.ts';
import { isSameOwner, type Owner, ownable, withOwner } from './managed-fields.ts';
import { type JsonObject, ShapeError } from './shape.ts';
import { compareObjects, fieldSetOf, heldFieldSetOf, mergeValues, withContainers, withoutFields } from './walk.ts';

/** Who writes. `time` is when, RFC 3339 in whole seconds; undefined: nobody keeps it. */
export interface Writer {
  readonly manager: string;
  readonly apiVersion: string;
  readonly subresource: string;
  readonly time: string | undefined;
}

export interface Write {
  readonly schema: ObjectSchema;
  /** The object as it is; for a new one the same as `empty`. */
  readonly live: JsonObject;
  readonly owners: readonly Owner[];
  readonly writer: Writer;
  /** What this request cannot change whatever it says (`{ 'f:status': {} }`), so that it cannot own it. */
  readonly ignored: FieldSet;
  /** How owners who speak other versions see the object. Absent: all versions have the same fields. */
  readonly inVersion?: InVersion | undefined;
}

const changesOf = (write: Write, next: JsonObject, own: Change): Changes =>
  new Changes(
    {
      object: next,
      live: write.live,
      schema: write.schema,
      ignored: write.ignored,
      apiVersion: write.writer.apiVersion,
      inVersion: write.inVersion,
    },
    own,
  );

/** Who owns what after `next` has taken the place of `live`. The same list when no owner changes. */
export function ownersAfterUpdate(write: Write, next: JsonObject): readonly Owner[] {
  const { live, owners, writer } = write;
  const own = changeBetween(live, next, write);
  const { taken, lost } = own;
  if (isEmptySet(taken) && isEmptySet(lost)) return owners;
  const changes = changesOf(write, next, own);
  const self: Owner = { ...writer, operation: 'Update', fields: {} };
  const owner = owners.find((one) => isSameOwner(one, self));
  // Whoever writes again what is its own owns what it did.
  if (owner && isEmptySet(lost) && isSubset(taken, owner.fields))
    return withOwner(changes.bereft(owners.filter((one) => one !== owner)), { ...owner, time: self.time });
  const kept = changes.bereft(owners);
  const before = kept.find((one) => isSameOwner(one, self));
  const mine = ownable(taken);
  if (isEmptySet(mine)) return kept;
  return withOwner(kept, { ...self, fields: before ? union(before.fields, mine) : mine });
}

const bereft = (owners: readonly Owner[], of: FieldSet): readonly Owner[] =>
  owners
    .map((owner) => ({ ...owner, fields: difference(owner.fields, of) }))
    .filter((owner) => !isEmptySet(owner.fields));

/** Owner of what was there before anybody's fields were recorded. */
const BEFORE_FIRST_APPLY = 'before-first-apply';

export interface Application extends Write {
  /** The object of this kind in which nothing is set (zeroObject). */
  readonly empty: JsonObject;
  /** What the applier wants, and nothing else. */
  readonly config: JsonObject;
  /** Takes fields over from their owners instead of failing. */
  readonly force: boolean;
  /** What the applier itself applied before there were records: what is still so may be taken over. */
  readonly appliedBefore?: JsonObject | undefined;
}

export interface Applied {
  readonly object: JsonObject;
  readonly owners: readonly Owner[];
}

/** Throws Conflict where others own what would change, and an error without a reason for a config that does not fit the schema. */
export function applyConfig(application: Application): Applied {
  try {
    const { live, owners, empty, writer } = application;
    if (owners.length > 0 || live === empty) return applied(application);
    const before = ownersAfterUpdate(
      { ...application, live: empty, writer: { ...writer, manager: BEFORE_FIRST_APPLY, subresource: '' } },
      live,
    );
    return applied({ ...application, owners: before });
  } catch (error) {
    throw error instanceof ShapeError ? misfit(application, error) : error;
  }
}

function applied(application: Application): Applied {
  const { schema, live, owners, writer, ignored, config } = application;
  const fields = without(fieldSetOf(config, schema), ignored);
  const self: Owner = { ...writer, operation: 'Apply', fields };
  const last = owners.find((owner) => isSameOwner(owner, self));
  const others = owners.filter((owner) => owner !== last);
  const merged = mergeValues(live, config, schema) as JsonObject;
  // Whoever mentions all that was set last time takes nothing out: so most applies are.
  const object =
    last && !isSubset(last.fields, fields)
      ? pruned(merged, schema, last.fields, [...others.map((owner) => owner.fields), fields])
      : merged;

  const changes = changesOf(application, object, changeBetween(live, object, application));
  const conflicts = others
    .map((owner) => ({ ...owner, fields: intersection(owner.fields, changes.in(owner.apiVersion)?.taken ?? {}) }))
    .filter((owner) => !isEmptySet(owner.fields));
  const contested = application.force ? [] : unexplained(conflicts, application);
  if (contested.length > 0) throw applyConflict(contested);

  const named = ownable(fields);
  const mine = last && isEqualSet(last.fields, named) ? last.fields : named;
  // What changes nothing is no time of a change.
  const time = equalJson(live, object) ? last?.time : self.time;
  return { object, owners: withOwner(changes.bereft(others), { ...self, fields: mine, time }) };
}

function unexplained(conflicts: readonly Owner[], { appliedBefore, live, schema }: Application): readonly Owner[] {
  if (!appliedBefore || conflicts.length === 0) return conflicts;
  try {
    const fields = fieldSetOf(appliedBefore, schema);
    const { added, changed, removed } = compareObjects(appliedBefore, live, schema);
    return bereft(conflicts, difference(fields, union(union(added, changed), removed)));
  } catch (error) {
    // What does not fit the schema explains nothing.
    if (!(error instanceof ShapeError)) throw error;
    return conflicts;
  }
}

/**
 * Takes out what the applier set last time and no longer mentions, but for what others own too, and for what the
 * applier never owned inside of it.
 */
function pruned(merged: JsonObject, schema: ObjectSchema, last: FieldSet, owned: readonly FieldSet[]): JsonObject {
  const lastNamed = withContainers(last, schema);
  const shrunk = objectWithout(merged, lastNamed, schema);
  const all = withContainers(heldFieldSetOf(merged, schema), schema);
  const wanted = owned.reduce((sum, set) => union(sum, withContainers(set, schema)), {} as FieldSet);
  const restored = objectWithout(
    merged,
    difference(all, union(withContainers(heldFieldSetOf(shrunk, schema), schema), wanted)),
    schema,
  );
  const gone = difference(all, withContainers(heldFieldSetOf(restored, schema), schema));
  return objectWithout(merged, intersection(gone, lastNamed), schema);
}

const objectWithout = (object: JsonObject, set: FieldSet, schema: ObjectSchema): JsonObject =>
  (withoutFields(object, set, schema) ?? {}) as JsonObject;

function misfit({ config, writer }: Application, error: ShapeError): StatusError {
  const { name = '', namespace = '' } = (config['metadata'] ?? {}) as {
    readonly name?: string;
    readonly namespace?: string;
  };
  const type = writer.apiVersion.includes('/') ? writer.apiVersion : `/${writer.apiVersion}`;
  return new StatusError(
    {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: `failed to create typed patch object (${namespace}/${name}; ${type}, Kind=${String(config['kind'])}): ${error.message}`,
      code: 500,
    },
    { cause: error },
  );
}

/** The object of a kind in which nothing is set, as Go prints it: what a creation is compared with. */
export function zeroObject(schema: ObjectSchema): JsonObject {
  const out: Record<string, unknown> = {};
  for (const field of schema.fields) {
    const { type } = field.schema;
    if (field.omit === 'zero') continue;
    if (field.isPointer || type === 'list') {
      if (field.omit === 'never') out[field.name] = null;
    } else if (type === 'object') out[field.name] = zeroObject(field.schema);
    else if (field.omit === 'never' || STRUCTS.has(type)) out[field.name] = zeroOf(field);
  }
  return out;
}
