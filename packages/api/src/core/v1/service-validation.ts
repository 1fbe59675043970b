import {
  dnsLabelErrors,
  dnsSubdomainErrors,
  type Field,
  qualifiedNameErrors,
  validateLabels,
} from '@navarch/machinery';
import { cidr, cidrWarnings, ip, ipErrors, ipWarnings, notSpecialIp, parseIp } from '../../checks/network.ts';
import { shown } from '../../checks/shown.ts';
import { each, named, oneOf, portNumber, requiredName, supportedValue } from '../../checks/values.ts';
import type { Service, ServicePort, ServiceSpec } from '../../generated/types/core-v1.ts';
import { portOrName } from './probe-validation.ts';

const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const AFFINITY_SECONDS_MAX = 86_400;

const HINTS = 'service.kubernetes.io/topology-aware-hints';
const MODE = 'service.kubernetes.io/topology-mode';

export function validateService(service: Service, root: Field): void {
  const {
    metadata: { annotations = {} },
    spec,
  } = service;
  const at = root.at('spec');
  const [hints, mode] = [annotations[HINTS], annotations[MODE]];
  if (hints !== undefined && mode !== undefined && hints !== mode) {
    root
      .at('metadata', 'annotations')
      .key(MODE)
      .invalid(mode, `must match annotations[${HINTS}] when both are specified`);
  }
  const { ports = [], type } = spec;
  if (ports.length === 0 && !isHeadless(spec) && type !== 'ExternalName') at.at('ports').required();
  validateType(spec, at);
  const names = new Set<string>();
  each(ports, at.at('ports'), (port, here) => validatePort(port, ports.length > 1, names, here));
  validateLabels(spec.selector, at.at('selector'));
  oneOf(spec.sessionAffinity, ['ClientIP', 'None'], at.at('sessionAffinity'));
  validateAffinityConfig(spec, at.at('sessionAffinityConfig'));
  validateServiceAddresses(spec, at);
  each(spec.externalIPs, at.at('externalIPs'), (address, here) => notSpecialIp(address, here));
  oneOf(type, TYPES, at.at('type'));
  validateNumbers(spec, at.at('ports'));
  validateBalancer(service, root);
  validatePolicies(spec, at);
}

function validateType(spec: ServiceSpec, at: Field): void {
  switch (spec.type) {
    case 'LoadBalancer':
      if (isHeadless(spec))
        at.at('clusterIPs').index(0).invalid('None', "may not be set to 'None' for LoadBalancer services");
      break;
    case 'NodePort':
      if (isHeadless(spec))
        at.at('clusterIPs').index(0).invalid('None', "may not be set to 'None' for NodePort services");
      break;
    case 'ExternalName':
      for (const name of ['clusterIPs', 'ipFamilies', 'ipFamilyPolicy'] as const) {
        if (spec[name]?.length) at.at(name).forbidden('may not be set for ExternalName services');
      }
      requiredName(spec.externalName?.replace(/\.$/, ''), dnsSubdomainErrors, at.at('externalName'));
      break;
    default:
  }
}

function validatePort(port: ServicePort, requiresName: boolean, names: Set<string>, at: Field): void {
  if (!port.name) {
    if (requiresName) at.at('name').required();
  } else {
    named(port.name, dnsLabelErrors, at.at('name'));
    if (names.has(port.name)) at.at('name').duplicate(port.name);
    names.add(port.name);
  }
  portNumber(port.port, at.at('port'));
  oneOf(port.protocol, ['SCTP', 'TCP', 'UDP'], at.at('protocol'));
  portOrName(port.targetPort ?? 0, at.at('targetPort'));
  if (port.appProtocol !== undefined) named(port.appProtocol, qualifiedNameErrors, at.at('appProtocol'));
}

function validateAffinityConfig({ sessionAffinity, sessionAffinityConfig: config }: ServiceSpec, at: Field): void {
  if (sessionAffinity === 'None' && config) at.forbidden('must not be set when session affinity is None');
  if (sessionAffinity !== 'ClientIP') return;
  const seconds = config?.clientIP?.timeoutSeconds;
  if (!config) at.required('when session affinity type is ClientIP');
  else if (!config.clientIP) at.at('clientIP').required('when session affinity type is ClientIP');
  else if (seconds === undefined)
    at.at('clientIP', 'timeoutSeconds').required('when session affinity type is ClientIP');
  else if (seconds <= 0 || seconds > AFFINITY_SECONDS_MAX) {
    at.at('clientIP', 'timeoutSeconds').invalid(
      seconds,
      `must be greater than 0 and less than ${AFFINITY_SECONDS_MAX}`,
    );
  }
}

/** Addresses and their families, as far as a service can be judged alone. */
export function validateServiceAddresses(spec: ServiceSpec, at: Field): void {
  const { clusterIP, clusterIPs = [], ipFamilies, ipFamilyPolicy, type } = spec;
  if (type === 'ExternalName') return;
  const here = at.at('clusterIPs');
  if (clusterIP && clusterIPs.length === 0) here.required();
  if (clusterIPs.length > 0 && clusterIP !== clusterIPs[0]) {
    here.invalid(
      clusterIPs,
      clusterIP ? 'first value must match `clusterIP`' : 'must be empty when `clusterIP` is not specified',
    );
  }
  const seen = new Set<string>();
  each(ipFamilies, at.at('ipFamilies'), (family, place) => {
    if (family !== 'IPv4' && family !== 'IPv6') place.notSupported(family, ['IPv4', 'IPv6']);
    if (seen.has(family)) place.duplicate(family);
    seen.add(family);
  });
  if (ipFamilyPolicy !== undefined)
    supportedValue(ipFamilyPolicy, ['PreferDualStack', 'RequireDualStack', 'SingleStack'], at.at('ipFamilyPolicy'));
  const isNone = clusterIPs[0] === 'None';
  if (isNone && clusterIPs.length > 1) here.invalid(clusterIPs, "'None' must be the first and only value");
  each(clusterIPs, here, (address, place, i) => {
    if (!isNone || i > 0) ip(address, place);
  });
  if (clusterIPs.length > 2) here.invalid(clusterIPs, 'may only hold up to 2 values');
  // Of what is no address no family can be told.
  if (!isNone && clusterIPs.every((address) => ipErrors(address).length === 0))
    validateFamilies(clusterIPs, ipFamilies ?? [], here);
}

const familyOf = (address: string): string => (parseIp(address)?.length === 4 ? 'IPv4' : 'IPv6');

function validateFamilies(clusterIPs: readonly string[], families: readonly string[], at: Field): void {
  const kinds = clusterIPs.map(familyOf);
  if (kinds.length > 1 && new Set(kinds).size < 2)
    at.invalid(clusterIPs, 'may specify no more than one IP for each IP family');
  each(clusterIPs, at, (address, here, i) => {
    const family = families[i];
    const isOther = (family === 'IPv4' || family === 'IPv6') && family !== kinds[i];
    if (isOther) here.invalid(address, `expected an ${family} value as indicated by \`ipFamilies[${i}]\``);
  });
}

/** Each number once per protocol. */
function validateNumbers({ ports = [], type }: ServiceSpec, at: Field): void {
  each(ports, at, ({ nodePort }, here) => {
    if (nodePort && type === 'ClusterIP') here.at('nodePort').forbidden("may not be used when `type` is 'ClusterIP'");
  });
  const nodePorts = new Set<string>();
  const numbers = new Set<string>();
  each(ports, at, ({ nodePort, protocol }, here) => {
    if (!nodePort) return;
    const key = `${protocol}/${nodePort}`;
    if (nodePorts.has(key)) here.at('nodePort').duplicate(nodePort);
    nodePorts.add(key);
  });
  each(ports, at, ({ name: _, nodePort: __, ...port }, here) => {
    const key = `${port.protocol}/${port.port}`;
    if (numbers.has(key)) here.duplicate(shown('core.v1.ServicePort', { port: port.port, protocol: port.protocol }));
    numbers.add(key);
  });
}

const RANGES = 'service.beta.kubernetes.io/load-balancer-source-ranges';

function validateBalancer({ metadata, spec }: Service, root: Field): void {
  const at = root.at('spec');
  const isBalancer = spec.type === 'LoadBalancer';
  const only = "may only be used when `type` is 'LoadBalancer'";
  if (spec.loadBalancerSourceRanges?.length) {
    const here = at.at('LoadBalancerSourceRanges');
    if (!isBalancer) here.forbidden(only);
    each(spec.loadBalancerSourceRanges, here, (text, place) => cidr(text.trim(), place));
  } else if (metadata.annotations?.[RANGES] !== undefined) {
    const here = root.at('metadata', 'annotations').key(RANGES);
    if (!isBalancer) here.forbidden(only);
    const ranges = metadata.annotations[RANGES].trim();
    if (ranges) for (const range of ranges.split(',')) cidr(range.trim(), here);
  }
  if (isBalancer && spec.allocateLoadBalancerNodePorts === undefined)
    root.at('allocateLoadBalancerNodePorts').required();
  if (!isBalancer && spec.allocateLoadBalancerNodePorts !== undefined)
    at.at('allocateLoadBalancerNodePorts').forbidden(only);
  if (spec.loadBalancerClass === undefined) return;
  if (isBalancer) named(spec.loadBalancerClass, qualifiedNameErrors, at.at('loadBalancerClass'));
  else at.at('loadBalancerClass').forbidden(only);
}

function validatePolicies(spec: ServiceSpec, at: Field): void {
  const isExternal =
    spec.type === 'NodePort' ||
    spec.type === 'LoadBalancer' ||
    (spec.type === 'ClusterIP' && (spec.externalIPs?.length ?? 0) > 0);
  const { externalTrafficPolicy: external, healthCheckNodePort: health = 0, internalTrafficPolicy: internal } = spec;
  const externalAt = at.at('externalTrafficPolicy');
  if (isExternal) oneOf(external, ['Cluster', 'Local'], externalAt);
  else if (external !== undefined) externalAt.invalid(external, 'may only be set for externally-accessible services');
  const checksHealth = spec.type === 'LoadBalancer' && external === 'Local';
  if (checksHealth) {
    if (health === 0) at.at('healthCheckNodePort').required();
    else portNumber(health, at.at('healthCheckNodePort'));
  } else if (health !== 0) {
    at.at('healthCheckNodePort').invalid(
      health,
      "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
    );
  }
  const isKnown = spec.type === 'ClusterIP' || spec.type === 'NodePort' || spec.type === 'LoadBalancer';
  if (isKnown || internal !== undefined) oneOf(internal, ['Cluster', 'Local'], at.at('internalTrafficPolicy'));
  if (spec.trafficDistribution !== undefined) {
    supportedValue(
      spec.trafficDistribution,
      ['PreferClose', 'PreferSameNode', 'PreferSameZone'],
      at.at('trafficDistribution'),
    );
  }
}

/** Of an update upstream tells what may not change first. */
export function validateServiceUpdate(next: Service, previous: Service, at: Field): void {
  const spec = at.at('spec');
  if (next.spec.type !== 'ExternalName' && previous.spec.type !== 'ExternalName') {
    keepsAddresses(next.spec, previous.spec, spec);
    keepsFamilies(next.spec, previous.spec, spec);
  }
  const isBalancer = next.spec.type === 'LoadBalancer' && previous.spec.type === 'LoadBalancer';
  if (isBalancer && next.spec.loadBalancerClass !== previous.spec.loadBalancerClass) {
    spec.at('loadBalancerClass').invalid(next.spec.loadBalancerClass ?? null, 'may not change once set');
  }
  const checksHealth = (s: Service): boolean =>
    s.spec.type === 'LoadBalancer' && s.spec.externalTrafficPolicy === 'Local';
  if (
    checksHealth(next) &&
    checksHealth(previous) &&
    next.spec.healthCheckNodePort !== previous.spec.healthCheckNodePort
  ) {
    spec.at('healthCheckNodePort').forbidden('field is immutable');
  }
  validateService(next, at);
}

const isHeadless = ({ clusterIPs = [] }: ServiceSpec): boolean => clusterIPs.length === 1 && clusterIPs[0] === 'None';

/** A service keeps its addresses; a second one may come and go. */
function keepsAddresses(next: ServiceSpec, previous: ServiceSpec, at: Field): void {
  if (isHeadless(next) && isHeadless(previous)) return;
  const [now, before] = [next.clusterIPs ?? [], previous.clusterIPs ?? []];
  const here = at.at('clusterIPs');
  if (now.length === before.length) {
    each(before, here, (address, place, i) => {
      if (address !== now[i]) place.invalid(now, 'may not change once set');
    });
    return;
  }
  if (now.length === 0) here.index(0).invalid(now, 'primary clusterIP can not be unset');
  else if (before.length > 0 && now[0] !== before[0]) here.index(0).invalid(now, 'may not change once set');
  if (now.length === 1 && before.length > 1) releasesSecond(next, 'clusterIP', at);
}

function keepsFamilies(next: ServiceSpec, previous: ServiceSpec, at: Field): void {
  if (isHeadless(next) || isHeadless(previous)) return;
  const [now, before] = [next.ipFamilies ?? [], previous.ipFamilies ?? []];
  const here = at.at('ipFamilies').index(0);
  if (now.length === before.length) {
    for (const [i, family] of before.entries()) if (family !== now[i]) here.invalid(now, 'may not change once set');
    return;
  }
  if (before.length > now.length && !next.clusterIPs?.length) here.invalid(now, 'primary ipFamily can not be unset');
  // Upstream shows the addresses here.
  if (before.length > 0 && now.length > 0 && now[0] !== before[0])
    here.invalid(next.clusterIPs ?? [], 'may not change once set');
  if (now.length === 1 && before.length > 1) releasesSecond(next, 'ipFamily', at);
}

function releasesSecond({ ipFamilyPolicy }: ServiceSpec, what: string, at: Field): void {
  if (ipFamilyPolicy !== 'SingleStack')
    at.at('ipFamilyPolicy').invalid(
      ipFamilyPolicy ?? null,
      `must be set to 'SingleStack' when releasing the secondary ${what}`,
    );
}

/** Where a load balancer can be reached. */
export function validateBalancerStatus({ spec, status }: Service, _previous: Service, at: Field): void {
  const here = at.at('status', 'loadBalancer');
  if (spec.type !== 'LoadBalancer' && status.loadBalancer.ingress?.length)
    return here.at('ingress').forbidden("may only be used when `spec.type` is 'LoadBalancer'");
  each(status.loadBalancer.ingress, here.at('ingress'), ({ ip: address, ipMode, hostname }, place) => {
    if (address) {
      ip(address, place.at('ip'));
      if (ipMode === undefined) place.at('ipMode').required('must be specified when `ip` is set');
    } else if (ipMode !== undefined) place.at('ipMode').forbidden('may not be specified when `ip` is not set');
    if (ipMode !== undefined && address) supportedValue(ipMode, ['Proxy', 'VIP'], place.at('ipMode'));
    if (!hostname) return;
    named(hostname, dnsSubdomainErrors, place.at('hostname'));
    if (parseIp(hostname)) place.at('hostname').invalid(hostname, 'must be a DNS name, not an IP address');
  });
}

const ADDRESS_LISTS = ['clusterIPs', 'externalIPs'] as const;

/** Fields that will do nothing, or will not for ever. */
export function serviceWarnings({ metadata, spec }: Service): readonly string[] {
  const { clusterIP, type, externalIPs = [], loadBalancerIP } = spec;
  const warnings: string[] = [];
  const isPlainHeadless = type === 'ClusterIP' && clusterIP === 'None';
  const warn = (name: (typeof ADDRESS_LISTS)[number]): void =>
    void warnings.push(...(spec[name] ?? []).flatMap((text, i) => ipWarnings(text, `spec.${name}[${i}]`)));
  if (metadata.annotations?.[HINTS] !== undefined)
    warnings.push(`annotation ${HINTS} is deprecated, please use ${MODE} instead`);
  if (clusterIP && clusterIP !== 'None') warn('clusterIPs');
  if (isPlainHeadless) {
    if (loadBalancerIP) warnings.push('spec.loadBalancerIP is ignored for headless services');
    if (externalIPs.length > 0) warnings.push('spec.externalIPs is ignored for headless services');
    if (spec.sessionAffinity !== 'None') warnings.push('spec.SessionAffinity is ignored for headless services');
  }
  warn('externalIPs');
  if (externalIPs.length > 0 && !isPlainHeadless && type !== 'ExternalName')
    warnings.push('spec.externalIPs is deprecated and may no longer be implemented in some clusters');
  if (loadBalancerIP) warnings.push(...ipWarnings(loadBalancerIP, 'spec.loadBalancerIP'));
  warnings.push(
    ...(spec.loadBalancerSourceRanges ?? []).flatMap((text, i) =>
      cidrWarnings(text.trim(), `spec.loadBalancerSourceRanges[${i}]`),
    ),
  );
  if (externalIPs.length > 0 && type === 'ExternalName')
    warnings.push('spec.externalIPs is ignored when spec.type is "ExternalName"');
  if (type !== 'ExternalName' && spec.externalName)
    warnings.push('spec.externalName is ignored when spec.type is not "ExternalName"');
  if (spec.trafficDistribution === 'PreferClose')
    warnings.push('spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"');
  return warnings;
}
