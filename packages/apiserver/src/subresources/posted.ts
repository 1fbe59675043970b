import type { ApiObject, Mutable } from '@navarch/machinery';
import { type ManagedType, managerOf, recorded } from '../registry/field-management.ts';
import { place } from '../registry/incoming.ts';
import { inOrder } from '../registry/meta.ts';
import type { SubresourceContext } from './subresource.ts';

type Meta = ApiObject['metadata'];

/**
 * The metadata of what was posted to be answered and not stored, as answers show it: where it was sent, without what only
 * the server says, and with the record of who sent what. Throws BadRequest where it names another namespace.
 */
export function postedMeta(
  type: ManagedType & { readonly namespaced: boolean },
  sent: Pick<ApiObject, 'metadata'>,
  { call, info, registry }: SubresourceContext,
  keeps: readonly 'uid'[] = [],
): Meta {
  const {
    creationTimestamp: _,
    deletionTimestamp: __,
    deletionGracePeriodSeconds: ___,
    uid,
    ...metadata
  } = sent.metadata;
  const own = (uid && keeps.includes('uid') ? { ...metadata, uid } : metadata) as Mutable<Meta>;
  place(type, own as Parameters<typeof place>[1], info.namespace);
  const managedFields = recorded(type, { ...sent, metadata: own } as unknown as ApiObject, undefined, {
    manager: call.fieldManager ?? managerOf(call.user),
    now: registry.deps.clock.now(),
    subresource: info.subresource,
  });
  const { resourceVersion, ...shown } = inOrder({
    ...own,
    ...(managedFields ? { managedFields } : {}),
  } as Mutable<Meta>);
  return (resourceVersion ? { ...shown, resourceVersion } : shown) as Meta;
}
