import { dns1035LabelErrors, type Field, formatSelector, type Kind, type Mutable, selectorFromMap } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { ageColumn, nameColumn, text, wide } from '../../columns.ts';
import type { Service } from '../../generated/types/core-v1.ts';
import { portNameErrors } from './pod-validation.ts';

export const service: Kind<Service> = builtIn<Service>('/v1.Service', {
  storagePrefix: 'services/specs',
  selectableFields: { 'spec.clusterIP': (s) => s.spec.clusterIP ?? '', 'spec.type': (s) => s.spec.type ?? '' },
  columns: [
    nameColumn,
    text('Type', (s) => s.spec.type ?? ''),
    text('Cluster-IP', (s) => s.spec.clusterIP || '<none>'),
    text('External-IP', externalText),
    text('Port(s)', (s) => portsText(s)),
    ageColumn,
    wide('Selector', (s) => (s.spec.selector && Object.keys(s.spec.selector).length > 0 ? formatSelector(selectorFromMap(s.spec.selector)) : '<none>')),
  ],
  behaviour: {
    desired: false,
    validateName: dns1035LabelErrors,
    complete: completeService,
    prepareCreate(s) {
      s.status = { loadBalancer: {} };
    },
    prepareUpdate(s, previous) {
      keepAllocations(s, previous);
    },
    validate: (s, at) => validateService(s, at.at('spec')),
    validateUpdate(next, previous, at) {
      const isKept = next.spec.type !== 'ExternalName' && previous.spec.type !== 'ExternalName';
      if (isKept && previous.spec.clusterIP && next.spec.clusterIP !== previous.spec.clusterIP) {
        at.at('spec', 'clusterIPs').index(0).invalid([next.spec.clusterIP], 'may not change once set');
      }
    },
  },
});

function completeService(s: Mutable<Service>): void {
  const { spec } = s;
  spec.sessionAffinity ??= 'None';
  if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig;
  else spec.sessionAffinityConfig ??= { clientIP: { timeoutSeconds: 10_800 } };
  spec.type ??= 'ClusterIP';
  for (const port of spec.ports ?? []) {
    port.protocol ??= 'TCP';
    if (port.targetPort === undefined || port.targetPort === 0 || port.targetPort === '') port.targetPort = port.port;
  }
  const isExternal = spec.type === 'NodePort' || spec.type === 'LoadBalancer' || (spec.type === 'ClusterIP' && (spec.externalIPs?.length ?? 0) > 0);
  if (isExternal) spec.externalTrafficPolicy ??= 'Cluster';
  if (spec.type !== 'ExternalName') spec.internalTrafficPolicy ??= 'Cluster';
  if (spec.type === 'LoadBalancer') spec.allocateLoadBalancerNodePorts ??= true;
}

/** A PUT that leaves out what the server allocated keeps it; a change of type lets it go. */
function keepAllocations(s: Mutable<Service>, previous: Service): void {
  const { spec } = s;
  if (spec.type === 'ExternalName') {
    delete spec.clusterIPs;
    if (previous.spec.clusterIP === spec.clusterIP) delete spec.clusterIP;
    return;
  }
  if (!spec.clusterIP && previous.spec.type !== 'ExternalName') {
    if (previous.spec.clusterIP) spec.clusterIP = previous.spec.clusterIP;
    if (previous.spec.clusterIPs && !spec.clusterIPs) spec.clusterIPs = [...previous.spec.clusterIPs];
  }
  if (previous.spec.ipFamilies) spec.ipFamilies ??= [...previous.spec.ipFamilies];
  if (previous.spec.ipFamilyPolicy) spec.ipFamilyPolicy ??= previous.spec.ipFamilyPolicy;
  if (spec.type !== 'NodePort' && spec.type !== 'LoadBalancer') {
    const before = new Set(previous.spec.ports?.map((p) => p.nodePort));
    for (const port of spec.ports ?? []) if (port.nodePort && before.has(port.nodePort)) delete port.nodePort;
    return;
  }
  for (const port of spec.ports ?? []) {
    if (port.nodePort) continue;
    const same = previous.spec.ports?.find((p) => p.port === port.port && p.protocol === port.protocol && p.nodePort);
    if (same?.nodePort && !spec.ports?.some((p) => p.nodePort === same.nodePort && p.protocol === same.protocol)) port.nodePort = same.nodePort;
  }
}

const RANGE = 'must be between 1 and 65535, inclusive';
const isPort = (port: number): boolean => Number.isInteger(port) && port >= 1 && port <= 65_535;

function validateService(s: Service, at: Field): void {
  const { spec } = s;
  const types = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
  if (!types.includes(spec.type ?? '')) at.at('type').notSupported(spec.type, types);
  const isHeadless = spec.clusterIP === 'None';
  if (!spec.ports?.length && !isHeadless && spec.type !== 'ExternalName') at.at('ports').required();
  if (spec.type === 'ExternalName' && !spec.externalName) at.at('externalName').required();
  if (isHeadless && (spec.type === 'NodePort' || spec.type === 'LoadBalancer')) {
    at.at('clusterIPs').index(0).invalid('None', `may not be set to 'None' for ${spec.type} services`);
  }
  if (!['ClientIP', 'None'].includes(spec.sessionAffinity ?? '')) at.at('sessionAffinity').notSupported(spec.sessionAffinity, ['ClientIP', 'None']);
  validatePorts(s, at.at('ports'));
}

function validatePorts(s: Service, at: Field): void {
  const ports = s.spec.ports ?? [];
  const names = new Set<string>();
  const numbers = new Set<string>();
  ports.forEach((port, i) => {
    const here = at.index(i);
    if (!port.name && ports.length > 1) here.at('name').required();
    if (port.name) {
      for (const error of dns1123(port.name)) here.at('name').invalid(port.name, error);
      if (names.has(port.name)) here.at('name').duplicate(port.name);
      names.add(port.name);
    }
    if (!isPort(port.port)) here.at('port').invalid(port.port, RANGE);
    if (!['SCTP', 'TCP', 'UDP'].includes(port.protocol ?? '')) here.at('protocol').notSupported(port.protocol, ['SCTP', 'TCP', 'UDP']);
    if (typeof port.targetPort === 'number' && !isPort(port.targetPort)) here.at('targetPort').invalid(port.targetPort, RANGE);
    if (typeof port.targetPort === 'string') for (const error of portNameErrors(port.targetPort)) here.at('targetPort').invalid(port.targetPort, error);
    const key = `${port.protocol}/${port.port}`;
    if (numbers.has(key)) here.duplicate({ port: port.port, protocol: port.protocol });
    numbers.add(key);
    if (port.nodePort && s.spec.type === 'ClusterIP') here.at('nodePort').forbidden("may not be used when `type` is 'ClusterIP'");
  });
}

const dns1123 = (name: string): readonly string[] =>
  (/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(name) && name.length <= 63 ? [] : [
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
  ]);

function externalText(s: Service): string {
  const given = s.spec.externalIPs ?? [];
  if (s.spec.type === 'ExternalName') return s.spec.externalName ?? '';
  if (s.spec.type !== 'LoadBalancer') return given.length > 0 ? given.join(',') : '<none>';
  const balancer = (s.status.loadBalancer.ingress ?? []).map((i) => i.ip ?? i.hostname ?? '');
  const all = [...balancer, ...given];
  return all.length > 0 ? all.join(',') : '<pending>';
}

const portsText = (s: Service): string =>
  (s.spec.ports ?? []).map((p) => (p.nodePort ? `${p.port}:${p.nodePort}/${p.protocol}` : `${p.port}/${p.protocol}`)).join(',') || '<none>';
