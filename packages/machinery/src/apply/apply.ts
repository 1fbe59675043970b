/**
 * Server-side apply (KEP-555) and the record of who set which field, as pure functions over a schema. Objects are
 * given in the version of the request and without metadata.managedFields; nothing given is changed.
 */
import { STRUCTS, zeroOf } from '../engine/decode.ts';
import { equalJson } from '../equality.ts';
import type { ObjectSchema } from '../schema.ts';
import { StatusError } from '../status.ts';
import { applyConflict } from './conflict.ts';
import { difference, type FieldSet, intersection, isEmptySet, isEqualSet, isSubset, union } from './field-set.ts';
import { isSameOwner, type Owner, ownable, withOwner } from './managed-fields.ts';
import { type JsonObject, ShapeError } from './shape.ts';
import { compareObjects, fieldSetOf, heldFieldSetOf, mergeValues, withContainers, withoutFields } from './walk.ts';

/** Who writes. `time` is when, RFC 3339 in whole seconds. */
export interface Writer {
  readonly manager: string;
  readonly apiVersion: string;
  readonly subresource: string;
  readonly time: string;
}

export interface Write {
  readonly schema: ObjectSchema;
  /** The object as it is; for a new one the same as `empty`. */
  readonly live: JsonObject;
  readonly owners: readonly Owner[];
  readonly writer: Writer;
  /** What this request cannot change whatever it says (`{ 'f:status': {} }`), so that it cannot own it. */
  readonly ignored: FieldSet;
}

/** Who owns what after `next` has taken the place of `live`. The same list when no owner changes. */
export function ownersAfterUpdate(write: Write, next: JsonObject): readonly Owner[] {
  const { schema, live, owners, writer } = write;
  const { added, changed, removed } = compareObjects(live, next, schema);
  const taken = without(union(added, changed), write.ignored);
  const lost = without(removed, write.ignored);
  if (isEmptySet(taken) && isEmptySet(lost)) return owners;
  const self: Owner = { ...writer, operation: 'Update', fields: {} };
  const owner = owners.find((one) => isSameOwner(one, self));
  // Whoever writes again what is its own owns what it did.
  if (owner && isEmptySet(lost) && isSubset(taken, owner.fields))
    return withOwner(
      bereft(
        owners.filter((one) => one !== owner),
        taken,
      ),
      { ...owner, time: self.time },
    );
  const kept = bereft(owners, union(taken, lost));
  const before = kept.find((one) => isSameOwner(one, self));
  const mine = ownable(taken);
  if (isEmptySet(mine)) return kept;
  return withOwner(kept, { ...self, fields: before ? union(before.fields, mine) : mine });
}

const without = (set: FieldSet, ignored: FieldSet): FieldSet =>
  isEmptySet(ignored) ? set : difference(set, everythingBelow(set, ignored));

/** `ignored` names whole branches: what of `set` lies in them. */
function everythingBelow(set: FieldSet, ignored: FieldSet): FieldSet {
  const out: Record<string, FieldSet> = {};
  for (const [element, branch] of Object.entries(ignored)) {
    const node = set[element];
    if (node) out[element] = isEmptySet(branch) ? node : everythingBelow(node, branch);
  }
  return out;
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

  const { added, changed, removed } = compareObjects(live, object, schema);
  const [taken, lost] = [without(union(added, changed), ignored), without(removed, ignored)];
  const conflicts = others
    .map((owner) => ({ ...owner, fields: intersection(owner.fields, taken) }))
    .filter((owner) => !isEmptySet(owner.fields));
  const contested = application.force ? [] : unexplained(conflicts, application);
  if (contested.length > 0) throw applyConflict(contested);

  const named = ownable(fields);
  const mine = last && isEqualSet(last.fields, named) ? last.fields : named;
  // What changes nothing is no time of a change.
  const time = equalJson(live, object) ? last?.time : self.time;
  return { object, owners: withOwner(bereft(others, union(taken, lost)), { ...self, fields: mine, time }) };
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
