import { DEDUCED } from '../apply/shape.ts';
import type { FieldSchema, ListSchema, MapSchema, ObjectSchema, Schema } from '../schema.ts';
import type { JsonSchema } from './json-schema.ts';

/** The schema of a custom resource in the form that merging, ownership and documents work on. `own`: fields that every object of the API has. */
export function schemaOf(name: string, json: JsonSchema, own: readonly FieldSchema[]): ObjectSchema {
  return new RootObject(name, json, own);
}

/** `preserves`: what holds it keeps what it does not know, and so does all within. */
function toSchema(json: JsonSchema, preserves: boolean): Schema {
  const keeps = preserves || json['x-kubernetes-preserve-unknown-fields'] === true;
  switch (json.type) {
    case 'array':
      return listSchema(json, keeps);
    case 'object':
      return typeof json.additionalProperties === 'object'
        ? mapSchema(json, json.additionalProperties, keeps)
        : new StructuralObject(json, [], keeps);
    // A text of a format may be something else where it is published.
    case 'string':
      return json.format === undefined || json.format === '' || json.format === 'byte'
        ? { type: 'string' }
        : { type: 'intOrString' };
    case 'integer':
      return { type: 'int64' };
    case 'number':
      return { type: 'double' };
    case 'boolean':
      return { type: 'boolean' };
    // Nothing is said of the shape: what is there is owned field by field.
    default:
      return DEDUCED;
  }
}

function listSchema(json: JsonSchema, keeps: boolean): ListSchema {
  return {
    type: 'list',
    items: toSchema(json.items ?? {}, keeps),
    listType: json['x-kubernetes-list-type'] ?? 'atomic',
    ...(json['x-kubernetes-list-map-keys'] ? { listMapKeys: json['x-kubernetes-list-map-keys'] } : {}),
  };
}

const mapSchema = (json: JsonSchema, values: JsonSchema, keeps: boolean): MapSchema => ({
  type: 'map',
  values: toSchema(values, keeps),
  mapType: json['x-kubernetes-map-type'] ?? 'granular',
});

class StructuralObject implements ObjectSchema {
  readonly type = 'object';
  readonly structType: 'atomic' | 'granular';
  readonly preservesUnknown: boolean;
  readonly fields: readonly FieldSchema[];
  readonly #byName: ReadonlyMap<string, FieldSchema>;

  constructor(json: JsonSchema, own: readonly FieldSchema[], keeps: boolean) {
    const { properties = {}, required = [], additionalProperties } = json;
    const names = new Set(own.map((field) => field.name));
    const declared = Object.entries(properties).filter(([name]) => !names.has(name));
    this.structType = json['x-kubernetes-map-type'] ?? 'granular';
    this.preservesUnknown =
      keeps ||
      additionalProperties === true ||
      (additionalProperties === undefined && names.size + declared.length === 0);
    this.fields = [...own, ...declared.map(([name, member]) => fieldOf(name, member, required.includes(name), keeps))];
    this.#byName = new Map(this.fields.map((field) => [field.name, field]));
  }

  field(name: string): FieldSchema | undefined {
    return this.#byName.get(name);
  }
}

class RootObject extends StructuralObject {
  readonly name: string;
  readonly published: Readonly<Record<string, unknown>>;

  constructor(name: string, json: JsonSchema, own: readonly FieldSchema[]) {
    super(json, own, json['x-kubernetes-preserve-unknown-fields'] === true);
    this.name = name;
    this.published = json as Readonly<Record<string, unknown>>;
  }
}

/** Values stand as they were sent: nothing is printed that is not there. */
const fieldOf = (name: string, json: JsonSchema, isRequired: boolean, keeps: boolean): FieldSchema => ({
  name,
  schema: toSchema(json, keeps),
  isRequired,
  omit: 'empty',
  isPointer: true,
  ...(json.default === undefined ? {} : { default: json.default }),
  ...(json.description ? { description: json.description } : {}),
});
