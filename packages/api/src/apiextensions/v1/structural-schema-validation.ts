import type { Field, JsonSchema } from '@navarch/machinery';

/** What only the skeleton of a schema may say, not the value validations within allOf, anyOf, oneOf and not. */
const SKELETON_ONLY = [
  ['type', 'must be empty to be structural'], ['description', 'must be empty to be structural'], ['title', 'must be empty to be structural'],
  ['default', 'must be undefined to be structural'], ['nullable', 'must be false to be structural'], ['additionalProperties', 'must be undefined to be structural'],
  ['x-kubernetes-preserve-unknown-fields', 'must be false to be structural'], ['x-kubernetes-embedded-resource', 'must be false to be structural'],
  ['x-kubernetes-int-or-string', 'must be false to be structural'], ['x-kubernetes-list-type', 'must be undefined to be structural'],
  ['x-kubernetes-list-map-keys', 'must be empty to be structural'], ['x-kubernetes-map-type', 'must be undefined to be structural'],
] as const;

/** Whether a schema is structural (KEP-2332): every value has a type, and combinations only narrow what the skeleton names. */
export function validateStructural(schema: JsonSchema, at: Field): void {
  if (!schema.type) at.at('type').required('must not be empty at the root');
  else if (schema.type !== 'object') at.at('type').invalid(schema.type, 'must be object at the root');
  for (const name of ['kind', 'apiVersion']) {
    const type = schema.properties?.[name]?.type;
    if (type !== undefined && type !== 'string') at.at('properties').key(name).at('type').invalid(type, 'must be string');
  }
  const metadata = schema.properties?.['metadata'];
  if (metadata && metadata.type !== 'object') at.at('properties').key('metadata').at('type').invalid(metadata.type ?? '', 'must be object');
  validateInside(schema, at, true);
  validateComplete(schema, schema, at, at);
}

/**
 * What combinations name the skeleton must have. Upstream looks at those of the root only: definitions that break the
 * rule further down exist.
 */
function validateComplete(branch: JsonSchema, skeleton: JsonSchema, at: Field, skeletonAt: Field): void {
  for (const [inside, place] of branchesOf(branch, at)) validateNamed(inside, skeleton, place, skeletonAt);
}

function validateNamed(branch: JsonSchema, skeleton: JsonSchema, at: Field, skeletonAt: Field): void {
  for (const [name, member] of Object.entries(branch.properties ?? {})) {
    const known = skeleton.properties?.[name];
    const [place, knownAt] = [at.at('properties').key(name), skeletonAt.at('properties').key(name)];
    if (known) validateNamed(member, known, place, knownAt);
    else knownAt.required(`because it is defined in ${place.path}`);
  }
  if (branch.items && skeleton.items) validateNamed(branch.items, skeleton.items, at.at('items'), skeletonAt.at('items'));
  else if (branch.items) skeletonAt.at('items').required(`because it is defined in ${at.at('items').path}`);
  validateComplete(branch, skeleton, at, skeletonAt);
}

const branchesOf = (schema: JsonSchema, at: Field): readonly (readonly [JsonSchema, Field])[] => [
  ...(['allOf', 'anyOf', 'oneOf'] as const).flatMap((name) => (schema[name] ?? []).map((branch, i) => [branch, at.at(name).index(i)] as const)),
  ...(schema.not ? [[schema.not, at.at('not')] as const] : []),
];

function validateInside(schema: JsonSchema, at: Field, isResource: boolean): void {
  if (schema['x-kubernetes-embedded-resource']) validateEmbedded(schema, at);
  if (schema['x-kubernetes-preserve-unknown-fields'] === false) at.at('x-kubernetes-preserve-unknown-fields').invalid(false, 'must be true or undefined');
  if (schema.type === 'array' && !schema.items) at.at('items').required('must be specified');
  if (schema.items) validateValue(schema.items, at.at('items'), 'must not be empty for specified array items');
  for (const [name, member] of Object.entries(schema.properties ?? {})) {
    const place = at.at('properties').key(name);
    if (isResource && name === 'metadata') validateMetadata(member, place);
    validateValue(member, place, 'must not be empty for specified object fields');
  }
  if (typeof schema.additionalProperties === 'object') validateValue(schema.additionalProperties, at.at('additionalProperties'), 'must not be empty for specified object fields');
  validateCombinations(schema, schema, at);
}

function validateValue(schema: JsonSchema, at: Field, untyped: string): void {
  if (!schema.type && !schema['x-kubernetes-int-or-string'] && !schema['x-kubernetes-preserve-unknown-fields']) at.at('type').required(untyped);
  validateInside(schema, at, schema['x-kubernetes-embedded-resource'] === true);
}

function validateEmbedded(schema: JsonSchema, at: Field): void {
  if (schema.type !== 'object') at.at('type').invalid(schema.type ?? '', 'must be object if x-kubernetes-embedded-resource is true');
  if (Object.keys(schema.properties ?? {}).length === 0 && !schema['x-kubernetes-preserve-unknown-fields']) {
    at.at('properties').required('must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields');
  }
}

/** The shape of metadata is the API's own; a schema may narrow its names. */
function validateMetadata(schema: JsonSchema, at: Field): void {
  if (Object.keys(schema.properties ?? {}).some((name) => name !== 'name' && name !== 'generateName')) {
    at.forbidden('must not specify anything other than name and generateName, but metadata is implicitly specified');
  }
}

function validateCombinations(schema: JsonSchema, skeleton: JsonSchema | undefined, at: Field): void {
  for (const [branch, place] of branchesOf(schema, at)) validateBranch(branch, skeleton, place);
}

/** `skeleton` is the schema that the branch narrows; undefined: it names something that nobody specified. */
function validateBranch(branch: JsonSchema, skeleton: JsonSchema | undefined, at: Field): void {
  const isIntOrString = skeleton?.['x-kubernetes-int-or-string'] === true && (branch.type === 'integer' || branch.type === 'string');
  for (const [name, words] of SKELETON_ONLY) {
    if (isSet(branch[name]) && !(name === 'type' && isIntOrString)) at.at(name).forbidden(words);
  }
  for (const [name, member] of Object.entries(branch.properties ?? {})) validateBranch(member, skeleton?.properties?.[name], at.at('properties').key(name));
  if (branch.items) validateBranch(branch.items, skeleton?.items, at.at('items'));
  validateCombinations(branch, skeleton, at);
}

const isSet = (value: unknown): boolean => value !== undefined && value !== false && value !== '' && !(Array.isArray(value) && value.length === 0);
