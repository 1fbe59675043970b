import { Memo } from '@navarch/base';
import type { Field } from '../field.ts';
import type { ObjectMeta } from '../meta.ts';

// Each check returns upstream's complaints, none when the text is valid.

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const DNS_LABEL = new RegExp(`^${LABEL}$`);
const DNS_SUBDOMAIN = new RegExp(`^${LABEL}(\\.${LABEL})*$`);
const LABEL_WITH_UNDERSCORE = '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?';
const SUBDOMAIN_WITH_UNDERSCORE = `${LABEL_WITH_UNDERSCORE}(\\.${LABEL_WITH_UNDERSCORE})*`;
const DNS_SUBDOMAIN_WITH_UNDERSCORE = new RegExp(`^${SUBDOMAIN_WITH_UNDERSCORE}$`);
const DNS_1035 = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const QUALIFIED_PART = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const LABEL_VALUE = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;

const encoder = new TextEncoder();
/** Go counts bytes. Short texts cannot be too long in either. */
const isLonger = (text: string, max: number): boolean => text.length * 3 > max && encoder.encode(text).length > max;
/** Upstream measures bytes in both; it says so of labels only. */
const maxLength = (text: string, max: number, unit: 'bytes' | 'characters'): readonly string[] =>
  isLonger(text, max) ? [`must be no more than ${max} ${unit}`] : [];
const matching = (
  text: string,
  regex: RegExp,
  message: string,
  shown: string,
  examples: readonly string[],
): readonly string[] =>
  regex.test(text)
    ? []
    : [
        `${message} (${examples.length > 0 ? `e.g. ${examples.map((e) => `'${e}'`).join(',  or ')}, ` : ''}regex used for validation is '${shown}')`,
      ];

/** RFC 1123 label: names of namespaces, services' ports, containers. */
export function dnsLabelErrors(text: string): readonly string[] {
  const errors = maxLength(text, 63, 'characters');
  if (!DNS_LABEL.test(text) && DNS_SUBDOMAIN.test(text)) return [...errors, 'must not contain dots'];
  return [
    ...errors,
    ...matching(
      text,
      DNS_LABEL,
      "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
      '[a-z0-9]([-a-z0-9]*[a-z0-9])?',
      ['my-name', '123-abc'],
    ),
  ];
}

/** RFC 1123 subdomain: names of most objects. */
export const dnsSubdomainErrors = (text: string): readonly string[] => [
  ...maxLength(text, 253, 'characters'),
  ...matching(
    text,
    DNS_SUBDOMAIN,
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
    '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*',
    ['example.com'],
  ),
];

/** As dnsSubdomainErrors(), for domains that resolvers search: names of services begin with an underscore there. */
export const dnsSubdomainWithUnderscoreErrors = (text: string): readonly string[] => [
  ...maxLength(text, 253, 'characters'),
  ...matching(text, DNS_SUBDOMAIN_WITH_UNDERSCORE, UNDERSCORE_MESSAGE, SUBDOMAIN_WITH_UNDERSCORE, ['example.com']),
];
const UNDERSCORE_MESSAGE =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character";

/** RFC 1035 label: names of services. */
export const dns1035LabelErrors = (text: string): readonly string[] => [
  ...maxLength(text, 63, 'characters'),
  ...matching(
    text,
    DNS_1035,
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
    '[a-z]([-a-z0-9]*[a-z0-9])?',
    ['my-name', 'abc-123'],
  ),
];

/** Label and annotation keys, finalizers, resource names: an optional DNS prefix, a slash, a name. */
export const qualifiedNameErrors = (text: string): readonly string[] => qualified.get(text, errorsOfQualified);

/** Every object of a template has the same keys. */
const qualified = new Memo<readonly string[]>(4096, 320);

function errorsOfQualified(text: string): readonly string[] {
  const parts = text.split('/');
  const errors: string[] = [];
  const [prefix, name] = parts.length === 2 ? [parts[0], parts[1]] : [undefined, parts[0]];
  const shown = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
  const shape =
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
  if (parts.length > 2) {
    return [
      `a valid label key ${shape} (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '${shown}') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  if (prefix !== undefined) {
    if (prefix === '') errors.push('prefix part must be non-empty');
    else errors.push(...dnsSubdomainErrors(prefix).map((e) => `prefix part ${e}`));
  }
  if (!name) errors.push('name part must be non-empty');
  else if (isLonger(name, 63)) errors.push('name part must be no more than 63 bytes');
  if (!QUALIFIED_PART.test(name ?? '')) {
    errors.push(
      `name part ${shape} (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '${shown}')`,
    );
  }
  return errors;
}

export const labelValueErrors = (text: string): readonly string[] => [
  ...maxLength(text, 63, 'bytes'),
  ...matching(
    text,
    LABEL_VALUE,
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
    '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?',
    ['MyValue', 'my_value', '12345'],
  ),
];

/** Names that may hold anything a path segment may: RBAC roles, some CSI objects. */
export function pathSegmentErrors(text: string): readonly string[] {
  if (text === '.' || text === '..') return [`may not be '${text}'`];
  return ['/', '%'].filter((c) => text.includes(c)).map((c) => `may not contain '${c}'`);
}

/** A generated name is checked by its prefix, which may end with a dash. */
export const maskTrailingDash = (name: string): string =>
  name.length > 1 && name.endsWith('-') ? `${name.slice(0, -2)}a` : name;

export function validateLabels(labels: Readonly<Record<string, string>> = {}, at: Field): void {
  for (const [key, value] of Object.entries(labels)) {
    for (const error of qualifiedNameErrors(key)) at.invalid(key, error);
    for (const error of labelValueErrors(value)) at.invalid(value, error);
  }
}

const ANNOTATIONS_BYTES_MAX = 256 * 1024;

export function validateAnnotations(annotations: Readonly<Record<string, string>> = {}, at: Field): void {
  let length = 0;
  for (const [key, value] of Object.entries(annotations)) {
    for (const error of qualifiedNameErrors(key.toLowerCase())) at.invalid(key, error);
    length += key.length + value.length;
  }
  // A UTF-16 unit is at most three bytes of UTF-8: most annotations need no closer look.
  if (length * 3 <= ANNOTATIONS_BYTES_MAX) return;
  const bytes = Object.entries(annotations).reduce(
    (sum, [key, value]) => sum + encoder.encode(key).length + encoder.encode(value).length,
    0,
  );
  if (bytes > ANNOTATIONS_BYTES_MAX) at.tooLong(ANNOTATIONS_BYTES_MAX);
}

export interface MetaRules {
  readonly namespaced: boolean;
  nameErrors(name: string): readonly string[];
}

/** metadata of an object about to be created. */
export function validateObjectMeta(meta: ObjectMeta, { namespaced, nameErrors }: MetaRules, at: Field): void {
  if (meta.generateName)
    for (const error of nameErrors(maskTrailingDash(meta.generateName)))
      at.at('generateName').invalid(meta.generateName, error);
  if (!meta.name) at.at('name').required('name or generateName is required');
  else for (const error of nameErrors(meta.name)) at.at('name').invalid(meta.name, error);
  if (namespaced && !meta.namespace) at.at('namespace').required();
  else if (!namespaced && meta.namespace) at.at('namespace').forbidden('not allowed on this type');
  else if (meta.namespace)
    for (const error of dnsLabelErrors(meta.namespace)) at.at('namespace').invalid(meta.namespace, error);
  if ((meta.generation ?? 0) < 0) at.at('generation').invalid(meta.generation, 'must be greater than or equal to 0');
  validateDescription(meta, at);
  validateFinalizers(meta.finalizers, at.at('finalizers'));
}

function validateFinalizers(finalizers: readonly string[] = [], at: Field): void {
  for (const finalizer of finalizers) for (const error of qualifiedNameErrors(finalizer)) at.invalid(finalizer, error);
  if (finalizers.includes('orphan') && finalizers.includes('foregroundDeletion')) {
    at.invalid(finalizers, 'finalizer orphan and foregroundDeletion cannot be both set');
  }
}

const KUBERNETES_FINALIZERS = ['kubernetes', 'orphan', 'foregroundDeletion'];

/** A finalizer of a Kubernetes kind belongs to a domain, or is one that Kubernetes itself removes. */
export function ownedFinalizer(name: string, at: Field): void {
  if (name.includes('/') || KUBERNETES_FINALIZERS.includes(name)) return;
  at.invalid(name, 'name is neither a standard finalizer name nor is it fully qualified');
}

function validateOwners(meta: ObjectMeta, at: Field): void {
  let controller: string | undefined;
  meta.ownerReferences?.forEach((owner, i) => {
    const here = at.index(i);
    if (!owner.apiVersion) here.at('apiVersion').required('must not be empty');
    else if (!/^([^/]+\/)?[^/]+$/.test(owner.apiVersion))
      here.at('apiVersion').invalid(owner.apiVersion, 'must be <group>/<version> or <version>');
    if (!owner.kind) here.at('kind').required('must not be empty');
    if (!owner.name) here.at('name').required('must not be empty');
    if (!owner.uid) here.at('uid').required('must not be empty');
    // Events go by age; nothing may depend on one.
    if (owner.apiVersion === 'v1' && owner.kind === 'Event')
      here.invalid(owner, '/v1, Kind=Event is disallowed from being an owner');
    if (!owner.controller) return;
    const text = `${owner.kind}/${owner.name}`;
    if (controller)
      at.invalid(
        meta.ownerReferences,
        `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${text}`,
      );
    controller ??= text;
  });
}

/**
 * Metadata of what is updated. Upstream looks at it three times: as at an object's, as at an update's, and then the kind
 * does the latter again; what is wrong is told as often.
 */
export function validateObjectMetaUpdate(next: ObjectMeta, previous: ObjectMeta, at: Field): void {
  const { errors } = at;
  const start = errors.length;
  validateDescription(next, at);
  validateFinalizers(next.finalizers, at.at('finalizers'));
  const own = errors.length;
  validateKept(next, previous, at);
  if (errors.length === start) return;
  if (own > start) validateDescription(next, at);
  errors.push(...errors.slice(own));
}

function validateDescription(meta: ObjectMeta, at: Field): void {
  validateLabels(meta.labels, at.at('labels'));
  validateAnnotations(meta.annotations, at.at('annotations'));
  validateOwners(meta, at.at('ownerReferences'));
}

/** What no update may change. */
function validateKept(next: ObjectMeta, previous: ObjectMeta, at: Field): void {
  if (previous.deletionTimestamp) {
    const before = new Set(previous.finalizers);
    const added = [...new Set(next.finalizers ?? [])].filter((f) => !before.has(f)).sort();
    if (added.length > 0) {
      at.at('finalizers').forbidden(
        `no new finalizers can be added if the object is being deleted, found new finalizers []string{${added.map((f) => JSON.stringify(f)).join(', ')}}`,
      );
    }
  }
  for (const name of [
    'name',
    'namespace',
    'uid',
    'creationTimestamp',
    'deletionTimestamp',
    'deletionGracePeriodSeconds',
  ] as const) {
    if (next[name] !== previous[name]) at.at(name).invalid(next[name], 'field is immutable');
  }
}
