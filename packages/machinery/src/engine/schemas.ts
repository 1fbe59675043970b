import { invariant } from '@navarch/base';
import type { FieldSchema, ListSchema, MapSchema, ObjectSchema, ScalarSchema, ScalarType, Schema } from '../schema.ts';
import type { FieldFacts, TypeFacts } from './facts.ts';

const SCALARS: Readonly<Record<string, ScalarType>> = {
  string: 'string',
  bool: 'boolean',
  int32: 'int32',
  int64: 'int64',
  uint64: 'uint64',
  double: 'double',
  uint8: 'uint8',
  bytes: 'bytes',
  any: 'any',
  Time: 'time',
  MicroTime: 'microTime',
  Duration: 'duration',
  Quantity: 'quantity',
  IntOrString: 'intOrString',
  FieldsV1: 'any',
  RawExtension: 'any',
};

/** Types of any JSON that have a name of their own. */
const RAW: Readonly<Record<string, string>> = {
  FieldsV1: 'io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1',
  RawExtension: 'io.k8s.apimachinery.pkg.runtime.RawExtension',
};

/** Schemas of the built-in types, by OpenAPI name. Made when first asked for: most servers never touch most types. */
export class Schemas {
  readonly #facts: Readonly<Record<string, TypeFacts>>;
  readonly #made = new Map<string, Schema>();

  constructor(facts: Readonly<Record<string, TypeFacts>>) {
    this.#facts = facts;
  }

  object(name: string): ObjectSchema {
    const schema = this.named(name);
    invariant(schema.type === 'object', `${name} is not an object type`);
    return schema;
  }

  named(name: string): Schema {
    let schema = this.#made.get(name);
    if (!schema) this.#made.set(name, (schema = this.#make(name)));
    return schema;
  }

  #make(name: string, structType?: string): Schema {
    const known = this.#facts[name];
    invariant(known, `unknown type ${name}`);
    const facts = structType === undefined ? known : { ...known, structType };
    if (facts.alias) return this.#typed(facts.alias, {});
    if (facts.json) return { type: 'any', name } satisfies ScalarSchema;
    return new BuiltInObject(name, facts, (field) => this.#typed(field.type, field));
  }

  #typed(type: string, field: Partial<FieldFacts>): Schema {
    if (type.startsWith('[]')) {
      return {
        type: 'list',
        items: this.#typed(type.slice(2), enumOf(field)),
        ...(field.listType ? { listType: field.listType as NonNullable<ListSchema['listType']> } : {}),
        ...(field.listMapKeys ? { listMapKeys: field.listMapKeys } : {}),
      };
    }
    if (type.startsWith('map[string]')) {
      return {
        type: 'map',
        values: this.#typed(type.slice('map[string]'.length), enumOf(field)),
        ...(field.mapType ? { mapType: field.mapType as NonNullable<MapSchema['mapType']> } : {}),
      };
    }
    const scalar = SCALARS[type];
    if (!scalar) return field.structType ? this.#variant(type, field.structType) : this.named(type);
    const name = RAW[type];
    return { type: scalar, ...(name ? { name } : {}), ...(field.enum ? { enum: field.enum } : {}) };
  }

  /** The type as a field has it that says otherwise how it is owned. */
  #variant(name: string, structType: string): Schema {
    const key = `${name} ${structType}`;
    let schema = this.#made.get(key);
    if (!schema) this.#made.set(key, (schema = this.#make(name, structType)));
    return schema;
  }
}

/** The values that may be in a list or a map are said of the field. */
const enumOf = ({ enum: values }: Partial<FieldFacts>): Partial<FieldFacts> => (values ? { enum: values } : {});

/** Children are resolved on first use, since types refer to one another in circles. */
class BuiltInObject implements ObjectSchema {
  readonly type = 'object';
  readonly name: string;
  readonly facts: TypeFacts;
  readonly #resolve: (field: FieldFacts) => Schema;
  #fields: readonly FieldSchema[] | undefined;
  #byName: ReadonlyMap<string, FieldSchema> | undefined;

  constructor(name: string, facts: TypeFacts, resolve: (field: FieldFacts) => Schema) {
    this.name = name;
    this.facts = facts;
    this.#resolve = resolve;
  }

  get structType(): 'atomic' | 'granular' {
    return this.facts.structType === 'atomic' ? 'atomic' : 'granular';
  }

  get fields(): readonly FieldSchema[] {
    return (this.#fields ??= (this.facts.fields ?? []).map((facts) => fieldSchema(facts, this.#resolve)));
  }

  field(name: string): FieldSchema | undefined {
    this.#byName ??= new Map(this.fields.map((f) => [f.name, f]));
    return this.#byName.get(name);
  }
}

function fieldSchema(facts: FieldFacts, resolve: (field: FieldFacts) => Schema): FieldSchema {
  let schema: Schema | undefined;
  return {
    name: facts.name,
    get schema(): Schema {
      return (schema ??= resolve(facts));
    },
    isRequired: facts.req === true,
    omit: !facts.omit ? 'never' : facts.omit.includes('omitzero') ? 'zero' : 'empty',
    isPointer: facts.ptr === true,
    ...(facts.default === undefined ? {} : { default: facts.default }),
    ...(facts.patchStrategy
      ? { patchStrategy: facts.patchStrategy.split(',') as NonNullable<FieldSchema['patchStrategy']> }
      : {}),
    ...(facts.patchMergeKey ? { patchMergeKey: facts.patchMergeKey } : {}),
    ...(facts.gate ? { gate: { feature: facts.gate, takes: facts.gateTakes ?? 'field' } } : {}),
    ...(facts.structType ? { structType: facts.structType as NonNullable<FieldSchema['structType']> } : {}),
    ...(facts.type === 'bytes' && facts.listType ? { listType: facts.listType } : {}),
    ...(facts.num === undefined ? {} : { number: facts.num }),
    ...(facts.protoName ? { protoName: facts.protoName } : {}),
  };
}
