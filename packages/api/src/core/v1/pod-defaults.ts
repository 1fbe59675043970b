import { addQuantities, formatQuantity, type Mutable, type ObjectMeta, parseQuantity } from '@navarch/machinery';
import type {
  Container,
  ObjectFieldSelector,
  PodSpec,
  PodTemplateSpec,
  Probe,
  Volume,
} from '../../generated/types/core-v1.ts';
import { entriesOf } from '../../checks/values.ts';
import { completeClaimSpec } from './persistent-volume-claim.ts';
import { podRequests } from './pod-resources.ts';

/** Defaults of a pod's spec, wherever it stands: pods and templates. */
export function completePodSpec(spec: Mutable<PodSpec>): void {
  spec.restartPolicy ??= 'Always';
  spec.terminationGracePeriodSeconds ??= 30;
  spec.dnsPolicy ??= 'ClusterFirst';
  spec.securityContext ??= {};
  spec.schedulerName ??= 'default-scheduler';
  if (spec.serviceAccountName) spec.serviceAccount = spec.serviceAccountName;
  else if (spec.serviceAccount) spec.serviceAccountName = spec.serviceAccount;
  for (const container of spec.initContainers ?? []) completeContainer(container, spec.hostNetwork);
  for (const container of spec.containers) completeContainer(container, spec.hostNetwork);
  for (const container of spec.ephemeralContainers ?? [])
    completeContainer(container as unknown as Mutable<Container>, false);
  for (const volume of spec.volumes ?? []) completeVolume(volume);
}

/** Annotations that said what fields say since 1.8: never stored, never shown. */
const OBSOLETE = ['init-containers', 'init-container-statuses'].flatMap((name) => [
  `pod.alpha.kubernetes.io/${name}`,
  `pod.beta.kubernetes.io/${name}`,
]);

export function dropObsolete(metadata: Mutable<ObjectMeta>): void {
  const { annotations } = metadata;
  if (!annotations || !OBSOLETE.some((key) => key in annotations)) return;
  metadata.annotations = Object.fromEntries(Object.entries(annotations).filter(([key]) => !OBSOLETE.includes(key)));
}

export function completePodTemplate(template: Mutable<PodTemplateSpec>): void {
  dropObsolete(template.metadata);
  completePodSpec(template.spec);
}

function completeContainer(container: Mutable<Container>, hostNetwork: boolean | undefined): void {
  container.terminationMessagePath ??= '/dev/termination-log';
  container.terminationMessagePolicy ??= 'File';
  container.imagePullPolicy ??= hasMovingTag(container.image ?? '') ? 'Always' : 'IfNotPresent';
  completeProbe(container.livenessProbe);
  completeProbe(container.readinessProbe);
  completeProbe(container.startupProbe);
  completeHttp(container.lifecycle?.postStart?.httpGet);
  completeHttp(container.lifecycle?.preStop?.httpGet);
  for (const variable of container.env ?? []) completeFieldRef(variable.valueFrom?.fieldRef);
  if (hostNetwork) for (const port of container.ports ?? []) port.hostPort ??= port.containerPort;
}

/** Requests of pods (not of templates) that were left out are as large as the limits. */
export function completeRequests(spec: Mutable<PodSpec>): void {
  for (const container of [...(spec.initContainers ?? []), ...spec.containers]) {
    const { limits } = container.resources;
    if (!limits) continue;
    const requests = { ...container.resources.requests };
    for (const [name, value] of Object.entries(limits)) requests[name] ??= value;
    container.resources.requests = sorted(requests);
  }
  if (spec.resources && (spec.resources.limits || spec.resources.requests)) completePodResources(spec);
}

/** What the pod as a whole asks for follows from its containers where it is not said (KEP-2837). */
function completePodResources(spec: Mutable<PodSpec>): void {
  const { resources = {} } = spec;
  const ofContainers: Readonly<Record<string, string>> = podRequests({
    ...spec,
    resources: {},
    overhead: {},
  } as PodSpec);
  const limits: Record<string, string> = { ...resources.limits };
  const requests: Record<string, string> = { ...resources.requests };
  if (Object.keys(limits).length === 0) {
    for (const name of ['cpu', 'memory']) {
      if (requests[name] !== undefined && spec.containers.every((c) => c.resources.limits?.[name] !== undefined))
        limits[name] = sumOfLimits(spec, name);
    }
  }
  const pages = new Set(
    spec.containers
      .flatMap((c) => Object.keys(c.resources.limits ?? {}))
      .filter((name) => name.startsWith('hugepages-')),
  );
  for (const name of pages)
    if (limits[name] === undefined && requests[name] === undefined) limits[name] = sumOfLimits(spec, name);
  if (Object.keys(limits).length > 0) {
    for (const name of ['cpu', 'memory']) {
      const needed = ofContainers[name];
      if (limits[name] !== undefined && requests[name] === undefined && needed !== undefined) requests[name] = needed;
    }
    for (const [name, limit] of Object.entries(limits)) requests[name] ??= limit;
  }
  spec.resources = {
    ...(Object.keys(limits).length > 0 ? { limits: sorted(limits) } : {}),
    ...(Object.keys(requests).length > 0 ? { requests: sorted(requests) } : {}),
    ...(resources.claims ? { claims: resources.claims } : {}),
  };
}

function sumOfLimits(spec: Mutable<PodSpec>, name: string): string {
  const amounts = spec.containers.flatMap((c) => parseQuantity(c.resources.limits?.[name] ?? '') ?? []);
  return formatQuantity(amounts.reduce(addQuantities));
}

const sorted = (list: Readonly<Record<string, string>>): Record<string, string> => Object.fromEntries(entriesOf(list));

/** `latest`, said or not, may be another image tomorrow; a digest never is. */
function hasMovingTag(image: string): boolean {
  if (image.includes('@')) return false;
  const tag = /:([^/:]+)$/.exec(image)?.[1];
  return tag === undefined || tag === 'latest';
}

function completeProbe(probe: Mutable<Probe> | undefined): void {
  if (!probe) return;
  probe.timeoutSeconds ??= 1;
  probe.periodSeconds ??= 10;
  probe.successThreshold ??= 1;
  probe.failureThreshold ??= 3;
  completeHttp(probe.httpGet);
  if (probe.grpc) probe.grpc.service ??= '';
}

function completeHttp(action: { path?: string; scheme?: string } | undefined): void {
  if (!action) return;
  action.path ??= '/';
  action.scheme ??= 'HTTP';
}

function completeFieldRef(reference: Mutable<ObjectFieldSelector> | undefined): void {
  if (reference) reference.apiVersion ??= 'v1';
}

const FILE_MODE = 0o644;
const TOKEN_SECONDS = 3600;

function completeVolume(volume: Mutable<Volume>): void {
  if (Object.keys(volume).length === 1) volume.emptyDir = {};
  if (volume.secret) volume.secret.defaultMode ??= FILE_MODE;
  if (volume.configMap) volume.configMap.defaultMode ??= FILE_MODE;
  if (volume.hostPath) volume.hostPath.type ??= '';
  if (volume.image) volume.image.pullPolicy ??= hasMovingTag(volume.image.reference ?? '') ? 'Always' : 'IfNotPresent';
  if (volume.downwardAPI) {
    volume.downwardAPI.defaultMode ??= FILE_MODE;
    for (const item of volume.downwardAPI.items ?? []) completeFieldRef(item.fieldRef);
  }
  if (volume.projected) {
    volume.projected.defaultMode ??= FILE_MODE;
    for (const source of volume.projected.sources ?? []) {
      if (source.serviceAccountToken) source.serviceAccountToken.expirationSeconds ??= TOKEN_SECONDS;
      for (const item of source.downwardAPI?.items ?? []) completeFieldRef(item.fieldRef);
    }
  }
  if (volume.ephemeral?.volumeClaimTemplate) completeClaimSpec(volume.ephemeral.volumeClaimTemplate.spec);
}
