import { cloneJson } from '../clone.ts';
import { isMetaField, isObject, type JsonObject, type JsonSchema, memberSchema } from './json-schema.ts';

/**
 * Removes in place what the schema does not specify and returns the paths of it, `spec.list[0].x`. `isResource`: the
 * value is an object of the API, whose apiVersion, kind and metadata stay.
 */
export function prune(value: unknown, schema: JsonSchema, isResource: boolean): readonly string[] {
  const pruned: string[] = [];
  pruneValue(value, schema, isResource, '', pruned);
  return pruned;
}

/** Without a schema nothing is specified: values and lists stay, what is in objects goes. */
function pruneValue(
  value: unknown,
  schema: JsonSchema | undefined,
  isResource: boolean,
  path: string,
  pruned: string[],
): void {
  if (Array.isArray(value)) {
    if (schema?.['x-kubernetes-preserve-unknown-fields'] === true) return;
    const items = schema?.items;
    for (const [i, item] of value.entries())
      pruneValue(item, items, items?.['x-kubernetes-embedded-resource'] === true, `${path}[${i}]`, pruned);
    return;
  }
  if (!isObject(value)) return;
  for (const name of Object.keys(value)) {
    if (isResource && isMetaField(name)) continue;
    const place = path === '' ? name : `${path}.${name}`;
    const member = schema && memberSchema(schema, name);
    if (member || schema?.additionalProperties === true)
      pruneValue(value[name], member, member?.['x-kubernetes-embedded-resource'] === true, place, pruned);
    else if (schema?.['x-kubernetes-preserve-unknown-fields'] !== true) {
      delete value[name];
      pruned.push(place);
    }
  }
}

/** Fills in the schema's defaults in place: where nothing is, and for a null where the schema allows none. */
export function applyDefaults(value: unknown, schema: JsonSchema): void {
  if (Array.isArray(value)) {
    const { items } = schema;
    if (!items) return;
    value.forEach((item, i) => {
      if (item === null && items.nullable !== true && items.default !== undefined) value[i] = cloneJson(items.default);
      applyDefaults(value[i], items);
    });
    return;
  }
  if (!isObject(value)) return;
  for (const [name, member] of Object.entries(schema.properties ?? {})) {
    if (member.default === undefined) continue;
    const isAbsent = !Object.hasOwn(value, name) || (value[name] === null && member.nullable !== true);
    if (isAbsent) put(value, name, cloneJson(member.default));
  }
  for (const name of Object.keys(value)) {
    const member = memberSchema(schema, name);
    if (!member) continue;
    const isExtra = !Object.hasOwn(schema.properties ?? {}, name);
    if (isExtra && value[name] === null && member.nullable !== true && member.default !== undefined)
      put(value, name, cloneJson(member.default));
    applyDefaults(value[name], member);
  }
}

/** Removes in place nulls that the schema does not allow and has no default for. */
export function pruneNulls(value: unknown, schema: JsonSchema): void {
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items) for (const item of value) pruneNulls(item, items);
    return;
  }
  if (!isObject(value)) return;
  for (const name of Object.keys(value)) {
    const member = memberSchema(schema, name);
    if (!member) continue;
    if (value[name] === null && member.nullable !== true && member.default === undefined) delete value[name];
    else pruneNulls(value[name], member);
  }
}

/** A field may have a name that objects treat as special. */
function put(object: JsonObject, name: string, value: unknown): void {
  Object.defineProperty(object, name, { value, enumerable: true, writable: true, configurable: true });
}
