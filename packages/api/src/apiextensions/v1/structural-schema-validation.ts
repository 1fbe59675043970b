import { backtrackingPatterns, equalJson, type Field, type JsonSchema } from '@navarch/machinery';

/** What only the skeleton of a schema may say, not the value validations within allOf, anyOf, oneOf and not. */
const SKELETON_ONLY = [
  ['type', 'must be empty to be structural'],
  ['description', 'must be empty to be structural'],
  ['title', 'must be empty to be structural'],
  ['default', 'must be undefined to be structural'],
  ['nullable', 'must be false to be structural'],
  ['additionalProperties', 'must be undefined to be structural'],
  ['x-kubernetes-preserve-unknown-fields', 'must be false to be structural'],
  ['x-kubernetes-embedded-resource', 'must be false to be structural'],
  ['x-kubernetes-int-or-string', 'must be false to be structural'],
  ['x-kubernetes-list-type', 'must be undefined to be structural'],
  ['x-kubernetes-list-map-keys', 'must be empty to be structural'],
  ['x-kubernetes-map-type', 'must be undefined to be structural'],
  ['x-kubernetes-validations', 'must be empty to be structural'],
] as const;

/** Where a schema is, as it is told. */
type Level = 'at the root' | 'for specified array items' | 'for specified object fields';

/** Whether a schema is structural (KEP-2332): every value has a type, and combinations only narrow what the skeleton names. */
export function validateStructural(schema: JsonSchema, at: Field): void {
  const before = at.errors.length;
  validateSkeleton(schema, at, 'at the root');
  validateComplete(schema, schema, at, at);
  // As upstream tells them: in the order of their words.
  const found = at.errors.splice(before).map((error) => [`${error.field}: ${error.message}`, error] as const);
  for (const [, error] of found.toSorted(([a], [b]) => (a < b ? -1 : 1))) at.errors.push(error);
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
  if (branch.items && skeleton.items)
    validateNamed(branch.items, skeleton.items, at.at('items'), skeletonAt.at('items'));
  else if (branch.items) skeletonAt.at('items').required(`because it is defined in ${at.at('items').path}`);
  validateComplete(branch, skeleton, at, skeletonAt);
}

const branchesOf = (schema: JsonSchema, at: Field): readonly (readonly [JsonSchema, Field])[] => [
  ...(['allOf', 'anyOf', 'oneOf'] as const).flatMap((name) =>
    (schema[name] ?? []).map((branch, i) => [branch, at.at(name).index(i)] as const),
  ),
  ...(schema.not ? [[schema.not, at.at('not')] as const] : []),
];

function validateSkeleton(schema: JsonSchema, at: Field, level: Level): void {
  if (schema.type === 'array' && !schema.items) at.at('items').required('must be specified');
  if (schema.items) validateSkeleton(schema.items, at.at('items'), 'for specified array items');
  for (const [name, member] of Object.entries(schema.properties ?? {}))
    validateSkeleton(member, at.at('properties').key(name), 'for specified object fields');
  if (typeof schema.additionalProperties === 'object')
    validateSkeleton(schema.additionalProperties, at.at('additionalProperties'), 'for specified object fields');
  if (schema.additionalProperties !== undefined && level === 'at the root')
    at.at('additionalProperties').forbidden('must not be used at the root');
  validateExtensions(schema, at);
  validateType(schema, at, level);
  if (level === 'at the root' || schema['x-kubernetes-embedded-resource']) validateIdentity(schema, at);
  if (level === 'at the root' && schema.properties?.['metadata'])
    validateMetadata(schema.properties['metadata'], at.at('properties').key('metadata'));
  validateCombinations(schema, at);
}

function validateType(schema: JsonSchema, at: Field, level: Level): void {
  if (schema['x-kubernetes-embedded-resource'] && schema.type !== 'object')
    typeMustBe('must be object if x-kubernetes-embedded-resource is true', schema, at);
  else if (!schema.type && !schema['x-kubernetes-int-or-string'] && !schema['x-kubernetes-preserve-unknown-fields'])
    at.at('type').required(`must not be empty ${level}`);
  if (level === 'at the root' && schema.type && schema.type !== 'object')
    at.at('type').invalid(schema.type, 'must be object at the root');
}

function typeMustBe(words: string, { type }: JsonSchema, at: Field): void {
  if (type) at.at('type').invalid(type, words);
  else at.at('type').required(words);
}

function validateExtensions(schema: JsonSchema, at: Field): void {
  const keepsUnknown = schema['x-kubernetes-preserve-unknown-fields'];
  if (keepsUnknown === false) at.at('x-kubernetes-preserve-unknown-fields').invalid(false, 'must be true or undefined');
  if (schema['x-kubernetes-int-or-string']) {
    for (const name of ['x-kubernetes-preserve-unknown-fields', 'x-kubernetes-embedded-resource'] as const) {
      if (schema[name]) at.at(name).invalid(true, 'must be false if x-kubernetes-int-or-string is true');
    }
  }
  if (!schema['x-kubernetes-embedded-resource']) return;
  if (schema.additionalProperties !== undefined)
    at.at('additionalProperties').forbidden('must not be used if x-kubernetes-embedded-resource is set');
  if (Object.keys(schema.properties ?? {}).length === 0 && !keepsUnknown) {
    at.at('properties').required(
      'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields',
    );
  }
}

/** What every object of the API says of itself has the types that the API gives it. */
function validateIdentity({ properties = {} }: JsonSchema, at: Field): void {
  for (const [name, right] of [
    ['kind', 'string'],
    ['apiVersion', 'string'],
    ['metadata', 'object'],
  ] as const) {
    const member = properties[name];
    if (member && member.type !== right)
      at.at('properties')
        .key(name)
        .at('type')
        .invalid(member.type ?? '', `must be ${right}`);
  }
}

/** The shape of metadata is the API's own; a schema may narrow its names. */
function validateMetadata({ type: _, default: __, properties = {}, ...more }: JsonSchema, at: Field): void {
  const isMore =
    Object.keys(properties).some((name) => name !== 'name' && name !== 'generateName') ||
    Object.values(more).some(isSet);
  if (isMore)
    at.forbidden('must not specify anything other than name and generateName, but metadata is implicitly specified');
}

/** How integers or strings are written out where a schema says more of them. */
const INT_OR_STRING = [{ type: 'integer' }, { type: 'string' }];

function validateCombinations(schema: JsonSchema, at: Field): void {
  validatePattern(schema, at);
  const [first] = schema.allOf ?? [];
  for (const [branch, place] of branchesOf(schema, at)) {
    if (equalJson(schema.anyOf, INT_OR_STRING) && schema.anyOf?.includes(branch)) continue;
    if (branch !== first || !equalJson(branch.anyOf, INT_OR_STRING)) validateBranch(branch, place);
    else validateBranch({ ...branch, anyOf: [] }, place);
  }
}

function validateBranch(branch: JsonSchema, at: Field): void {
  validatePattern(branch, at);
  for (const [name, words] of SKELETON_ONLY) if (isSet(branch[name])) at.at(name).forbidden(words);
  for (const [name, member] of Object.entries(branch.properties ?? {})) {
    const place = at.at('properties').key(name);
    validateBranch(member, place);
    if (name === 'metadata') place.forbidden('must not be specified in a nested context');
  }
  if (branch.items) validateBranch(branch.items, at.at('items'));
  for (const [inside, place] of branchesOf(branch, at)) validateBranch(inside, place);
}

const isSet = (value: unknown): boolean =>
  value !== undefined && value !== false && value !== '' && !(Array.isArray(value) && value.length === 0);

function validatePattern({ pattern }: JsonSchema, at: Field): void {
  if (!pattern) return;
  try {
    backtrackingPatterns.compile(pattern);
  } catch {
    at.at('pattern').invalid(pattern, "must be a valid regular expression, but isn't: error parsing regexp");
  }
}
