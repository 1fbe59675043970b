import type { ConfigMap, Container, EnvVar, EnvVarSource, FileKeySelector, Pod, Secret, Service } from '@navarch/api';
import { relaxedEnvNameErrors } from '@navarch/machinery';
import { bytesOf } from '../base64.ts';
import { configError } from '../start-error.ts';
import { textOfBytes } from './byte-text.ts';
import { valueInFile } from './env-file.ts';
import { expand } from './expand.ts';
import { fieldValue, type PodFacts } from './field-value.ts';
import { type Amounts, resourceValue } from './resource-value.ts';
import { serviceVariables } from './service-variables.ts';

export interface EnvironmentSources extends PodFacts {
  configMap(name: string): ConfigMap | undefined;
  secret(name: string): Secret | undefined;
  /** Services of the pod's namespace, and `kubernetes` of default. */
  readonly services: readonly Service[];
  /** What the node has to give: the limit of a container that has none. */
  readonly allocatable: Amounts;
}

/** The files that containers of the pod left for this one, read before they are needed; undefined when there is none. */
export type EnvFiles = (volumeName: string, path: string) => string | undefined;

/** Says which keys of a ConfigMap or Secret could not become variables. */
export type Skipped = (what: 'configMap' | 'secret', name: string, keys: readonly string[]) => void;

/**
 * The variables a container starts with: those of services, then envFrom, then env; later ones win, and may use earlier
 * ones as $(NAME). Throws StartError when something that is not optional is missing. Values are texts of `textOfBytes`:
 * those of secrets may be any bytes.
 */
export function environmentOf(
  pod: Pod,
  container: Container,
  sources: EnvironmentSources & { readonly envFile: EnvFiles },
  skipped: Skipped,
): ReadonlyMap<string, string> {
  const services =
    pod.spec.enableServiceLinks === false
      ? sources.services.filter(isApiServer)
      : withoutOthersKubernetes(sources.services);
  const result = new Map<string, string>(serviceVariables(services));
  for (const from of container.envFrom ?? []) addAll(from, sources, result, skipped);
  for (const variable of container.env ?? []) {
    const value = valueOf(variable, { pod, container, sources, known: result });
    if (value !== undefined) result.set(variable.name, value);
  }
  return result;
}

const isApiServer = ({ metadata }: Service): boolean =>
  metadata.namespace === 'default' && metadata.name === 'kubernetes';

/** A service of the pod's own namespace that is called as the API server's wins over that one. */
function withoutOthersKubernetes(services: readonly Service[]): readonly Service[] {
  const hasOwn = services.some((s) => s.metadata.name === 'kubernetes' && !isApiServer(s));
  return hasOwn ? services.filter((s) => !isApiServer(s)) : services;
}

type From = NonNullable<Container['envFrom']>[number];

function addAll(
  { prefix = '', configMapRef, secretRef }: From,
  sources: EnvironmentSources,
  result: Map<string, string>,
  skipped: Skipped,
): void {
  const [what, ref] = configMapRef ? ['configMap' as const, configMapRef] : ['secret' as const, secretRef];
  const { name = '', optional = false } = ref ?? {};
  const found = what === 'configMap' ? sources.configMap(name) : sources.secret(name);
  if (!found && !optional) throw notFound(what, name);
  const invalid: string[] = [];
  for (const [key, value] of Object.entries(found?.data ?? {})) {
    if (relaxedEnvNameErrors(prefix + key).length > 0) invalid.push(prefix + key);
    else result.set(prefix + key, what === 'secret' ? secretText(value) : value);
  }
  if (invalid.length > 0) skipped(what, name, invalid.toSorted());
}

const secretText = (base64: string): string => textOfBytes(bytesOf(base64));

const notFound = (what: 'configMap' | 'secret', name: string): Error =>
  configError(`${what.toLowerCase()} ${JSON.stringify(name)} not found`);

interface Scope {
  readonly pod: Pod;
  readonly container: Container;
  readonly sources: EnvironmentSources & { readonly envFile: EnvFiles };
  readonly known: ReadonlyMap<string, string>;
}

function valueOf({ value = '', valueFrom }: EnvVar, scope: Scope): string | undefined {
  if (value !== '' || !valueFrom) return expand(value, scope.known);
  const { pod, container, sources } = scope;
  if (valueFrom.fieldRef) return fieldValue(pod, valueFrom.fieldRef.fieldPath, sources);
  if (valueFrom.resourceFieldRef) return resourceValue(pod, container, valueFrom.resourceFieldRef, sources.allocatable);
  if (valueFrom.fileKeyRef) return fromFile(valueFrom.fileKeyRef, sources.envFile);
  return keyed(valueFrom, pod, sources);
}

function keyed(
  { configMapKeyRef, secretKeyRef }: EnvVarSource,
  pod: Pod,
  sources: EnvironmentSources,
): string | undefined {
  const ref = configMapKeyRef ?? secretKeyRef;
  if (!ref) return undefined;
  const { name = '', key, optional = false } = ref;
  const found = configMapKeyRef ? sources.configMap(name) : sources.secret(name);
  const value = found?.data?.[key];
  if (value !== undefined) return configMapKeyRef ? value : secretText(value);
  if (optional) return undefined;
  if (!found) throw notFound(configMapKeyRef ? 'configMap' : 'secret', name);
  throw configError(
    `couldn't find key ${key} in ${configMapKeyRef ? 'ConfigMap' : 'Secret'} ${pod.metadata.namespace}/${name}`,
  );
}

function fromFile({ volumeName, path, key, optional = false }: FileKeySelector, envFile: EnvFiles): string | undefined {
  const text = envFile(volumeName, path);
  const value = text === undefined ? undefined : valueInFile(text, key);
  if (value !== undefined || optional) return value;
  throw configError(
    text === undefined
      ? `environment file ${JSON.stringify(path)} not found in volume ${JSON.stringify(volumeName)}`
      : `environment variable key ${JSON.stringify(key)} not found in file`,
  );
}
