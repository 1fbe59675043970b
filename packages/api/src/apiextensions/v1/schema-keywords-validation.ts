import {
  applyDefaults, backtrackingPatterns, checkRules, cloneJson, type Field, type JsonSchema, type Patterns, prune, StructuralValidator,
} from '@navarch/machinery';

type Schema = JsonSchema & Readonly<Record<string, unknown>>;

/** Keywords of JSON schema that custom resources cannot have. */
const UNSUPPORTED = [
  ['$ref', '$ref is not supported'], ['definitions', 'definitions is not supported'], ['dependencies', 'dependencies is not supported'],
  ['patternProperties', 'patternProperties is not supported'], ['additionalItems', 'additionalItems is not supported'], ['id', 'id is not supported'],
] as const;
const TYPES = ['array', 'boolean', 'integer', 'number', 'object', 'string'];
const LIST_TYPES = ['atomic', 'map', 'set'];
const MAP_TYPES = ['atomic', 'granular'];

/** What a schema says besides its skeleton: keywords that are allowed, that go together, and defaults that are right. */
export function validateKeywords(schema: JsonSchema, at: Field): void {
  if (schema.default !== undefined) at.at('default').forbidden('must not be set in top-level schema');
  if (schema.nullable) at.at('nullable').forbidden('nullable cannot be true at the root');
  validateSchema(schema as Schema, at, true);
}

function validateSchema(schema: Schema, at: Field, isSkeleton: boolean): void {
  for (const [name, words] of UNSUPPORTED) if (schema[name] !== undefined) at.at(name).forbidden(words);
  if (schema.uniqueItems) at.at('uniqueItems').forbidden('uniqueItems cannot be set to true since the runtime complexity becomes quadratic');
  if (Array.isArray(schema.items)) at.at('items').forbidden('items must be a schema object and not an array');
  if (schema.additionalProperties === false) at.at('additionalProperties').forbidden('additionalProperties cannot be set to false');
  if (schema.additionalProperties !== undefined && Object.keys(schema.properties ?? {}).length > 0) {
    at.at('additionalProperties').forbidden('additionalProperties and properties are mutual exclusive');
  }
  if (schema.type === 'null' as string) at.at('type').forbidden('type cannot be set to null, use nullable as an alternative');
  else if (schema.type && !TYPES.includes(schema.type)) at.at('type').notSupported(schema.type, TYPES);
  if (schema.pattern && !isPattern(schema.pattern)) at.at('pattern').invalid(schema.pattern, 'must be a valid regular expression, but isn\'t: error parsing regexp');
  validateLists(schema, at);
  if (isSkeleton) checkRules(schema, at);
  if (isSkeleton && schema.default !== undefined) validateDefault(schema, at.at('default'));
  for (const [place, inside, isSkeletonToo] of children(schema, at)) validateSchema(inside, place, isSkeleton && isSkeletonToo);
}

function* children(schema: Schema, at: Field): Generator<readonly [Field, Schema, boolean]> {
  for (const [name, member] of Object.entries(schema.properties ?? {})) yield [at.at('properties').key(name), member as Schema, true];
  if (typeof schema.additionalProperties === 'object') yield [at.at('additionalProperties'), schema.additionalProperties as Schema, true];
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
  if (listType !== undefined && !LIST_TYPES.includes(listType)) at.at('x-kubernetes-list-type').notSupported(listType, LIST_TYPES);
  if (listType !== undefined && schema.type !== 'array') at.at('type').invalid(schema.type ?? '', 'must be array if x-kubernetes-list-type is set');
  if (mapType !== undefined && !MAP_TYPES.includes(mapType)) at.at('x-kubernetes-map-type').notSupported(mapType, MAP_TYPES);
  if (mapType !== undefined && schema.type !== 'object') at.at('type').invalid(schema.type ?? '', 'must be object if x-kubernetes-map-type is set');
  if (keys.length > 0 && listType !== 'map') at.at('x-kubernetes-list-type').invalid(listType ?? '', 'must be map if x-kubernetes-list-map-keys is non-empty');
  if (listType !== 'map') return;
  if (keys.length === 0) at.at('x-kubernetes-list-map-keys').required('must not be empty if x-kubernetes-list-type is map');
  const { items } = schema;
  if (items && items.type !== 'object') at.at('items', 'type').invalid(items.type ?? '', 'must be object if parent array\'s x-kubernetes-list-type is map');
  for (const [i, key] of keys.entries()) {
    const member = items?.properties?.[key];
    const place = at.at('x-kubernetes-list-map-keys').index(i);
    if (items && !member) place.invalid(key, 'entries must all be names of item properties');
    else if (member && (member.type === 'array' || member.type === 'object')) at.at('items', 'properties').key(key).at('type').invalid(member.type, 'must be a scalar type if parent array\'s x-kubernetes-list-type is map');
    else if (member && member.default === undefined && !(items?.required ?? []).includes(key)) {
      at.at('items', 'properties').key(key).at('default').required('this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property');
    }
    if (keys.indexOf(key) !== i) place.duplicate(key);
  }
}

/** A default must pass the schema that it stands for. */
function validateDefault(schema: Schema, at: Field): void {
  const value = cloneJson(schema.default);
  const unknown = prune(value, schema, schema['x-kubernetes-embedded-resource'] === true);
  if (unknown.length > 0) at.invalid(schema.default, 'must not have unknown fields');
  applyDefaults(value, schema);
  new StructuralValidator(schema, patterns).validate(value, at);
}

function isPattern(pattern: string): boolean {
  try {
    backtrackingPatterns.compile(pattern);
    return true;
  } catch {
    return false;
  }
}

/** A wrong pattern has been said already. */
const patterns: Patterns = { compile: (pattern) => (isPattern(pattern) ? backtrackingPatterns.compile(pattern) : () => true) };
