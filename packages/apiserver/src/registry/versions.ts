import { type ApiObject, DecodeError, type InVersion } from '@navarch/machinery';
import { ownFault } from './own-fault.ts';
import type { Resource } from './resource.ts';

/**
 * Objects of a resource in its other versions, to tell what of them a write changes. What somebody else has to be asked
 * to convert is taken as it is.
 */
export const inVersionsOf =
  (resource: Resource<any>): InVersion =>
  (object, apiVersion) => {
    const { kind, registry } = resource;
    const other = registry.find(apiVersion, kind.plural);
    if (!other || other.kind.storagePrefix !== kind.storagePrefix) return undefined;
    const converted = inOther(resource, other, object as unknown as ApiObject);
    return converted
      ? { object: converted as unknown as typeof object, schema: other.kind.schema }
      : { object, schema: kind.schema };
  };

/** Throws where somebody owns fields of the object in a version that its definition has no more: no apply goes past that, as upstream. */
export function checkVersionsOfOwners({ shelf }: Resource<any>, { metadata }: ApiObject): void {
  for (const { apiVersion = '' } of metadata.managedFields ?? [])
    if (shelf.lacksVersion(apiVersion))
      throw ownFault(`request to convert CR to an invalid group/version: ${apiVersion}`);
}

function inOther(own: Resource<any>, other: Resource<any>, object: ApiObject): ApiObject | undefined {
  try {
    if (own.shelf !== other.shelf) return other.shelf.adoptedNow(object);
    const { hub } = own.kind;
    return other.view(hub ? (hub.kind.decode(hub.toHub(object)).value as unknown as ApiObject) : object);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return undefined;
  }
}
