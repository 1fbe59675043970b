import { dnsSubdomainErrors, equalJson, type Field, type Kind, qualifiedNameErrors } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { quantityNotNegative } from '../../checks/quantities.ts';
import { labelSelector } from '../../checks/selectors.ts';
import { each, named, notNegative, requiredName, supportedValue, unchanged } from '../../checks/values.ts';
import { columnsOf } from '../../columns.ts';
import { driverName } from '../../core/v1/volume-sources.ts';
import type { CSIDriver, CSINode, CSINodeDriver, CSIStorageCapacity } from '../../generated/types/storage-v1.ts';

const TOKEN_SECONDS_MIN = 600;
const TOKEN_SECONDS_MAX = 2 ** 32;
const UPDATE_SECONDS_MIN = 10;
const NODE_ID_MAX = 256;

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
    validate: (d, at) => {
      if (d.metadata.name) driverName(d.metadata.name, at.at('metadata', 'name'));
      validateDriver(d.spec, at.at('spec'));
    },
    validateUpdate(next, previous, at) {
      for (const name of ['attachRequired', 'volumeLifecycleModes'] as const) unchanged(next.spec[name], previous.spec[name], at.at('spec', name));
    },
  },
});

function validateDriver(spec: CSIDriver['spec'], at: Field): void {
  for (const name of ['attachRequired', 'podInfoOnMount', 'storageCapacity', 'fsGroupPolicy', 'requiresRepublish', 'seLinuxMount'] as const) {
    if (spec[name] === undefined) at.at(name).required();
  }
  if (spec.fsGroupPolicy !== undefined) supportedValue(spec.fsGroupPolicy, ['File', 'None', 'ReadWriteOnceWithFSType'], at.at('fsGroupPolicy'));
  const audiences = new Set<string>();
  each(spec.tokenRequests, at.at('tokenRequests'), ({ audience, expirationSeconds: seconds }, here) => {
    if (audiences.has(audience)) here.at('audience').duplicate(audience);
    audiences.add(audience);
    if (seconds === undefined) return;
    if (seconds < TOKEN_SECONDS_MIN) here.at('expirationSeconds').invalid(seconds, 'may not specify a duration less than 10 minutes');
    if (seconds > TOKEN_SECONDS_MAX) here.at('expirationSeconds').invalid(seconds, 'may not specify a duration larger than 2^32 seconds');
  });
  each(spec.volumeLifecycleModes, at.at('volumeLifecycleModes'), (mode) => supportedValue(mode, ['Ephemeral', 'Persistent'], at.at('volumeLifecycleModes')));
  const update = spec.nodeAllocatableUpdatePeriodSeconds;
  if (update !== undefined && update < UPDATE_SECONDS_MIN) {
    at.at('nodeAllocatableUpdatePeriodSeconds').invalid(update, `must be greater than or equal to ${UPDATE_SECONDS_MIN} seconds`);
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
          at.at('CSINode').invalid(same, 'field is immutable');
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
    requiredName(key, qualifiedNameErrors, at);
    if (keys.has(key)) at.duplicate(key);
    keys.add(key);
  }
}

export const csiStorageCapacity: Kind<CSIStorageCapacity> = builtIn<CSIStorageCapacity>('storage.k8s.io/v1.CSIStorageCapacity', {
  columns: columnsOf('storage.k8s.io/CSIStorageCapacity', { StorageClassName: (c) => c.storageClassName, Capacity: (c) => c.capacity ?? '<unset>' }),
  behaviour: {
    updatesUnconditionally: false,
    desired: false,
    validate(c, at) {
      named(c.storageClassName, dnsSubdomainErrors, at.at('storageClassName'));
      labelSelector(c.nodeTopology, at.at('nodeTopology'));
      if (c.capacity !== undefined) quantityNotNegative(c.capacity, at.at('capacity'));
      if (c.maximumVolumeSize !== undefined) quantityNotNegative(c.maximumVolumeSize, at.at('maximumVolumeSize'));
    },
    validateUpdate(next, previous, at) {
      unchanged(next.nodeTopology, previous.nodeTopology, at.at('nodeTopology'));
      unchanged(next.storageClassName, previous.storageClassName, at.at('storageClassName'));
    },
  },
});
