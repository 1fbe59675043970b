import type { Constraints } from '../schema.ts';

/**
 * A structural schema as CustomResourceDefinitions carry it (apiextensions.k8s.io/v1 JSONSchemaProps, KEP-2332): the
 * skeleton of the value (type, properties, items, additionalProperties) and what it says besides, as it came.
 */
export interface JsonSchema extends Constraints {
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean' | '';
  readonly nullable?: boolean;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: boolean | JsonSchema;
  readonly items?: JsonSchema;
  readonly required?: readonly string[];
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly allOf?: readonly JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly not?: JsonSchema;
  readonly description?: string;
  readonly title?: string;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
  readonly 'x-kubernetes-embedded-resource'?: boolean;
  readonly 'x-kubernetes-int-or-string'?: boolean;
  readonly 'x-kubernetes-list-type'?: 'atomic' | 'set' | 'map';
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-map-type'?: 'atomic' | 'granular';
  readonly 'x-kubernetes-validations'?: readonly unknown[];
}

export type JsonObject = Record<string, unknown>;

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The fields that make an object one of the API: their shape is not the schema's business. */
export const isMetaField = (name: string): boolean => name === 'apiVersion' || name === 'kind' || name === 'metadata';

/** A schema and all that it is made of. */
export function* schemasWithin(schema: JsonSchema): Generator<JsonSchema> {
  yield schema;
  const { items, additionalProperties, allOf = [], anyOf = [], oneOf = [], not, properties = {} } = schema;
  const inside = [
    items,
    ...allOf,
    ...anyOf,
    ...oneOf,
    not,
    ...Object.values(properties),
    typeof additionalProperties === 'object' ? additionalProperties : undefined,
  ];
  for (const one of inside) if (one) yield* schemasWithin(one);
}

/** The schema of what an object has under `name`: undefined where it says nothing. */
export function memberSchema(schema: JsonSchema, name: string): JsonSchema | undefined {
  if (schema.properties && Object.hasOwn(schema.properties, name)) return schema.properties[name];
  return typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined;
}
