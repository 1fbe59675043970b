import { endpointSlice, type EndpointSlice, service } from '@navarch/api';
import { type Api, type Cache, type CacheIndex, defineIndex } from '@navarch/client';
import { type ApiObject, hasReason, keyIn, keyOf, type Kind } from '@navarch/machinery';
import { includes, isOf, MANAGED_BY, managerOf, nameOfService, objectsOf } from './addresses.ts';
import type { Gateway } from './objects.ts';
import type { OwnPort } from './translate.ts';

const ours: CacheIndex<any> = defineIndex<any>((slice) => [slice.metadata.labels?.[MANAGED_BY] ?? '']);

type Reader = Pick<Cache, 'get' | 'find'>;

/** Slices of Gateways' services. */
export const ownSlices = (cache: Reader): readonly EndpointSlice[] => cache.find(endpointSlice, ours, managerOf());

/** What a Gateway of ours has been given; a sentence: why it cannot have an address of its own. */
export function ownAddressesOf(cache: Reader, gateway: Gateway): readonly string[] | string {
  const key = keyIn(gateway.metadata.namespace ?? '', nameOfService(gateway));
  const found = cache.get(service, key);
  if (!found) return [];
  if (!isOf(gateway, found)) return `service "${key}" is there and is not of this Gateway`;
  return (found.status.loadBalancer.ingress ?? []).flatMap(({ ip }) => (ip === undefined ? [] : [ip]));
}

export interface AddressSubject {
  readonly api: Pick<Api, 'of'>;
  readonly cache: Reader;
  /** Gateways that have addresses of their own. */
  readonly gateways: readonly Gateway[];
  readonly ports: ReadonlyMap<OwnPort, number>;
  /** Where the engine listens. */
  readonly machine: string;
}

/** Makes services of Gateways what they have to be, and takes away those of Gateways that are reached otherwise now. */
export async function keepAddresses(subject: AddressSubject, signal: AbortSignal): Promise<void> {
  const { api, cache, gateways, ports, machine } = subject;
  const wanted = new Set(gateways.map((one) => keyIn(one.metadata.namespace ?? '', nameOfService(one))));
  for (const gateway of gateways) {
    const own = [...ports].flatMap(([place, engine]) =>
      place.gateway === gateway ? [[place.port, engine] as const] : [],
    );
    if (own.length === 0 || typeof ownAddressesOf(cache, gateway) === 'string') continue;
    const objects = objectsOf(gateway, own, machine);
    signal.throwIfAborted();
    // The port is known before anybody sends there.
    await ensure({ api, cache, kind: endpointSlice }, objects.slice as Partial<ApiObject>);
    await ensure({ api, cache, kind: service }, objects.service as Partial<ApiObject>);
  }
  for (const slice of ownSlices(cache)) {
    const key = keyOf(slice);
    if (wanted.has(key) || slice.metadata.deletionTimestamp) continue;
    signal.throwIfAborted();
    const [owner] = slice.metadata.ownerReferences ?? [];
    const held = cache.get(service, key);
    if (held?.metadata.ownerReferences?.some(({ uid }) => uid === owner?.uid)) await remove(api, service, held);
    await remove(api, endpointSlice, slice);
  }
}

interface Place {
  readonly api: Pick<Api, 'of'>;
  readonly cache: Reader;
  readonly kind: Kind<any>;
}

async function ensure({ api, cache, kind }: Place, wanted: Partial<ApiObject>): Promise<void> {
  const { namespace = '', name = '' } = wanted.metadata ?? {};
  const key = keyIn(namespace, name);
  const held = cache.get(kind, key);
  if (held && includes(held, wanted)) return;
  try {
    if (held) await api.of(kind).patch(key, { type: 'merge', body: wanted });
    else await api.of(kind).create(wanted);
  } catch (error) {
    // Another was faster, or it has gone: what is then there is looked at when it is seen.
    if (!hasReason(error, 'AlreadyExists') && !hasReason(error, 'NotFound')) throw error;
  }
}

async function remove(api: Pick<Api, 'of'>, kind: Kind<any>, object: ApiObject): Promise<void> {
  try {
    await api.of(kind).delete(keyOf(object), { preconditions: { uid: object.metadata.uid ?? '' } });
  } catch (error) {
    if (!hasReason(error, 'NotFound') && !hasReason(error, 'Conflict')) throw error;
  }
}
