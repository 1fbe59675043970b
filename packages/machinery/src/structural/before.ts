import { equalJson } from '../equality.ts';
import { isObject, type JsonSchema, memberSchema } from './json-schema.ts';

/** What was at a place before an update, where that can be told. */
export interface Before {
  readonly value: unknown;
}

/** What was under the same name. */
export function memberBefore(before: Before | undefined, schema: JsonSchema, name: string): Before | undefined {
  const was = before?.value;
  return isObject(was) && Object.hasOwn(was, name) && memberSchema(schema, name) ? { value: was[name] } : undefined;
}

/** The item with the same keys; items of other lists than maps cannot be told apart. */
export function itemBefore(before: Before | undefined, schema: JsonSchema, item: unknown): Before | undefined {
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  const was = before?.value;
  if (!Array.isArray(was) || schema['x-kubernetes-list-type'] !== 'map' || keys.length === 0 || !isObject(item))
    return undefined;
  // Only what has all of its keys can be found again.
  if (keys.some((key) => !isScalar(item[key]))) return undefined;
  const found: unknown = was.find((other) => isObject(other) && keys.every((key) => other[key] === item[key]));
  return found === undefined ? undefined : { value: found };
}

const isScalar = (value: unknown): boolean => ['string', 'number', 'bigint', 'boolean'].includes(typeof value);

/** Whether the value is what it was, place by place as the schema tells them: what the schema does not know is never the same (KEP-4008). */
export function isUnchanged(value: unknown, before: Before | undefined, schema: JsonSchema): boolean {
  if (!before) return false;
  const was = before.value;
  if (Array.isArray(value)) {
    if (!Array.isArray(was) || was.length !== value.length) return false;
    if (schema['x-kubernetes-list-type'] !== 'map') return equalJson(value, was);
    return value.every((item) => isUnchanged(item, itemBefore(before, schema, item), schema.items ?? {}));
  }
  if (!isObject(value)) return equalJson(value, was);
  if (!isObject(was)) return false;
  const names = Object.keys(value);
  return (
    names.length === Object.keys(was).length &&
    names.every((name) =>
      isUnchanged(value[name], memberBefore(before, schema, name), memberSchema(schema, name) ?? {}),
    )
  );
}
