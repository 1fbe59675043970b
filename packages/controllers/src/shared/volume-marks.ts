import { persistentVolume, persistentVolumeClaim } from '@navarch/api';
import type { ApiObject, ObjectOf } from '@navarch/machinery';

export type Claim = ObjectOf<typeof persistentVolumeClaim>;
export type Volume = ObjectOf<typeof persistentVolume>;

/** Annotations that binder, scheduler and provisioners tell each other by. */
export const BIND_COMPLETED = 'pv.kubernetes.io/bind-completed';
/** On the side that the controller chose; a side that a person chose stays theirs when the other goes. */
export const BOUND_BY_CONTROLLER = 'pv.kubernetes.io/bound-by-controller';
export const PROVISIONED_BY = 'pv.kubernetes.io/provisioned-by';
export const SELECTED_NODE = 'volume.kubernetes.io/selected-node';
export const STORAGE_PROVISIONER = 'volume.kubernetes.io/storage-provisioner';
/** The former name, which drivers still read. */
export const BETA_STORAGE_PROVISIONER = 'volume.beta.kubernetes.io/storage-provisioner';
const BETA_CLASS = 'volume.beta.kubernetes.io/storage-class';

/** The class that is asked for, or that a volume has; '' is none. */
export const classOf = ({ metadata, spec }: Claim | Volume): string =>
  metadata.annotations?.[BETA_CLASS] ?? spec.storageClassName ?? '';

/** Whether somebody said which class it is to be; '' says that it is to be none. */
export const asksForClass = ({ metadata, spec }: Claim): boolean =>
  metadata.annotations?.[BETA_CLASS] !== undefined || spec.storageClassName !== undefined;

export const isMarked = ({ metadata }: ApiObject, mark: string): boolean => metadata.annotations?.[mark] !== undefined;

/** The object with these annotations; undefined takes one away. The same object where nothing changes. */
export function marked<O extends ApiObject>(object: O, marks: Readonly<Record<string, string | undefined>>): O {
  const { annotations = {} } = object.metadata;
  if (Object.entries(marks).every(([name, value]) => annotations[name] === value)) return object;
  const next = Object.entries({ ...annotations, ...marks }).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return { ...object, metadata: { ...object.metadata, annotations: Object.fromEntries(next) } };
}

/** Whether the volume names this claim, by name; its uid may still be open, but must not be another's. */
export function isFor({ spec: { claimRef } }: Volume, { metadata }: Claim): boolean {
  return (
    claimRef?.name === metadata.name &&
    claimRef.namespace === metadata.namespace &&
    (!claimRef.uid || claimRef.uid === metadata.uid)
  );
}
