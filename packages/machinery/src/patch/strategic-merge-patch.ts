import { writeJson } from '../json-text.ts';
import { equalJson } from '../equality.ts';
import type { FieldSchema, Schema } from '../schema.ts';
import { badRequest, StatusError } from '../status.ts';
import { goTypeOf, shownAsGo } from '../go-values.ts';
import { isRecord, type Json, put } from './json.ts';

type JsonObject = Readonly<Record<string, Json>>;

/**
 * Strategic merge patch (API concepts, "Use a strategic merge patch"): a merge patch that merges lists by the keys
 * the schema names. Directives: $patch (replace, delete, merge), $retainKeys, $setElementOrder/F, $deleteFromPrimitiveList/F.
 * Inputs are left as they are. Throws BadRequest for a patch that breaks the rules.
 */
export function strategicMergePatch(target: Json, patch: Json, schema: Schema | undefined): Json {
  if (patch === null) return target;
  if (!isRecord(patch)) throw badRequest('json: cannot unmarshal array into Go value of type map[string]interface {}');
  return mergeObject(isRecord(target) ? target : {}, patch, schema);
}

function mergeObject(target: JsonObject, patch: JsonObject, schema: Schema | undefined): JsonObject {
  const directive = patch['$patch'];
  if (directive === 'replace') return without(patch, '$patch');
  if (directive === 'delete') return {};
  if (directive !== undefined && directive !== 'merge')
    throw fault(`unknown patch type: ${shownAsGo(directive)} in map: ${shownAsGo(patch)}`);
  checkOrders(patch, schema);
  const out: Record<string, Json> = retained(target, patch['$retainKeys']);
  for (const [name, value] of Object.entries(patch)) {
    const deletion = /^\$deleteFromPrimitiveList\/(.+)$/.exec(name)?.[1];
    const current = deletion === undefined ? undefined : out[deletion];
    if (deletion !== undefined && Array.isArray(current) && Array.isArray(value))
      out[deletion] = current.filter((item) => !value.includes(item));
  }
  for (const [name, value] of Object.entries(patch)) {
    if (name.startsWith('$')) continue;
    if (value === null) delete out[name];
    else put(out, name, Object.hasOwn(out, name) ? mergeField(out[name], value, fieldOf(schema, name)) : fresh(value));
    if (out[name] === undefined) delete out[name];
  }
  for (const [name, order] of Object.entries(patch)) {
    const ordered = /^\$setElementOrder\/(.+)$/.exec(name)?.[1];
    const live = ordered === undefined ? undefined : target[ordered];
    if (ordered === undefined || !Array.isArray(live) || !Array.isArray(order) || !Array.isArray(out[ordered]))
      continue;
    out[ordered] = arranged(
      out[ordered] as readonly Json[],
      live,
      order,
      fieldOf(schema, ordered).field?.patchMergeKey,
    );
  }
  return out;
}

const ORDER = '$setElementOrder';

/** What a patch has of a list comes in the order that it wants of the whole. */
function checkOrders(patch: JsonObject, schema: Schema | undefined): void {
  for (const [name, order] of Object.entries(patch)) {
    if (!name.startsWith(ORDER)) continue;
    if (!Array.isArray(order)) throw fault(`expected a []interface {}, but received a ${goTypeOf(order)}`);
    const list = name.slice(ORDER.length + 1);
    const items = patch[list];
    if (!Array.isArray(items) || items.length === 0 || order.length === 0) continue;
    const key = fieldOf(schema, list).field?.patchMergeKey;
    const idOf = (item: Json): Json => (key !== undefined && isRecord(item) ? item[key] : item);
    let next = 0;
    const rest = items.filter((item) => !isRecord(item) || item['$patch'] === undefined);
    for (const wanted of order) if (next < rest.length && equalJson(idOf(rest[next]), idOf(wanted))) next += 1;
    if (next < rest.length)
      throw fault(
        `The order in patch list:\n${shownAsGo(items)}\n doesn't match ${ORDER} list:\n${shownAsGo(order)}\n`,
      );
  }
}

/** What upstream takes for a fault of its own. */
const fault = (message: string): StatusError =>
  new StatusError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code: 500 });

/** What a patch says where there is nothing to patch: nothing to remove, nothing to replace. undefined: nothing at all. */
function fresh(value: Json): Json {
  if (Array.isArray(value)) return value.map(fresh).filter((item) => item !== undefined);
  if (!isRecord(value)) return value;
  if ('$patch' in value) return undefined;
  const out: Record<string, Json> = {};
  for (const [name, item] of Object.entries(value)) {
    const made = name.startsWith('$') || item === null ? undefined : fresh(item);
    if (made !== undefined) put(out, name, made);
  }
  return out;
}

const without = (object: JsonObject, name: string): JsonObject =>
  Object.fromEntries(Object.entries(object).filter(([n]) => n !== name));

/** $retainKeys clears the other keys: for unions, where a new member must drop the old one. */
function retained(target: JsonObject, keys: Json): Record<string, Json> {
  if (!Array.isArray(keys)) return { ...target };
  return Object.fromEntries(Object.entries(target).filter(([name]) => keys.includes(name)));
}

interface FieldRule {
  readonly schema: Schema | undefined;
  readonly field: FieldSchema | undefined;
}

function fieldOf(schema: Schema | undefined, name: string): FieldRule {
  if (schema?.type === 'map') return { schema: schema.values, field: undefined };
  const field = schema?.type === 'object' ? schema.field(name) : undefined;
  return { schema: field?.schema, field };
}

function mergeField(current: Json, patch: Json, { schema, field }: FieldRule): Json {
  if (isRecord(patch)) {
    if (field?.patchStrategy?.includes('replace')) return withoutDirectives(patch);
    return mergeObject(isRecord(current) ? current : {}, patch, schema);
  }
  if (!Array.isArray(patch)) return patch;
  if (!field?.patchStrategy?.includes('merge')) return fresh(patch);
  const list = Array.isArray(current) ? (current as readonly Json[]) : [];
  const items = schema?.type === 'list' ? schema.items : undefined;
  const key = field.patchMergeKey;
  if (patch.some(isDirective)) return fresh(patch);
  return arranged(key === undefined ? mergeSet(list, patch) : mergeList(list, patch, key, items), list, patch, key);
}

/** One such item makes the others replace the whole list, whatever else it says. */
const isDirective = (item: Json): boolean => isRecord(item) && item['$patch'] === 'replace';
const withoutDirectives = (patch: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(patch).filter(([name]) => !name.startsWith('$')));

const mergeSet = (list: readonly Json[], patch: readonly Json[]): readonly Json[] => [
  ...list,
  ...patch.filter((item) => !list.some((other) => equalJson(other, item))),
];

function mergeList(
  list: readonly Json[],
  patch: readonly Json[],
  key: string,
  items: Schema | undefined,
): readonly Json[] {
  let out = [...list];
  for (const item of patch) {
    if (!isRecord(item)) throw fault(`expected a map[string]interface {}, but received a ${goTypeOf(item)}`);
    const id = item[key];
    if (id === undefined) throw fault(`map: ${shownAsGo(item)} does not contain declared merge key: ${key}`);
    const matches = (other: Json): boolean => isRecord(other) && equalJson(other[key], id);
    if (item['$patch'] === 'delete') {
      out = out.filter((other) => !matches(other));
      continue;
    }
    const at = out.findIndex(matches);
    const previous = at < 0 ? undefined : out[at];
    if (at < 0) out.push(mergeObject({}, item, items));
    else out[at] = mergeObject(isRecord(previous) ? previous : {}, item, items);
  }
  return out;
}

/**
 * Puts what `order` names in that order. What only `live` had stands where it stood before the next of the named ones;
 * when the two orders contradict, `order` wins.
 */
function arranged(
  merged: readonly Json[],
  live: readonly Json[],
  order: readonly Json[],
  key: string | undefined,
): readonly Json[] {
  const idOf = (item: Json): string => writeJson(key !== undefined && isRecord(item) ? item[key] : item) ?? '';
  const wanted = new Map(order.map((item, i) => [idOf(item), i]));
  const before = new Map(live.map((item, i) => [idOf(item), i]));
  const rankOf = (item: Json): number => wanted.get(idOf(item)) ?? -1;
  const placeOf = (item: Json): number => before.get(idOf(item)) ?? -1;
  const named = merged.filter((item) => rankOf(item) >= 0).sort((a, b) => rankOf(a) - rankOf(b));
  const others = merged.filter((item) => rankOf(item) < 0).sort((a, b) => placeOf(a) - placeOf(b));
  const out: Json[] = [];
  let next = 0;
  for (const item of named) {
    while (
      next < others.length &&
      placeOf(item) >= 0 &&
      placeOf(others[next]) >= 0 &&
      placeOf(others[next]) < placeOf(item)
    )
      out.push(others[next++]);
    out.push(item);
  }
  return [...out, ...others.slice(next)];
}
