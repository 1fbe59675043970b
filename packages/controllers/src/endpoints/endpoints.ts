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
import { type Reachable, repackSubsets } from '../shared/repack-subsets.ts';
import { addressesOf, podsOf, podsOfServices, selectorOf, targetPortOf, triggerTime } from '../shared/service-pods.ts';
import { capped } from './capacity.ts';

const HEADLESS = 'service.kubernetes.io/headless';
const MANAGED_BY = 'endpoints.kubernetes.io/managed-by';
const TRIGGER_TIME = 'endpoints.kubernetes.io/last-change-trigger-time';
const OVER_CAPACITY = 'endpoints.kubernetes.io/over-capacity';

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

function subsetsOf(found: Service, pods: readonly Pod[]): readonly EndpointSubset[] {
  const isIpv6 = (found.spec.ipFamilies?.[0] ?? (found.spec.clusterIP?.includes(':') ? 'IPv6' : 'IPv4')) === 'IPv6';
  const reachable: Reachable[] = [];
  for (const p of pods) {
    const ip = addressesOf(p).find((address) => address.includes(':') === isIpv6);
    const ports = portsOf(found, p);
    if (!ip || (ports.length === 0 && (found.spec.ports?.length ?? 0) > 0)) continue;
    reachable.push({
      ports,
      address: addressOf(found, p, ip),
      isReady: isReady(p) || found.spec.publishNotReadyAddresses === true,
    });
  }
  return repackSubsets(reachable);
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
