import { dnsLabelErrors, dnsSubdomainErrors, type Field, type Mutable, qualifiedNameErrors } from '@navarch/machinery';
import { ip as validateIp, parseIp } from '../../checks/network.ts';
import { shown } from '../../checks/shown.ts';
import { each, named, unchanged, within } from '../../checks/values.ts';
import type { Container, ContainerStatus, Pod } from '../../generated/types/core-v1.ts';

const OWN_CONDITIONS = ['PodScheduled', 'Ready', 'Initialized'];
const GENERATION = 'must be a non-negative integer';

/** A writer that does not know which generation it speaks of (an older kubelet) leaves what is known (KEP-5067). */
export function keepObservedGenerations({ status }: Mutable<Pod>, previous: Pod): void {
  const { observedGeneration } = previous.status;
  if (!status.observedGeneration && observedGeneration !== undefined) status.observedGeneration = observedGeneration;
  const known = Map.groupBy(previous.status.conditions ?? [], ({ type }) => type);
  for (const condition of status.conditions ?? []) {
    const before = known.get(condition.type)?.shift()?.observedGeneration;
    if (!condition.observedGeneration && before !== undefined) condition.observedGeneration = before;
  }
}

/** What a status may say, and what containers that ended for good may not become again. `at` is its place. */
export function validatePodStatus(next: Pod, previous: Pod, at: Field): void {
  const { status } = next;
  each(status.conditions, at.at('conditions'), ({ type, observedGeneration = 0 }, here) => {
    if (observedGeneration < 0) here.at('observedGeneration').invalid(observedGeneration, GENERATION);
    if (!OWN_CONDITIONS.includes(type)) named(type, qualifiedNameErrors, here.at('Type'));
  });
  const { nominatedNodeName, observedGeneration = 0 } = status;
  const nominatedAt = at.at('nominatedNodeName');
  if (nominatedNodeName && nominatedNodeName !== previous.status.nominatedNodeName) {
    named(nominatedNodeName, dnsSubdomainErrors, nominatedAt);
    if (previous.spec.nodeName) nominatedAt.forbidden('may not be set on pods that are already bound to a node');
  }
  if (observedGeneration < 0) at.at('observedGeneration').invalid(observedGeneration, GENERATION);
  unchanged(status.qosClass, previous.status.qosClass, at.at('qosClass'));
  validateEnds('containerStatuses', previous.spec.containers, next, previous, at);
  validateEnds('initContainerStatuses', previous.spec.initContainers ?? [], next, previous, at);
  // Nothing restarts these.
  validateEnds('ephemeralContainerStatuses', [], next, previous, at);
  validateClaims(next, at.at('resourceClaimStatuses'));
  validateExtendedClaim(next, at.at('extendedResourceClaimStatus'));
  validateAddresses(status.podIPs, at.at('podIPs'));
  if (status.hostIPs?.[0] && status.hostIPs[0].ip !== status.hostIP)
    at.at('hostIPs').index(0).at('ip').invalid(status.hostIPs[0].ip, 'must be equal to `hostIP`');
  validateAddresses(status.hostIPs, at.at('hostIPs'));
  for (const list of LISTS)
    each(status[list], at.at(list), (container, here) =>
      validateUser(container, next.spec.os?.name ?? 'linux', here.at('user', 'linux')),
    );
  each(status.containerStatuses, at.at('containerStatuses'), (container, here) =>
    validateDevices(container, next.spec.containers, here),
  );
  each(status.initContainerStatuses, at.at('initContainerStatuses'), (container, here) =>
    validateDevices(container, next.spec.initContainers ?? [], here),
  );
  each(status.ephemeralContainerStatuses, at.at('ephemeralContainerStatuses'), ({ allocatedResourcesStatus }, here) => {
    if (allocatedResourcesStatus?.length)
      here.at('allocatedResourcesStatus').forbidden('must not be specified in container status');
  });
}

const LISTS = ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'] as const;

function validateEnds(
  list: (typeof LISTS)[number],
  containers: readonly Container[],
  next: Pod,
  previous: Pod,
  at: Field,
): void {
  each(previous.status[list], at.at(list), ({ name, state }, here) => {
    if (!state?.terminated) return;
    const goesOn = next.status[list]?.some((now) => now.name === name && !now.state?.terminated) ?? false;
    if (!goesOn) return;
    const container = containers.find((one) => one.name === name);
    if (!container || !mayRestart(container, previous, state.terminated.exitCode))
      here.at('state').forbidden('may not be transitioned to non-terminated state');
  });
}

/** By the first of its own rules that fits, its own policy, the pod's (KEP-5307); or with all the others. */
function mayRestart({ restartPolicy, restartPolicyRules = [] }: Container, { spec }: Pod, exitCode: number): boolean {
  const restartsAll = [...spec.containers, ...(spec.initContainers ?? [])].some((container) =>
    container.restartPolicyRules?.some(({ action }) => action === 'RestartAllContainers'),
  );
  if (restartsAll) return true;
  const isMeant =
    restartPolicy !== undefined &&
    restartPolicyRules.some(
      ({ exitCodes }) => exitCodes && (exitCodes.values?.includes(exitCode) ?? false) === (exitCodes.operator === 'In'),
    );
  const policy = restartPolicy ?? spec.restartPolicy ?? 'Always';
  return isMeant || policy === 'Always' || (policy === 'OnFailure' && exitCode !== 0);
}

function validateClaims({ spec, status }: Pod, at: Field): void {
  const seen = new Set<string>();
  each(status.resourceClaimStatuses, at, ({ name, resourceClaimName }, here) => {
    const isKnown = spec.resourceClaims?.some((claim) => claim.name === name);
    if (!isKnown) here.at('name').invalid(name, 'must match the name of an entry in `spec.resourceClaims`');
    if (seen.has(name)) here.at('name').duplicate(name);
    seen.add(name);
    if (resourceClaimName !== undefined) named(resourceClaimName, dnsSubdomainErrors, here.at('name'));
  });
}

/** The claim that stands for extended resources of containers (KEP-5004). */
function validateExtendedClaim({ spec, status: { extendedResourceClaimStatus: claim } }: Pod, at: Field): void {
  if (!claim) return;
  const containers = new Map(
    [...(spec.initContainers ?? []), ...spec.containers].map((container) => [container.name, container]),
  );
  const seen = new Set<string>();
  if (!claim.requestMappings?.length) at.at('requestMappings').required('at least one request mapping is required');
  each(claim.requestMappings, at.at('requestMappings'), ({ containerName, resourceName, requestName }, here) => {
    const container = containers.get(containerName);
    if (!container)
      here
        .at('containerName')
        .invalid(containerName, 'must match the name of an entry in spec.initContainers.name or spec.containers.name');
    else if (container.resources?.requests?.[resourceName] === undefined) {
      here
        .at('resourceName')
        .invalid(
          resourceName,
          'must match the extended resource name of an entry in spec.initContainers.resources.requests or spec.containers.resources.requests',
        );
    }
    named(requestName, dnsLabelErrors, at.at('requestName'));
    const key = `${containerName} ${resourceName} ${requestName}`;
    for (const [field, value] of seen.has(key) ? Object.entries({ containerName, resourceName, requestName }) : [])
      here.at(field).duplicate(value);
    seen.add(key);
  });
  if (claim.resourceClaimName) named(claim.resourceClaimName, dnsSubdomainErrors, at.at('resourceClaimName'));
  else at.at('resourceClaimName').required();
}

/** At most one address of each family. */
function validateAddresses(addresses: readonly { readonly ip: string }[] = [], at: Field): void {
  each(addresses, at, ({ ip }, here) => {
    validateIp(ip, here);
  });
  if (addresses.length < 2) return;
  const families = new Set(addresses.map(({ ip }) => parseIp(ip)?.length));
  if (addresses.length > 2 || families.size < 2)
    at.invalid(shown('[]core.v1.PodIP', addresses), 'may specify no more than one IP for each IP family');
}

const ID_MAX = 2 ** 31 - 1;

function validateUser({ user }: ContainerStatus, os: string, at: Field): void {
  const linux = user?.linux;
  if (!linux) return;
  if (os === 'windows') at.forbidden('cannot be set for a windows pod');
  if (os !== 'linux') return;
  within(linux.uid, 0, ID_MAX, at.at('uid'));
  within(linux.gid, 0, ID_MAX, at.at('gid'));
  each(linux.supplementalGroups, at.at('supplementalGroups'), (group, here) => within(group, 0, ID_MAX, here));
}

const HEALTH = ['Healthy', 'Unhealthy', 'Unknown'];

/** How the devices are that a container was given (KEP-4680). */
function validateDevices(
  { name, allocatedResourcesStatus }: ContainerStatus,
  containers: readonly Container[],
  at: Field,
): void {
  const resources = containers.find((container) => container.name === name)?.resources;
  each(allocatedResourcesStatus, at.at('allocatedResourcesStatus'), (allocated, here) => {
    const isClaim = allocated.name.startsWith('claim:');
    const isKnown = isClaim
      ? resources?.claims?.some(
          (claim) => `claim:${claim.name}${claim.request ? `/${claim.request}` : ''}` === allocated.name,
        )
      : resources?.requests?.[allocated.name] !== undefined;
    if (resources && !isKnown)
      here
        .at('name')
        .invalid(allocated.name, isClaim ? NO_CLAIM : "must match one of the container's resource requests");
    const seen = new Set<string>();
    each(allocated.resources, here.at('resources'), ({ health = '', resourceID }, place) => {
      if (!HEALTH.includes(health)) place.at('health').notSupported(health, HEALTH);
      if (seen.has(resourceID)) place.at('resourceID').duplicate(resourceID);
      seen.add(resourceID);
    });
  });
}

const NO_CLAIM =
  "must match one of the container's resource claims in a format 'claim:<claimName>/<request>' or 'claim:<claimName>' if request is empty";
