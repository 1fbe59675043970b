import { equalJson, type JsonSchema } from '@navarch/machinery';
import type {
  CustomResourceDefinitionSpec,
  CustomResourceDefinitionVersion,
} from '../../generated/types/apiextensions-v1.ts';

/** What versions may say alike. */
const SHARED = ['schema', 'subresources', 'additionalPrinterColumns', 'selectableFields'] as const;

type Said = Pick<CustomResourceDefinitionVersion, (typeof SHARED)[number]>;

/**
 * A definition as upstream judges it: what all versions say alike is said once, of the spec, where it was before there
 * were several versions; so faults of it are told there, and once.
 */
export interface Hoisted {
  readonly shared: Said;
  readonly versions: readonly CustomResourceDefinitionVersion[];
}

export function hoisted({ versions }: CustomResourceDefinitionSpec): Hoisted {
  const shared: Record<string, unknown> = {};
  let own: readonly CustomResourceDefinitionVersion[] = versions;
  const [first] = versions;
  for (const name of SHARED) {
    if (!first || !versions.every((version) => equalJson(said(version[name]), said(first[name])))) continue;
    if (first[name] !== undefined) shared[name] = first[name];
    own = own.map(({ [name]: _, ...rest }) => rest as CustomResourceDefinitionVersion);
  }
  return { shared: shared as Said, versions: own };
}

const said = (value: unknown): unknown => (Array.isArray(value) && value.length === 0 ? undefined : value);

/** Go's names and zero values of what refusals show. The order is that of the fields. */
type Shape = readonly (readonly [name: string, json: string, zero: unknown, show?: (value: never) => unknown])[];

const shown = (shape: Shape, value: object): unknown =>
  Object.fromEntries(
    shape.map(([name, json, zero, show]) => {
      const member = (value as Readonly<Record<string, unknown>>)[json];
      return [name, member === undefined ? zero : show ? show(member as never) : member];
    }),
  );

const eachOf =
  (show: (value: object) => unknown) =>
  (list: readonly object[]): unknown =>
    list.map(show);
const valuesOf = (members: Readonly<Record<string, JsonSchema>>): unknown =>
  Object.fromEntries(
    Object.keys(members)
      .sort()
      .map((name) => [name, shownSchema(members[name] as JsonSchema)]),
  );
/** A schema or whether anything is allowed. */
const schemaOrBool = (value: JsonSchema | boolean): unknown =>
  typeof value === 'boolean' ? { Allows: value, Schema: null } : { Allows: true, Schema: shownSchema(value) };

const RULE: Shape = [
  ['Rule', 'rule', ''],
  ['Message', 'message', ''],
  ['MessageExpression', 'messageExpression', ''],
  ['Reason', 'reason', null],
  ['FieldPath', 'fieldPath', ''],
  ['OptionalOldSelf', 'optionalOldSelf', null],
];

const SCHEMA: Shape = [
  ['ID', 'id', ''],
  ['Schema', '$schema', ''],
  ['Ref', '$ref', null],
  ['Description', 'description', ''],
  ['Type', 'type', ''],
  ['Nullable', 'nullable', false],
  ['Format', 'format', ''],
  ['Title', 'title', ''],
  ['Default', 'default', null],
  ['Maximum', 'maximum', null],
  ['ExclusiveMaximum', 'exclusiveMaximum', false],
  ['Minimum', 'minimum', null],
  ['ExclusiveMinimum', 'exclusiveMinimum', false],
  ['MaxLength', 'maxLength', null],
  ['MinLength', 'minLength', null],
  ['Pattern', 'pattern', ''],
  ['MaxItems', 'maxItems', null],
  ['MinItems', 'minItems', null],
  ['UniqueItems', 'uniqueItems', false],
  ['MultipleOf', 'multipleOf', null],
  ['Enum', 'enum', null],
  ['MaxProperties', 'maxProperties', null],
  ['MinProperties', 'minProperties', null],
  ['Required', 'required', null],
  ['Items', 'items', null, (items: JsonSchema) => ({ Schema: shownSchema(items), JSONSchemas: null })],
  ['AllOf', 'allOf', null, eachOf(shownSchema)],
  ['OneOf', 'oneOf', null, eachOf(shownSchema)],
  ['AnyOf', 'anyOf', null, eachOf(shownSchema)],
  ['Not', 'not', null, shownSchema],
  ['Properties', 'properties', null, valuesOf],
  ['AdditionalProperties', 'additionalProperties', null, schemaOrBool],
  ['PatternProperties', 'patternProperties', null, valuesOf],
  ['Dependencies', 'dependencies', null],
  ['AdditionalItems', 'additionalItems', null, schemaOrBool],
  ['Definitions', 'definitions', null, valuesOf],
  [
    'ExternalDocs',
    'externalDocs',
    null,
    (docs: object) =>
      shown(
        [
          ['Description', 'description', ''],
          ['URL', 'url', ''],
        ],
        docs,
      ),
  ],
  ['Example', 'example', null],
  ['XPreserveUnknownFields', 'x-kubernetes-preserve-unknown-fields', null],
  ['XEmbeddedResource', 'x-kubernetes-embedded-resource', false],
  ['XIntOrString', 'x-kubernetes-int-or-string', false],
  ['XListMapKeys', 'x-kubernetes-list-map-keys', null],
  ['XListType', 'x-kubernetes-list-type', null],
  ['XMapType', 'x-kubernetes-map-type', null],
  ['XValidations', 'x-kubernetes-validations', null, eachOf((rule) => shown(RULE, rule))],
];

/** A schema as upstream has it in memory, which is how its refusals show it. */
export function shownSchema(schema: object): unknown {
  return shown(SCHEMA, schema);
}

const SCALE: Shape = [
  ['SpecReplicasPath', 'specReplicasPath', ''],
  ['StatusReplicasPath', 'statusReplicasPath', ''],
  ['LabelSelectorPath', 'labelSelectorPath', null],
];
const COLUMN: Shape = [
  ['Name', 'name', ''],
  ['Type', 'type', ''],
  ['Format', 'format', ''],
  ['Description', 'description', ''],
  ['Priority', 'priority', 0],
  ['JSONPath', 'jsonPath', ''],
];
const VERSION: Shape = [
  ['Name', 'name', ''],
  ['Served', 'served', false],
  ['Storage', 'storage', false],
  ['Deprecated', 'deprecated', false],
  ['DeprecationWarning', 'deprecationWarning', null],
  [
    'Schema',
    'schema',
    null,
    ({ openAPIV3Schema }: { openAPIV3Schema?: object }) => ({
      OpenAPIV3Schema: openAPIV3Schema ? shownSchema(openAPIV3Schema) : null,
    }),
  ],
  [
    'Subresources',
    'subresources',
    null,
    (parts: object) =>
      shown(
        [
          ['Status', 'status', null],
          ['Scale', 'scale', null, (scale: object) => shown(SCALE, scale)],
        ],
        parts,
      ),
  ],
  ['AdditionalPrinterColumns', 'additionalPrinterColumns', null, eachOf((column) => shown(COLUMN, column))],
  ['SelectableFields', 'selectableFields', null, eachOf((field) => shown([['JSONPath', 'jsonPath', '']], field))],
];

/** Likewise of versions. */
export const shownVersions = (versions: readonly CustomResourceDefinitionVersion[]): unknown =>
  versions.map((version) => shown(VERSION, version));
