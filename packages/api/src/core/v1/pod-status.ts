import { dnsSubdomainErrors, type Field, qualifiedNameErrors } from '@navarch/machinery';
import { formatIp, ip as validateIp, parseIp } from '../../checks/network.ts';
import { each, named } from '../../checks/values.ts';
import type { ContainerStatus, Pod } from '../../generated/types/core-v1.ts';

const OWN_CONDITIONS = ['PodScheduled', 'Ready', 'Initialized'];

/** What a status may say, and what containers that ended for good may not become again. */
export function validatePodStatus(next: Pod, previous: Pod, at: Field): void {
  const { status } = next;
  each(status.conditions, at.at('metadata', 'conditions'), ({ type }, here) => {
    if (!OWN_CONDITIONS.includes(type)) named(type, qualifiedNameErrors, here.at('Type'));
  });
  const here = at.at('status');
  const { nominatedNodeName } = status;
  if (nominatedNodeName && nominatedNodeName !== previous.status.nominatedNodeName) named(nominatedNodeName, dnsSubdomainErrors, here.at('nominatedNodeName'));
  const policy = previous.spec.restartPolicy ?? 'Always';
  const always = new Set((previous.spec.initContainers ?? []).filter((c) => c.restartPolicy === 'Always').map((c) => c.name));
  for (const list of ['containerStatuses', 'initContainerStatuses'] as const) {
    const before = (previous.status[list] ?? []).filter((container) => !always.has(container.name));
    if (policy !== 'Always' && !ownsRestarts(previous)) validateEnds(status[list] ?? [], before, policy === 'OnFailure', here.at(list));
  }
  validateEnds(status.ephemeralContainerStatuses ?? [], previous.status.ephemeralContainerStatuses ?? [], false, here.at('ephemeralContainerStatuses'));
  validateClaims(next, here.at('resourceClaimStatuses'));
  validateAddresses(status.podIPs, here.at('podIPs'));
  if (status.hostIPs?.[0] && status.hostIPs[0].ip !== status.hostIP) here.at('hostIPs').index(0).at('ip').invalid(status.hostIPs[0].ip, 'must be equal to `hostIP`');
  validateAddresses(status.hostIPs, here.at('hostIPs'));
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

/** Containers with restart rules of their own may come back whatever the pod's policy says (KEP-5307). */
const ownsRestarts = ({ spec }: Pod): boolean =>
  [...spec.containers, ...(spec.initContainers ?? [])].some(({ restartPolicy = 'Never', restartPolicyRules = [] }) => restartPolicy !== 'Never' || restartPolicyRules.length > 0);

function validateEnds(next: readonly ContainerStatus[], previous: readonly ContainerStatus[], mayRetry: boolean, at: Field): void {
  previous.forEach((before, i) => {
    const { terminated } = before.state ?? {};
    if (!terminated || (mayRetry && terminated.exitCode !== 0)) return;
    if (next.some((now) => now.name === before.name && !now.state?.terminated)) at.index(i).at('state').forbidden('may not be transitioned to non-terminated state');
  });
}

/** One address of each family, each once. */
function validateAddresses(addresses: readonly { readonly ip: string }[] = [], at: Field): void {
  each(addresses, at, ({ ip }, here) => {
    validateIp(ip, here);
  });
  if (addresses.length < 2) return;
  const families = addresses.map(({ ip }) => parseIp(ip)?.length);
  const seen = new Set<string>();
  if (addresses.length > 2 || families[0] === families[1]) at.invalid(addresses, 'may specify no more than one IP for each IP family');
  each(addresses, at, ({ ip }, here) => {
    const bytes = parseIp(ip);
    const key = bytes ? formatIp(bytes) : ip;
    if (seen.has(key)) here.duplicate({ ip });
    seen.add(key);
  });
}
