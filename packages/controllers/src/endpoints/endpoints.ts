import {
  type EndpointAddress,
  type EndpointPort,
  endpoints,
  type Endpoints,
  type EndpointSubset,
  isReady,
  type Pod,
  service,
  type Service,
} from '@navarch/api';
import { equalJson } from '@navarch/machinery';
import { type Context, type Controller, defineController, self } from '../controller.ts';
import { remove } from '../shared/remove.ts';
import { addressesOf, podsOf, podsOfServices, selectorOf, targetPortOf, triggerTime } from '../shared/service-pods.ts';

const HEADLESS = 'service.kubernetes.io/headless';
const MANAGED_BY = 'endpoints.kubernetes.io/managed-by';
const TRIGGER_TIME = 'endpoints.kubernetes.io/last-change-trigger-time';
const OVER_CAPACITY = 'endpoints.kubernetes.io/over-capacity';
/** Addresses in one Endpoints object; what is beyond is left out and said so by an annotation. */
const ADDRESSES_MAX = 1000;

/** The older view of what slices say, for clients that still read it. */
export const endpointsController: Controller = defineController({
  name: 'endpoints-controller',
  queueName: 'endpoint',
  eventSource: 'endpoint-controller',
  watches: [self(service), self(endpoints), podsOfServices],

  async reconcile(key, context) {
    const found = context.cache.get(service, key);
    const held = context.cache.get(endpoints, key);
    const selector = found && selectorOf(found);
    if (!found) {
      if (held && isOurs(held)) await remove(endpoints, held, context);
      return undefined;
    }
    if (!selector || found.metadata.deletionTimestamp) return undefined;
    const pods = podsOf(found, selector, context.cache).filter(
      (p) => !p.metadata.deletionTimestamp || found.spec.publishNotReadyAddresses,
    );
    const all = subsetsOf(found, pods);
    const subsets = capped(all);
    await write(found, held, { subsets, isOver: all !== subsets, trigger: triggerTime(found, pods) }, context);
    return undefined;
  },
});

/** Made by this controller, here or upstream: those that people write for services without a selector stay. */
const isOurs = (held: Endpoints): boolean => held.metadata.labels?.[MANAGED_BY] === 'endpoint-controller';

interface Address {
  readonly address: EndpointAddress;
  readonly isReady: boolean;
}

/** Addresses with the same ports share a subset; everything is in a fixed order, so that equal is equal. */
function subsetsOf(found: Service, pods: readonly Pod[]): readonly EndpointSubset[] {
  const isIpv6 = (found.spec.ipFamilies?.[0] ?? (found.spec.clusterIP?.includes(':') ? 'IPv6' : 'IPv4')) === 'IPv6';
  const groups = new Map<string, { readonly ports: readonly EndpointPort[]; readonly addresses: Address[] }>();
  for (const p of pods) {
    const ip = addressesOf(p).find((address) => address.includes(':') === isIpv6);
    const ports = portsOf(found, p);
    if (!ip || (ports.length === 0 && (found.spec.ports?.length ?? 0) > 0)) continue;
    const key = JSON.stringify(ports);
    const group = groups.get(key) ?? { ports, addresses: [] };
    groups.set(key, group);
    group.addresses.push({
      address: addressOf(found, p, ip),
      isReady: isReady(p) || found.spec.publishNotReadyAddresses === true,
    });
  }
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { ports, addresses }]) => {
      const sorted = addresses.sort((a, b) => (a.address.ip < b.address.ip ? -1 : 1));
      const ready = sorted.filter((a) => a.isReady).map((a) => a.address);
      const notReady = sorted.filter((a) => !a.isReady).map((a) => a.address);
      return {
        ...(ready.length > 0 ? { addresses: ready } : {}),
        ...(notReady.length > 0 ? { notReadyAddresses: notReady } : {}),
        ...(ports.length > 0 ? { ports } : {}),
      };
    });
}

const portsOf = (found: Service, p: Pod): readonly EndpointPort[] =>
  (found.spec.ports ?? []).flatMap((servicePort) => {
    const port = targetPortOf(servicePort, p);
    if (port === undefined) return [];
    const { name, protocol = 'TCP', appProtocol } = servicePort;
    return [{ ...(name ? { name } : {}), port, protocol, ...(appProtocol ? { appProtocol } : {}) } as EndpointPort];
  });

function addressOf(found: Service, { metadata: { name, namespace, uid }, spec }: Pod, ip: string): EndpointAddress {
  const hasName = spec.hostname && spec.subdomain === found.metadata.name;
  return {
    ip,
    ...(hasName && spec.hostname ? { hostname: spec.hostname } : {}),
    ...(spec.nodeName ? { nodeName: spec.nodeName } : {}),
    targetRef: { kind: 'Pod', ...(namespace ? { namespace } : {}), name, uid },
  };
}

function capped(subsets: readonly EndpointSubset[]): readonly EndpointSubset[] {
  const count = subsets.reduce((sum, s) => sum + (s.addresses?.length ?? 0) + (s.notReadyAddresses?.length ?? 0), 0);
  if (count <= ADDRESSES_MAX) return subsets;
  let room = ADDRESSES_MAX;
  const take = (list: readonly EndpointAddress[] = []): readonly EndpointAddress[] => {
    const taken = list.slice(0, room);
    room -= taken.length;
    return taken;
  };
  const ready = subsets.map((s) => take(s.addresses));
  return subsets.map((s, i) => ({ ...s, addresses: ready[i] ?? [], notReadyAddresses: take(s.notReadyAddresses) }));
}

interface Wanted {
  readonly subsets: readonly EndpointSubset[];
  readonly isOver: boolean;
  readonly trigger: string;
}

async function write(
  found: Service,
  held: Endpoints | undefined,
  { subsets, isOver, trigger }: Wanted,
  { api }: Context,
): Promise<void> {
  const { [HEADLESS]: _, ...own } = found.metadata.labels ?? {};
  const labels = {
    ...own,
    [MANAGED_BY]: 'endpoint-controller',
    ...(found.spec.clusterIP === 'None' ? { [HEADLESS]: '' } : {}),
  };
  const { [OVER_CAPACITY]: __, ...kept } = held?.metadata.annotations ?? {};
  const annotations = { ...kept, [TRIGGER_TIME]: trigger, ...(isOver ? { [OVER_CAPACITY]: 'truncated' } : {}) };
  if (!held) {
    await api.of(endpoints).create({
      metadata: { name: found.metadata.name, namespace: found.metadata.namespace, labels, annotations },
      subsets,
    });
    return;
  }
  const isSame =
    equalJson(held.subsets ?? [], subsets) &&
    equalJson(held.metadata.labels, labels) &&
    (held.metadata.annotations?.[OVER_CAPACITY] !== undefined) === isOver;
  if (!isSame)
    await api.of(endpoints).replace({ ...held, metadata: { ...held.metadata, labels, annotations }, subsets });
}
