import {
  backtrackingPatterns,
  checkRuleFields,
  checkRules,
  cloneJson,
  Field,
  type JsonSchema,
  prune,
  StructuralValidator,
} from '@navarch/machinery';

type Schema = JsonSchema & Readonly<Record<string, unknown>>;

/** Keywords of JSON schema that custom resources cannot have. */
const UNSUPPORTED = [
  ['$ref', '$ref is not supported'],
  ['definitions', 'definitions is not supported'],
  ['dependencies', 'dependencies is not supported'],
  ['patternProperties', 'patternProperties is not supported'],
  ['additionalItems', 'additionalItems is not supported'],
  ['id', 'id is not supported'],
] as const;
const TYPES = ['array', 'boolean', 'integer', 'number', 'object', 'string'];
const LIST_TYPES = ['atomic', 'set', 'map'];
const MAP_TYPES = ['atomic', 'granular'];

/** What a schema says besides its skeleton: keywords that are allowed, that go together, and defaults that are right. */
export function validateKeywords(schema: JsonSchema, at: Field, isStructural: boolean): void {
  if (schema.nullable) at.at('nullable').forbidden('nullable cannot be true at the root');
  validateSchema(schema as Schema, at, { isSkeleton: true, isStructural, isRoot: true });
  for (const name of API_FIELDS) {
    const member = schema.properties?.[name];
    if (member) forbidDefaults(member as Schema, `in top-level ${name}`, at.at('properties').key(name));
  }
  const wrong = at.errors.map(({ field }) => field);
  if (isStructural) checkRules(schema, at, ({ path }) => wrong.some((field) => field.startsWith(path)));
}

/** What the API says of every object. */
const API_FIELDS = ['apiVersion', 'kind', 'metadata'];

function forbidDefaults(schema: Schema, where: string, at: Field): void {
  if (schema.default !== undefined) at.at('default').forbidden(`must not be set ${where}`);
  for (const [place, inside] of children(schema, at)) forbidDefaults(inside, where, place);
}

/** Keywords that no structural schema can be made of. */
export const hasUnsupported = (schema: JsonSchema): boolean =>
  UNSUPPORTED.some(([name]) => (schema as Schema)[name] !== undefined) ||
  Array.isArray(schema.items) ||
  [...children(schema as Schema, new Field())].some(([, inside]) => hasUnsupported(inside));

/** The schemas right within one. */
export const childrenOf = (schema: JsonSchema): readonly JsonSchema[] =>
  Array.from(children(schema as Schema, new Field()), ([, inside]) => inside);

export const hasDefault = (schema: JsonSchema): boolean =>
  schema.default !== undefined || childrenOf(schema).some(hasDefault);

interface Place {
  /** Not within a combination. */
  readonly isSkeleton: boolean;
  readonly isStructural: boolean;
  readonly isRoot?: boolean;
  /** Within what an object of the API says of itself: its metadata is known beyond the schema. */
  readonly isMeta?: boolean;
}

function validateSchema(
  schema: Schema,
  at: Field,
  { isSkeleton, isStructural, isRoot = false, isMeta = false }: Place,
): void {
  for (const [name, words] of UNSUPPORTED) if (schema[name] !== undefined) at.at(name).forbidden(words);
  if (schema.uniqueItems)
    at.at('uniqueItems').forbidden('uniqueItems cannot be set to true since the runtime complexity becomes quadratic');
  if (Array.isArray(schema.items)) at.at('items').forbidden('items must be a schema object and not an array');
  if (
    schema.additionalProperties !== undefined &&
    schema.additionalProperties !== true &&
    Object.keys(schema.properties ?? {}).length > 0
  ) {
    at.at('additionalProperties').forbidden('additionalProperties and properties are mutual exclusive');
  }
  if (schema.type === ('null' as string))
    at.at('type').forbidden('type cannot be set to null, use nullable as an alternative');
  if (schema.type && !TYPES.includes(schema.type)) at.at('type').notSupported(schema.type, TYPES);
  validateLists(schema, at);
  checkRuleFields(schema, at);
  const isEmbedded = schema['x-kubernetes-embedded-resource'] === true;
  const isWithinMeta = isMeta && !isEmbedded;
  if (isSkeleton && isStructural && schema.default !== undefined)
    validateDefault(schema, { isResource: isRoot || isEmbedded, isMeta: isWithinMeta }, at.at('default'));
  for (const [place, inside, isSkeletonToo] of children(schema, at)) {
    // Upstream takes it that there are no defaults of additional properties.
    const hasDefaults = isSkeletonToo && inside !== schema.additionalProperties;
    const isOwn = isEmbedded && API_FIELDS.some((name) => schema.properties?.[name] === inside);
    validateSchema(inside, place, {
      isSkeleton: isSkeleton && hasDefaults,
      isStructural,
      isMeta: isWithinMeta || isOwn,
    });
  }
}

function* children(schema: Schema, at: Field): Generator<readonly [Field, Schema, boolean]> {
  for (const [name, member] of Object.entries(schema.properties ?? {}))
    yield [at.at('properties').key(name), member as Schema, true];
  if (typeof schema.additionalProperties === 'object')
    yield [at.at('additionalProperties'), schema.additionalProperties as Schema, true];
  if (schema.items && !Array.isArray(schema.items)) yield [at.at('items'), schema.items as Schema, true];
  for (const name of ['allOf', 'anyOf', 'oneOf'] as const) {
    for (const [i, branch] of (schema[name] ?? []).entries()) yield [at.at(name).index(i), branch as Schema, false];
  }
  if (schema.not) yield [at.at('not'), schema.not as Schema, false];
}

function validateLists(schema: Schema, at: Field): void {
  const listType = schema['x-kubernetes-list-type'];
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  const mapType = schema['x-kubernetes-map-type'];
  if (listType !== undefined && !LIST_TYPES.includes(listType))
    at.at('x-kubernetes-list-type').notSupported(listType, LIST_TYPES);
  if (listType !== undefined && schema.type !== 'array')
    typeMustBe(schema, 'must be array if x-kubernetes-list-type is specified', at);
  if (mapType !== undefined && !MAP_TYPES.includes(mapType))
    at.at('x-kubernetes-map-type').notSupported(mapType, MAP_TYPES);
  if (mapType !== undefined && schema.type !== 'object')
    typeMustBe(schema, 'must be object if x-kubernetes-map-type is specified', at);
  if (keys.length > 0 && listType !== 'map') {
    const words = 'must be map if x-kubernetes-list-map-keys is non-empty';
    if (listType === undefined) at.at('x-kubernetes-list-type').required(words);
    else at.at('x-kubernetes-list-type').invalid(listType, words);
  }
  if (listType === 'map') validateListMap(schema, keys, at);
  else if (listType === 'set') validateSet(schema, at);
  if ((listType === 'map' || listType === 'set') && schema.items?.nullable)
    at.at('items', 'nullable').forbidden(`cannot be nullable when x-kubernetes-list-type is ${listType}`);
}

function typeMustBe({ type }: Schema, words: string, at: Field): void {
  if (type) at.at('type').invalid(type, words);
  else at.at('type').required(words);
}

/** What is told apart as a whole has no parts of its own. */
function validateSet({ items }: Schema, at: Field): void {
  const words = 'must be atomic as item of a list with x-kubernetes-list-type=set';
  if (
    items?.type === 'array' &&
    items['x-kubernetes-list-type'] !== undefined &&
    items['x-kubernetes-list-type'] !== 'atomic'
  ) {
    at.at('items', 'x-kubernetes-list-type').invalid(items['x-kubernetes-list-type'], words);
  }
  if (items?.type === 'object' && items['x-kubernetes-map-type'] !== 'atomic')
    at.at('items', 'x-kubernetes-map-type').invalid(items['x-kubernetes-list-type'] ?? null, words);
}

function validateListMap({ items }: Schema, keys: readonly string[], at: Field): void {
  const keysAt = at.at('x-kubernetes-list-map-keys');
  if (keys.length === 0) keysAt.required('must not be empty if x-kubernetes-list-type is map');
  if (!items) return at.at('items').required('must have a schema if x-kubernetes-list-type is map');
  if (items.type !== 'object')
    return at
      .at('items', 'type')
      .invalid(items.type ?? '', "must be object if parent array's x-kubernetes-list-type is map");
  for (const [i, key] of keys.entries()) {
    const member = items.properties?.[key];
    const place = at.at('items', 'properties').key(key);
    if (!member) keysAt.invalid(keys, 'entries must all be names of item properties');
    // The type that upstream names is that of the items.
    else if (member.type === 'array' || member.type === 'object')
      place.at('type').invalid(items.type, "must be a scalar type if parent array's x-kubernetes-list-type is map");
    if (keys.indexOf(key) !== i) keysAt.invalid(keys, 'must not contain duplicate entries');
    if (member && member.default === undefined && !(items.required ?? []).includes(key)) {
      place
        .at('default')
        .required(
          'this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property',
        );
    }
    if (member?.nullable)
      place.at('nullable').forbidden('this property is in x-kubernetes-list-map-keys, so it cannot be nullable');
  }
}

/** A default must pass the schema that it stands for, without the defaults within it; that of an object of the API must be one. */
function validateDefault(
  schema: Schema,
  { isResource, isMeta }: { readonly isResource: boolean; readonly isMeta: boolean },
  at: Field,
): void {
  const value = cloneJson(schema.default);
  const unknown = isMeta ? [] : prune(value, schema, isResource);
  if (unknown.length > 0) at.invalid(schema.default, 'must not have unknown fields');
  const inside = new Field();
  for (const name of isResource ? ['apiVersion', 'kind'] : [])
    if (!Object.hasOwn(Object(value), name)) inside.at(name).required();
  if (inside.errors.length === 0) new StructuralValidator(schema, backtrackingPatterns).validate(value, inside);
  // Named by where they are in the default, in upstream's words too; what is said of the whole has no place.
  for (const { reason, field, message } of inside.errors)
    at.errors.push({ reason, field: field === '<nil>' ? at.path : `${at.path}.${field.replace(/^\./, '')}`, message });
}
