import {
  dnsLabelErrors,
  dnsSubdomainErrors,
  dnsSubdomainWithUnderscoreErrors,
  type Field,
  labelValueErrors,
  qualifiedNameErrors,
  validateAnnotations,
  validateLabels,
} from '@navarch/machinery';
import { ip } from '../../checks/network.ts';
import { resourceRequirements } from '../../checks/quantities.ts';
import { shown } from '../../checks/shown.ts';
import { declaredValue, each, named, requiredName } from '../../checks/values.ts';
import type {
  Pod,
  PodDNSConfig,
  PodResourceClaim,
  PodSpec,
  PodTemplateSpec,
  Toleration,
} from '../../generated/types/core-v1.ts';
import { validateAffinity, validateSpread } from './affinity-validation.ts';
import {
  trimmedImage,
  validateContainers,
  validateEphemeralContainers,
  validateInitContainers,
} from './container-validation.ts';
import { validateOs } from './os-validation.ts';
import { validatePodAnnotations, validateProfiles } from './pod-annotations.ts';
import { validatePodResources } from './pod-level-resources.ts';
import { validatePodSecurity } from './security-validation.ts';
import { validateVolumes } from './volume-validation.ts';
import { validateHostProcess } from './windows-validation.ts';

const INT32_MAX = 2 ** 31 - 1;

/** Pod specs of pods and templates: every error is collected, in upstream's words and order. */
function validatePodSpec(spec: PodSpec, at: Field, podName: string): void {
  const isPod = podName !== '';
  const volumes = validateVolumes(spec.volumes, podName, at.at('volumes'));
  validateClaims(spec.resourceClaims, at.at('resourceClaims'));
  const around = { spec, volumes, names: new Set<string>() };
  validateContainers(around, at.at('containers'));
  if (spec.initContainers?.length) validateInitContainers(around, at.at('initContainers'));
  if (spec.ephemeralContainers?.length) validateEphemeralContainers(around, at.at('ephemeralContainers'));
  if (spec.resources) validatePodResources(spec, at.at('resources'));
  if (spec.hostNetwork) validateHostPorts(spec, at.at('containers'), isPod);
  declaredValue(spec.restartPolicy, ['Always', 'OnFailure', 'Never'], at.at('restartPolicy'));
  declaredValue(spec.dnsPolicy, ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'], at.at('dnsPolicy'));
  validateLabels(spec.nodeSelector, at.at('nodeSelector'));
  validatePodSecurity(spec, at.at('securityContext'));
  if (spec.affinity) validateAffinity(spec.affinity, at.at('affinity'));
  validateDns(spec, at.at('dnsConfig'));
  each(spec.readinessGates, at.at('readinessGates'), ({ conditionType }, here) =>
    named(conditionType, qualifiedNameErrors, here.at('conditionType')),
  );
  validateGates(spec, at.at('schedulingGates'));
  validateSpread(spec.topologySpreadConstraints, at.at('topologySpreadConstraints'));
  validateHostProcess(spec, at);
  if (spec.hostUsers === false) validateOwnUsers(spec, at);
  validateNames(spec, at);
  validateTolerations(spec.tolerations, at.at('tolerations'));
  each(spec.hostAliases, at.at('hostAliases'), (alias, here) => {
    ip(alias.ip, here.at('ip'));
    each(alias.hostnames, here.at('hostnames'), (name, place) => named(name, dnsSubdomainErrors, place));
  });
  if (spec.priorityClassName) named(spec.priorityClassName, dnsSubdomainErrors, at.at('priorityClassName'));
  if (spec.runtimeClassName !== undefined) named(spec.runtimeClassName, dnsSubdomainErrors, at.at('runtimeClassName'));
  if (spec.preemptionPolicy !== undefined)
    declaredValue(spec.preemptionPolicy, ['PreemptLowerPriority', 'Never'], at.at('preemptionPolicy'));
  if (spec.overhead) resourceRequirements({ limits: spec.overhead }, at.at('overhead'));
  if (spec.os) validateOs(spec, at);
}

/** What is asked of pods, but not of templates, which existed before it was asked. `root` is the place of the pod. */
export function validatePod({ metadata, spec }: Pod, root: Field): void {
  const at = root.at('spec');
  validatePodAnnotations(metadata.annotations, spec, root.at('metadata', 'annotations'));
  validatePodSpec(spec, at, metadata.name);
  if (!spec.serviceAccountName) {
    each(spec.volumes, at.at('volumes'), ({ projected }, here) =>
      each(projected?.sources, here.at('projected', 'sources'), (source, place) => {
        if (source.serviceAccountToken)
          place.at('serviceAccountToken').forbidden('must not be specified when serviceAccountName is not set');
      }),
    );
  }
  for (const list of ['containers', 'initContainers'] as const) each(spec[list], at.at(list), trimmedImage);
}

export function validatePodTemplate(template: PodTemplateSpec, at: Field): void {
  validateLabels(template.metadata?.labels, at.at('labels'));
  validateAnnotations(template.metadata?.annotations, at.at('annotations'));
  validatePodAnnotations(template.metadata?.annotations, template.spec, at.at('annotations'));
  validatePodSpec(template.spec, at.at('spec'), '');
  validateProfiles(template.metadata, template.spec, at.at('spec'));
  if (template.spec.ephemeralContainers?.length)
    at.at('spec', 'ephemeralContainers').forbidden('ephemeral containers not allowed in pod template');
}

/** Pods that are replaced by a controller neither end by themselves nor by a clock. */
export function validateAlwaysRestarts({ spec }: PodTemplateSpec, at: Field, kind: string): void {
  if (spec.restartPolicy !== 'Always')
    at.at('spec', 'restartPolicy').notSupported(spec.restartPolicy ?? '', ['Always']);
  if (spec.activeDeadlineSeconds !== undefined)
    at.at('spec', 'activeDeadlineSeconds').forbidden(`activeDeadlineSeconds in ${kind} is not Supported`);
}

function validateClaims(claims: readonly PodResourceClaim[] | undefined, at: Field): void {
  const names = new Set<string>();
  each(claims, at, (claim, here) => {
    if (!claim.name) here.at('name').required();
    else if (names.has(claim.name)) here.at('name').duplicate(claim.name);
    else {
      named(claim.name, dnsLabelErrors, here.at('name'));
      names.add(claim.name);
    }
    const { resourceClaimName: name, resourceClaimTemplateName: template } = claim;
    if (name !== undefined && template !== undefined) {
      here.invalid(
        shown('core.v1.PodResourceClaim', claim),
        'at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified',
      );
    }
    if (name === undefined && template === undefined)
      here.invalid(
        shown('core.v1.PodResourceClaim', claim),
        'must specify one of: `resourceClaimName`, `resourceClaimTemplateName`',
      );
    if (name !== undefined) named(name, dnsSubdomainErrors, here.at('resourceClaimName'));
    if (template !== undefined) named(template, dnsSubdomainErrors, here.at('resourceClaimTemplateName'));
  });
}

/** On the host's network a port is the host's. Templates may leave that to the pods that are made of them. */
function validateHostPorts(spec: PodSpec, at: Field, isPod: boolean): void {
  each(spec.containers, at, (container, here) =>
    each(container.ports, here.at('ports'), ({ hostPort = 0, containerPort }, place) => {
      if ((isPod || hostPort !== 0) && hostPort !== containerPort)
        place.at('hostPort').invalid(hostPort, 'must match `containerPort` when `hostNetwork` is true');
    }),
  );
}

function validateGates({ schedulingGates }: PodSpec, at: Field): void {
  const names = new Set<string>();
  each(schedulingGates, at, ({ name }, here) => {
    named(name, qualifiedNameErrors, here);
    if (names.has(name)) here.duplicate(name);
    names.add(name);
  });
}

function validateDns({ dnsPolicy, dnsConfig }: PodSpec, at: Field): void {
  if (dnsPolicy === 'None') {
    if (!dnsConfig) return at.required('must provide `dnsConfig` when `dnsPolicy` is None');
    if (!dnsConfig.nameservers?.length)
      return at.at('nameservers').required('must provide at least one DNS nameserver when `dnsPolicy` is None');
  }
  if (dnsConfig) validateDnsConfig(dnsConfig, at);
}

const NAMESERVERS_MAX = 3;
const SEARCHES_MAX = 32;
const SEARCH_CHARACTERS_MAX = 2048;

function validateDnsConfig({ nameservers = [], searches = [], options }: PodDNSConfig, at: Field): void {
  const serversAt = at.at('nameservers');
  if (nameservers.length > NAMESERVERS_MAX)
    serversAt.invalid(nameservers, `must not have more than ${NAMESERVERS_MAX} nameservers`);
  each(nameservers, serversAt, (server, here) => {
    ip(server, here);
  });
  const searchesAt = at.at('searches');
  if (searches.length > SEARCHES_MAX)
    searchesAt.invalid(searches, `must not have more than ${SEARCHES_MAX} search paths`);
  if (searches.join(' ').length > SEARCH_CHARACTERS_MAX) {
    searchesAt.invalid(
      searches,
      `must not have more than ${SEARCH_CHARACTERS_MAX} characters (including spaces) in the search list`,
    );
  }
  each(searches, searchesAt, (search, here) => {
    if (search === '.') return;
    named(search.replace(/\.$/, ''), dnsSubdomainWithUnderscoreErrors, here);
  });
  each(options, at.at('options'), ({ name }, here) => {
    if (!name) here.required('must not be empty');
  });
}

const HOST_NAMESPACES = [
  ['hostNetwork', 'hostNetwork'],
  ['hostPID', 'HostPID'],
  ['hostIPC', 'HostIPC'],
] as const;

/** Users of the pod's own mean nothing in the host's namespaces. */
function validateOwnUsers(spec: PodSpec, at: Field): void {
  // Two of the fields upstream calls by their names in Go.
  for (const [name, shown] of HOST_NAMESPACES)
    if (spec[name]) at.at(shown).forbidden('when `pod.Spec.HostUsers` is false');
}

function validateNames(spec: PodSpec, at: Field): void {
  const { serviceAccountName, nodeName, hostname, subdomain, activeDeadlineSeconds: deadline } = spec;
  if (serviceAccountName) named(serviceAccountName, dnsSubdomainErrors, at.at('serviceAccountName'));
  if (nodeName) named(nodeName, dnsSubdomainErrors, at.at('nodeName'));
  if (deadline !== undefined && (deadline < 1 || deadline > INT32_MAX)) {
    at.at('activeDeadlineSeconds').invalid(deadline, `must be between 1 and ${INT32_MAX}, inclusive`);
  }
  if (hostname) named(hostname, dnsLabelErrors, at.at('hostname'));
  if (subdomain) named(subdomain, dnsLabelErrors, at.at('subdomain'));
  const { hostnameOverride } = spec;
  if (hostnameOverride === undefined) return;
  const here = at.at('hostnameOverride');
  requiredName(hostnameOverride, dnsSubdomainErrors, here);
  if (hostnameOverride.length > 64) here.tooLong(64);
  if (spec.hostNetwork) here.forbidden('may not be specified when hostNetwork is true');
  if (spec.setHostnameAsFQDN) here.forbidden('may not be specified when setHostnameAsFQDN is true');
}

const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

export function validateTolerations(tolerations: readonly Toleration[] | undefined, at: Field): void {
  each(tolerations, at, (toleration, here) => {
    const { key = '', operator = '', effect, tolerationSeconds } = toleration;
    if (key) named(key, qualifiedNameErrors, here.at('key'));
    else if (operator !== 'Exists') {
      here
        .at('operator')
        .invalid(operator, 'operator must be Exists when `key` is empty, which means "match all values and all keys"');
    }
    if (tolerationSeconds !== undefined && effect !== 'NoExecute') {
      here.at('effect').invalid(effect ?? '', "effect must be 'NoExecute' when `tolerationSeconds` is set");
    }
    validateTolerationValue(toleration, here);
    if (effect) declaredValue(effect, EFFECTS, here.at('effect'));
  });
}

function validateTolerationValue(toleration: Toleration, at: Field): void {
  const { operator = '', value = '' } = toleration;
  const here = at.at('operator');
  switch (operator) {
    case '':
    case 'Equal': {
      const errors = labelValueErrors(value);
      if (errors.length > 0) here.invalid(value, errors.join(';'));
      break;
    }
    case 'Exists':
      if (value)
        here.invalid(shown('core.v1.Toleration', toleration), "value must be empty when `operator` is 'Exists'");
      break;
    default:
      here.notSupported(operator, ['Equal', 'Exists']);
  }
}
