import { dnsLabelErrors, equalJson, type Kind, type Mutable } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { columnsOf, labelsText } from '../../columns.ts';
import type { Service } from '../../generated/types/core-v1.ts';
import { statusPart } from '../../parts.ts';
import {
  serviceWarnings,
  validateBalancerStatus,
  validateService,
  validateServiceUpdate,
} from './service-validation.ts';

export const service: Kind<Service> = builtIn<Service>('/v1.Service', {
  storagePrefix: 'services/specs',
  selectableFields: { 'spec.clusterIP': (s) => s.spec.clusterIP ?? '', 'spec.type': (s) => s.spec.type ?? '' },
  columns: columnsOf('/Service', {
    Type: (s) => s.spec.type ?? '',
    'Cluster-IP': (s) => s.spec.clusterIPs?.[0] || s.spec.clusterIP || '<none>',
    'External-IP': (s) => externalText(s),
    'Port(s)': (s) => portsText(s),
    Selector: (s) => labelsText(s.spec.selector),
  }),
  behaviour: {
    createsOnUpdate: true,
    answersDeletion: true,
    desired: false,
    validateName: dnsLabelErrors,
    complete: completeService,
    prepareCreate(s) {
      s.status = { loadBalancer: {} };
    },
    prepareUpdate(s, previous) {
      followClusterIp(s, previous);
      keepAllocations(s, previous);
      dropOutgrown(s, previous);
    },
    validateCreate: validateService,
    validateUpdate: validateServiceUpdate,
    warnings: serviceWarnings,
    // How packets are to be sent to an address is a default that only the type LoadBalancer has.
    parts: { status: { ...statusPart({ validate: validateBalancerStatus }), takes: ['spec', 'status'] } },
  },
});

/** Three hours, as clients' caches live. */
const AFFINITY_SECONDS = 10_800;

function completeService(s: Mutable<Service>): void {
  const { spec } = s;
  spec.sessionAffinity ??= 'None';
  if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig;
  if (spec.sessionAffinity === 'ClientIP')
    spec.sessionAffinityConfig = {
      clientIP: { timeoutSeconds: spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? AFFINITY_SECONDS },
    };
  spec.type ??= 'ClusterIP';
  for (const port of spec.ports ?? []) {
    port.protocol ??= 'TCP';
    if (port.targetPort === undefined || port.targetPort === 0 || port.targetPort === '') port.targetPort = port.port;
  }
  if (spec.type === 'LoadBalancer')
    for (const ingress of s.status.loadBalancer.ingress ?? []) if (ingress.ip) ingress.ipMode ??= 'VIP';
  if (isExternal(s as Service)) spec.externalTrafficPolicy ??= 'Cluster';
  if (spec.type !== 'ExternalName') spec.internalTrafficPolicy ??= 'Cluster';
  if (spec.type === 'LoadBalancer') spec.allocateLoadBalancerNodePorts ??= true;
}

/** The one address is the first of the list; who changes it alone means the list too. */
function followClusterIp(s: Mutable<Service>, previous: Service): void {
  const { spec } = s;
  if (spec.clusterIP === previous.spec.clusterIP || !equalJson(spec.clusterIPs, previous.spec.clusterIPs)) return;
  if (spec.clusterIP) spec.clusterIPs = [spec.clusterIP];
  else delete spec.clusterIPs;
}

const isExternal = ({ spec }: Service): boolean =>
  spec.type === 'NodePort' ||
  spec.type === 'LoadBalancer' ||
  (spec.type === 'ClusterIP' && (spec.externalIPs?.length ?? 0) > 0);
const isInternal = ({ spec }: Service): boolean => spec.type !== 'ExternalName';
const isBalancer = ({ spec }: Service): boolean => spec.type === 'LoadBalancer';
const checksHealth = (s: Service): boolean => isBalancer(s) && s.spec.externalTrafficPolicy === 'Local';

/** Fields that only services of some kind have. */
const DEPENDENT = [
  ['ipFamilies', isInternal],
  ['ipFamilyPolicy', isInternal],
  ['healthCheckNodePort', checksHealth],
  ['allocateLoadBalancerNodePorts', isBalancer],
  ['loadBalancerClass', isBalancer],
  ['externalTrafficPolicy', isExternal],
] as const satisfies readonly (readonly [keyof Service['spec'], (s: Service) => boolean])[];

/** Who changes the type and leaves a field of the old one as it was means it to go. */
function dropOutgrown(s: Mutable<Service>, previous: Service): void {
  const outgrown = DEPENDENT.filter(
    ([name, needs]) => needs(previous) && !needs(s as Service) && equalJson(s.spec[name], previous.spec[name]),
  );
  for (const [name] of outgrown) delete s.spec[name];
  // The balancer goes later; nobody is to be sent to it from now on.
  if (!isBalancer(s as Service)) s.status.loadBalancer = {};
}

/** A PUT that leaves out what the server allocated keeps it; a change of type lets it go. */
function keepAllocations(s: Mutable<Service>, previous: Service): void {
  const { spec } = s;
  if (spec.type === 'ExternalName') {
    const { clusterIP, clusterIPs } = previous.spec;
    // Left as they were, they go with the type; others are refused.
    const isLeft =
      equalJson(spec.clusterIPs, clusterIPs) || (spec.clusterIPs === undefined && spec.clusterIP === clusterIP);
    if (isLeft) delete spec.clusterIPs;
    if (isLeft) delete spec.clusterIP;
    dropNodePorts(s, previous);
    return;
  }
  if (!spec.clusterIP && previous.spec.type !== 'ExternalName') {
    if (previous.spec.clusterIP) spec.clusterIP = previous.spec.clusterIP;
    if (previous.spec.clusterIPs && !spec.clusterIPs) spec.clusterIPs = [...previous.spec.clusterIPs];
  }
  if (previous.spec.ipFamilies) spec.ipFamilies ??= [...previous.spec.ipFamilies];
  if (previous.spec.ipFamilyPolicy) spec.ipFamilyPolicy ??= previous.spec.ipFamilyPolicy;
  if (
    spec.type === 'LoadBalancer' &&
    spec.externalTrafficPolicy === 'Local' &&
    checksHealth(previous) &&
    previous.spec.healthCheckNodePort
  ) {
    spec.healthCheckNodePort ??= previous.spec.healthCheckNodePort;
  }
  if (spec.type !== 'NodePort' && spec.type !== 'LoadBalancer') return dropNodePorts(s, previous);
  keepNodePorts(s, previous);
}

/** A port keeps its number on the nodes by its name, unless another one takes it. */
function keepNodePorts({ spec }: Mutable<Service>, previous: Service): void {
  const byName = new Map(previous.spec.ports?.map(({ name = '', nodePort = 0 }) => [name, nodePort]));
  const taken = new Set(
    spec.ports
      ?.map(({ nodePort = 0 }) => nodePort)
      .filter((number) => previous.spec.ports?.some(({ nodePort }) => nodePort === number)),
  );
  for (const port of spec.ports ?? []) {
    const number = port.nodePort ? 0 : (byName.get(port.name ?? '') ?? 0);
    if (number === 0 || taken.has(number)) continue;
    port.nodePort = number;
    taken.add(number);
  }
}

function dropNodePorts({ spec }: Mutable<Service>, previous: Service): void {
  const before = new Set(previous.spec.ports?.map((p) => p.nodePort));
  for (const port of spec.ports ?? []) if (port.nodePort && before.has(port.nodePort)) delete port.nodePort;
}

function externalText(s: Service): string {
  const given = s.spec.externalIPs ?? [];
  if (s.spec.type === 'ExternalName') return s.spec.externalName ?? '';
  if (s.spec.type !== 'LoadBalancer') return given.length > 0 ? given.join(',') : '<none>';
  const balancer = new Set(
    (s.status.loadBalancer.ingress ?? []).map((i) => i.ip || (i.hostname ?? '')).filter((text) => text !== ''),
  );
  const all = [...[...balancer].sort(), ...given];
  return all.length > 0 ? all.join(',') : '<pending>';
}

const portsText = (s: Service): string =>
  (s.spec.ports ?? [])
    .map((p) => (p.nodePort ? `${p.port}:${p.nodePort}/${p.protocol}` : `${p.port}/${p.protocol}`))
    .join(',') || '<none>';
