import type { Field } from '../field.ts';
import {
  dnsLabelErrors,
  dnsSubdomainErrors,
  labelValueErrors,
  pathSegmentErrors,
  qualifiedNameErrors,
} from '../names/names.ts';
import { cIdentifierErrors } from '../names/words.ts';

type Format = (text: string, at: Field) => void;

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const POOL_BYTES_MAX = 253;
const DOMAIN_BYTES_MAX = 63;
const IDENTIFIER_BYTES_MAX = 32;

/** Where rules are declared, upstream counts what is too long in bytes. */
const inBytes = (error: string): string => error.replace(/^(must be no more than \d+) characters$/, '$1 bytes');

const saying =
  (errors: (text: string) => readonly string[]): Format =>
  (text, at) => {
    for (const error of errors(text)) at.invalid(text, inBytes(error));
  };

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`;
const CASELESS = new RegExp(`^${SUBDOMAIN}$`, 'i');
const SUBDOMAIN_BYTES_MAX = 253;

function caselessSubdomainErrors(text: string): readonly string[] {
  const errors = text.length > SUBDOMAIN_BYTES_MAX ? [`must be no more than ${SUBDOMAIN_BYTES_MAX} bytes`] : [];
  if (CASELESS.test(text)) return errors;
  const what =
    "an RFC 1123 subdomain must consist of alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
  return [...errors, `${what} (e.g. 'Example.com', regex used for validation is '${SUBDOMAIN}')`];
}

function prefixedKeyErrors(text: string): readonly string[] {
  const errors = qualifiedNameErrors(text);
  return errors.length > 0 || text.includes('/') ? errors : ["must include a prefix (e.g. 'example.com/key')"];
}

const poolName: Format = (text, at) => {
  if (text.length > POOL_BYTES_MAX) at.tooLong(POOL_BYTES_MAX);
  text.split('/').forEach((part, i) => {
    if (part === '') at.invalid(text, `segment ${i}: must not be empty`);
    else for (const error of dnsSubdomainErrors(part)) at.invalid(part, `segment ${i}: ${inBytes(error)}`);
  });
};

function identifier(text: string, at: Field): void {
  if (text.length > IDENTIFIER_BYTES_MAX) at.tooLong(IDENTIFIER_BYTES_MAX);
  saying(cIdentifierErrors)(text, at);
}

/** A domain, a slash and an identifier: how attributes of devices are told apart. */
const fullyQualifiedName: Format = (text, at) => {
  const [domain = '', name, ...more] = text.split('/');
  if (name === undefined) identifier(domain, at);
  else if (more.length === 0) {
    if (domain === '') at.invalid('', 'prefix must not be empty');
    if (domain.length > DOMAIN_BYTES_MAX) at.tooLong(DOMAIN_BYTES_MAX);
    if (domain !== '') for (const error of dnsSubdomainErrors(domain)) at.invalid(domain, `prefix: ${inBytes(error)}`);
    if (name === '') at.invalid('', 'name must not be empty');
    else identifier(name, at);
  }
  if (name === undefined) at.invalid(text, 'a fully qualified name must be a domain and a name separated by a slash');
};

const extendedResourceName: Format = (text, at) => {
  if (!text.includes('/')) at.invalid(text, "a name must be a domain-prefixed path, such as 'example.com/my-prop'");
  else if (text.includes('kubernetes.io/')) at.invalid(text, 'must not have "kubernetes.io/" domain');
  if (text.startsWith('requests.')) at.invalid(text, 'must not have "requests." prefix');
  for (const error of qualifiedNameErrors(`requests.${text}`)) at.invalid(text, error);
};

/** By the names that upstream gives them. */
export const formats: Readonly<Record<string, Format>> = {
  'k8s-short-name': saying(dnsLabelErrors),
  'k8s-long-name': saying(dnsSubdomainErrors),
  'k8s-long-name-caseless': saying(caselessSubdomainErrors),
  'k8s-label-key': saying(qualifiedNameErrors),
  'k8s-prefixed-label-key': saying(prefixedKeyErrors),
  'k8s-label-value': saying(labelValueErrors),
  'k8s-path-segment-name': saying(pathSegmentErrors),
  'k8s-uuid': saying((text) => (UUID.test(text) ? [] : ['must be a lowercase UUID in 8-4-4-4-12 format'])),
  'k8s-resource-pool-name': poolName,
  'k8s-resource-fully-qualified-name': fullyQualifiedName,
  'k8s-extended-resource-name': extendedResourceName,
};
