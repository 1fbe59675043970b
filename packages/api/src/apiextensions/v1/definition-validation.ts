import { dns1035LabelErrors, dnsSubdomainErrors, type Field, type JsonSchema } from '@navarch/machinery';
import { validateClient } from '../../admissionregistration/v1/matching.ts';
import { each, oneOf } from '../../checks/values.ts';
import type {
  CustomResourceColumnDefinition,
  CustomResourceConversion,
  CustomResourceDefinition,
  CustomResourceDefinitionNames,
  CustomResourceDefinitionSpec,
  CustomResourceDefinitionVersion,
  CustomResourceSubresources,
  SelectableField,
} from '../../generated/types/apiextensions-v1.ts';
import { approvalOf, isProtected } from './approval.ts';
import { authorityFault } from './authority-bundle.ts';
import { hasCondition } from './conditions.ts';
import { hoisted, shownSchema, shownVersions } from './hoisted.ts';
import { hasDefault, hasUnsupported, validateKeywords } from './schema-keywords-validation.ts';
import { validateStructural } from './structural-schema-validation.ts';

const COLUMN_TYPES = ['boolean', 'date', 'integer', 'number', 'string'];
const COLUMN_FORMATS = ['', 'byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password'];
const SELECTABLE_MAX = 8;
const WARNING_BYTES_MAX = 256;

/** Of a definition the name says what it defines. */
export const definitionNameErrors = (
  name: string,
  _prefix: boolean,
  definition?: CustomResourceDefinition,
): readonly string[] => [
  ...dnsSubdomainErrors(name),
  ...(!definition || name === `${definition.spec.names.plural}.${definition.spec.group}`
    ? []
    : ['must be spec.names.plural+"."+spec.group']),
];

export function validateDefinition(d: CustomResourceDefinition, at: Field): void {
  validateSpec(d.spec, at.at('spec'));
  validateRest(d, undefined, at);
}

/** Once objects may exist under the names, neither these nor the scope change. */
export function validateDefinitionUpdate(
  next: CustomResourceDefinition,
  previous: CustomResourceDefinition,
  at: Field,
): void {
  validateSpec(next.spec, at.at('spec'), previous.spec);
  const isEstablished = hasCondition(previous, 'Established');
  if (isEstablished) {
    validateAuthority(next, previous, at.at('spec', 'conversion', 'webhookClientConfig', 'caBundle'));
    at.at('spec', 'scope').immutable(next.spec.scope, previous.spec.scope);
    at.at('spec', 'names', 'kind').immutable(next.spec.names.kind, previous.spec.names.kind);
  }
  at.at('spec', 'group').immutable(next.spec.group, previous.spec.group);
  at.at('spec', 'names', 'plural').immutable(next.spec.names.plural, previous.spec.names.plural);
  validateRest(next, previous, at);
}

/** What is served must stay so: before, the definition says what is wrong in a condition. What was so before is not told again. */
function validateAuthority({ spec }: CustomResourceDefinition, previous: CustomResourceDefinition, at: Field): void {
  const fault = spec.conversion?.strategy === 'Webhook' ? authorityFault(spec) : undefined;
  if (fault !== undefined && authorityFault(previous.spec) === undefined)
    at.invalid(spec.conversion?.webhook?.clientConfig?.caBundle, fault);
}

/** Of an update of the status. */
export const validateDefinitionStatus = ({ status }: CustomResourceDefinition, at: Field): void =>
  validateNames(status.acceptedNames, at.at('status', 'acceptedNames'));

function validateRest(d: CustomResourceDefinition, previous: CustomResourceDefinition | undefined, at: Field): void {
  validateDefinitionStatus(d, at);
  validateStoredVersions(d, at.at('status', 'storedVersions'));
  validateApproval(d, previous, at.at('metadata', 'annotations'));
  if (d.spec.preserveUnknownFields && !previous?.spec.preserveUnknownFields) {
    at.at('spec', 'preserveUnknownFields').invalid(
      true,
      'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead',
    );
  }
}

function validateStoredVersions({ spec, status }: CustomResourceDefinition, at: Field): void {
  const stored = status.storedVersions ?? [];
  if (stored.length === 0) return at.invalid(undefined, 'must have at least one stored version');
  const left = new Map(stored.map((name, i) => [name, i]));
  // A name counts for the first version that has it.
  for (const { name, storage } of spec.versions ?? [])
    if (!left.delete(name) && storage) at.invalid(stored, `must have the storage version ${name}`);
  for (const [name, i] of left) {
    at.index(i).invalid(
      name,
      `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`,
    );
  }
}

/** Groups of Kubernetes itself are guarded by an annotation that points to the review. What was so before is not told again. */
function validateApproval(
  { metadata, spec }: CustomResourceDefinition,
  previous: CustomResourceDefinition | undefined,
  at: Field,
): void {
  if (!isProtected(spec.group)) return;
  const { state, annotation, message } = approvalOf(metadata.annotations);
  if (previous && approvalOf(previous.metadata.annotations).state === state) return;
  if (state === 'Missing') at.key(annotation.name).required(message);
  else if (state === 'Invalid') at.key(annotation.name).invalid(annotation.value, message);
}

function validateSpec(spec: CustomResourceDefinitionSpec, at: Field, previous?: CustomResourceDefinitionSpec): void {
  const { shared, versions } = hoisted({ ...spec, versions: spec.versions ?? [] });
  if (!spec.group) at.at('group').required();
  else if (!joined(spec.group, dnsSubdomainErrors, at.at('group')) && !spec.group.includes('.')) {
    at.at('group').invalid(spec.group, 'should be a domain with at least one dot');
  }
  oneOf(spec.scope, ['Cluster', 'Namespaced'], at.at('scope'));
  if (!shared.schema?.openAPIV3Schema) {
    each(versions, at.at('versions'), ({ schema }, here) => {
      if (!schema?.openAPIV3Schema) here.at('schema', 'openAPIV3Schema').required();
    });
  }
  if (
    spec.preserveUnknownFields &&
    spec.versions?.some(({ schema }) => hasDefault((schema?.openAPIV3Schema ?? {}) as JsonSchema))
  ) {
    at.at('preserveUnknownFields').invalid(true, 'must be false in order to use defaults in the schema');
  }
  each(versions, at.at('versions'), (version, here) => {
    joined(version.name, dns1035LabelErrors, here.at('name'));
    validateWarning(version, here.at('deprecationWarning'));
    const hasStatus = (version.subresources ?? shared.subresources)?.status !== undefined;
    validateSchema(version.schema?.openAPIV3Schema, hasStatus, here.at('schema'));
    // As upstream has it: a version whose schema is said once for all of them has none of its own.
    validateParts(
      version,
      here,
      version.schema?.openAPIV3Schema,
      'may only be set when `version.schema.openAPIV3Schema` is not included',
    );
  });
  validateVersions(versions, at);
  validateNamesOfSpec(spec.names, at.at('names'));
  const hasStatus = [shared, ...versions].some(({ subresources }) => subresources?.status !== undefined);
  validateSchema(shared.schema?.openAPIV3Schema, hasStatus, at.at('validation'));
  validateParts(shared, at, shared.schema?.openAPIV3Schema, 'may only be set when validations.schema is included');
  const strategy = spec.conversion?.strategy;
  if (spec.preserveUnknownFields && strategy !== undefined && strategy !== 'None') {
    at.at('conversion', 'strategy').invalid(strategy, 'must be None if spec.preserveUnknownFields is true');
  }
  validateConversion(spec.conversion, at.at('conversion'), previous?.conversion);
}

function validateVersions(versions: readonly CustomResourceDefinitionVersion[], at: Field): void {
  const value = versions.length === 0 ? undefined : shownVersions(versions);
  if (new Set(versions.map(({ name }) => name)).size < versions.length)
    at.at('versions').invalid(value, 'must contain unique version names');
  if (versions.filter(({ storage }) => storage).length !== 1)
    at.at('versions').invalid(value, 'must have exactly one version marked as storage version');
  // The name of the first version is the one that definitions had before there were several.
  if (versions[0]?.name) joined(versions[0].name, dns1035LabelErrors, at.at('version'));
}

function validateNamesOfSpec(names: CustomResourceDefinitionNames, at: Field): void {
  for (const name of ['plural', 'singular', 'kind', 'listKind'] as const) if (!names[name]) at.at(name).required();
  validateNames(names, at);
}

function validateNames(names: CustomResourceDefinitionNames, at: Field): void {
  for (const name of ['plural', 'singular'] as const)
    if (names[name]) joined(names[name], dns1035LabelErrors, at.at(name));
  for (const name of ['kind', 'listKind'] as const) {
    const errors = names[name] ? dns1035LabelErrors(names[name].toLowerCase()) : [];
    if (errors.length > 0)
      at.at(name).invalid(names[name], `may have mixed case, but should otherwise match: ${errors.join(',')}`);
  }
  each(names.shortNames, at.at('shortNames'), (name, here) => joined(name, dns1035LabelErrors, here));
  if (names.kind && names.kind === names.listKind)
    at.at('listKind').invalid(names.listKind, 'kind and listKind may not be the same');
  each(names.categories, at.at('categories'), (name, here) => joined(name, dns1035LabelErrors, here));
}

/** All complaints about a name as one; whether there were any. */
function joined(name: string, errorsOf: (name: string) => readonly string[], at: Field): boolean {
  const errors = errorsOf(name);
  if (errors.length > 0) at.invalid(name, errors.join(','));
  return errors.length > 0;
}

function validateWarning({ deprecated, deprecationWarning: text }: CustomResourceDefinitionVersion, at: Field): void {
  if (text === undefined) return;
  if (!deprecated) return at.invalidOptional(text, 'can only be set for deprecated versions');
  const bytes = new TextEncoder().encode(text);
  if (bytes.length > WARNING_BYTES_MAX) at.invalidOptional(text, `must be <= ${WARNING_BYTES_MAX} characters long`);
  if (text === '') at.invalidOptional(text, 'must not be an empty string');
  const odd = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.exec(text);
  if (odd)
    at.invalidOptional(
      text,
      `must only contain printable UTF-8 characters; non-printable character found at index ${new TextEncoder().encode(text.slice(0, odd.index)).length}`,
    );
}

type Parts = Pick<CustomResourceDefinitionVersion, 'subresources' | 'additionalPrinterColumns' | 'selectableFields'>;

function validateParts(
  { subresources, additionalPrinterColumns, selectableFields = [] }: Parts,
  at: Field,
  schema: unknown,
  withoutSchema: string,
): void {
  validateScale(subresources, at.at('subresources', 'scale'));
  each(additionalPrinterColumns, at.at('additionalPrinterColumns'), validateColumn);
  if (selectableFields.length === 0) return;
  const here = at.at('selectableFields');
  if (schema) validateSelectable(selectableFields, schema as JsonSchema, here);
  else here.invalid('', withoutSchema);
}

function validateScale(subresources: CustomResourceSubresources | undefined, at: Field): void {
  const scale = subresources?.scale;
  if (!scale) return;
  for (const [name, root] of [
    ['specReplicasPath', '.spec.'],
    ['statusReplicasPath', '.status.'],
  ] as const) {
    const path = scale[name];
    if (!path) at.at(name).required();
    else if (isSimplePath(path, at.at(name)) && !path.startsWith(root))
      at.at(name).invalid(path, `should be a json path under ${root.slice(0, -1)}`);
  }
  const { labelSelectorPath: selector } = scale;
  if (selector && isSimplePath(selector, at.at('labelSelectorPath')) && !/^\.(?:spec|status)\./.test(selector)) {
    at.at('labelSelectorPath').invalid(selector, 'should be a json path under either .spec or .status');
  }
}

function isSimplePath(path: string, at: Field): boolean {
  const isSimple = path.startsWith('.');
  if (!isSimple) at.invalid(path, 'must be a simple json path starting with .');
  return isSimple;
}

function validateColumn({ name, type, format = '', jsonPath }: CustomResourceColumnDefinition, at: Field): void {
  if (!name) at.at('name').required();
  const types = COLUMN_TYPES.join(',');
  if (!type) at.at('type').required(`must be one of ${types}`);
  else if (!COLUMN_TYPES.includes(type)) at.at('type').invalid(type, `must be one of ${types}`);
  if (!COLUMN_FORMATS.includes(format))
    at.at('format').invalid(format, `must be one of ${COLUMN_FORMATS.filter(Boolean).join(',')}`);
  if (!jsonPath) at.at('JSONPath').required();
  else isSimplePath(jsonPath, at.at('JSONPath'));
}

const SELECTABLE_TYPES = ['string', 'boolean', 'integer'];

function validateSelectable(fields: readonly SelectableField[], root: JsonSchema | undefined, at: Field): void {
  const paths = new Set<string>();
  each(fields, at, ({ jsonPath }, here) => {
    const place = here.at('jsonPath');
    if (!jsonPath) return place.required();
    const found = fieldAt(jsonPath, root);
    if (typeof found === 'string') return place.invalid(jsonPath, `is an invalid path: ${found}`);
    if (/^\.metadata(?:\.|$)/.test(jsonPath)) place.invalid(jsonPath, 'must not point to fields in metadata');
    if (!SELECTABLE_TYPES.includes(found.type ?? ''))
      place.invalid(
        jsonPath,
        'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.',
      );
    if (paths.has(jsonPath)) place.duplicate(jsonPath);
    paths.add(jsonPath);
  });
  if (paths.size > SELECTABLE_MAX) at.tooMany(paths.size, SELECTABLE_MAX);
}

/** The schema of a field by its path, or what is wrong with the path. */
function fieldAt(path: string, root: JsonSchema | undefined): JsonSchema | string {
  const [first = ''] = /^[^.[]+/.exec(path) ?? [];
  if (first !== '') return `expected [ or . but got: ${first}`;
  let schema = root;
  for (const [, bracket, name = ''] of path.matchAll(/(\[)|\.([^.[]*)/g)) {
    if (bracket) return 'array notation is not allowed';
    schema = schema && memberOf(schema, name);
    if (!schema) return 'does not refer to a valid field';
  }
  return schema ?? 'does not refer to a valid field';
}

/** Fields that have names are all there are, even beside others that may have any. */
function memberOf({ properties, additionalProperties }: JsonSchema, name: string): JsonSchema | undefined {
  if (properties && Object.keys(properties).length > 0) return properties[name];
  return typeof additionalProperties === 'object' ? additionalProperties : undefined;
}

/** `at`: where the schema is said, of a version or of all of them. */
function validateSchema(schema: unknown, hasStatus: boolean, at: Field): void {
  const root = schema as JsonSchema | undefined;
  if (!root) return;
  const here = at.at('openAPIV3Schema');
  if (hasStatus) validateRootWithStatus(root, here);
  const before = at.errors.length;
  const isSupported = !hasUnsupported(root);
  if (isSupported) validateStructural(root, here);
  // Defaults and rules are looked at where the skeleton holds.
  validateKeywords(root, here, isSupported && at.errors.length === before);
}

/** The schema of the status is taken out of the whole: nothing may be said beside it. */
function validateRootWithStatus(root: JsonSchema, at: Field): void {
  if (root.type && root.type !== 'object')
    at.at('type').invalid(
      root.type,
      'only "object" is allowed as the type at the root of the schema if the status subresource is enabled',
    );
  else if (Object.entries(root).some(([name, value]) => !BESIDE_STATUS.has(name) && value !== false)) {
    at.invalid(
      shownSchema(root),
      `only [${GO_NAMES}] fields are allowed at the root of the schema if the status subresource is enabled`,
    );
  }
}

const GO_NAMES = [
  'Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength MinLength Pattern MaxItems MinItems',
  'UniqueItems MultipleOf Required Items Properties ExternalDocs Example XPreserveUnknownFields XValidations',
].join(' ');
/** Of extensions, whose names in JSON are others. */
const JSON_NAMES: Readonly<Record<string, string>> = {
  XPreserveUnknownFields: 'x-kubernetes-preserve-unknown-fields',
  XValidations: 'x-kubernetes-validations',
};
const BESIDE_STATUS = new Set(
  GO_NAMES.split(' ').map((name) => JSON_NAMES[name] ?? (name[0] ?? '').toLowerCase() + name.slice(1)),
);

const REVIEW_VERSIONS = ['v1', 'v1beta1'];

function validateConversion(
  conversion: CustomResourceConversion | undefined,
  at: Field,
  previous: CustomResourceConversion | undefined,
): void {
  if (!conversion) return;
  const { strategy, webhook } = conversion;
  oneOf(strategy, ['None', 'Webhook'], at.at('strategy'));
  // Upstream names both by where they were in its first version.
  const [clientAt, versionsAt] = [at.at('webhookClientConfig'), at.at('conversionReviewVersions')];
  const { clientConfig, conversionReviewVersions = [] } = webhook ?? {};
  if (strategy !== 'Webhook') {
    const words = 'should not be set when strategy is not set to Webhook';
    if (clientConfig) clientAt.forbidden(words);
    if (conversionReviewVersions.length > 0) versionsAt.forbidden(words);
    return;
  }
  if (clientConfig) validateClient(clientConfig, clientAt);
  else clientAt.required('required when strategy is set to Webhook');
  const known = previous?.webhook?.conversionReviewVersions ?? [];
  validateReviewVersions(
    conversionReviewVersions,
    versionsAt,
    known.length === 0 || known.some((version) => REVIEW_VERSIONS.includes(version)),
  );
}

/** `mustKnow`: an update of what never named a version that is known may go on without. */
function validateReviewVersions(versions: readonly string[], at: Field, mustKnow: boolean): void {
  if (versions.length === 0) return at.required();
  each(versions, at, (version, here, i) => {
    if (versions.indexOf(version) !== i) here.invalid(version, 'duplicate version');
    else for (const error of dns1035LabelErrors(version)) here.invalid(version, error);
  });
  if (mustKnow && !versions.some((version) => REVIEW_VERSIONS.includes(version)))
    at.invalid(versions, `must include at least one of ${REVIEW_VERSIONS.join(', ')}`);
}
