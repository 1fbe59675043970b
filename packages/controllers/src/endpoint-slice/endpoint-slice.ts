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
import { controllerReference, equalJson, hasReason, keyOf } from '@navarch/machinery';
import { type Context, type Controller, defineController, self, type Watch } from '../controller.ts';
import { count, gauge, SECONDS, spread, tally } from '../shared/measure.ts';
import { MANAGED_BY, ownSlices, SERVICE_NAME } from '../shared/own-slices.ts';
import { isNamespaceTerminating, messageOf } from '../shared/pods.ts';
import { podsByNode } from '../shared/pods-on-node.ts';
import { remove } from '../shared/remove.ts';
import { sliceMeasures } from '../shared/slice-measures.ts';
import {
  addressesOf,
  podsOf,
  podsOfServices,
  selectorOf,
  servicesOf,
  targetPortOf,
  triggerTime,
} from '../shared/service-pods.ts';
import { type Group, identityOf, pack } from './pack.ts';
import { topologyFacts, topologyHints, wantsTopology } from './topology-hints.ts';

const US = 'endpointslice-controller.k8s.io';
const HEADLESS = 'service.kubernetes.io/headless';
const TRIGGER_TIME = 'endpoints.kubernetes.io/last-change-trigger-time';
const ZONE = 'topology.kubernetes.io/zone';

type AddressType = 'IPv4' | 'IPv6';
const slices = ownSlices(US);
const measures = sliceMeasures('endpoint_slice_controller', US, 'BETA');
const CHANGED = spread(
  'endpoint_slice_controller_endpointslices_changed_per_sync',
  '[ALPHA] EndpointSlices changed on each Service sync',
  SECONDS,
);
const SYNCS = count('endpoint_slice_controller_syncs', '[ALPHA] Number of EndpointSlice syncs');

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
  queueName: 'endpoint_slice',
  eventSource: 'endpoint-slice-controller',
  watches: [self(service), slices.watch, podsOfServices, zones, shares],
  gauges: (cache) => [
    ...measures.gauges(cache),
    gauge(
      'endpoint_slice_controller_services_count_by_traffic_distribution',
      '[BETA] Number of Services by their trafficDistribution',
      tally(
        cache.list(service).filter((one) => one.spec.trafficDistribution !== undefined && selectorOf(one)),
        (one) => ({ traffic_distribution: one.spec.trafficDistribution ?? '' }),
      ),
    ),
  ],

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
      let changes = 0;
      for (const type of types)
        changes += await write(
          found,
          type,
          { pods, held: held.filter((slice) => slice.addressType === type) },
          context,
        );
      for (const slice of held)
        if (!types.includes(slice.addressType as AddressType)) changes += await drop(slice, context);
      const topology = wantsTopology(found) ? 'Auto' : 'Disabled';
      const traffic_distribution = found.spec.trafficDistribution ?? '';
      CHANGED.observe(context.metrics, changes, { topology, traffic_distribution });
      SYNCS.add(context.metrics, { result: 'success' });
    } catch (error) {
      SYNCS.add(context.metrics, { result: hasReason(error, 'Conflict') ? 'stale' : 'error' });
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

/** Resolves to how many slices it changed. */
async function write(found: Service, type: AddressType, { pods, held }: Inputs, context: Context): Promise<number> {
  const groups = hinted(found, type, { groups: groupByPorts(found, type, pods, context.cache), held }, context);
  // A service that leads nowhere still has a slice, so that nobody takes its absence for a controller that is behind.
  const wanted = groups.length > 0 ? groups : [{ ports: [], endpoints: [] }];
  const used = new Set<EndpointSlice>();
  const fresh: Group[] = [];
  const spare: EndpointSlice[] = [];
  const changed: Filled[] = [];
  const trigger = triggerTime(found, pods);
  let changes = 0;
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
    else changes += await drop(slice, context);
  }
  for (const group of fresh.slice(spare.length)) changes += await create(found, type, group, trigger, context);
  for (const filled of changed) changes += await update(found, filled, context);
  measures.moved(context.metrics, ...movesBetween(held, wanted));
  return changes;
}

async function drop(slice: EndpointSlice, context: Context): Promise<1> {
  await remove(endpointSlice, slice, context);
  measures.changed(context.metrics, 'delete');
  return 1;
}

/** How many endpoints come, and how many go. */
function movesBetween(held: readonly EndpointSlice[], wanted: readonly Group[]): readonly [number, number] {
  const before = new Set(held.flatMap((slice) => (slice.endpoints ?? []).map(identityOf)));
  const after = new Set(wanted.flatMap(({ endpoints }) => endpoints.map(identityOf)));
  const kept = [...after].filter((identity) => before.has(identity)).length;
  return [after.size - kept, before.size - kept];
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
  { api, metrics }: Context,
): Promise<0 | 1> {
  try {
    await api.of(endpointSlice).create(draft(found, type, group, trigger));
    measures.changed(metrics, 'create');
    return 1;
  } catch (error) {
    // It would be refused again and again, for as long as the namespace takes to go.
    if (!isNamespaceTerminating(error)) throw error;
    return 0;
  }
}

/** A slice and what is to be in it. */
interface Filled extends Group {
  readonly slice: EndpointSlice;
  /** When what it tells of came about; undefined where that is as it was. */
  readonly trigger: string | undefined;
}

async function update(
  found: Service,
  { slice, ports, endpoints, trigger }: Filled,
  { api, metrics }: Context,
): Promise<0 | 1> {
  const labels = labelsOf(found);
  const isCurrent =
    equalJson(slice.metadata.labels, labels) &&
    equalJson(slice.ports ?? [], ports) &&
    equalJson(slice.endpoints ?? [], endpoints);
  if (isCurrent) return 0;
  const annotations = { ...slice.metadata.annotations, ...(trigger ? { [TRIGGER_TIME]: trigger } : {}) };
  const metadata = { ...slice.metadata, labels, annotations };
  await api.of(endpointSlice).replace({ ...slice, metadata, ports, endpoints });
  measures.changed(metrics, 'update');
  return 1;
}
