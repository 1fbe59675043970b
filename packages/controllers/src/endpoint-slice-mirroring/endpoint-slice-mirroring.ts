import {
  type Endpoint,
  type EndpointAddress,
  type EndpointPort,
  endpoints,
  type Endpoints,
  endpointSlice,
  type EndpointSlice,
  type EndpointSlicePort,
  type EndpointSubset,
  service,
} from '@navarch/api';
import { exponential } from '@navarch/base';
import { controllerReference, equalJson } from '@navarch/machinery';
import { type Context, type Controller, defineController, self } from '../controller.ts';
import { spread } from '../shared/measure.ts';
import { MANAGED_BY, ownSlices, SERVICE_NAME } from '../shared/own-slices.ts';
import { messageOf } from '../shared/pods.ts';
import { remove } from '../shared/remove.ts';
import { repackSubsets } from '../shared/repack-subsets.ts';
import { ENDPOINTS, sliceMeasures } from '../shared/slice-measures.ts';

const US = 'endpointslicemirroring-controller.k8s.io';
const SKIP = 'endpointslice.kubernetes.io/skip-mirror';
/** On Endpoints that are not places to send to but the lock of an election. */
const LEADER = 'control-plane.alpha.kubernetes.io/leader';
/** Annotations that speak of the Endpoints object itself. */
const UNSHARED = [
  'endpoints.kubernetes.io/last-change-trigger-time',
  'kubectl.kubernetes.io/last-applied-configuration',
];
/** Addresses of one subset that are mirrored; what is beyond is left out, and an event says so (KEP-752). */
const ADDRESSES_MAX = 1000;

const slices = ownSlices(US);
const SUBSYSTEM = 'endpoint_slice_mirroring_controller';
const measures = sliceMeasures(SUBSYSTEM, US, 'ALPHA');
const SKIPPED = spread(
  `${SUBSYSTEM}_addresses_skipped_per_sync`,
  '[ALPHA] Addresses that were not mirrored on each sync, for being too many',
  ENDPOINTS,
);
const UPDATED = spread(`${SUBSYSTEM}_endpoints_updated_per_sync`, '[ALPHA] Endpoints updated on each sync', ENDPOINTS);
const SYNC_SECONDS = spread(
  `${SUBSYSTEM}_endpoints_sync_duration`,
  '[ALPHA] How long a look at Endpoints took, in seconds',
  exponential(0.001, 2, 15),
);

/** Slices of what people say themselves in Endpoints of services without a selector: whoever routes reads slices alone. */
export const endpointSliceMirroringController: Controller = defineController({
  name: 'endpointslice-mirroring-controller',
  queueName: 'endpoint_slice_mirroring',
  eventSource: 'endpoint-slice-mirroring-controller',
  watches: [self(endpoints), self(service), slices.watch],
  gauges: (cache) => measures.gauges(cache),

  async reconcile(key, context) {
    const held = slices.of(key, context.cache);
    const mirrored = context.cache.get(endpoints, key);
    const found = context.cache.get(service, key);
    const isWanted = mirrored && isMirrored(mirrored) && found && !found.spec.selector;
    if (!isWanted) {
      for (const slice of held) await drop(slice, context);
      return undefined;
    }
    const beganMs = context.clock.monotonic();
    try {
      await write(mirrored, held, context);
    } catch (error) {
      const message = `Error updating mirrored Endpoint Slices for Endpoints ${key}: ${messageOf(error)}`;
      context.events.record(mirrored, { type: 'Warning', reason: 'FailedToUpdateEndpointSlices', message });
      throw error;
    } finally {
      SYNC_SECONDS.observe(context.metrics, (context.clock.monotonic() - beganMs) / 1000);
    }
    return undefined;
  },
});

async function drop(slice: EndpointSlice, context: Context): Promise<void> {
  await remove(endpointSlice, slice, context);
  measures.changed(context.metrics, 'delete');
}

const isMirrored = ({ metadata: { labels, annotations, deletionTimestamp } }: Endpoints): boolean =>
  !deletionTimestamp && labels?.[SKIP] !== 'true' && annotations?.[LEADER] === undefined;

interface Wanted {
  readonly addressType: 'IPv4' | 'IPv6';
  readonly ports: readonly EndpointSlicePort[];
  readonly endpoints: Endpoint[];
}

async function write(mirrored: Endpoints, held: readonly EndpointSlice[], context: Context): Promise<void> {
  const { metadata } = mirrored;
  const labels = { ...metadata.labels, [SERVICE_NAME]: metadata.name, [MANAGED_BY]: US };
  const annotations = Object.fromEntries(
    Object.entries(metadata.annotations ?? {}).filter(([name]) => !UNSHARED.includes(name)),
  );
  const left = new Set(held);
  const api = context.api.of(endpointSlice);
  const all = wantedSlices(mirrored, context);
  for (const wanted of all) {
    const mine = [...left].find(
      (slice) => slice.addressType === wanted.addressType && equalJson(slice.ports ?? [], wanted.ports),
    );
    if (!mine) {
      const ownerReferences = [controllerReference(endpoints, mirrored)];
      const { namespace, name } = metadata;
      await api.create({
        metadata: { generateName: `${name}-`, namespace, labels, annotations, ownerReferences },
        ...wanted,
      });
      measures.changed(context.metrics, 'create');
      continue;
    }
    left.delete(mine);
    const isSame =
      equalJson(mine.endpoints ?? [], wanted.endpoints) &&
      equalJson(mine.metadata.labels, labels) &&
      equalJson(mine.metadata.annotations ?? {}, annotations);
    if (isSame) continue;
    await api.replace({ ...mine, metadata: { ...mine.metadata, labels, annotations }, endpoints: wanted.endpoints });
    measures.changed(context.metrics, 'update');
  }
  for (const slice of left) await drop(slice, context);
  countMoves(held, all, context);
}

function countMoves(held: readonly EndpointSlice[], wanted: readonly Wanted[], { metrics }: Context): void {
  const before = new Map(held.flatMap((slice) => (slice.endpoints ?? []).map((one) => [one.addresses[0], one])));
  const after = wanted.flatMap((slice) => slice.endpoints);
  const kept = after.filter(({ addresses: [address] }) => before.has(address));
  measures.moved(metrics, after.length - kept.length, before.size - kept.length);
  UPDATED.observe(metrics, kept.filter((one) => !equalJson(one, before.get(one.addresses[0]))).length);
}

/** A slice for each family of addresses and set of ports. */
function wantedSlices(mirrored: Endpoints, { events, metrics }: Context): readonly Wanted[] {
  const all = new Map<string, Wanted>();
  let skipped = 0;
  for (const { addresses: ready = [], notReadyAddresses: notReady = [], ports: offered = [] } of repacked(mirrored)) {
    const ports = offered.map(portOf);
    const addresses = [
      ...ready.map((address) => endpointOf(address, true)),
      ...notReady.map((address) => endpointOf(address, false)),
    ];
    skipped += Math.max(0, addresses.length - ADDRESSES_MAX);
    for (const endpoint of addresses.slice(0, ADDRESSES_MAX)) {
      const addressType = endpoint.addresses[0]?.includes(':') ? 'IPv6' : 'IPv4';
      const key = JSON.stringify([addressType, ports]);
      const wanted = all.get(key) ?? { addressType, ports, endpoints: [] };
      all.set(key, wanted);
      wanted.endpoints.push(endpoint);
    }
  }
  SKIPPED.observe(metrics, skipped);
  if (skipped > 0) {
    const message = `A max of ${ADDRESSES_MAX} addresses can be mirrored to EndpointSlices per Endpoints subset. ${skipped} addresses were skipped`;
    events.record(mirrored, { type: 'Warning', reason: 'TooManyAddressesToMirror', message });
  }
  return [...all.values()];
}

/** Subsets that somebody wrote apart are mirrored as Endpoints of a controller are written: what is in two is there once. */
const repacked = ({ subsets = [] }: Endpoints): readonly EndpointSubset[] =>
  repackSubsets(
    subsets.flatMap(({ addresses = [], notReadyAddresses = [], ports = [] }) => [
      ...addresses.map((address) => ({ address, isReady: true, ports })),
      ...notReadyAddresses.map((address) => ({ address, isReady: false, ports })),
    ]),
  );

const portOf = ({ name = '', port, protocol = 'TCP', appProtocol }: EndpointPort): EndpointSlicePort => ({
  name,
  protocol,
  port,
  ...(appProtocol ? { appProtocol } : {}),
});

const endpointOf = ({ ip, hostname, nodeName, targetRef }: EndpointAddress, isReady: boolean): Endpoint => ({
  addresses: [ip],
  conditions: { ready: isReady },
  ...(hostname ? { hostname } : {}),
  ...(targetRef ? { targetRef } : {}),
  ...(nodeName ? { nodeName } : {}),
});
