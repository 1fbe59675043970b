import { dnsLabelErrors, type ObjectMeta } from '@navarch/machinery';
import { ipWarnings } from '../../checks/network.ts';
import { fractionWarnings } from '../../checks/quantities.ts';
import type {
  Affinity,
  Container,
  PodAffinityTerm,
  PodSpec,
  PodTemplateSpec,
  Volume,
} from '../../generated/types/core-v1.ts';
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

/** Deprecated fields and likely mistakes of a pod or template; `at` is the path of its spec. */
export function podWarnings(
  spec: PodSpec,
  metadata: ObjectMeta,
  at = 'spec',
  metadataAt = 'metadata',
): readonly string[] {
  const annotations = metadata.annotations ?? {};
  const annotationsAt = `${metadataAt}.annotations`;
  const containers = containersOf(spec, at);
  const ports: readonly PlacedPort[] = containers.flatMap(({ container, at: here }) =>
    (container.ports ?? []).map((port, i) => ({ port, at: `${here}.ports[${i}]` })),
  );
  const isTemplate = at !== 'spec';
  return [
    ...placementWarnings(spec, at),
    ...ANNOTATIONS.flatMap(([key, text]) =>
      annotations[key] === undefined ? [] : [`${annotationsAt}[${key}]: ${text}`],
    ),
    ...(spec.volumes ?? []).flatMap((volume, i) => volumeWarnings(volume, `${at}.volumes[${i}]`)),
    ...pathWarnings(spec.volumes),
    ...repeated(spec.hostAliases, ({ ip }) => ip).map(
      ([i, ip]) => `${at}.hostAliases[${i}].ip: duplicate ip ${JSON.stringify(ip)}`,
    ),
    ...repeated(spec.imagePullSecrets, ({ name = '' }) => name).map(
      ([i, name]) => `${at}.imagePullSecrets[${i}].name: duplicate name ${JSON.stringify(name)}`,
    ),
    ...(spec.imagePullSecrets ?? []).flatMap(({ name }, i) =>
      name ? [] : [`${at}.imagePullSecrets[${i}].name: invalid empty name ""`],
    ),
    ...fractionWarnings(spec.overhead, `${at}.overhead`, BYTES),
    ...(annotations[SECCOMP] !== undefined && !spec.securityContext?.seccompProfile
      ? [useSeccompField(annotationsAt, SECCOMP)]
      : []),
    ...containers.flatMap((placed) => [
      ...profileWarnings(placed, spec, annotations, isTemplate, annotationsAt),
      ...containerWarnings(placed),
    ]),
    ...portWarnings(ports),
    ...portNameWarnings(ports),
    ...((spec.terminationGracePeriodSeconds ?? 0) < 0
      ? [`${at}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`]
      : []),
    ...affinityWarnings(spec.affinity, `${at}.affinity`),
    ...(spec.dnsConfig?.nameservers ?? []).flatMap((server, i) =>
      ipWarnings(server, `${at}.dnsConfig.nameservers[${i}]`),
    ),
    ...(spec.hostAliases ?? []).flatMap(({ ip }, i) => ipWarnings(ip, `${at}.hostAliases[${i}].ip`)),
  ];
}

interface PlacedContainer {
  readonly container: Container;
  readonly at: string;
}

const containersOf = (spec: PodSpec, at: string): readonly PlacedContainer[] =>
  (['initContainers', 'containers', 'ephemeralContainers'] as const).flatMap((list) =>
    ((spec[list] as readonly Container[] | undefined) ?? []).map((container, i) => ({
      container,
      at: `${at}.${list}[${i}]`,
    })),
  );

/** Labels of nodes that are on their way out, and constraints that choose nothing. */
function placementWarnings(spec: PodSpec, at: string): readonly string[] {
  const {
    requiredDuringSchedulingIgnoredDuringExecution: required,
    preferredDuringSchedulingIgnoredDuringExecution: preferred = [],
  } = spec.affinity?.nodeAffinity ?? {};
  const nodeAt = `${at}.affinity.nodeAffinity`;
  return [
    ...Object.keys(spec.nodeSelector ?? {})
      .sort()
      .flatMap((key) => {
        const text = nodeLabelDeprecation(key);
        return text === undefined ? [] : [`${at}.nodeSelector[${key}]: ${text}`];
      }),
    ...(required?.nodeSelectorTerms ?? []).flatMap((term, i) =>
      nodeTermWarnings(term, `${nodeAt}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[${i}]`, false),
    ),
    ...preferred.flatMap(({ preference }, i) =>
      nodeTermWarnings(preference, `${nodeAt}.preferredDuringSchedulingIgnoredDuringExecution[${i}].preference`, true),
    ),
    ...(spec.topologySpreadConstraints ?? []).flatMap(({ topologyKey, labelSelector }, i) => {
      const here = `${at}.topologySpreadConstraints[${i}]`;
      const text = nodeLabelDeprecation(topologyKey);
      return [
        ...(text === undefined ? [] : [`${here}.topologyKey: ${topologyKey} is ${text}`]),
        ...(labelSelector ? [] : [choosesNothing(here)]),
      ];
    }),
  ];
}

const choosesNothing = (at: string): string => `${at}.labelSelector: a null labelSelector results in matching no pod`;

function affinityWarnings(affinity: Affinity | undefined, at: string): readonly string[] {
  return (['podAffinity', 'podAntiAffinity'] as const).flatMap((name) => {
    const {
      requiredDuringSchedulingIgnoredDuringExecution: required = [],
      preferredDuringSchedulingIgnoredDuringExecution: preferred = [],
    } = affinity?.[name] ?? {};
    const warned = (term: PodAffinityTerm, here: string): readonly string[] =>
      term.labelSelector ? [] : [choosesNothing(here)];
    return [
      ...required.flatMap((term, i) =>
        warned(term, `${at}.${name}.requiredDuringSchedulingIgnoredDuringExecution[${i}]`),
      ),
      ...preferred.flatMap(({ podAffinityTerm }, i) =>
        warned(podAffinityTerm, `${at}.${name}.preferredDuringSchedulingIgnoredDuringExecution[${i}].podAffinityTerm`),
      ),
    ];
  });
}

function volumeWarnings(volume: Volume, at: string): readonly string[] {
  const claim = volume.ephemeral?.volumeClaimTemplate;
  const claimAt = `${at}.ephemeral.volumeClaimTemplate.spec.resources`;
  return [
    ...VOLUMES.flatMap(([name, [shown, text]]) =>
      volume[name as keyof Volume] === undefined ? [] : [`${at}.${shown}: ${text}`],
    ),
    ...fractionWarnings(claim?.spec.resources?.requests, `${claimAt}.requests`, ['storage']),
    ...fractionWarnings(claim?.spec.resources?.limits, `${claimAt}.limits`, ['storage']),
  ];
}

/** Items whose key an earlier one has, with their places. */
function repeated<T>(
  list: readonly T[] | undefined,
  keyOf: (item: T) => string,
): readonly (readonly [i: number, key: string])[] {
  const keys = (list ?? []).map(keyOf);
  return keys.map((key, i) => [i, key] as const).filter(([i, key]) => keys.indexOf(key) < i);
}

const useSeccompField = (at: string, key: string): string =>
  `${at}[${key}]: non-functional in v1.27+; use the "seccompProfile" field instead`;

/** Annotations that said what fields say since. */
function profileWarnings(
  { container }: PlacedContainer,
  spec: PodSpec,
  annotations: Readonly<Record<string, string>>,
  isTemplate: boolean,
  at: string,
): readonly string[] {
  const [seccomp, appArmor] = [`${CONTAINER_SECCOMP}${container.name}`, `${APP_ARMOR}${container.name}`];
  const hasProfile =
    spec.securityContext?.appArmorProfile !== undefined || container.securityContext?.appArmorProfile !== undefined;
  return [
    ...(annotations[seccomp] !== undefined && !container.securityContext?.seccompProfile
      ? [useSeccompField(at, seccomp)]
      : []),
    ...(annotations[appArmor] !== undefined && isTemplate && !hasProfile
      ? [`${at}[${appArmor}]: deprecated since v1.30; use the "appArmorProfile" field instead`]
      : []),
  ];
}

function containerWarnings({ container, at }: PlacedContainer): readonly string[] {
  const variables = container.env ?? [];
  const { limits, requests } = container.resources ?? {};
  return [
    ...BYTES.flatMap((name) => [
      ...fractionWarnings(limits, `${at}.resources.limits`, [name]),
      ...fractionWarnings(requests, `${at}.resources.requests`, [name]),
    ]),
    ...repeated(variables, ({ name }) => name).flatMap(([i, name]) => {
      const { value = '', valueFrom } = variables[i] ?? {};
      const reference = `$(${name})`;
      // A later value that uses the earlier one is how lists of paths are put together.
      const goesOn = !valueFrom && value !== reference && value.includes(reference);
      return goesOn
        ? []
        : [
            `${at}.env[${i}]: hides previous definition of ${JSON.stringify(name)}, which may be dropped when using apply`,
          ];
    }),
  ];
}
