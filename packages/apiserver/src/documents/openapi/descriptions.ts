import type { FieldSchema, ObjectSchema } from '@navarch/machinery';

const OBJECT_META = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';

/** What every object has. */
const ofObjects: Readonly<Record<string, string>> = {
  apiVersion:
    'APIVersion defines in which group and version this object is written, as GROUP/VERSION; the core group has the version alone.',
  kind: 'Kind is the name of what this object is, in CamelCase. It cannot be changed.',
  metadata: "Standard object's metadata.",
};

const ofMetadata: Readonly<Record<string, string>> = {
  annotations:
    'Annotations are any texts by keys that tools and people keep with the object. They cannot be selected by.',
  creationTimestamp:
    'CreationTimestamp is a timestamp of the moment when the server made the object. Set by the server.',
  deletionGracePeriodSeconds:
    'DeletionGracePeriodSeconds is how long the object may take to end after its deletion was asked for. Set by the server.',
  deletionTimestamp:
    'DeletionTimestamp is the moment after which the object is to be gone. Set by the server when deletion is asked for; it cannot be taken back.',
  finalizers:
    'Finalizers name who must still clean up before the object may go; each takes its own entry away when it is done.',
  generateName: 'GenerateName begins the name that the server makes up where none is given.',
  generation: 'Generation counts the changes to what is wanted of the object. Set by the server.',
  labels: 'Labels are texts by keys by which objects are grouped and selected.',
  managedFields: 'ManagedFields says who set which fields of the object. Kept by the server for server-side apply.',
  name: 'Name is unlike that of every other object of the kind in the namespace. It cannot be changed.',
  namespace:
    'Namespace is the space that the name is unique in; empty for kinds that belong to the whole cluster. It cannot be changed.',
  ownerReferences:
    'OwnerReferences are the objects that this one depends on: when all of them are gone, it is collected.',
  resourceVersion:
    'ResourceVersion tells states of the object apart. Clients give it back unchanged so that they change what they have seen.',
  selfLink: 'SelfLink is no longer set.',
  uid: 'UID is unlike that of every object there ever was, also of one with the same name. Set by the server.',
};

/** What metadata's fields are, for tables that show them. */
export const describedMetadata = (name: 'name' | 'creationTimestamp'): string => ofMetadata[name] ?? '';

/** What `kubectl explain` says of a field; undefined: nothing. */
export function descriptionOf(of: ObjectSchema, { name }: FieldSchema): string | undefined {
  if (of.name === OBJECT_META) return ofMetadata[name];
  const isObject = of.field('apiVersion') !== undefined && of.field('metadata')?.schema.type === 'object';
  return isObject && Object.hasOwn(ofObjects, name) ? ofObjects[name] : undefined;
}
