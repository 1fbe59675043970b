import {
  configKeyErrors,
  dnsSubdomainErrors,
  type Field,
  qualifiedNameErrors,
  relaxedEnvNameErrors,
} from '@navarch/machinery';
import { each, givenOf, named, requiredName } from '../../checks/values.ts';
import type {
  EnvFromSource,
  EnvVar,
  EnvVarSource,
  ObjectFieldSelector,
  ResourceFieldSelector,
} from '../../generated/types/core-v1.ts';

export function validateEnvironment(variables: readonly EnvVar[] | undefined, at: Field): void {
  each(variables, at, (variable, here) => {
    requiredName(variable.name, relaxedEnvNameErrors, here.at('name'));
    if (variable.valueFrom) validateSource(variable.valueFrom, variable.value, here.at('valueFrom'));
  });
}

const SOURCES = ['fieldRef', 'resourceFieldRef', 'configMapKeyRef', 'secretKeyRef', 'fileKeyRef'] as const;

function validateSource(source: EnvVarSource, value: string | undefined, at: Field): void {
  const given = givenOf(source, SOURCES);
  if (source.fieldRef) fieldSelector(source.fieldRef, 'environment', at.at('fieldRef'));
  if (source.resourceFieldRef) resourceSelector(source.resourceFieldRef, false, at.at('resourceFieldRef'));
  for (const name of ['configMapKeyRef', 'secretKeyRef'] as const) {
    const reference = source[name];
    if (!reference) continue;
    named(reference.name ?? '', dnsSubdomainErrors, at.at(name, 'name'));
    requiredName(reference.key, configKeyErrors, at.at(name, 'key'));
  }
  if (source.fileKeyRef) {
    const here = at.at('fileKeyRef');
    requiredName(source.fileKeyRef.key, relaxedEnvNameErrors, here.at('key'));
    if (!source.fileKeyRef.volumeName) here.at('volumeName').required();
    if (!source.fileKeyRef.path) here.at('path').required();
  }
  if (given.length === 0)
    at.invalid(
      '',
      'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`',
    );
  if (value && given.length > 0) at.invalid('', 'may not be specified when `value` is not empty');
  else if (given.length > 1) at.invalid('', 'may not have more than one field specified at a time');
}

const IN_ENVIRONMENT = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
];
const IN_VOLUMES = ['metadata.annotations', 'metadata.labels', 'metadata.name', 'metadata.namespace', 'metadata.uid'];
const KNOWN = new Set([
  ...IN_ENVIRONMENT,
  ...IN_VOLUMES,
  'spec.restartPolicy',
  'spec.schedulerName',
  'spec.host',
  'status.phase',
]);
const SUBSCRIPT = /^(.+?)\['(.*)'\]$/s;

/** A field of the pod that its containers may read. */
export function fieldSelector(
  { apiVersion, fieldPath }: ObjectFieldSelector,
  where: 'environment' | 'volume',
  at: Field,
): void {
  if (!apiVersion) return at.at('apiVersion').required();
  const here = at.at('fieldPath');
  if (!fieldPath) return here.required();
  const refuse = (why: string): void => here.invalid(fieldPath, `error converting fieldPath: ${why}`);
  if (apiVersion !== 'v1') return refuse(`unsupported pod version: ${apiVersion}`);
  const [, path = fieldPath, key] = SUBSCRIPT.exec(fieldPath) ?? [];
  if (key !== undefined) {
    if (path !== 'metadata.annotations' && path !== 'metadata.labels')
      return refuse(`field label does not support subscript: ${fieldPath}`);
    return named(path === 'metadata.annotations' ? key.toLowerCase() : key, qualifiedNameErrors, at);
  }
  if (!KNOWN.has(path)) return refuse(`field label not supported: ${path}`);
  const supported = where === 'environment' ? IN_ENVIRONMENT : IN_VOLUMES;
  const internal = path === 'spec.host' ? 'spec.nodeName' : path;
  if (!supported.includes(internal)) here.notSupported(internal, supported);
}

const RESOURCES = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
];
const BYTES = ['1', '1k', '1M', '1G', '1T', '1P', '1E', '1Ki', '1Mi', '1Gi', '1Ti', '1Pi', '1Ei'];

export function resourceSelector(
  { containerName, resource, divisor }: ResourceFieldSelector,
  isVolume: boolean,
  at: Field,
): void {
  const isHugePages = /^(limits|requests)\.hugepages-/.test(resource);
  const isKnown = RESOURCES.includes(resource) || isHugePages;
  if (isVolume && !containerName) at.at('containerName').required();
  else if (!resource) at.at('resource').required();
  else if (!isKnown) at.at('resource').notSupported(resource, RESOURCES);
  if (isKnown && divisor !== undefined && divisor !== '0') validateDivisor(resource, divisor, isHugePages, at);
}

function validateDivisor(resource: string, divisor: string, isHugePages: boolean, at: Field): void {
  const [what, allowed] = resource.endsWith('.cpu')
    ? ['cpu', ['1m', '1']]
    : [resource.endsWith('.memory') ? 'memory' : isHugePages ? 'hugepages' : 'local ephemeral storage', BYTES];
  if (allowed.includes(divisor)) return;
  const list = allowed.length === 2 ? '1m and 1' : allowed.join(', ');
  // Upstream shows the resource, not the divisor.
  at.at('divisor').invalid(resource, `only divisor's values ${list} are supported with the ${what} resource`);
}

export function validateEnvironmentSources(sources: readonly EnvFromSource[] | undefined, at: Field): void {
  each(sources, at, (source, here) => {
    if (source.prefix) named(source.prefix, relaxedEnvNameErrors, here.at('prefix'));
    const given = givenOf(source, ['configMapRef', 'secretRef']);
    for (const name of ['configMapRef', 'secretRef'] as const)
      if (source[name]) requiredName(source[name].name, dnsSubdomainErrors, here.at(name, 'name'));
    if (given.length === 0) at.invalid('', 'must specify one of: `configMapRef` or `secretRef`');
    if (given.length > 1) at.invalid('', 'may not have more than one field specified at a time');
  });
}
