import { type FieldSchema, jsonText, type ObjectSchema, type Schema, unifiedDiff } from '@navarch/machinery';
import { schemas } from '../built-in.ts';
import { HOST_FIELDS, keptFields, keptName } from './kept-layout.ts';

/**
 * A value as messages show it, which is how upstream's own memory has it: every field by its name in Go, absence as
 * null or as Go's zero. `type` is without `io.k8s.api.`: `core.v1.Toleration`; with `[]` before it, a list of them.
 */
export function shown(type: string, value: unknown): unknown {
  if (value === undefined || value === null) return null;
  if (type.startsWith('[]')) return (value as readonly unknown[]).map((item) => shown(type.slice(2), item));
  return formOf(schemas.named(`io.k8s.api.${type}`), value);
}

/** What became of a value, line by line of how it is shown. */
export function shownDifference(type: string, before: unknown, after: unknown): string {
  return unifiedDiff(jsonText(shown(type, before), 1), jsonText(shown(type, after), 1));
}

const META = 'io.k8s.apimachinery.';

type Values = Readonly<Record<string, unknown>>;

function formOf(schema: Schema, value: unknown): unknown {
  switch (schema.type) {
    case 'object':
      return schema.name?.startsWith(META) ? value : objectForm(schema, value as Values);
    case 'list':
      return (value as readonly unknown[]).map((item) => formOf(schema.items, item));
    case 'map':
      return Object.fromEntries(
        Object.entries(value as Values)
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([key, one]) => [key, formOf(schema.values, one)]),
      );
    default:
      return value;
  }
}

function objectForm(schema: ObjectSchema, value: Values): Values {
  const type = schema.name?.slice(schema.name.lastIndexOf('.') + 1) ?? '';
  const out: Record<string, unknown> = {};
  for (const field of keptFields(type, schema.fields)) {
    // Metadata is embedded: its fields are the object's own, and written as everywhere.
    if (field.name === 'metadata') Object.assign(out, value['metadata']);
    else out[keptName(type, field.name)] = fieldForm(field, value[field.name]);
  }
  if (type === 'PodSpec') {
    const host = HOST_FIELDS.flatMap((name) => schema.field(name) ?? []).map((field) => [
      keptName(type, field.name),
      fieldForm(field, value[field.name]),
    ]);
    const context = formOf(schema.field('securityContext')?.schema as Schema, value['securityContext'] ?? {});
    out['SecurityContext'] = { ...Object.fromEntries(host), ...(context as Values) };
  }
  return out;
}

const fieldForm = ({ isPointer, schema }: FieldSchema, value: unknown): unknown => {
  if (value !== undefined && value !== null) return formOf(schema, value);
  return isPointer ? null : zeroOf(schema);
};

function zeroOf(schema: Schema): unknown {
  switch (schema.type) {
    case 'object':
      return formOf(schema, {});
    case 'string':
      return '';
    case 'boolean':
      return false;
    case 'quantity':
      return '0';
    case 'duration':
      return '0s';
    case 'int32':
    case 'int64':
    case 'uint64':
    case 'uint8':
    case 'double':
    case 'intOrString':
      return 0;
    default:
      return null;
  }
}
