import { dnsSubdomainErrors, equalJson, type Field, type Kind, qualifiedNameErrors } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { quantityNotNegative } from '../../checks/quantities.ts';
import { labelSelector } from '../../checks/selectors.ts';
import { shown } from '../../checks/shown.ts';
import { declaredValue, each, IMMUTABLE, named, notNegative, supportedValue, unchanged } from '../../checks/values.ts';
import { columnsOf } from '../../columns.ts';
import { driverName } from '../../core/v1/volume-sources.ts';
import type { CSIDriver, CSINode, CSINodeDriver, CSIStorageCapacity } from '../../generated/types/storage-v1.ts';

const TOKEN_SECONDS_MIN = 600;
const TOKEN_SECONDS_MAX = 2 ** 32;
const UPDATE_SECONDS_MIN = 10;
const NODE_ID_MAX = 256;
/** Upstream calls the field by another name in what it says of it. */
const ATTACH_REQUIRED = 'attachedRequired';

export const csiDriver: Kind<CSIDriver> = builtIn<CSIDriver>('storage.k8s.io/v1.CSIDriver', {
  columns: columnsOf('storage.k8s.io/CSIDriver', {
    AttachRequired: (d) => d.spec.attachRequired ?? true,
    PodInfoOnMount: (d) => d.spec.podInfoOnMount ?? false,
    StorageCapacity: (d) => d.spec.storageCapacity ?? false,
    TokenRequests: (d) => (d.spec.tokenRequests ?? []).map((request) => request.audience).join(',') || '<unset>',
    RequiresRepublish: (d) => d.spec.requiresRepublish ?? false,
    Modes: (d) => (d.spec.volumeLifecycleModes ?? []).join(',') || '<none>',
  }),
  behaviour: {
    answersDeletion: true,
    updatesUnconditionally: false,
    desired: false,
    complete({ spec }) {
      spec.attachRequired ??= true;
      spec.podInfoOnMount ??= false;
      spec.storageCapacity ??= false;
      spec.fsGroupPolicy ??= 'ReadWriteOnceWithFSType';
      if (!spec.volumeLifecycleModes?.length) spec.volumeLifecycleModes = ['Persistent'];
      spec.requiresRepublish ??= false;
      spec.seLinuxMount ??= false;
    },
    validate: (d, at) => validateDriver(d.spec, at.at('spec')),
    validateUpdate({ spec }, previous, at) {
      unchanged(spec.attachRequired, previous.spec.attachRequired, at.at('spec', ATTACH_REQUIRED));
      unchanged(spec.volumeLifecycleModes, previous.spec.volumeLifecycleModes, at.at('spec', 'volumeLifecycleModes'));
    },
  },
});

function validateDriver(spec: CSIDriver['spec'], at: Field): void {
  if (spec.attachRequired === undefined) at.at(ATTACH_REQUIRED).required();
  if (spec.podInfoOnMount === undefined) at.at('podInfoOnMount').required();
  if (spec.storageCapacity === undefined) at.at('storageCapacity').required();
  if (spec.fsGroupPolicy !== undefined)
    supportedValue(spec.fsGroupPolicy, ['File', 'None', 'ReadWriteOnceWithFSType'], at.at('fsGroupPolicy'));
  const audiences = new Set<string>();
  each(spec.tokenRequests, at.at('tokenRequests'), ({ audience, expirationSeconds: seconds }, here) => {
    if (audiences.has(audience)) return here.at('audience').duplicate(audience);
    audiences.add(audience);
    if (seconds === undefined) return;
    if (seconds < TOKEN_SECONDS_MIN)
      here.at('expirationSeconds').invalid(seconds, 'may not specify a duration less than 10 minutes');
    if (seconds > TOKEN_SECONDS_MAX)
      here.at('expirationSeconds').invalid(seconds, 'may not specify a duration larger than 2^32 seconds');
  });
  for (const mode of spec.volumeLifecycleModes ?? [])
    declaredValue(mode, ['Persistent', 'Ephemeral'], at.at('volumeLifecycleModes'));
  if (spec.seLinuxMount === undefined) at.at('seLinuxMount').required();
  const update = spec.nodeAllocatableUpdatePeriodSeconds;
  if (update !== undefined && update < UPDATE_SECONDS_MIN) {
    at.at('nodeAllocatableUpdatePeriodSeconds').invalid(
      update,
      `must be greater than or equal to ${UPDATE_SECONDS_MIN} seconds`,
    );
  }
}

export const csiNode: Kind<CSINode> = builtIn<CSINode>('storage.k8s.io/v1.CSINode', {
  columns: columnsOf('storage.k8s.io/CSINode', { Drivers: (n) => n.spec.drivers?.length ?? 0 }),
  behaviour: {
    answersDeletion: true,
    updatesUnconditionally: false,
    desired: false,
    validate({ spec }, at) {
      const names = new Set<string>();
      each(spec.drivers, at.at('spec', 'drivers'), (driver, here) => {
        validateNodeDriver(driver, here);
        if (names.has(driver.name)) here.at('name').duplicate(driver.name);
        names.add(driver.name);
      });
    },
    validateUpdate(next, previous, at) {
      for (const driver of previous.spec.drivers ?? []) {
        const same = next.spec.drivers?.find((other) => other.name === driver.name);
        // Only what a driver can hold may become known or change; who it is stays.
        if (same && !equalJson({ ...same, allocatable: undefined }, { ...driver, allocatable: undefined })) {
          at.at('spec', 'drivers').invalid(shown('storage.v1.CSINodeDriver', same), IMMUTABLE);
        }
      }
    },
  },
});

function validateNodeDriver({ name, nodeID, topologyKeys, allocatable }: CSINodeDriver, at: Field): void {
  driverName(name, at.at('name'));
  if (!nodeID) at.at('nodeID').required();
  else if (nodeID.length > NODE_ID_MAX) at.at('nodeID').invalid(nodeID, `must be ${NODE_ID_MAX} characters or less`);
  notNegative(allocatable?.count, at.at('allocatable', 'count'));
  const keys = new Set<string>();
  for (const key of topologyKeys ?? []) {
    if (!key) at.required();
    if (keys.has(key)) at.duplicate(key);
    keys.add(key);
    named(key, qualifiedNameErrors, at);
  }
}

export const csiStorageCapacity: Kind<CSIStorageCapacity> = builtIn<CSIStorageCapacity>(
  'storage.k8s.io/v1.CSIStorageCapacity',
  {
    columns: columnsOf('storage.k8s.io/CSIStorageCapacity', {
      StorageClassName: (c) => c.storageClassName,
      Capacity: (c) => c.capacity ?? '<unset>',
    }),
    behaviour: {
      updatesUnconditionally: false,
      desired: false,
      validate(c, at) {
        labelSelector(c.nodeTopology, at.at('nodeTopology'));
        named(c.storageClassName, dnsSubdomainErrors, at.at('storageClassName'));
        if (c.capacity !== undefined) quantityNotNegative(c.capacity, at.at('capacity'));
      },
      validateUpdate(next, previous, at) {
        unchanged(next.nodeTopology, previous.nodeTopology, at.at('nodeTopology'));
        unchanged(next.storageClassName, previous.storageClassName, at.at('storageClassName'));
      },
    },
  },
);
