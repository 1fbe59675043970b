import { bool, bytes, type CelType, double, dyn, int, listOf, mapOf, object, string, timestamp } from '../cel/types.ts';
import type { FieldSchema, ObjectSchema, ScalarType, Schema } from '../schema.ts';
import { escapedName } from './cel-value.ts';

/** What may be written in several ways is looked at when it is there. */
const SCALARS: Readonly<Record<ScalarType, CelType>> = {
  string,
  duration: string,
  boolean: bool,
  int32: int,
  int64: int,
  uint64: int,
  uint8: int,
  double,
  bytes,
  time: timestamp,
  microTime: timestamp,
  quantity: dyn,
  intOrString: dyn,
  any: dyn,
};

/** The type that expressions see values of a schema with; objects are looked into when a field is asked for. */
export function celTypeOf(schema: Schema): CelType {
  switch (schema.type) {
    case 'list':
      return listOf(celTypeOf(schema.items));
    case 'map':
      return mapOf(string, celTypeOf(schema.values));
    case 'object':
      return objectType(schema);
    default:
      return SCALARS[schema.type];
  }
}

function objectType(schema: ObjectSchema): CelType {
  if (schema.fields.length === 0) return dyn;
  let fields: ReadonlyMap<string, FieldSchema> | undefined;
  return object(schema.name ?? 'object', (name) => {
    fields ??= new Map(
      schema.fields.flatMap((field) =>
        [field.name, escapedName(field.name) ?? field.name].map((key) => [key, field] as const),
      ),
    );
    const found = fields.get(name);
    return found && celTypeOf(found.schema);
  });
}
