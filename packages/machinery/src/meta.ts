import type { Integer } from './json-text.ts';

/** `namespace/name`, or `name` for a cluster-scoped object. The unit of work of every queue. */
export type Key = string;

/** What the API server keeps about every object (API conventions, "Metadata"). Times are RFC 3339, UTC, seconds. */
export interface ObjectMeta {
  readonly name?: string;
  readonly generateName?: string;
  readonly namespace?: string;
  readonly selfLink?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: Integer;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly deletionGracePeriodSeconds?: Integer;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
  readonly finalizers?: readonly string[];
  readonly managedFields?: readonly ManagedFieldsEntry[];
}

/** Metadata of an object the server has accepted: it has a name, an identity and a version. */
export interface HeldMeta extends ObjectMeta {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly creationTimestamp: string;
}

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

export interface ManagedFieldsEntry {
  readonly manager?: string;
  readonly operation?: string;
  readonly apiVersion?: string;
  readonly time?: string;
  readonly fieldsType?: string;
  readonly fieldsV1?: Readonly<Record<string, unknown>>;
  readonly subresource?: string;
}

export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly LabelSelectorRequirement[];
}

export interface LabelSelectorRequirement {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

export interface ListMeta {
  readonly selfLink?: string;
  readonly resourceVersion?: string;
  readonly continue?: string;
  readonly remainingItemCount?: number;
}

/** Anything the API server serves by name. */
export interface ApiObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: HeldMeta;
}

interface Named {
  readonly metadata: { readonly name?: string; readonly namespace?: string };
}

export const keyOf = ({ metadata }: Named): Key =>
  metadata.namespace ? `${metadata.namespace}/${metadata.name ?? ''}` : (metadata.name ?? '');

export const keyIn = (namespace: string | undefined, name: string): Key => (namespace ? `${namespace}/${name}` : name);

/** Cluster-scoped keys have the empty namespace. */
export function splitKey(key: Key): { readonly namespace: string; readonly name: string } {
  const slash = key.indexOf('/');
  return slash < 0 ? { namespace: '', name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/** The owner that manages this object; every object has at most one. */
export const controllerOf = (object: { readonly metadata: ObjectMeta }): OwnerReference | undefined =>
  object.metadata.ownerReferences?.find((reference) => reference.controller);

export const isControlledBy = (object: { readonly metadata: ObjectMeta }, owner: ApiObject): boolean =>
  controllerOf(object)?.uid === owner.metadata.uid;
