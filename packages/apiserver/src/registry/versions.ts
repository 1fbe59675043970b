import { type ApiObject, DecodeError, type InVersion } from '@navarch/machinery';
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
