import type { Mutable } from '@navarch/machinery';
import type { Container, PodSpec, Probe, Volume } from '../../generated/types/core-v1.ts';

/** Defaults of a pod's spec, wherever it stands: pods and templates (upstream's SetDefaults_PodSpec and its children). */
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
  for (const container of spec.ephemeralContainers ?? []) completeContainer(container as unknown as Mutable<Container>, false);
  for (const volume of spec.volumes ?? []) completeVolume(volume);
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
  for (const variable of container.env ?? []) if (variable.valueFrom?.fieldRef) variable.valueFrom.fieldRef.apiVersion ??= 'v1';
  if (hostNetwork) for (const port of container.ports ?? []) port.hostPort ??= port.containerPort;
  const limits = container.resources.limits;
  if (!limits) return;
  const requests = { ...container.resources.requests };
  for (const [name, value] of Object.entries(limits)) requests[name] ??= value;
  container.resources.requests = requests;
}

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

const FILE_MODE = 0o644;

function completeVolume(volume: Mutable<Volume>): void {
  if (Object.keys(volume).length === 1) volume.emptyDir = {};
  if (volume.secret) volume.secret.defaultMode ??= FILE_MODE;
  if (volume.configMap) volume.configMap.defaultMode ??= FILE_MODE;
  if (volume.hostPath) volume.hostPath.type ??= '';
  if (volume.downwardAPI) {
    volume.downwardAPI.defaultMode ??= FILE_MODE;
    for (const item of volume.downwardAPI.items ?? []) if (item.fieldRef) item.fieldRef.apiVersion ??= 'v1';
  }
  if (volume.projected) {
    volume.projected.defaultMode ??= FILE_MODE;
    for (const source of volume.projected.sources ?? []) {
      if (source.serviceAccountToken) source.serviceAccountToken.expirationSeconds ??= 3600;
      for (const item of source.downwardAPI?.items ?? []) if (item.fieldRef) item.fieldRef.apiVersion ??= 'v1';
    }
  }
  const template = volume.ephemeral?.volumeClaimTemplate;
  if (template) template.spec.volumeMode ??= 'Filesystem';
}
