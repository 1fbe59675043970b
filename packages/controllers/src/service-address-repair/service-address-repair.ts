import {
  addressRange,
  canonicalAddress,
  holdsAddress,
  IP_ALLOCATOR,
  IP_MANAGED_BY,
  type IPAddress,
  ipAddress,
  ipFamilyOf,
  isAddressOf,
  service,
  type Service,
  serviceAddressDraft,
  serviceAddresses,
  serviceCIDR,
} from '@navarch/api';
import type { Api } from '@navarch/client';
import { type ApiObject, hasReason, type Key, keyIn, keyOf, type Kind } from '@navarch/machinery';
import { type Context, type Controller, defineController, type Outcome, self, type Watch } from '../controller.ts';
import { count } from '../shared/measure.ts';
import { remove } from '../shared/remove.ts';

/** So long an address may be without its service: whoever allocated it may be about to make that. */
const GRACE_MS = 60_000;
/** Upstream's looks at everything so often. Addresses that are wrong are said to be so again and again. */
const INTERVAL_MS = 3 * 60_000;

const ERRORS = count(
  'apiserver_clusterip_repair_ip_errors_total',
  '[ALPHA] Number of errors detected on clusterips by the repair loop broken down by type of error: leak, repair, full, outOfRange, duplicate, unknown, invalid',
);
const FAILURES = count(
  'apiserver_clusterip_repair_reconcile_errors_total',
  '[ALPHA] Number of reconciliation failures on the clusterip repair reconcile loop',
);
/** Upstream's words for what is wrong, by the reason of the event. */
const TYPES = {
  ClusterIPNotValid: 'invalid',
  ClusterIPOutOfRange: 'outOfRange',
  ClusterIPAlreadyAllocated: 'duplicate',
  ClusterIPNotAllocated: 'repair',
} as const;

/** An address that changed or went is looked at, and so is the service that has it, or had. */
const addresses: Watch<IPAddress> = {
  kind: ipAddress,
  *keys({ current, previous }) {
    if (current) yield keyOf(current);
    for (const object of [current, previous]) {
      const parent = object?.spec.parentRef;
      if (parent?.resource === 'services' && !parent.group) yield keyIn(parent.namespace, parent.name);
    }
  },
};

/** A service that gave up an address left it to nobody. */
const services: Watch<Service> = {
  kind: service,
  *keys({ current, previous }) {
    for (const object of [current, previous]) if (object) yield* serviceAddresses(object);
  },
};

/**
 * Keeps services and the IPAddress objects of their addresses together (KEP-1880). The API server writes both at once,
 * so that there is something to do only where people wrote or removed the objects, or where they come from a version
 * that had none. Keys with a slash are those of services.
 */
export const serviceAddressRepairController: Controller = defineController({
  name: 'ipallocator-repair-controller',
  watches: [self(service), services, addresses],
  reads: [serviceCIDR],
  async reconcile(key, context) {
    try {
      return await (key.includes('/') ? repairService(key, context) : repairAddress(key, context));
    } catch (error) {
      FAILURES.add(context.metrics);
      throw error;
    }
  },
});

async function repairService(key: Key, context: Context): Promise<Outcome> {
  const known = context.cache.get(service, key);
  if (!known || known.spec.type === 'ExternalName') return undefined;
  let isWrong = false;
  for (const address of known.spec.clusterIPs ?? []) {
    if (address !== 'None' && !(await isRepaired(known, address, context))) isWrong = true;
  }
  return isWrong ? { requeueAfterMs: INTERVAL_MS } : undefined;
}

/** False for what nobody but its owner can put right. */
async function isRepaired(holder: Service, given: string, context: Context): Promise<boolean> {
  const { cache, events, metrics } = context;
  const address = canonicalAddress(given);
  const warn = (reason: keyof typeof TYPES, message: string, action = 'ClusterIPAllocation'): void => {
    ERRORS.add(metrics, { type: TYPES[reason] });
    events.record(holder, { type: 'Warning', reason, message, action });
  };
  if (address === undefined) {
    warn('ClusterIPNotValid', `Cluster IP ${given} is not a valid IP; please recreate Service`, 'ClusterIPValidation');
    return false;
  }
  const family = ipFamilyOf(address);
  if (!isInRange(address, context)) {
    warn(
      'ClusterIPOutOfRange',
      `Cluster IP [${family}]: ${address} is not within any configured Service CIDR; please recreate service`,
    );
    return false;
  }
  const object = cache.get(ipAddress, address);
  if (object && isAddressOf(object, holder)) return true;
  const now = await readWith(holder, address, context.api);
  if (now === 'moved' || (now && isAddressOf(now, holder))) return true;
  const other = now && (await holderOf(now, context.api));
  if (other && serviceAddresses(other).includes(address)) {
    warn(
      'ClusterIPAlreadyAllocated',
      `Cluster IP [${family}]:${address} was assigned to multiple services; please recreate service`,
    );
    return false;
  }
  if (now) {
    const { namespace, name } = holder.metadata;
    warn(
      'ClusterIPNotAllocated',
      `the ClusterIP [${family}]: ${address} for Service ${namespace}/${name} has a wrong reference; repairing`,
    );
    await remove(ipAddress, now, context);
  } else warn('ClusterIPNotAllocated', `Cluster IP [${family}]: ${address} is not allocated; repairing`);
  await context.api.of(ipAddress).create(serviceAddressDraft(address, holder));
  return true;
}

function isInRange(address: string, { cache }: Context): boolean {
  const cidrs = cache.list(serviceCIDR).flatMap(({ spec }) => spec.cidrs ?? []);
  return cidrs.some((text) => {
    const range = addressRange(text);
    return range !== undefined && holdsAddress(range, address);
  });
}

/** Removes an address of ours that no service has. */
async function repairAddress(key: Key, context: Context): Promise<Outcome> {
  const { cache, clock, events, api, metrics } = context;
  const known = cache.get(ipAddress, key);
  if (known?.metadata.labels?.[IP_MANAGED_BY] !== IP_ALLOCATOR) return undefined;
  const { parentRef } = known.spec;
  const warn = (type: 'unknown' | 'leak' | 'repair', message: string): void => {
    ERRORS.add(metrics, { type });
    events.record(known, { type: 'Warning', reason: 'IPAddressNotAllocated', message, action: 'IPAddressAllocation' });
  };
  if (parentRef?.resource !== 'services' || parentRef.group) {
    warn(
      'unknown',
      `IPAddress ${key} appears to have been modified, not referencing a Service ${JSON.stringify(parentRef)}: cleaning up`,
    );
    await remove(ipAddress, known, context);
    return undefined;
  }
  const cached = cache.get(service, keyIn(parentRef.namespace, parentRef.name));
  if (cached && serviceAddresses(cached).includes(key)) return undefined;
  const restMs = Date.parse(known.metadata.creationTimestamp ?? '') + GRACE_MS - clock.now();
  if (restMs > 0) return { requeueAfterMs: restMs };
  const holder = await holderOf(known, api);
  if (holder && serviceAddresses(holder).includes(key)) return undefined;
  const place = `${parentRef.namespace}/${parentRef.name}`;
  warn(
    holder ? 'repair' : 'leak',
    holder
      ? `IPAddress: ${key} for Service ${place} has a wrong reference; cleaning up`
      : `IPAddress: ${key} for Service ${place} appears to have leaked: cleaning up`,
  );
  await remove(ipAddress, known, context);
  return undefined;
}

/**
 * The object of an address as it is while the service is as we know it. The caches of two kinds are not of one moment,
 * nor are two reads, unless what was read first has not moved after the second.
 */
async function readWith(holder: Service, address: string, api: Api): Promise<IPAddress | undefined | 'moved'> {
  const found = await read(api, ipAddress, address);
  const after = await read(api, service, keyOf(holder));
  return after?.metadata.resourceVersion === holder.metadata.resourceVersion ? found : 'moved';
}

async function holderOf({ spec: { parentRef } }: IPAddress, api: Api): Promise<Service | undefined> {
  if (parentRef?.resource !== 'services' || parentRef.group) return undefined;
  return read(api, service, keyIn(parentRef.namespace, parentRef.name));
}

async function read<O extends ApiObject>(api: Api, kind: Kind<O>, key: Key): Promise<O | undefined> {
  try {
    return await api.of(kind).get(key);
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error;
    return undefined;
  }
}
