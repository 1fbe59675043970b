import {
  csiDriver,
  csiNode,
  csiStorageCapacity,
  deviceClass,
  deviceTaintRule,
  persistentVolume,
  persistentVolumeClaim,
  resourceClaim,
  resourceSlice,
  storageClass,
  volumeAttachment,
} from '@navarch/api';
import type { ApiObject, Kind, ObjectOf } from '@navarch/machinery';
import type { Snapshot } from './snapshot/snapshot.ts';

export const storageKinds: readonly Kind<any>[] = [
  persistentVolumeClaim,
  persistentVolume,
  storageClass,
  csiNode,
  csiDriver,
  csiStorageCapacity,
  volumeAttachment,
];

type Telling = (snapshot: Snapshot, current: any, previous: any) => void;

const classChanged = (
  snapshot: Snapshot,
  current: ObjectOf<typeof deviceClass> | undefined,
  previous: ObjectOf<typeof deviceClass> | undefined,
): void => {
  if (current?.spec.extendedResourceName !== previous?.spec.extendedResourceName || !current || !previous)
    snapshot.classesChanged();
  snapshot.devices.rulesChanged();
};

/** What a snapshot keeps of other kinds than nodes and pods, and how it learns that they changed. */
const tellings: ReadonlyMap<Kind<any>, Telling> = new Map<Kind<any>, Telling>([
  [persistentVolumeClaim, ({ storage }, current, previous) => storage.claimChanged(current, previous)],
  [persistentVolume, ({ storage }, current, previous) => storage.volumeChanged(current, previous)],
  [storageClass, ({ storage }, current, previous) => storage.classChanged(current, previous)],
  [csiNode, ({ storage }, current, previous) => storage.driversChanged(current, previous)],
  [volumeAttachment, ({ storage }, current, previous) => storage.attachmentChanged(current, previous)],
  [resourceClaim, (snapshot, current, previous) => snapshot.devices.claimChanged(current, previous)],
  [resourceSlice, (snapshot, current, previous) => snapshot.devices.sliceChanged(current, previous)],
  [deviceClass, classChanged],
  [deviceTaintRule, (snapshot) => snapshot.devices.rulesChanged()],
]);

/** To be told when `snapshot.objects` shows it; undefined: there is none now, or was none before. */
export const objectChanged = (
  kind: Kind<any>,
  snapshot: Snapshot,
  current: ApiObject | undefined,
  previous: ApiObject | undefined,
): void => tellings.get(kind)?.(snapshot, current, previous);
