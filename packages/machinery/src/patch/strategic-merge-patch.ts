import { equalJson } from '../equality.ts';
import type { FieldSchema, Schema } from '../schema.ts';
import { badRequest } from '../status.ts';
import { isRecord, type Json } from './json.ts';

type JsonObject = Readonly<Record<string, Json>>;

/**
 * Strategic merge patch (API concepts, "Use a strategic merge patch"): a merge patch that merges lists by the keys
 * the schema names. Directives: $patch (replace, delete, merge), $retainKeys, $setElementOrder/F, $deleteFromPrimitiveList/F.
 * Inputs are left as they are. Throws BadRequest for a patch that breaks the rules.
 */
export function strategicMergePatch(target: Json, patch: Json, schema: Schema | undefined): Json {
  if (!isRecord(patch)) throw badRequest('json: cannot unmarshal array into Go value of type map[string]interface {}');
  return mergeObject(isRecord(target) ? target : {}, patch, schema);
}

function mergeObject(target: JsonObject, patch: JsonObject, schema: Schema | undefined): JsonObject {
  const directive = patch['$patch'];
  if (directive === 'replace') return without(patch, '$patch');
  if (directive === 'delete') return {};
  if (directive !== undefined && directive !== 'merge') throw badRequest(`Unknown patch type: ${String(directive)}`);
  const out: Record<string, Json> = retained(target, patch['$retainKeys']);
  for (const [name, value] of Object.entries(patch)) {
    if (name.startsWith('$')) continue;
    if (value === null) delete out[name];
    else out[name] = mergeField(out[name], value, fieldOf(schema, name));
  }
  for (const [name, value] of Object.entries(patch)) {
    const deletion = /^\$deleteFromPrimitiveList\/(.+)$/.exec(name)?.[1];
    const current = deletion === undefined ? undefined : out[deletion];
    if (deletion !== undefined && Array.isArray(current) && Array.isArray(value)) out[deletion] = current.filter((item) => !value.includes(item));
    const ordered = /^\$setElementOrder\/(.+)$/.exec(name)?.[1];
    if (ordered !== undefined) reorder(out, ordered, value, fieldOf(schema, ordered));
  }
  return out;
}

const without = (object: JsonObject, name: string): JsonObject => Object.fromEntries(Object.entries(object).filter(([n]) => n !== name));

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
  if (!field?.patchStrategy?.includes('merge')) return patch.some(isDirective) ? patch.filter((item) => !isDirective(item)) : patch;
  const list = Array.isArray(current) ? (current as readonly Json[]) : [];
  const items = schema?.type === 'list' ? schema.items : undefined;
  return field.patchMergeKey === undefined ? mergeSet(list, patch) : mergeList(list, patch, field.patchMergeKey, items);
}

const isDirective = (item: Json): boolean => isRecord(item) && item['$patch'] === 'replace' && Object.keys(item).length === 1;
const withoutDirectives = (patch: JsonObject): JsonObject => Object.fromEntries(Object.entries(patch).filter(([name]) => !name.startsWith('$')));

const mergeSet = (list: readonly Json[], patch: readonly Json[]): readonly Json[] =>
  [...list, ...patch.filter((item) => !list.some((other) => equalJson(other, item)))];

function mergeList(list: readonly Json[], patch: readonly Json[], key: string, items: Schema | undefined): readonly Json[] {
  if (patch.some(isDirective)) return patch.filter((item) => !isDirective(item));
  let out = [...list];
  for (const item of patch) {
    if (!isRecord(item)) throw badRequest(`The patch list contains an element that is not an object`);
    const id = item[key];
    if (id === undefined) throw badRequest(`map: ${JSON.stringify(item)} does not contain declared merge key: ${key}`);
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

/** Puts the elements named by the order where it says; what it does not name keeps its place after its old neighbour. */
function reorder(out: Record<string, Json>, name: string, order: Json, { field }: FieldRule): void {
  const list = out[name];
  if (!Array.isArray(list) || !Array.isArray(order)) return;
  const key = field?.patchMergeKey;
  const idOf = (item: Json): Json => (key !== undefined && isRecord(item) ? item[key] : item);
  const rank = (item: Json): number => (order as readonly Json[]).findIndex((o) => equalJson(idOf(o), idOf(item)));
  const named = list.filter((item) => rank(item) >= 0).sort((a, b) => rank(a) - rank(b));
  const merged: Json[] = [];
  for (const item of list as readonly Json[]) {
    if (rank(item) < 0) merged.push(item);
    else merged.push(named.shift());
  }
  out[name] = merged;
}
