import {
  type Endpoint,
  type EndpointSlice,
  endpointSlice,
  type EndpointSlicePort,
  isReady,
  node,
  type Node,
  pod,
  type Pod,
  service,
  type Service,
} from '@navarch/api';
import type { CacheReader } from '@navarch/client';
import { controllerReference, equalJson, keyOf } from '@navarch/machinery';
import { type Context, type Controller, defineController, self, type Watch } from '../controller.ts';
import { MANAGED_BY, ownSlices, SERVICE_NAME } from '../shared/own-slices.ts';
import { isNamespaceTerminating, messageOf } from '../shared/pods.ts';
import { podsByNode } from '../shared/pods-on-node.ts';
import { remove } from '../shared/remove.ts';
import {
  addressesOf,
  podsOf,
  podsOfServices,
  selectorOf,
  servicesOf,
  targetPortOf,
  triggerTime,
} from '../shared/service-pods.ts';
import { type Group, pack } from './pack.ts';
import { topologyFacts, topologyHints, wantsTopology } from './topology-hints.ts';

const US = 'endpointslice-controller.k8s.io';
const HEADLESS = 'service.kubernetes.io/headless';
const TRIGGER_TIME = 'endpoints.kubernetes.io/last-change-trigger-time';
const ZONE = 'topology.kubernetes.io/zone';

type AddressType = 'IPv4' | 'IPv6';
const slices = ownSlices(US);

/** Where a node is says who should prefer its pods, and may be told after they run. */
const zones: Watch<Node> = {
  kind: node,
  *keys({ current, previous }, cache) {
    if (!current || current.metadata.labels?.[ZONE] === previous?.metadata.labels?.[ZONE]) return;
    for (const p of cache.find(pod, podsByNode, current.metadata.name)) yield* servicesOf(p, cache);
  },
};

/** How much of the cluster is in which zone matters to all services that follow it. */
const shares: Watch<Node> = {
  kind: node,
  *keys({ current, previous }, cache) {
    if (equalJson(current ? topologyFacts(current) : [], previous ? topologyFacts(previous) : [])) return;
    for (const candidate of cache.list(service)) if (wantsTopology(candidate)) yield keyOf(candidate);
  },
};

export const endpointSliceController: Controller = defineController({
  name: 'endpointslice-controller',
  eventSource: 'endpoint-slice-controller',
  watches: [self(service), slices.watch, podsOfServices, zones, shares],

  async reconcile(key, context) {
    const found = context.cache.get(service, key);
    // Slices of a service that is gone are the garbage collector's: they have it as their owner.
    if (!found || found.metadata.deletionTimestamp) return undefined;
    const held = slices.of(key, context.cache);
    const selector = selectorOf(found);
    if (!selector) {
      if (found.spec.type === 'ExternalName') for (const slice of held) await remove(endpointSlice, slice, context);
      return undefined;
    }
    const pods = podsOf(found, selector, context.cache);
    try {
      const types = addressTypes(found);
      for (const type of types)
        await write(found, type, { pods, held: held.filter((slice) => slice.addressType === type) }, context);
      for (const slice of held)
        if (!types.includes(slice.addressType as AddressType)) await remove(endpointSlice, slice, context);
    } catch (error) {
      const message = `Error updating Endpoint Slices for Service ${key}: ${messageOf(error)}`;
      context.events.record(found, { type: 'Warning', reason: 'FailedToUpdateEndpointSlices', message });
      throw error;
    }
    return undefined;
  },
});

const addressTypes = ({ spec }: Service): readonly AddressType[] =>
  spec.ipFamilies?.length
    ? spec.ipFamilies.map((family) => (family === 'IPv6' ? 'IPv6' : 'IPv4'))
    : [spec.clusterIP?.includes(':') ? 'IPv6' : 'IPv4'];

interface Inputs {
  readonly pods: readonly Pod[];
  readonly held: readonly EndpointSlice[];
}

async function write(found: Service, type: AddressType, { pods, held }: Inputs, context: Context): Promise<void> {
  const groups = hinted(found, type, { groups: groupByPorts(found, type, pods, context.cache), held }, context);
  // A service that leads nowhere still has a slice, so that nobody takes its absence for a controller that is behind.
  const wanted = groups.length > 0 ? groups : [{ ports: [], endpoints: [] }];
  const used = new Set<EndpointSlice>();
  const fresh: Group[] = [];
  const spare: EndpointSlice[] = [];
  const changed: Filled[] = [];
  const trigger = triggerTime(found, pods);
  for (const { ports, endpoints } of wanted) {
    const mine = held.filter((slice) => equalJson(slice.ports ?? [], ports));
    for (const slice of mine) used.add(slice);
    const plan = pack(mine, { ports, endpoints });
    fresh.push(...plan.create);
    spare.push(...plan.remove);
    changed.push(...plan.update.map((row) => ({ ...row, ports, trigger })));
    changed.push(...plan.keep.map((slice) => ({ slice, ports, endpoints: slice.endpoints ?? [], trigger: undefined })));
    if (endpoints.length === 0) fresh.push({ ports, endpoints });
  }
  spare.push(...held.filter((slice) => !used.has(slice)));
  // A slice that would go becomes one that is to be made: whoever watches sees one change instead of two.
  for (const [i, slice] of spare.entries()) {
    const group = fresh[i];
    if (group) changed.push({ slice, ...group, trigger });
    else await remove(endpointSlice, slice, context);
  }
  for (const group of fresh.slice(spare.length)) await create(found, type, group, trigger, context);
  for (const filled of changed) await update(found, filled, context);
}

/** Says for which zones endpoints are, where the service asks for that; says it to people when that begins or ends. */
function hinted(
  found: Service,
  type: AddressType,
  { groups, held }: { readonly groups: readonly Group[]; readonly held: readonly EndpointSlice[] },
  { cache, events }: Context,
): readonly Group[] {
  const wasHinted = held.some((slice) => (slice.endpoints ?? []).some(({ hints }) => hints?.forZones?.length));
  const tell = (eventType: 'Normal' | 'Warning', what: string, message: string): void =>
    events.record(found, {
      type: eventType,
      reason: `TopologyAwareHints${what}`,
      message: `${message}, addressType: ${type}`,
    });
  if (!wantsTopology(found)) return groups;
  try {
    const zones = topologyHints(
      groups.flatMap(({ endpoints }) => endpoints),
      cache.list(node),
    );
    if (!wasHinted) tell('Normal', 'Enabled', 'Topology Aware Hints has been enabled');
    return groups.map(({ ports, endpoints }) => ({
      ports,
      endpoints: endpoints.map((endpoint) => withZone(endpoint, zones.get(endpoint))),
    }));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    tell('Warning', 'Disabled', error.message);
    return groups;
  }
}

const withZone = (endpoint: Endpoint, name: string | undefined): Endpoint =>
  name === undefined ? endpoint : { ...endpoint, hints: { forZones: [{ name }] } };

/** Pods may give the same port name different numbers: each set of numbers has slices of its own. */
function groupByPorts(found: Service, type: AddressType, pods: readonly Pod[], cache: CacheReader): readonly Group[] {
  const groups = new Map<string, { readonly ports: readonly EndpointSlicePort[]; readonly endpoints: Endpoint[] }>();
  for (const p of pods) {
    const addresses = addressesOf(p).filter((ip) => (type === 'IPv6') === ip.includes(':'));
    if (addresses.length === 0) continue;
    const ports = portsOf(found, p);
    const key = JSON.stringify(ports);
    const group = groups.get(key) ?? { ports, endpoints: [] };
    groups.set(key, group);
    group.endpoints.push(endpointOf(found, p, addresses, cache));
  }
  return [...groups.values()];
}

const portsOf = (found: Service, p: Pod): readonly EndpointSlicePort[] =>
  (found.spec.ports ?? []).flatMap((servicePort) => {
    const port = targetPortOf(servicePort, p);
    if (port === undefined) return [];
    const { name = '', protocol = 'TCP', appProtocol } = servicePort;
    return [{ name, protocol, port, ...(appProtocol ? { appProtocol } : {}) }];
  });

function endpointOf(found: Service, p: Pod, addresses: readonly string[], cache: CacheReader): Endpoint {
  const {
    metadata: { name, namespace, uid, deletionTimestamp },
    spec,
  } = p;
  const isServing = isReady(p);
  const isTerminating = deletionTimestamp !== undefined;
  const hasName = spec.hostname && spec.subdomain === found.metadata.name;
  const zone = spec.nodeName ? cache.get(node, spec.nodeName)?.metadata.labels?.[ZONE] : undefined;
  const isEndpointReady = found.spec.publishNotReadyAddresses === true || (isServing && !isTerminating);
  const distribution = wantsTopology(found) ? undefined : found.spec.trafficDistribution;
  const hints = isEndpointReady ? hintsOf(distribution, spec.nodeName, zone) : undefined;
  return {
    addresses,
    conditions: { ready: isEndpointReady, serving: isServing, terminating: isTerminating },
    ...(hasName && spec.hostname ? { hostname: spec.hostname } : {}),
    targetRef: { kind: 'Pod', ...(namespace ? { namespace } : {}), name, uid },
    ...(spec.nodeName ? { nodeName: spec.nodeName } : {}),
    ...(zone ? { zone } : {}),
    ...(hints ? { hints } : {}),
  };
}

/** spec.trafficDistribution (KEP-4444, KEP-3015): who should prefer this endpoint. */
function hintsOf(
  distribution: string | undefined,
  nodeName: string | undefined,
  zone: string | undefined,
): Endpoint['hints'] | undefined {
  const forZones = zone ? { forZones: [{ name: zone }] } : undefined;
  if (distribution === 'PreferClose' || distribution === 'PreferSameZone') return forZones;
  if (distribution !== 'PreferSameNode' || !nodeName) return undefined;
  return { ...forZones, forNodes: [{ name: nodeName }] };
}

const draft = (found: Service, addressType: AddressType, { ports, endpoints }: Group, trigger: string) => ({
  metadata: {
    generateName: `${found.metadata.name}-`,
    namespace: found.metadata.namespace,
    labels: labelsOf(found),
    annotations: { [TRIGGER_TIME]: trigger },
    ownerReferences: [controllerReference(service, found)],
  },
  addressType,
  endpoints,
  ports,
});

function labelsOf(found: Service): Readonly<Record<string, string>> {
  const { [HEADLESS]: _, ...own } = found.metadata.labels ?? {};
  return {
    ...own,
    [SERVICE_NAME]: found.metadata.name,
    [MANAGED_BY]: US,
    ...(found.spec.clusterIP === 'None' ? { [HEADLESS]: '' } : {}),
  };
}

async function create(
  found: Service,
  type: AddressType,
  group: Group,
  trigger: string,
  { api }: Context,
): Promise<void> {
  try {
    await api.of(endpointSlice).create(draft(found, type, group, trigger));
  } catch (error) {
    // It would be refused again and again, for as long as the namespace takes to go.
    if (!isNamespaceTerminating(error)) throw error;
  }
}

/** A slice and what is to be in it. */
interface Filled extends Group {
  readonly slice: EndpointSlice;
  /** When what it tells of came about; undefined where that is as it was. */
  readonly trigger: string | undefined;
}

async function update(found: Service, { slice, ports, endpoints, trigger }: Filled, { api }: Context): Promise<void> {
  const labels = labelsOf(found);
  const isCurrent =
    equalJson(slice.metadata.labels, labels) &&
    equalJson(slice.ports ?? [], ports) &&
    equalJson(slice.endpoints ?? [], endpoints);
  if (isCurrent) return;
  const annotations = { ...slice.metadata.annotations, ...(trigger ? { [TRIGGER_TIME]: trigger } : {}) };
  const metadata = { ...slice.metadata, labels, annotations };
  await api.of(endpointSlice).replace({ ...slice, metadata, ports, endpoints });
}
