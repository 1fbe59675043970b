import {
  type IPAddress,
  ipAddress,
  isAddressOf,
  serviceAddressDraft,
  serviceAddresses,
  type Service,
} from '@navarch/api';
import { randomUid } from '@navarch/base';
import { type ApiObject, apiVersionOf } from '@navarch/machinery';
import type { Operation } from '@navarch/store';
import { recorded } from '../registry/field-management.ts';
import { inOrder, timestamp } from '../registry/meta.ts';
import type { Registry } from '../registry/registry.ts';

/**
 * What happens to IPAddress objects when `next` takes the place of `previous`, to be done in the same transaction:
 * neither is ever without the other (KEP-1880).
 */
export function addressChanges(
  registry: Registry,
  next: Service | undefined,
  previous: Service | undefined,
): readonly Operation[] {
  const [wanted, held] = [next ? serviceAddresses(next) : [], previous ? serviceAddresses(previous) : []];
  const { shelf } = registry.of(ipAddress);
  const made = wanted
    .filter((address) => !held.includes(address))
    .map((address) => shelf.creation(shelf.keyOf('', address), objectOf(registry, address, next as Service)));
  const released = held
    .filter((address) => !wanted.includes(address))
    .flatMap((address) => {
      const cached = shelf.cache.get(shelf.keyOf('', address));
      return cached && isAddressOf(cached.object as unknown as IPAddress, previous as Service)
        ? [shelf.removal(cached)]
        : [];
    });
  return [...made, ...released];
}

function objectOf(registry: Registry, address: string, holder: Service): ApiObject {
  const { clock, random } = registry.deps;
  const now = clock.now();
  const {
    metadata: { name, labels },
    spec,
  } = serviceAddressDraft(address, holder);
  const metadata = inOrder({
    name,
    uid: randomUid(random),
    resourceVersion: '',
    creationTimestamp: timestamp(now),
    labels,
  });
  const object = { apiVersion: apiVersionOf(ipAddress), kind: ipAddress.kind, metadata, spec } as unknown as ApiObject;
  const managedFields = recorded(ipAddress, object, undefined, { manager: 'kube-apiserver', now, subresource: '' });
  return {
    ...object,
    metadata: inOrder({ ...metadata, ...(managedFields ? { managedFields } : {}) }),
  } as unknown as ApiObject;
}
