import { dnsLabelErrors, dnsSubdomainErrors, type Field, parseQuantity, qualifiedNameErrors, validateLabels } from '@navarch/machinery';
import type { Container, ContainerPort, EnvVar, PodSpec, PodTemplateSpec, Probe, Toleration, Volume, VolumeMount } from '../../generated/types/core-v1.ts';

/** Pod specs of pods and templates: every error is collected, in upstream's words. */
export function validatePodSpec(spec: PodSpec, at: Field): void {
  const volumes = validateVolumes(spec.volumes ?? [], at.at('volumes'));
  const names = new Set<string>();
  if (spec.containers.length === 0) at.at('containers').required();
  spec.initContainers?.forEach((container, i) => validateContainer(container, names, volumes, at.at('initContainers').index(i)));
  spec.containers.forEach((container, i) => validateContainer(container, names, volumes, at.at('containers').index(i)));
  validateHostPorts(spec, at.at('containers'));
  oneOf(spec.restartPolicy, ['Always', 'OnFailure', 'Never'], at.at('restartPolicy'));
  oneOf(spec.dnsPolicy, ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'], at.at('dnsPolicy'));
  if ((spec.terminationGracePeriodSeconds ?? 0) < 0) {
    at.at('terminationGracePeriodSeconds').invalid(spec.terminationGracePeriodSeconds, 'must be greater than or equal to 0');
  }
  if (spec.activeDeadlineSeconds !== undefined && (spec.activeDeadlineSeconds < 1 || spec.activeDeadlineSeconds > 2 ** 31 - 1)) {
    at.at('activeDeadlineSeconds').invalid(spec.activeDeadlineSeconds, 'must be between 1 and 2147483647, inclusive');
  }
  validateLabels(spec.nodeSelector, at.at('nodeSelector'));
  if (spec.serviceAccountName) named(spec.serviceAccountName, dnsSubdomainErrors, at.at('serviceAccountName'));
  if (spec.nodeName) named(spec.nodeName, dnsSubdomainErrors, at.at('nodeName'));
  if (spec.hostname) named(spec.hostname, dnsLabelErrors, at.at('hostname'));
  if (spec.subdomain) named(spec.subdomain, dnsLabelErrors, at.at('subdomain'));
  spec.tolerations?.forEach((toleration, i) => validateToleration(toleration, at.at('tolerations').index(i)));
}

export function validatePodTemplate(template: PodTemplateSpec, at: Field): void {
  validateLabels(template.metadata?.labels, at.at('labels'));
  validatePodSpec(template.spec, at.at('spec'));
}

const named = (name: string, errors: (name: string) => readonly string[], at: Field): void => {
  for (const error of errors(name)) at.invalid(name, error);
};

function oneOf(value: string | undefined, supported: readonly string[], at: Field): void {
  if (!value) at.required();
  else if (!supported.includes(value)) at.notSupported(value, supported.toSorted());
}

function validateVolumes(volumes: readonly Volume[], at: Field): ReadonlySet<string> {
  const names = new Set<string>();
  volumes.forEach((volume, i) => {
    const here = at.index(i);
    if (!volume.name) here.at('name').required();
    else named(volume.name, dnsLabelErrors, here.at('name'));
    if (names.has(volume.name)) here.at('name').duplicate(volume.name);
    names.add(volume.name);
    const sources = Object.keys(volume).filter((key) => key !== 'name');
    if (sources.length === 0) here.required('must specify a volume type');
    for (const extra of sources.slice(1)) here.at(extra).forbidden('may not specify more than 1 volume type');
    if (volume.hostPath && !volume.hostPath.path) here.at('hostPath', 'path').required();
    if (volume.secret && !volume.secret.secretName) here.at('secret', 'secretName').required();
    if (volume.configMap && !volume.configMap.name) here.at('configMap', 'name').required();
    if (volume.persistentVolumeClaim && !volume.persistentVolumeClaim.claimName) here.at('persistentVolumeClaim', 'claimName').required();
  });
  return names;
}

function validateContainer(container: Container, names: Set<string>, volumes: ReadonlySet<string>, at: Field): void {
  if (!container.name) at.at('name').required();
  else named(container.name, dnsLabelErrors, at.at('name'));
  if (names.has(container.name)) at.at('name').duplicate(container.name);
  names.add(container.name);
  if (!container.image) at.at('image').required();
  else if (container.image !== container.image.trim()) at.at('image').invalid(container.image, 'must not have leading or trailing whitespace');
  oneOf(container.terminationMessagePolicy, ['File', 'FallbackToLogsOnError'], at.at('terminationMessagePolicy'));
  oneOf(container.imagePullPolicy, ['Always', 'IfNotPresent', 'Never'], at.at('imagePullPolicy'));
  validatePorts(container.ports ?? [], at.at('ports'));
  container.env?.forEach((variable, i) => validateVariable(variable, at.at('env').index(i)));
  validateMounts(container.volumeMounts ?? [], volumes, at.at('volumeMounts'));
  validateProbe(container.livenessProbe, at.at('livenessProbe'), true);
  validateProbe(container.startupProbe, at.at('startupProbe'), true);
  validateProbe(container.readinessProbe, at.at('readinessProbe'), false);
  validateResources(container, at.at('resources'));
}

const isPort = (port: number): boolean => port >= 1 && port <= 65_535;
const PORT_RANGE = 'must be between 1 and 65535, inclusive';

function validatePorts(ports: readonly ContainerPort[], at: Field): void {
  const names = new Set<string>();
  ports.forEach((port, i) => {
    const here = at.index(i);
    if (port.name) {
      for (const error of portNameErrors(port.name)) here.at('name').invalid(port.name, error);
      if (names.has(port.name)) here.at('name').duplicate(port.name);
      names.add(port.name);
    }
    if (!port.containerPort) here.at('containerPort').required();
    else if (!isPort(port.containerPort)) here.at('containerPort').invalid(port.containerPort, PORT_RANGE);
    if (port.hostPort && !isPort(port.hostPort)) here.at('hostPort').invalid(port.hostPort, PORT_RANGE);
    if (port.protocol && !['TCP', 'UDP', 'SCTP'].includes(port.protocol)) here.at('protocol').notSupported(port.protocol, ['SCTP', 'TCP', 'UDP']);
  });
}

/** IANA service names (RFC 6335): what a port may be called. */
export function portNameErrors(name: string): readonly string[] {
  const errors: string[] = [];
  if (name.length > 15) errors.push('must be no more than 15 characters');
  if (!/^[-a-z0-9]+$/.test(name)) errors.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  if (!/[a-z]/.test(name)) errors.push('must contain at least one letter (a-z)');
  if (name.includes('--')) errors.push('must not contain consecutive hyphens');
  if (name.startsWith('-') || name.endsWith('-')) errors.push('must not begin or end with a hyphen');
  return errors;
}

function validateHostPorts(spec: PodSpec, at: Field): void {
  const taken = new Set<string>();
  spec.containers.forEach((container, i) => container.ports?.forEach((port, j) => {
    if (spec.hostNetwork && port.hostPort && port.hostPort !== port.containerPort) {
      at.index(i).at('ports').index(j).at('containerPort').invalid(port.containerPort, 'must match `hostPort` when `hostNetwork` is true');
    }
    if (!port.hostPort) return;
    const key = `${port.protocol}/${port.hostIP ?? ''}/${port.hostPort}`;
    if (taken.has(key)) at.index(i).at('ports').index(j).at('hostPort').duplicate(`${key}`);
    taken.add(key);
  }));
}

function validateVariable(variable: EnvVar, at: Field): void {
  if (!variable.name) at.at('name').required();
  else if (variable.name.includes('=')) {
    at.at('name').invalid(variable.name, "a valid environment variable name must consist only of printable ASCII characters other than '='");
  }
  if (!variable.valueFrom) return;
  const sources = Object.keys(variable.valueFrom).length;
  if (variable.value) at.at('valueFrom').invalid('', 'may not be specified when `value` is not empty');
  if (sources === 0) at.at('valueFrom').invalid('', 'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`');
  if (sources > 1) at.at('valueFrom').invalid('', 'may not have more than one field specified at a time');
}

function validateMounts(mounts: readonly VolumeMount[], volumes: ReadonlySet<string>, at: Field): void {
  const paths = new Set<string>();
  mounts.forEach((mount, i) => {
    const here = at.index(i);
    if (!mount.name) here.at('name').required();
    else if (!volumes.has(mount.name)) here.at('name').notFound(mount.name);
    if (!mount.mountPath) here.at('mountPath').required();
    else if (paths.has(mount.mountPath)) here.at('mountPath').invalid(mount.mountPath, 'must be unique');
    paths.add(mount.mountPath);
    if (mount.subPath && mount.subPathExpr) here.at('subPathExpr').invalid(mount.subPathExpr, 'subPathExpr and subPath are mutually exclusive');
    if (mount.subPath?.startsWith('/')) here.at('subPath').invalid(mount.subPath, 'must be a relative path');
    if (mount.subPath?.split('/').includes('..')) here.at('subPath').invalid(mount.subPath, "must not contain '..'");
  });
}

function validateProbe(probe: Probe | undefined, at: Field, succeedsOnce: boolean): void {
  if (!probe) return;
  const handlers = (['exec', 'httpGet', 'tcpSocket', 'grpc'] as const).filter((handler) => probe[handler]);
  if (handlers.length === 0) at.required('must specify a handler type');
  for (const extra of handlers.slice(1)) at.at(extra).forbidden('may not specify more than 1 handler type');
  for (const name of ['initialDelaySeconds', 'timeoutSeconds', 'periodSeconds', 'successThreshold', 'failureThreshold'] as const) {
    if ((probe[name] ?? 0) < 0) at.at(name).invalid(probe[name], 'must be greater than or equal to 0');
  }
  if (succeedsOnce && (probe.successThreshold ?? 1) !== 1) at.at('successThreshold').invalid(probe.successThreshold, 'must be 1');
  const port = probe.httpGet?.port ?? probe.tcpSocket?.port;
  const here = at.at(probe.httpGet ? 'httpGet' : 'tcpSocket', 'port');
  if (typeof port === 'number' && !isPort(port)) here.invalid(port, PORT_RANGE);
  if (typeof port === 'string') for (const error of portNameErrors(port)) here.invalid(port, error);
}

function validateResources(container: Container, at: Field): void {
  const { limits = {}, requests = {} } = container.resources ?? {};
  for (const [list, values] of [['limits', limits], ['requests', requests]] as const) {
    for (const [name, text] of Object.entries(values)) {
      for (const error of qualifiedNameErrors(name)) at.at(list).invalid(name, error);
      if ((parseQuantity(text)?.nano ?? 0n) < 0n) at.at(list).key(name).invalid(text, 'must be greater than or equal to 0');
    }
  }
  for (const [name, text] of Object.entries(requests)) {
    const limit = parseQuantity(limits[name] ?? '');
    const request = parseQuantity(text);
    if (limit && request && request.nano > limit.nano) {
      at.at('requests').invalid(text, `must be less than or equal to ${name} limit of ${limits[name]}`);
    }
  }
}

function validateToleration(toleration: Toleration, at: Field): void {
  if (toleration.key) for (const error of qualifiedNameErrors(toleration.key)) at.at('key').invalid(toleration.key, error);
  else if ((toleration.operator ?? 'Equal') !== 'Exists') {
    at.at('operator').invalid(toleration.operator ?? '', "operator must be Exists when `key` is empty, which means \"match all values and all keys\"");
  }
  if (toleration.operator === 'Exists' && toleration.value) at.at('operator').invalid(toleration, 'value must be empty when `operator` is \'Exists\'');
  if (toleration.tolerationSeconds !== undefined && toleration.effect !== 'NoExecute') {
    at.at('effect').invalid(toleration.effect ?? '', 'effect must be \'NoExecute\' when `tolerationSeconds` is set');
  }
}
