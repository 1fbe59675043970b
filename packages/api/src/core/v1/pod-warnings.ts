import { dnsLabelErrors, type ObjectMeta } from '@navarch/machinery';
import { ipWarnings } from '../../checks/network.ts';
import { fractionWarnings } from '../../checks/quantities.ts';
import type { Affinity, Container, PodSpec, PodTemplateSpec, Volume } from '../../generated/types/core-v1.ts';
import { nodeLabelDeprecation, nodeTermWarnings } from './node-label-warnings.ts';
import { pathWarnings } from './path-warnings.ts';
import { type PlacedPort, portNameWarnings, portWarnings } from './port-warnings.ts';

const ANNOTATIONS = Object.entries({
  'scheduler.alpha.kubernetes.io/critical-pod': 'non-functional in v1.16+; use the "priorityClassName" field instead',
  'security.alpha.kubernetes.io/sysctls': 'non-functional in v1.11+; use the "sysctls" field instead',
  'security.alpha.kubernetes.io/unsafe-sysctls': 'non-functional in v1.11+; use the "sysctls" field instead',
});
const VOLUMES = Object.entries({
  photonPersistentDisk: ['photonPersistentDisk', 'deprecated in v1.11, non-functional in v1.16+'],
  gitRepo: ['gitRepo', 'deprecated in v1.11, and disabled by default in v1.33+'],
  scaleIO: ['scaleIO', 'deprecated in v1.16, non-functional in v1.22+'],
  flocker: ['flocker', 'deprecated in v1.22, non-functional in v1.25+'],
  storageos: ['storageOS', 'deprecated in v1.22, non-functional in v1.25+'],
  quobyte: ['quobyte', 'deprecated in v1.22, non-functional in v1.25+'],
  glusterfs: ['glusterfs', 'deprecated in v1.25, non-functional in v1.26+'],
  cephfs: ['cephfs', 'deprecated in v1.28, non-functional in v1.31+'],
  rbd: ['rbd', 'deprecated in v1.28, non-functional in v1.31+'],
} satisfies Partial<Record<keyof Volume, readonly [shown: string, text: string]>>);
const SECCOMP = 'seccomp.security.alpha.kubernetes.io/pod';
const CONTAINER_SECCOMP = 'container.seccomp.security.alpha.kubernetes.io/';
const APP_ARMOR = 'container.apparmor.security.beta.kubernetes.io/';
const BYTES = ['memory', 'ephemeral-storage'];

/** Names that are fine as names, and not as what pods are called by. */
export function nameWarnings(name: string, use: string): readonly string[] {
  const errors = dnsLabelErrors(name);
  return errors.length === 0
    ? []
    : [
        `metadata.name: this is used in ${use}, which can result in surprising behavior; a DNS label is recommended: [${errors.join(' ')}]`,
      ];
}

const IN_PODS = 'Pod names and hostnames';

/** Warnings of a kind that makes pods from a template. */
export function templateWarnings(
  name: string,
  template: PodTemplateSpec,
  isNew: boolean,
  at = 'spec.template',
): readonly string[] {
  return [
    ...(isNew ? nameWarnings(name, IN_PODS) : []),
    ...podWarnings(template.spec, template.metadata, `${at}.spec`, `${at}.metadata`),
  ];
}

/**
 * Deprecated fields and likely mistakes of a pod or template, in upstream's order; `at` is the path of its spec. All pods
 * that are made come by here and hardly any has one: each part looks first, and makes texts only where it tells something.
 */
export function podWarnings(
  spec: PodSpec,
  metadata: ObjectMeta,
  at = 'spec',
  metadataAt = 'metadata',
): readonly string[] {
  const told: string[] = [];
  const { annotations } = metadata;
  const annotationsAt = `${metadataAt}.annotations`;
  const containers = containersOf(spec, at);
  const ports = portsOf(containers);
  tellPlacement(spec, at, told);
  if (annotations) {
    for (const [key, text] of ANNOTATIONS)
      if (annotations[key] !== undefined) told.push(`${annotationsAt}[${key}]: ${text}`);
  }
  spec.volumes?.forEach((volume, i) => tellVolume(volume, `${at}.volumes[${i}]`, told));
  told.push(...pathWarnings(spec.volumes));
  tellLists(spec, at, told);
  if (spec.overhead) told.push(...fractionWarnings(spec.overhead, `${at}.overhead`, BYTES));
  if (annotations?.[SECCOMP] !== undefined && !spec.securityContext?.seccompProfile)
    told.push(useSeccompField(annotationsAt, SECCOMP));
  for (const placed of containers) {
    if (annotations) tellProfiles(placed.container, spec, annotations, at !== 'spec', annotationsAt, told);
    tellContainer(placed, told);
  }
  told.push(...portWarnings(ports), ...portNameWarnings(ports));
  if ((spec.terminationGracePeriodSeconds ?? 0) < 0) {
    told.push(
      `${at}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`,
    );
  }
  if (spec.affinity) tellAffinity(spec.affinity, `${at}.affinity`, told);
  spec.dnsConfig?.nameservers?.forEach((server, i) =>
    told.push(...ipWarnings(server, `${at}.dnsConfig.nameservers[${i}]`)),
  );
  spec.hostAliases?.forEach(({ ip }, i) => told.push(...ipWarnings(ip, `${at}.hostAliases[${i}].ip`)));
  return told;
}

interface PlacedContainer {
  readonly container: Container;
  readonly at: string;
}

const CONTAINERS = ['initContainers', 'containers', 'ephemeralContainers'] as const;

function containersOf(spec: PodSpec, at: string): readonly PlacedContainer[] {
  const placed: PlacedContainer[] = [];
  for (const list of CONTAINERS)
    spec[list]?.forEach((container: Container, i: number) => placed.push({ container, at: `${at}.${list}[${i}]` }));
  return placed;
}

function portsOf(containers: readonly PlacedContainer[]): readonly PlacedPort[] {
  const placed: PlacedPort[] = [];
  for (const { container, at } of containers)
    container.ports?.forEach((port, i) => placed.push({ port, at: `${at}.ports[${i}]` }));
  return placed;
}

/** Labels of nodes that are on their way out, and constraints that choose nothing. */
function tellPlacement(
  { affinity, nodeSelector, topologySpreadConstraints }: PodSpec,
  at: string,
  told: string[],
): void {
  for (const key of Object.keys(nodeSelector ?? {}).sort()) {
    const text = nodeLabelDeprecation(key);
    if (text !== undefined) told.push(`${at}.nodeSelector[${key}]: ${text}`);
  }
  const { [REQUIRED]: required, [PREFERRED]: preferred } = affinity?.nodeAffinity ?? {};
  const nodeAt = `${at}.affinity.nodeAffinity`;
  required?.nodeSelectorTerms.forEach((term, i) =>
    told.push(...nodeTermWarnings(term, `${nodeAt}.${REQUIRED}.nodeSelectorTerms[${i}]`, false)),
  );
  preferred?.forEach(({ preference }, i) =>
    told.push(...nodeTermWarnings(preference, `${nodeAt}.${PREFERRED}[${i}].preference`, true)),
  );
  topologySpreadConstraints?.forEach(({ topologyKey, labelSelector }, i) => {
    const here = `${at}.topologySpreadConstraints[${i}]`;
    const text = nodeLabelDeprecation(topologyKey);
    if (text !== undefined) told.push(`${here}.topologyKey: ${topologyKey} is ${text}`);
    if (!labelSelector) told.push(choosesNothing(here));
  });
}

const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';
const PREFERRED = 'preferredDuringSchedulingIgnoredDuringExecution';
const choosesNothing = (at: string): string => `${at}.labelSelector: a null labelSelector results in matching no pod`;

function tellAffinity(affinity: Affinity, at: string, told: string[]): void {
  for (const name of ['podAffinity', 'podAntiAffinity'] as const) {
    const { [REQUIRED]: required, [PREFERRED]: preferred } = affinity[name] ?? {};
    required?.forEach(({ labelSelector }, i) => {
      if (!labelSelector) told.push(choosesNothing(`${at}.${name}.${REQUIRED}[${i}]`));
    });
    preferred?.forEach(({ podAffinityTerm: { labelSelector } }, i) => {
      if (!labelSelector) told.push(choosesNothing(`${at}.${name}.${PREFERRED}[${i}].podAffinityTerm`));
    });
  }
}

function tellVolume(volume: Volume, at: string, told: string[]): void {
  for (const [name, [shown, text]] of VOLUMES)
    if (volume[name as keyof Volume] !== undefined) told.push(`${at}.${shown}: ${text}`);
  const resources = volume.ephemeral?.volumeClaimTemplate?.spec.resources;
  if (!resources) return;
  const here = `${at}.ephemeral.volumeClaimTemplate.spec.resources`;
  for (const list of ['requests', 'limits'] as const)
    told.push(...fractionWarnings(resources[list], `${here}.${list}`, ['storage']));
}

/** What stands twice in lists of the spec, or has no name. */
function tellLists({ hostAliases, imagePullSecrets }: PodSpec, at: string, told: string[]): void {
  for (const [i, ip] of repeated(hostAliases, (alias) => alias.ip))
    told.push(`${at}.hostAliases[${i}].ip: duplicate ip ${JSON.stringify(ip)}`);
  for (const [i, name] of repeated(imagePullSecrets, (secret) => secret.name ?? ''))
    told.push(`${at}.imagePullSecrets[${i}].name: duplicate name ${JSON.stringify(name)}`);
  imagePullSecrets?.forEach(({ name }, i) => {
    if (!name) told.push(`${at}.imagePullSecrets[${i}].name: invalid empty name ""`);
  });
}

/** Items whose key an earlier one has, with their places. */
function repeated<T>(
  list: readonly T[] | undefined,
  keyOf: (item: T) => string,
): readonly (readonly [i: number, key: string])[] {
  const found: [number, string][] = [];
  if (!list || list.length < 2) return found;
  const seen = new Set<string>();
  list.forEach((item, i) => {
    const key = keyOf(item);
    if (seen.has(key)) found.push([i, key]);
    seen.add(key);
  });
  return found;
}

const useSeccompField = (at: string, key: string): string =>
  `${at}[${key}]: non-functional in v1.27+; use the "seccompProfile" field instead`;

/** Annotations that said what fields say since. */
function tellProfiles(
  { name, securityContext }: Container,
  spec: PodSpec,
  annotations: Readonly<Record<string, string>>,
  isTemplate: boolean,
  at: string,
  told: string[],
): void {
  const [seccomp, appArmor] = [`${CONTAINER_SECCOMP}${name}`, `${APP_ARMOR}${name}`];
  if (annotations[seccomp] !== undefined && !securityContext?.seccompProfile) told.push(useSeccompField(at, seccomp));
  const hasProfile =
    spec.securityContext?.appArmorProfile !== undefined || securityContext?.appArmorProfile !== undefined;
  if (annotations[appArmor] !== undefined && isTemplate && !hasProfile)
    told.push(`${at}[${appArmor}]: deprecated since v1.30; use the "appArmorProfile" field instead`);
}

function tellContainer({ container, at }: PlacedContainer, told: string[]): void {
  const { env = [], resources } = container;
  if (resources) {
    for (const name of BYTES)
      for (const list of ['limits', 'requests'] as const)
        told.push(...fractionWarnings(resources[list], `${at}.resources.${list}`, [name]));
  }
  for (const [i, name] of repeated(env, (variable) => variable.name)) {
    const { value = '', valueFrom } = env[i] ?? {};
    const reference = `$(${name})`;
    // A later value that uses the earlier one is how lists of paths are put together.
    const goesOn = !valueFrom && value !== reference && value.includes(reference);
    if (goesOn) continue;
    told.push(
      `${at}.env[${i}]: hides previous definition of ${JSON.stringify(name)}, which may be dropped when using apply`,
    );
  }
}
