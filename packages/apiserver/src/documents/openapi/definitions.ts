import { describedField, describedType, schemas, typeFacts } from '@navarch/api';
import type { FieldFacts, FieldSchema, Kind, ObjectSchema, ScalarType, Schema } from '@navarch/machinery';
import { customDoc } from './custom-schemas.ts';
import type { GroupVersion } from './group-versions-ever.ts';

export type Doc = Readonly<Record<string, unknown>>;

export const GVK = 'x-kubernetes-group-version-kind';
export const META = 'io.k8s.apimachinery.pkg.apis.meta.v1.';
const V2_PREFIX = '#/definitions/';
const V3_PREFIX = '#/components/schemas/';

/** Types that are a text or any JSON, yet have a name of their own. */
const NAMED: Readonly<Record<string, readonly [name: string, doc: Doc]>> = {
  time: [`${META}Time`, { type: 'string', format: 'date-time' }],
  microTime: [`${META}MicroTime`, { type: 'string', format: 'date-time' }],
  duration: [`${META}Duration`, { type: 'string' }],
  quantity: ['io.k8s.apimachinery.pkg.api.resource.Quantity', { type: 'string' }],
  intOrString: ['io.k8s.apimachinery.pkg.util.intstr.IntOrString', { type: 'string', format: 'int-or-string' }],
};
/** Those that OpenAPI v3 has better words for. */
const NAMED_V3: Readonly<Record<string, Doc>> = {
  quantity: { oneOf: [{ type: 'string' }, { type: 'number' }] },
  intOrString: { format: 'int-or-string', oneOf: [{ type: 'integer' }, { type: 'string' }] },
};
/** What Go has for a value that nobody set. */
const ZERO: Readonly<Partial<Record<ScalarType, unknown>>> = {
  string: '',
  boolean: false,
  int32: 0,
  int64: 0,
  uint64: 0,
  uint8: 0,
  double: 0,
};

export type OpenApiVersion = 'v2' | 'v3';

/** Collects the definitions that a document refers to. */
export class Definitions {
  readonly version: OpenApiVersion;
  readonly #prefix: string;
  readonly #hasEnums: boolean;
  readonly #versions: readonly GroupVersion[];
  readonly #made = new Map<string, Doc>();

  /** `versions`: those that the document is about, in which types are named that every group has. */
  constructor(version: OpenApiVersion, hasEnums: boolean, versions: readonly GroupVersion[]) {
    this.version = version;
    this.#versions = versions;
    this.#prefix = version === 'v2' ? V2_PREFIX : V3_PREFIX;
    this.#hasEnums = hasEnums;
  }

  /** The reference to an object's schema, which is defined with everything it refers to. */
  object(schema: ObjectSchema): Doc {
    const { name } = schema;
    if (name === undefined) return { type: 'object' };
    return this.#ref(name, () =>
      schema.published
        ? customDoc(schema, schema.published, this)
        : {
            ...described(describedType(name)),
            ...objectDoc(schema, this),
            ...gvksOf(name, this.#versions),
            ...unionOf(name),
          },
    );
  }

  /** The definition of a kind says which kind it is. */
  kind(kind: Kind<any>): Doc {
    const ref = this.object(kind.schema);
    const name = kind.schema.name ?? '';
    this.#made.set(name, { ...this.#made.get(name), [GVK]: [gvkOf(kind)], ...selectableOf(kind) });
    return ref;
  }

  /** The list of a custom resource; those of built-in kinds are types of their own. */
  list(kind: Kind<any>): Doc {
    const name = `${(kind.schema.name ?? '').replace(/[^.]*$/, '')}${kind.listKind}`;
    const text = { type: 'string' };
    const ofList = { $ref: `${this.#prefix}${META}ListMeta` };
    return this.#ref(name, () => ({
      type: 'object',
      required: ['items'],
      properties: {
        apiVersion: text,
        items: { type: 'array', items: this.kind(kind) },
        kind: text,
        metadata: this.version === 'v2' ? ofList : { allOf: [ofList] },
      },
      [GVK]: [{ ...gvkOf(kind), kind: kind.listKind }],
      ...selectableOf(kind),
    }));
  }

  value(schema: Schema): Doc {
    switch (schema.type) {
      case 'object':
        return this.object(schema);
      case 'list':
        return {
          type: 'array',
          items: this.value(schema.items),
          ...(schema.listMapKeys ? { 'x-kubernetes-list-map-keys': schema.listMapKeys } : {}),
          ...(schema.listType ? { 'x-kubernetes-list-type': schema.listType } : {}),
        };
      case 'map':
        return {
          type: 'object',
          additionalProperties: this.value(schema.values),
          ...(schema.mapType ? { 'x-kubernetes-map-type': schema.mapType } : {}),
        };
      case 'int32':
      case 'int64':
        return { type: 'integer', format: schema.type };
      case 'uint64':
        return { type: 'integer', format: 'int64' };
      case 'uint8':
        return { type: 'integer', format: 'byte' };
      case 'double':
        return { type: 'number', format: 'double' };
      case 'boolean':
        return { type: 'boolean' };
      case 'bytes':
        return { type: 'string', format: 'byte' };
      case 'any':
        return schema.name === undefined
          ? { type: 'object' }
          : this.#ref(schema.name, () => ({
              ...described(describedType(schema.name ?? '')),
              ...(/\.JSON[^.]*$/.test(schema.name ?? '') ? {} : { type: 'object' }),
            }));
      default: {
        const named = NAMED[schema.type];
        return named
          ? this.#ref(named[0], () => ({
              ...described(describedType(named[0])),
              ...(this.version === 'v2' ? named[1] : (NAMED_V3[schema.type] ?? named[1])),
            }))
          : { type: 'string', ...(schema.enum && this.#hasEnums ? { enum: schema.enum.toSorted() } : {}) };
      }
    }
  }

  property(of: ObjectSchema, field: FieldSchema): Doc {
    const base = this.value(
      field.structType && field.schema.type === 'object' && field.schema.name !== undefined
        ? schemas.object(field.schema.name)
        : field.schema,
    );
    const extras = {
      ...described(describedField(of, field.name)),
      ...this.#defaultOf(field),
      ...(field.listType ? { 'x-kubernetes-list-type': field.listType } : {}),
      ...(field.structType ? { 'x-kubernetes-map-type': field.structType } : {}),
      ...(field.patchMergeKey ? { 'x-kubernetes-patch-merge-key': field.patchMergeKey } : {}),
      ...(field.patchStrategy ? { 'x-kubernetes-patch-strategy': field.patchStrategy.join(',') } : {}),
    };
    // A reference may have no neighbours in OpenAPI v3. Readers of v2 pass over them.
    return '$ref' in base && this.version === 'v3' ? { allOf: [base], ...extras } : { ...base, ...extras };
  }

  all(): Doc {
    return Object.fromEntries([...this.#made].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  #defaultOf(field: FieldSchema): Doc {
    if (this.version === 'v2') return {};
    if (field.default !== undefined) return { default: field.default };
    if (field.isPointer) return {};
    if (field.schema.type === 'object') return { default: {} };
    const zero = ZERO[field.schema.type as ScalarType];
    return field.omit === 'never' && zero !== undefined ? { default: zero } : {};
  }

  #ref(name: string, make: () => Doc): Doc {
    if (!this.#made.has(name)) {
      // A type that contains itself finds this while it is being made.
      this.#made.set(name, {});
      this.#made.set(name, make());
    }
    return { $ref: `${this.#prefix}${name}` };
  }
}

const described = (description: string | undefined): Doc => (description === undefined ? {} : { description });

/** The kinds that a type is known as. Some belong to every group. */
function gvksOf(name: string, everywhere: readonly GroupVersion[]): Doc {
  const [group, version, kind] = typeFacts[name]?.gvk ?? [];
  if (kind === undefined) return {};
  const versions = group === '*' ? everywhere : [{ group, version }];
  return { [GVK]: versions.map((of) => ({ group: of.group, kind, version: of.version })) };
}

/** Which fields of its own a custom resource can be selected by (KEP-4358). */
function selectableOf({ origin, selectableFields }: Kind<any>): Doc {
  const names = origin === 'custom' ? Object.keys(selectableFields) : [];
  return names.length > 0 ? { 'x-kubernetes-selectable-fields': names.map((fieldPath) => ({ fieldPath })) } : {};
}

/** Of which fields one is set. */
function unionOf(name: string): Doc {
  const { union, fields = [] } = typeFacts[name] ?? {};
  if (!union) return {};
  const discriminator = fields.find((field: FieldFacts) => field.unionDiscriminator)?.name;
  const members = fields
    .filter((field: FieldFacts) => field.name !== discriminator)
    .map((field: FieldFacts) => [field.name, field.name.charAt(0).toUpperCase() + field.name.slice(1)] as const);
  return {
    'x-kubernetes-unions': [
      {
        ...(discriminator === undefined ? {} : { discriminator }),
        'fields-to-discriminateBy': Object.fromEntries(members),
      },
    ],
  };
}

function mapTypeOf({ name = '', structType }: ObjectSchema): Doc {
  const declared = typeFacts[name]?.structType ?? (structType === 'atomic' ? structType : undefined);
  return declared === undefined ? {} : { 'x-kubernetes-map-type': declared };
}

function objectDoc(schema: ObjectSchema, definitions: Definitions): Doc {
  const required = schema.fields.filter((f) => f.isRequired).map((f) => f.name);
  const properties = Object.fromEntries(
    schema.fields.toSorted((a, b) => (a.name < b.name ? -1 : 1)).map((f) => [f.name, definitions.property(schema, f)]),
  );
  return {
    type: 'object',
    ...(required.length > 0 ? { required } : {}),
    ...(schema.fields.length > 0 ? { properties } : {}),
    // Said of a built-in type where somebody has said it, whichever it is.
    ...mapTypeOf(schema),
  };
}

export const gvkOf = ({
  group,
  version,
  kind,
}: {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}): Doc => ({ group, kind, version });
