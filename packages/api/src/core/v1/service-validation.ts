import { dnsLabelErrors, dnsSubdomainErrors, type Field, qualifiedNameErrors, validateLabels } from '@navarch/machinery';
import { cidr, ip, notSpecialIp, parseIp } from '../../checks/network.ts';
import { each, named, oneOf, portNumber, requiredName, supportedValue } from '../../checks/values.ts';
import type { Service, ServicePort, ServiceSpec } from '../../generated/types/core-v1.ts';
import { portOrName } from './probe-validation.ts';

const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const KUBELET_PORT = 10_250;
const AFFINITY_SECONDS_MAX = 86_400;

const HINTS = 'service.kubernetes.io/topology-aware-hints';
const MODE = 'service.kubernetes.io/topology-mode';

export function validateService(service: Service, root: Field): void {
  const { metadata: { annotations = {} }, spec } = service;
  const at = root.at('spec');
  const [hints, mode] = [annotations[HINTS], annotations[MODE]];
  if (hints !== undefined && mode !== undefined && hints !== mode) {
    root.at('metadata', 'annotations').key(MODE).invalid(mode, `must match annotations[${HINTS}] when both are specified`);
  }
  const { ports = [], type } = spec;
  const isHeadless = spec.clusterIP === 'None';
  if (ports.length === 0 && !isHeadless && type !== 'ExternalName') at.at('ports').required();
  validateType(spec, isHeadless, at);
  const names = new Set<string>();
  each(ports, at.at('ports'), (port, here) => validatePort(port, ports.length > 1, names, here));
  validateLabels(spec.selector, at.at('selector'));
  oneOf(spec.sessionAffinity, ['ClientIP', 'None'], at.at('sessionAffinity'));
  validateAffinityConfig(spec, at.at('sessionAffinityConfig'));
  validateClusterIps(spec, at);
  each(spec.externalIPs, at.at('externalIPs'), (address, here) => notSpecialIp(address, here));
  oneOf(type, TYPES, at.at('type'));
  validateNumbers(spec, at.at('ports'));
  validateBalancer(service, root);
  validatePolicies(spec, at);
}

function validateType(spec: ServiceSpec, isHeadless: boolean, at: Field): void {
  switch (spec.type) {
    case 'LoadBalancer':
      each(spec.ports, at.at('ports'), ({ port }, here) => {
        if (port === KUBELET_PORT) here.invalid(port, `may not expose port ${KUBELET_PORT} externally since it is used by kubelet`);
      });
      if (isHeadless) at.at('clusterIPs').index(0).invalid('None', "may not be set to 'None' for LoadBalancer services");
      break;
    case 'NodePort':
      if (isHeadless) at.at('clusterIPs').index(0).invalid('None', "may not be set to 'None' for NodePort services");
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
  else if (seconds === undefined) at.at('clientIP', 'timeoutSeconds').required('when session affinity type is ClientIP');
  else if (seconds <= 0 || seconds > AFFINITY_SECONDS_MAX) {
    at.at('clientIP', 'timeoutSeconds').invalid(seconds, `must be greater than 0 and less than ${AFFINITY_SECONDS_MAX}`);
  }
}

function validateClusterIps(spec: ServiceSpec, at: Field): void {
  const { clusterIP, clusterIPs = [], ipFamilies, ipFamilyPolicy, type } = spec;
  if (type === 'ExternalName') return;
  const here = at.at('clusterIPs');
  if (clusterIP && clusterIPs.length === 0) here.required();
  if (clusterIPs.length > 0 && clusterIP !== clusterIPs[0]) here.invalid(clusterIPs, 'first value must match `clusterIP`');
  if (ipFamilyPolicy !== undefined) supportedValue(ipFamilyPolicy, ['PreferDualStack', 'RequireDualStack', 'SingleStack'], at.at('ipFamilyPolicy'));
  const seen = new Set<string>();
  each(ipFamilies, at.at('ipFamilies'), (family, place) => {
    if (family !== 'IPv4' && family !== 'IPv6') place.notSupported(family, ['IPv4', 'IPv6']);
    if (seen.has(family)) place.duplicate(family);
    seen.add(family);
  });
  if (clusterIPs[0] === 'None') {
    if (clusterIPs.length > 1) here.invalid(clusterIPs, "'None' must be the first and only value");
    return;
  }
  each(clusterIPs, here, (address, place) => {
    if (address !== '') ip(address, place);
  });
  if (clusterIPs.length > 2) here.invalid(clusterIPs, 'may only hold up to 2 values');
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
    if (numbers.has(key)) here.duplicate({ port: port.port, protocol: port.protocol });
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
  if (isBalancer && spec.allocateLoadBalancerNodePorts === undefined) root.at('allocateLoadBalancerNodePorts').required();
  if (!isBalancer && spec.allocateLoadBalancerNodePorts !== undefined) at.at('allocateLoadBalancerNodePorts').forbidden(only);
  if (spec.loadBalancerClass === undefined) return;
  if (isBalancer) named(spec.loadBalancerClass, qualifiedNameErrors, at.at('loadBalancerClass'));
  else at.at('loadBalancerClass').forbidden(only);
}

function validatePolicies(spec: ServiceSpec, at: Field): void {
  const isExternal = spec.type === 'NodePort' || spec.type === 'LoadBalancer' || (spec.type === 'ClusterIP' && (spec.externalIPs?.length ?? 0) > 0);
  const { externalTrafficPolicy: external, healthCheckNodePort: health = 0, internalTrafficPolicy: internal } = spec;
  const externalAt = at.at('externalTrafficPolicy');
  if (isExternal) oneOf(external, ['Cluster', 'Local'], externalAt);
  else if (external !== undefined) externalAt.invalid(external, 'may only be set for externally-accessible services');
  const checksHealth = spec.type === 'LoadBalancer' && external === 'Local';
  if (checksHealth) {
    if (health !== 0) portNumber(health, at.at('healthCheckNodePort'));
  } else if (health !== 0) {
    at.at('healthCheckNodePort').invalid(health, "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'");
  }
  const isKnown = spec.type === 'ClusterIP' || spec.type === 'NodePort' || spec.type === 'LoadBalancer';
  if (isKnown || internal !== undefined) oneOf(internal, ['Cluster', 'Local'], at.at('internalTrafficPolicy'));
  if (spec.trafficDistribution !== undefined) {
    supportedValue(spec.trafficDistribution, ['PreferClose', 'PreferSameNode', 'PreferSameZone'], at.at('trafficDistribution'));
  }
}

export function validateServiceUpdate(next: Service, previous: Service, at: Field): void {
  const spec = at.at('spec');
  if (next.spec.type !== 'ExternalName' && previous.spec.type !== 'ExternalName') {
    const [now, before] = [next.spec.clusterIP, previous.spec.clusterIP];
    if (before && now !== before) spec.at('clusterIPs').index(0).invalid(next.spec.clusterIPs ?? [now ?? ''], 'may not change once set');
    const family = previous.spec.ipFamilies?.[0];
    if (family && next.spec.ipFamilies?.[0] && next.spec.ipFamilies[0] !== family) {
      spec.at('ipFamilies').index(0).invalid(next.spec.ipFamilies, 'may not change once set');
    }
  }
  const checksHealth = (s: Service): boolean => s.spec.type === 'LoadBalancer' && s.spec.externalTrafficPolicy === 'Local';
  if (checksHealth(next) && checksHealth(previous) && next.spec.healthCheckNodePort !== previous.spec.healthCheckNodePort) {
    spec.at('healthCheckNodePort').forbidden('field is immutable');
  }
  const isBalancer = next.spec.type === 'LoadBalancer' && previous.spec.type === 'LoadBalancer';
  if (isBalancer && next.spec.loadBalancerClass !== previous.spec.loadBalancerClass) {
    spec.at('loadBalancerClass').invalid(next.spec.loadBalancerClass ?? null, 'may not change once set');
  }
}

/** Where a load balancer can be reached. */
export function validateBalancerStatus({ spec, status }: Service, _previous: Service, at: Field): void {
  const here = at.at('status', 'loadBalancer');
  if (spec.type !== 'LoadBalancer' && status.loadBalancer.ingress?.length) return here.at('ingress').forbidden('may only be used when `spec.type` is "LoadBalancer"');
  each(status.loadBalancer.ingress, here.at('ingress'), ({ ip: address, ipMode, hostname }, place) => {
    if (address) {
      ip(address, place.at('ip'));
      if (ipMode === undefined) place.at('ipMode').required('must be specified when `ip` is set');
    } else if (ipMode !== undefined) place.at('ipMode').forbidden('may not be specified when `ip` is not set');
    if (ipMode !== undefined) supportedValue(ipMode, ['Proxy', 'VIP'], place.at('ipMode'));
    if (!hostname) return;
    named(hostname, dnsSubdomainErrors, place.at('hostname'));
    if (parseIp(hostname)) place.at('hostname').invalid(hostname, 'must be a DNS name, not an IP address');
  });
}

/** Fields that will do nothing. */
export function serviceWarnings({ spec }: Service): readonly string[] {
  const warnings: string[] = [];
  if (spec.clusterIP === 'None') {
    if (spec.sessionAffinity === 'ClientIP') warnings.push('spec.SessionAffinity is ignored for headless services');
    if (spec.loadBalancerIP) warnings.push('spec.loadBalancerIP is ignored for headless services');
    if (spec.externalIPs?.length) warnings.push('spec.externalIPs is ignored for headless services');
  }
  if (spec.externalIPs?.length && spec.type === 'ExternalName') warnings.push('spec.externalIPs is ignored when spec.type is "ExternalName"');
  if (spec.type !== 'ExternalName' && spec.externalName) warnings.push('spec.externalName is ignored when spec.type is not "ExternalName"');
  return warnings;
}
