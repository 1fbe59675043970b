import { type ConfigMap, type Container, type EnvVar, type Pod, podLimits, type Secret, type Service } from '@navarch/api';
import { quantityValue } from '@navarch/machinery';
import { configError } from './start-error.ts';

export interface EnvironmentSources {
  configMap(name: string): ConfigMap | undefined;
  secret(name: string): Secret | undefined;
  /** Services of the pod's namespace, and `kubernetes` of default. */
  readonly services: readonly Service[];
  readonly podIP: string;
  readonly hostIP: string;
  readonly nodeName: string;
}

/** The variables a container starts with, in order; later ones may use earlier ones as $(NAME). Throws StartError. */
export function environmentOf(pod: Pod, container: Container, sources: EnvironmentSources): ReadonlyMap<string, string> {
  const result = new Map<string, string>(pod.spec.enableServiceLinks === false ? kubernetesOnly(sources.services) : serviceVariables(sources.services));
  for (const from of container.envFrom ?? []) {
    for (const [key, value] of sourced(from, sources)) result.set(`${from.prefix ?? ''}${key}`, value);
  }
  for (const variable of container.env ?? []) {
    const value = valueOf(variable, pod, container, sources, result);
    if (value !== undefined) result.set(variable.name, value);
  }
  return result;
}

type From = NonNullable<Container['envFrom']>[number];

function sourced({ configMapRef, secretRef }: From, sources: EnvironmentSources): readonly (readonly [string, string])[] {
  if (configMapRef) {
    const found = sources.configMap(configMapRef.name ?? '');
    if (!found && !configMapRef.optional) throw configError(`configmap ${JSON.stringify(configMapRef.name)} not found`);
    return Object.entries(found?.data ?? {});
  }
  if (secretRef) {
    const found = sources.secret(secretRef.name ?? '');
    if (!found && !secretRef.optional) throw configError(`secret ${JSON.stringify(secretRef.name)} not found`);
    return Object.entries(found?.data ?? {}).map(([key, value]) => [key, decoded(value)]);
  }
  return [];
}

export const decoded = (base64: string): string => new TextDecoder().decode(bytesOf(base64));
export const bytesOf = (base64: string): Uint8Array => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));

function valueOf(variable: EnvVar, pod: Pod, container: Container, sources: EnvironmentSources, known: ReadonlyMap<string, string>): string | undefined {
  const from = variable.valueFrom;
  if (!from) return expand(variable.value ?? '', known);
  if (from.fieldRef) return fieldValue(pod, from.fieldRef.fieldPath, sources);
  if (from.resourceFieldRef) return resourceValue(pod, container, from.resourceFieldRef);
  if (from.configMapKeyRef) {
    const { name = '', key, optional } = from.configMapKeyRef;
    const found = sources.configMap(name);
    const value = found?.data?.[key];
    if (value === undefined && !optional) {
      throw configError(found ? `couldn't find key ${key} in ConfigMap ${pod.metadata.namespace}/${name}` : `configmap ${JSON.stringify(name)} not found`);
    }
    return value;
  }
  if (from.secretKeyRef) {
    const { name = '', key, optional } = from.secretKeyRef;
    const found = sources.secret(name);
    const value = found?.data?.[key];
    if (value === undefined && !optional) {
      throw configError(found ? `couldn't find key ${key} in Secret ${pod.metadata.namespace}/${name}` : `secret ${JSON.stringify(name)} not found`);
    }
    return value === undefined ? undefined : decoded(value);
  }
  return undefined;
}

/** $(NAME) is replaced where NAME is known; $$ stands for a dollar (API: Container.command). */
export const expand = (text: string, known: ReadonlyMap<string, string>): string =>
  text.replace(/\$(?:\$|\(([^()]*)\))/g, (whole, name?: string) => (name === undefined ? '$' : (known.get(name) ?? whole)));

/** A field of the pod as the downward API names it. */
export function fieldValue(pod: Pod, path: string, sources: Pick<EnvironmentSources, 'podIP' | 'hostIP' | 'nodeName'>): string {
  const { metadata, spec } = pod;
  const subscript = /^metadata\.(labels|annotations)\['([^']*)'\]$/.exec(path);
  if (subscript) return metadata[subscript[1] as 'labels' | 'annotations']?.[subscript[2] ?? ''] ?? '';
  switch (path) {
    case 'metadata.name': return metadata.name;
    case 'metadata.namespace': return metadata.namespace ?? '';
    case 'metadata.uid': return metadata.uid;
    case 'metadata.labels': return lines(metadata.labels);
    case 'metadata.annotations': return lines(metadata.annotations);
    case 'spec.nodeName': return sources.nodeName;
    case 'spec.serviceAccountName': return spec.serviceAccountName ?? '';
    case 'status.podIP': case 'status.podIPs': return sources.podIP;
    case 'status.hostIP': case 'status.hostIPs': return sources.hostIP;
    default: throw configError(`unsupported fieldPath: ${path}`);
  }
}

const lines = (map: Readonly<Record<string, string>> = {}): string =>
  Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => `${key}=${JSON.stringify(value)}`).join('\n');

interface ResourceRef {
  readonly containerName?: string;
  readonly resource: string;
  readonly divisor?: string;
}

/** An amount of the container's resources in units of the divisor, rounded up; an absent limit is the node's whole. */
export function resourceValue(pod: Pod, container: Container | undefined, { containerName, resource, divisor }: ResourceRef): string {
  const target = containerName ? [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].find((c) => c.name === containerName) : container;
  const [list, name = ''] = resource.split('.');
  const text = target?.resources?.[list as 'limits' | 'requests']?.[name] ?? podLimits(pod.spec)[name] ?? '0';
  const unit = divisor && divisor !== '0' ? divisor : '1';
  const scale = 1e9;
  const [amount, by] = [quantityScaled(text, scale), quantityScaled(unit, scale)];
  return String(Math.ceil(amount / (by || scale)));
}

const quantityScaled = (text: string, scale: number): number => (text.endsWith('m') ? (Number(text.slice(0, -1)) * scale) / 1000 : quantityValue(text) * scale);

const kubernetesOnly = (services: readonly Service[]): ReadonlyMap<string, string> =>
  serviceVariables(services.filter((s) => s.metadata.namespace === 'default' && s.metadata.name === 'kubernetes'));

/** The variables by which containers found services before there was cluster DNS. */
function serviceVariables(services: readonly Service[]): ReadonlyMap<string, string> {
  const result = new Map<string, string>();
  for (const { metadata, spec } of services) {
    const [first] = spec.ports ?? [];
    if (!spec.clusterIP || spec.clusterIP === 'None' || !first) continue;
    const prefix = metadata.name.toUpperCase().replaceAll('-', '_');
    result.set(`${prefix}_SERVICE_HOST`, spec.clusterIP);
    result.set(`${prefix}_SERVICE_PORT`, String(first.port));
    for (const port of spec.ports ?? []) {
      if (port.name) result.set(`${prefix}_SERVICE_PORT_${port.name.toUpperCase().replaceAll('-', '_')}`, String(port.port));
    }
    result.set(`${prefix}_PORT`, `${(first.protocol ?? 'TCP').toLowerCase()}://${spec.clusterIP}:${first.port}`);
    for (const port of spec.ports ?? []) {
      const protocol = port.protocol ?? 'TCP';
      const name = `${prefix}_PORT_${port.port}_${protocol}`;
      result.set(name, `${protocol.toLowerCase()}://${spec.clusterIP}:${port.port}`);
      result.set(`${name}_PROTO`, protocol.toLowerCase());
      result.set(`${name}_PORT`, String(port.port));
      result.set(`${name}_ADDR`, spec.clusterIP);
    }
  }
  return result;
}
