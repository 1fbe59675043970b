import { dnsLabelErrors, type ObjectMeta } from '@navarch/machinery';
import { fractionWarnings } from '../../checks/quantities.ts';
import type { Container, PodSpec, PodTemplateSpec } from '../../generated/types/core-v1.ts';

const NODE_LABELS: Readonly<Record<string, string>> = {
  'beta.kubernetes.io/arch': 'deprecated since v1.14; use "kubernetes.io/arch" instead',
  'beta.kubernetes.io/os': 'deprecated since v1.14; use "kubernetes.io/os" instead',
  'failure-domain.beta.kubernetes.io/region': 'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
  'failure-domain.beta.kubernetes.io/zone': 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
  'beta.kubernetes.io/instance-type': 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
};
const VOLUMES: Readonly<Record<string, string>> = {
  photonPersistentDisk: 'deprecated in v1.11, non-functional in v1.16+',
  gitRepo: 'deprecated in v1.11, and disabled by default in v1.33+',
  scaleIO: 'deprecated in v1.16, non-functional in v1.22+',
  flocker: 'deprecated in v1.22, non-functional in v1.25+',
  storageos: 'deprecated in v1.22, non-functional in v1.25+',
  quobyte: 'deprecated in v1.22, non-functional in v1.25+',
  glusterfs: 'deprecated in v1.25, non-functional in v1.26+',
  rbd: 'deprecated in v1.28, non-functional in v1.31+',
  cephfs: 'deprecated in v1.28, non-functional in v1.31+',
};

/** Names that are fine as names, and not as what pods are called by. */
export function nameWarnings(name: string, use: string): readonly string[] {
  const errors = dnsLabelErrors(name);
  return errors.length === 0 ? [] : [`metadata.name: this is used in ${use}, which can result in surprising behavior; a DNS label is recommended: [${errors.join(' ')}]`];
}

const IN_PODS = 'Pod names and hostnames';

/** Warnings of a kind that makes pods from a template. */
export function templateWarnings(name: string, template: PodTemplateSpec, isNew: boolean, at = 'spec.template'): readonly string[] {
  return [...(isNew ? nameWarnings(name, IN_PODS) : []), ...podWarnings(template.spec, template.metadata, `${at}.spec`, `${at}.metadata`)];
}

/** Deprecated fields and likely mistakes of a pod or template; `at` is the path of its spec. */
export function podWarnings(spec: PodSpec, metadata: ObjectMeta, at = 'spec', metadataAt = 'metadata'): readonly string[] {
  const warnings: string[] = [];
  const warn = (path: string, text: string): void => void warnings.push(`${at}.${path}: ${text}`);
  for (const key of Object.keys(spec.nodeSelector ?? {})) {
    const text = NODE_LABELS[key];
    if (text) warn(`nodeSelector[${key}]`, text);
  }
  for (const [i, alias] of (spec.hostAliases ?? []).entries()) {
    if (spec.hostAliases?.slice(0, i).some((other) => other.ip === alias.ip)) {
      warn(`hostAliases[${i}].ip`, `duplicate entries with ip "${alias.ip}"`);
    }
  }
  for (const [i, volume] of (spec.volumes ?? []).entries()) {
    for (const name of Object.keys(volume)) {
      const text = VOLUMES[name];
      if (text !== undefined) warn(`volumes[${i}].${name}`, text);
    }
  }
  if ((spec.terminationGracePeriodSeconds ?? 0) < 0) {
    warn('terminationGracePeriodSeconds', 'must be >= 0; negative values are invalid and will be treated as 1');
  }
  for (const [i, secret] of (spec.imagePullSecrets ?? []).entries()) if (!secret.name) warn(`imagePullSecrets[${i}].name`, 'invalid empty name ""');
  for (const [i, constraint] of (spec.topologySpreadConstraints ?? []).entries()) {
    if (!constraint.labelSelector) warn(`topologySpreadConstraints[${i}].labelSelector`, 'a null labelSelector results in matching no pod');
  }
  for (const list of ['initContainers', 'containers'] as const) {
    for (const [i, container] of (spec[list] ?? []).entries()) warnings.push(...containerWarnings(container, `${at}.${list}[${i}]`));
  }
  if (metadata.annotations?.['seccomp.security.alpha.kubernetes.io/pod'] !== undefined && !spec.securityContext?.seccompProfile) {
    warnings.push(`${metadataAt}.annotations[seccomp.security.alpha.kubernetes.io/pod]: non-functional in v1.27+; use the "seccompProfile" field instead`);
  }
  return [...warnings, ...portWarnings(spec, at)];
}

function containerWarnings(container: Container, at: string): readonly string[] {
  const warnings: string[] = [];
  for (const list of ['limits', 'requests'] as const) warnings.push(...fractionWarnings(container.resources?.[list], `${at}.resources.${list}`));
  const seen = new Map<string, string | undefined>();
  for (const [i, { name, value }] of (container.env ?? []).entries()) {
    // A later value that uses the earlier one is how lists of paths are put together.
    if (seen.has(name) && !value?.includes(`$(${name})`)) warnings.push(`${at}.env[${i}]: hides previous definition of "${name}", which may be unexpected`);
    seen.set(name, value);
  }
  return warnings;
}

function portWarnings(spec: PodSpec, at: string): readonly string[] {
  const warnings: string[] = [];
  const taken = new Map<string, string>();
  for (const [i, container] of spec.containers.entries()) {
    const own = new Map<string, number>();
    for (const [j, port] of (container.ports ?? []).entries()) {
      const key = `${port.protocol}/${port.hostPort ? `${port.hostIP ?? ''}:${port.hostPort}/` : ''}${port.containerPort}`;
      const here = `${at}.containers[${i}].ports[${j}]`;
      const before = own.get(key);
      if (before !== undefined) warnings.push(`${here}: duplicate port definition with ${at}.containers[${i}].ports[${before}]`);
      else if (taken.has(key) && !port.hostPort) warnings.push(`${here}: duplicate port definition with ${taken.get(key)}`);
      own.set(key, own.get(key) ?? j);
      if (!taken.has(key)) taken.set(key, here);
    }
  }
  return warnings;
}
