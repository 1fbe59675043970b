import { isInteger } from '../json-text.ts';
import type { Schema } from '../schema.ts';

/** What Go's decoder calls a JSON value that it cannot read. */
export function jsonTypeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  switch (typeof value) {
    case 'boolean':
      return 'bool';
    case 'bigint':
    case 'number':
      return 'number';
    case 'string':
      return 'string';
    default:
      return 'object';
  }
}

/** What Go's converter from maps says of a value that it cannot convert. */
export function inconvertible(value: unknown, goType: string): string {
  const isWhole = isInteger(value);
  const from = Array.isArray(value)
    ? 'slice'
    : typeof value === 'number' || typeof value === 'bigint'
      ? isWhole
        ? 'int64'
        : 'float64'
      : typeof value === 'boolean'
        ? 'bool'
        : typeof value === 'string'
          ? 'string'
          : 'map';
  if (goType.startsWith('[]')) return `cannot restore slice from ${from}`;
  if (goType.startsWith('map[')) return `cannot restore map from ${from}`;
  if (goType.includes('.')) return `cannot restore struct from: ${from}`;
  const isConversion =
    (typeof value === 'number' || isWhole) && (isWhole ? goType === 'string' : goType.includes('int'));
  return isConversion ? `cannot convert ${from} to ${goType}` : `unrecognized type: ${goType}`;
}

/** The type as Go's messages name it. */
export function goTypeOf(schema: Schema): string {
  switch (schema.type) {
    case 'object':
      return goStructName(schema.name);
    case 'list':
      return `[]${goTypeOf(schema.items)}`;
    case 'map':
      return `map[string]${goTypeOf(schema.values)}`;
    case 'boolean':
      return 'bool';
    case 'double':
      return 'float64';
    case 'quantity':
      return 'resource.Quantity';
    default:
      return schema.type;
  }
}

/** `v1.PodSpec` for io.k8s.api.core.v1.PodSpec. */
const goStructName = (name = 'object'): string => name.split('.').slice(-2).join('.');
