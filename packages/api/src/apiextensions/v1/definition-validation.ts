import { compileSimplePath, dns1035LabelErrors, dnsSubdomainErrors, type Field, JsonPathError, type JsonSchema } from '@navarch/machinery';
import { validateClient } from '../../admissionregistration/v1/matching.ts';
import { each, named, supportedValue } from '../../checks/values.ts';
import type {
  CustomResourceColumnDefinition, CustomResourceConversion, CustomResourceDefinition, CustomResourceDefinitionNames, CustomResourceDefinitionSpec,
  CustomResourceDefinitionVersion,
} from '../../generated/types/apiextensions-v1.ts';
import { hasDefault, hasUnsupported, validateKeywords } from './schema-keywords-validation.ts';
import { validateStructural } from './structural-schema-validation.ts';

const COLUMN_TYPES = ['boolean', 'date', 'integer', 'number', 'string'];
const COLUMN_FORMATS = ['', 'byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password'];
const SELECTABLE_MAX = 8;
const WARNING_MAX = 256;
const APPROVED = 'api-approved.kubernetes.io';

export function validateDefinition(d: CustomResourceDefinition, at: Field): void {
  const required = `${d.spec.names.plural}.${d.spec.group}`;
  if (d.metadata.name !== required) at.at('metadata', 'name').invalid(d.metadata.name, `must be spec.names.plural+"."+spec.group`);
  validateApproval(d, at.at('metadata', 'annotations'));
  validateSpec(d.spec, at.at('spec'));
  validateStoredVersions(d, at.at('status', 'storedVersions'));
}

function validateStoredVersions({ spec, status }: CustomResourceDefinition, at: Field): void {
  const stored = status.storedVersions ?? [];
  if (stored.length === 0) return at.invalid(stored, 'must have at least one stored version');
  const left = new Set(stored);
  // A name counts for the first version that has it.
  for (const { name, storage } of spec.versions) if (!left.delete(name) && storage) at.invalid(stored, `must have the storage version ${name}`);
}

/** Groups of Kubernetes itself are guarded by an annotation that points to the review. */
function validateApproval({ metadata, spec }: CustomResourceDefinition, at: Field): void {
  const isProtected = /(^|\.)(k8s|kubernetes)\.io$/.test(spec.group);
  if (!isProtected) return;
  const approval = metadata.annotations?.[APPROVED];
  if (!approval) at.key(APPROVED).required('protected groups must have approval annotation "api-approved.kubernetes.io", see https://github.com/kubernetes/enhancements/pull/1111');
  else if (!approval.startsWith('unapproved') && !/^https?:\/\/[^/]+/.test(approval)) {
    at.key(APPROVED).invalid(approval, 'protected groups must have approval annotation "api-approved.kubernetes.io" with either a URL or a reason starting with "unapproved", see https://github.com/kubernetes/enhancements/pull/1111');
  }
}

function validateSpec(spec: CustomResourceDefinitionSpec, at: Field): void {
  if (!spec.group) at.at('group').required();
  else {
    named(spec.group, dnsSubdomainErrors, at.at('group'));
    if (!spec.group.includes('.')) at.at('group').invalid(spec.group, 'should be a domain with at least one dot');
  }
  if (!spec.scope) at.at('scope').required();
  else supportedValue(spec.scope, ['Cluster', 'Namespaced'], at.at('scope'));
  if (spec.preserveUnknownFields) at.at('preserveUnknownFields').invalid(true, 'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead');
  if (spec.preserveUnknownFields && spec.versions.some(({ schema }) => hasDefault((schema?.openAPIV3Schema ?? {}) as JsonSchema))) {
    at.at('preserveUnknownFields').invalid(true, 'must be false in order to use defaults in the schema');
  }
  // The name of the first version is the one that definitions had before there were several.
  if (spec.versions[0]?.name) named(spec.versions[0].name, dns1035LabelErrors, at.at('version'));
  const names = new Set<string>();
  const { versions } = spec;
  each(versions, at.at('versions'), (version, here) => {
    if (names.has(version.name)) at.at('versions').invalid(versions, 'must contain unique version names');
    names.add(version.name);
    named(version.name, dns1035LabelErrors, here.at('name'));
    validateVersion(version, here);
  });
  const stored = versions.filter((version) => version.storage).length;
  if (stored !== 1) at.at('versions').invalid(versions.map((version) => version.name), 'must have exactly one version marked as storage version');
  validateNames(spec.names, at.at('names'));
  validateConversion(spec.conversion, at.at('conversion'));
  const strategy = spec.conversion?.strategy;
  if (spec.preserveUnknownFields && (strategy === '' || strategy === 'Webhook')) {
    at.at('conversion', 'strategy').invalid(strategy, 'must be None if spec.preserveUnknownFields is true');
  }
}

function validateNames(names: CustomResourceDefinitionNames, at: Field): void {
  for (const name of ['plural', 'singular'] as const) {
    const value = names[name];
    if (!value) at.at(name).required();
    else named(value, dns1035LabelErrors, at.at(name));
  }
  for (const name of ['kind', 'listKind'] as const) {
    const value = names[name];
    if (!value) at.at(name).required();
    else for (const error of dns1035LabelErrors(value.toLowerCase())) at.at(name).invalid(value, `may have mixed case, but should otherwise match: ${error}`);
  }
  if (names.kind && names.kind === names.listKind) at.at('listKind').invalid(names.listKind, 'kind and listKind may not be the same');
  each(names.shortNames, at.at('shortNames'), (name, here) => named(name, dns1035LabelErrors, here));
  each(names.categories, at.at('categories'), (name, here) => named(name, dns1035LabelErrors, here));
}

function validateVersion(version: CustomResourceDefinitionVersion, at: Field): void {
  if (version.deprecationWarning !== undefined) {
    const here = at.at('deprecationWarning');
    const text = version.deprecationWarning;
    if (!version.deprecated) here.invalid(text, 'can only be set for deprecated versions');
    else if (text === '') here.invalid(text, 'must not be an empty string');
    else if (text.length > WARNING_MAX) here.invalid(text, `must be <= ${WARNING_MAX} characters long`);
  }
  validateSchema(version, at.at('schema', 'openAPIV3Schema'));
  const scale = version.subresources?.scale;
  if (scale) {
    const here = at.at('subresources', 'scale');
    for (const [name, root] of [['specReplicasPath', '.spec.'], ['statusReplicasPath', '.status.']] as const) {
      const path = scale[name];
      if (!path) here.at(name).required();
      else if (!path.startsWith('.')) here.at(name).invalid(path, 'must be a simple json path starting with .');
      else if (!path.startsWith(root)) here.at(name).invalid(path, `should be a json path under ${root.slice(0, -1)}`);
    }
    const { labelSelectorPath: selector } = scale;
    if (selector && !/^\.(spec|status)\./.test(selector)) here.at('labelSelectorPath').invalid(selector, 'should be a json path under either .spec or .status');
  }
  each(version.additionalPrinterColumns, at.at('additionalPrinterColumns'), validateColumn);
  const { selectableFields = [] } = version;
  if (selectableFields.length > SELECTABLE_MAX) at.at('selectableFields').tooMany(selectableFields.length, SELECTABLE_MAX);
  const paths = new Set<string>();
  const root = version.schema?.openAPIV3Schema as JsonSchema | undefined;
  each(selectableFields, at.at('selectableFields'), ({ jsonPath }, here) => {
    const place = here.at('jsonPath');
    if (!jsonPath) return place.required();
    const found = fieldAt(jsonPath, root);
    if (typeof found === 'string') return place.invalid(jsonPath, `is an invalid path: ${found}`);
    if (/^\.metadata\b/.test(jsonPath)) place.invalid(jsonPath, 'must not point to fields in metadata');
    if (!SELECTABLE_TYPES.includes(found.type ?? '')) place.invalid(jsonPath, 'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.');
    if (paths.has(jsonPath)) place.duplicate(jsonPath);
    paths.add(jsonPath);
  });
}

const SELECTABLE_TYPES = ['string', 'boolean', 'integer'];

/** The schema of a field by its path, or what is wrong with the path. */
function fieldAt(path: string, root: JsonSchema | undefined): JsonSchema | string {
  const [first = ''] = /^[^.[]+/.exec(path) ?? [];
  if (first !== '') return `expected [ or . but got: ${first}`;
  let schema = root;
  for (const name of path.slice(1).split('.')) {
    if (name.includes('[')) return 'array notation is not allowed';
    schema = schema?.properties?.[name];
    if (!schema) return 'does not refer to a valid field';
  }
  return schema ?? 'does not refer to a valid field';
}

function validateSchema({ schema, subresources }: CustomResourceDefinitionVersion, at: Field): void {
  const root = schema?.openAPIV3Schema as JsonSchema | undefined;
  if (!root) return at.required();
  if (subresources?.status) validateRootWithStatus(root, at);
  const before = at.errors.length;
  const isSupported = !hasUnsupported(root);
  if (isSupported) validateStructural(root, at);
  // Defaults and rules are looked at where the skeleton holds.
  validateKeywords(root, at, isSupported && at.errors.length === before);
}

/** The schema of the status is taken out of the whole: nothing may be said beside it. */
function validateRootWithStatus(root: JsonSchema, at: Field): void {
  if (root.type && root.type !== 'object') at.at('type').invalid(root.type, 'only "object" is allowed as the type at the root of the schema if the status subresource is enabled');
  else if (Object.entries(root).some(([name, value]) => !BESIDE_STATUS.has(name) && value !== false)) {
    at.invalid(root, `only [${GO_NAMES}] fields are allowed at the root of the schema if the status subresource is enabled`);
  }
}

const GO_NAMES = [
  'Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength MinLength Pattern MaxItems MinItems',
  'UniqueItems MultipleOf Required Items Properties ExternalDocs Example XPreserveUnknownFields XValidations',
].join(' ');
/** Of extensions, whose names in JSON are others. */
const JSON_NAMES: Readonly<Record<string, string>> = {
  XPreserveUnknownFields: 'x-kubernetes-preserve-unknown-fields', XValidations: 'x-kubernetes-validations',
};
const BESIDE_STATUS = new Set(GO_NAMES.split(' ').map((name) => JSON_NAMES[name] ?? (name[0] ?? '').toLowerCase() + name.slice(1)));

function validateColumn({ name, type, format = '', jsonPath }: CustomResourceColumnDefinition, at: Field): void {
  if (!name) at.at('name').required();
  const types = COLUMN_TYPES.map((word) => word).join(',');
  if (!type) at.at('type').required(`must be one of ${types}`);
  else if (!COLUMN_TYPES.includes(type)) at.at('type').invalid(type, `must be one of ${types}`);
  if (!COLUMN_FORMATS.includes(format)) at.at('format').invalid(format, `must be one of ${COLUMN_FORMATS.filter(Boolean).join(',')}`);
  if (!jsonPath) at.at('JSONPath').required();
  else validatePath(jsonPath, at.at('jsonPath'));
}

function validatePath(path: string, at: Field): void {
  try {
    compileSimplePath(path);
  } catch (error) {
    if (!(error instanceof JsonPathError)) throw error;
    at.invalid(path, `failed to compile json path: ${error.message}`);
  }
}

const REVIEW_VERSIONS = ['v1', 'v1beta1'];

function validateConversion(conversion: CustomResourceConversion | undefined, at: Field): void {
  if (!conversion) return;
  const { strategy, webhook } = conversion;
  if (!strategy) at.at('strategy').required();
  else supportedValue(strategy, ['None', 'Webhook'], at.at('strategy'));
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
  validateReviewVersions(conversionReviewVersions, versionsAt);
}

function validateReviewVersions(versions: readonly string[], at: Field): void {
  if (versions.length === 0) return at.required();
  each(versions, at, (version, here) => {
    for (const error of dns1035LabelErrors(version)) here.invalid(version, error);
  });
  for (const [i, version] of versions.entries()) if (versions.indexOf(version) !== i) at.index(i).invalid(version, 'duplicate version');
  if (!versions.some((version) => REVIEW_VERSIONS.includes(version))) at.invalid(versions, `must include at least one of ${REVIEW_VERSIONS.join(', ')}`);
}

/** Once objects may exist under the names, neither these nor the scope change. */
export function validateDefinitionUpdate(next: CustomResourceDefinition, previous: CustomResourceDefinition, at: Field): void {
  at.at('spec', 'group').immutable(next.spec.group, previous.spec.group);
  at.at('spec', 'names', 'plural').immutable(next.spec.names.plural, previous.spec.names.plural);
  const isEstablished = previous.status.conditions?.some((condition) => condition.type === 'Established' && condition.status === 'True');
  if (isEstablished) {
    at.at('spec', 'scope').immutable(next.spec.scope, previous.spec.scope);
    at.at('spec', 'names', 'kind').immutable(next.spec.names.kind, previous.spec.names.kind);
  }
  const known = new Set(next.spec.versions.map((version) => version.name));
  each(previous.status.storedVersions, at.at('status', 'storedVersions'), (version, here) => {
    if (!known.has(version)) here.invalid(version, `missing from spec.versions; ${version} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${version} and removes ${version} from status.storedVersions`);
  });
}
