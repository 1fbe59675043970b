import type { Field } from '@navarch/machinery';
import { entriesOf } from '../../checks/values.ts';
import type { JSONSchemaProps } from '../../generated/types/apiextensions-v1.ts';

const TYPES = ['array', 'boolean', 'integer', 'number', 'object', 'string'];
const LIST_TYPES = ['atomic', 'map', 'set'];
const MAP_TYPES = ['atomic', 'granular'];
/** What a structural schema may say only outside allOf, anyOf, oneOf and not (KEP-1111). */
const STRUCTURAL_ONLY = ['additionalProperties', 'default', 'description', 'nullable', 'title', 'type'] as const;

/** The schema of a custom resource's whole object. */
export function validateSchema(schema: JSONSchemaProps, at: Field): void {
  if (schema.type !== 'object') at.at('type').invalid(schema.type ?? '', 'must be object at the root');
  if (schema.nullable) at.at('nullable').forbidden('nullable cannot be true at the root');
  validateNode(schema, { isRoot: true, isStructural: true }, at);
}

interface Place {
  readonly isRoot: boolean;
  readonly isStructural: boolean;
}

const INSIDE: Place = { isRoot: false, isStructural: true };
const VALUE_ONLY: Place = { isRoot: false, isStructural: false };

function validateNode(schema: JSONSchemaProps, place: Place, at: Field): void {
  if (place.isStructural) validateType(schema, at);
  else for (const name of STRUCTURAL_ONLY) if (schema[name] !== undefined) at.at(name).forbidden('must be undefined to be structural');
  forbidUnsupported(schema, at);
  validateLists(schema, at);
  const { properties, additionalProperties, items } = schema;
  if (properties && additionalProperties) at.at('additionalProperties').forbidden('additionalProperties and properties are mutual exclusive');
  for (const [name, property] of entriesOf(properties)) {
    // Metadata is the server's own; a schema may only narrow names.
    if (place.isRoot && name === 'metadata') validateMetadata(property, at.at('properties').key(name));
    else validateNode(property, place.isStructural ? INSIDE : VALUE_ONLY, at.at('properties').key(name));
  }
  if (typeof additionalProperties === 'object') validateNode(additionalProperties, place.isStructural ? INSIDE : VALUE_ONLY, at.at('additionalProperties'));
  if (Array.isArray(items)) at.at('items').forbidden('items must be a schema object and not an array');
  else if (items) validateNode(items as JSONSchemaProps, place.isStructural ? INSIDE : VALUE_ONLY, at.at('items'));
  else if (schema.type === 'array') at.at('items').required('must be specified');
  for (const list of ['allOf', 'anyOf', 'oneOf'] as const) schema[list]?.forEach((part, i) => {
    // The one way to say "integer or string" before there was a word for it.
    if (!schema['x-kubernetes-int-or-string'] || part.type === undefined) validateNode(part, VALUE_ONLY, at.at(list).index(i));
  });
  if (schema.not) validateNode(schema.not, VALUE_ONLY, at.at('not'));
}

function validateType(schema: JSONSchemaProps, at: Field): void {
  const { type } = schema;
  const isOpen = schema['x-kubernetes-preserve-unknown-fields'] || schema['x-kubernetes-int-or-string'];
  if (!type) {
    if (!isOpen) at.at('type').required('must not be empty for specified object fields');
  } else if (!TYPES.includes(type)) at.at('type').notSupported(type, TYPES);
  if (schema['x-kubernetes-int-or-string'] && type) at.at('type').invalid(type, 'must be empty if x-kubernetes-int-or-string is true');
  if (schema['x-kubernetes-embedded-resource']) {
    if (type !== 'object') at.at('type').invalid(type ?? '', 'must be object if x-kubernetes-embedded-resource is true');
    if (!schema.properties && !schema['x-kubernetes-preserve-unknown-fields']) at.at('properties').required('must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields');
  }
  if (schema['x-kubernetes-preserve-unknown-fields'] === false) at.at('x-kubernetes-preserve-unknown-fields').invalid(false, 'must be true or undefined');
}

function forbidUnsupported(schema: JSONSchemaProps, at: Field): void {
  if (schema.uniqueItems) at.at('uniqueItems').forbidden('uniqueItems cannot be set to true since the runtime complexity becomes quadratic');
  if (schema.additionalProperties === false) at.at('additionalProperties').forbidden('additionalProperties cannot be set to false');
  for (const name of ['$ref', 'definitions', 'dependencies', 'additionalItems', 'patternProperties', 'id'] as const) {
    if (schema[name] !== undefined) at.at(name).forbidden(`${name} is not supported`);
  }
  if (schema.pattern !== undefined && !isPattern(schema.pattern)) at.at('pattern').invalid(schema.pattern, 'must be a valid regular expression, but isn\'t');
}

function isPattern(text: string): boolean {
  try {
    return new RegExp(text, 'u') instanceof RegExp;
  } catch {
    // Go reads some patterns that a strict reading refuses; those are tried again without Unicode's rules.
    try {
      return new RegExp(text) instanceof RegExp;
    } catch {
      return false;
    }
  }
}

function validateLists(schema: JSONSchemaProps, at: Field): void {
  const { 'x-kubernetes-list-type': listType, 'x-kubernetes-list-map-keys': keys = [], 'x-kubernetes-map-type': mapType } = schema;
  if (listType !== undefined) {
    if (schema.type !== 'array') at.at('type').invalid(schema.type ?? '', "must be array if x-kubernetes-list-type is specified");
    if (!LIST_TYPES.includes(listType)) at.at('x-kubernetes-list-type').notSupported(listType, LIST_TYPES);
  }
  if (mapType !== undefined) {
    if (schema.type !== 'object') at.at('type').invalid(schema.type ?? '', "must be object if x-kubernetes-map-type is specified");
    if (!MAP_TYPES.includes(mapType)) at.at('x-kubernetes-map-type').notSupported(mapType, MAP_TYPES);
  }
  if (keys.length > 0 && listType !== 'map') at.at('x-kubernetes-list-type').required("must be map if x-kubernetes-list-map-keys is non-empty");
  if (listType !== 'map') return;
  if (keys.length === 0) at.at('x-kubernetes-list-map-keys').required('must not be empty if x-kubernetes-list-type is map');
  const items = Array.isArray(schema.items) ? undefined : (schema.items as JSONSchemaProps | undefined);
  const seen = new Set<string>();
  keys.forEach((key, i) => {
    const here = at.at('x-kubernetes-list-map-keys').index(i);
    const property = items?.properties?.[key];
    if (!property) here.invalid(key, 'must be defined in the items.properties');
    else {
      if (['array', 'object'].includes(property.type ?? '')) at.at('items', 'properties').key(key).at('type').invalid(property.type, 'must be a scalar type if parent array\'s x-kubernetes-list-type is map');
      if (!items?.required?.includes(key) && property.default === undefined) at.at('items', 'properties').key(key).at('default').required(`this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property`);
    }
    if (seen.has(key)) here.duplicate(key);
    seen.add(key);
  });
}

function validateMetadata(schema: JSONSchemaProps, at: Field): void {
  if (schema.type !== undefined && schema.type !== 'object') at.at('type').invalid(schema.type, 'must be object');
  for (const [name] of entriesOf(schema.properties)) {
    if (name !== 'name' && name !== 'generateName') at.at('properties').key(name).forbidden('must not specify anything other than name and generateName, but metadata is implicitly specified');
  }
}
