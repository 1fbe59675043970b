import { dnsLabelErrors, equalJson, type Field, type Mutable } from '@navarch/machinery';
import { validateConditions } from '../../checks/conditions.ts';
import { interfaceAddress } from '../../checks/network.ts';
import { each, named, oneOf, unchanged, unique } from '../../checks/values.ts';
import { nodeSelector } from '../../core/v1/affinity-validation.ts';
import { driverName } from '../../core/v1/volume-sources.ts';
import type {
  AllocatedDeviceStatus,
  AllocationResult,
  DeviceRequestAllocationResult,
  NetworkDeviceData,
  ResourceClaim,
} from '../../generated/types/resource-v1.ts';
import {
  eachOf,
  eachOfSet,
  requestNames,
  validateBinding,
  validateConfiguration,
  validateDocument,
  validateReference,
  validateReferences,
} from './devices.ts';
import { poolName, shareId } from './names.ts';

const CONSUMERS_MAX = 256;
const RESULTS_MAX = 32;
/** Those of the class and those of the claim. */
const CONFIGURATIONS_MAX = 64;
const CONDITIONS_MAX = 8;
const ADDRESSES_MAX = 16;
const INTERFACE_NAME_MAX = 256;
const HARDWARE_ADDRESS_MAX = 128;

type Placed = Pick<AllocatedDeviceStatus, 'driver' | 'pool' | 'device' | 'shareID'>;
const deviceText = ({ driver, pool, device }: Placed): string => `${driver}/${pool}/${device}`;
const shareText = (placed: Placed): string =>
  placed.shareID ? `${deviceText(placed)}/${placed.shareID}` : deviceText(placed);

/** Of devices that are allocated no more, nobody keeps a status. */
export function dropDeallocated(next: Mutable<ResourceClaim>, previous: ResourceClaim): void {
  const heldBy = ({ status }: Pick<ResourceClaim, 'status'>): readonly string[] =>
    (status.allocation?.devices.results ?? []).map(deviceText);
  const gone = new Set(heldBy(previous));
  for (const device of heldBy(next as ResourceClaim)) gone.delete(device);
  if (!next.status.devices) return;
  next.status.devices = next.status.devices.filter((device) => !gone.has(deviceText(device)));
  if (next.status.devices.length === 0) delete next.status.devices;
}

export function validateClaimStatus(
  { status, spec, metadata }: ResourceClaim,
  { status: before }: ResourceClaim,
  at: Field,
): void {
  const { allocation, reservedFor = [], devices = [] } = status;
  const reservedAt = at.at('reservedFor');
  eachOfSet(
    reservedFor,
    CONSUMERS_MAX,
    ({ uid }) => uid,
    reservedAt,
    (consumer, here) => {
      for (const name of ['resource', 'name', 'uid'] as const) if (!consumer[name]) here.at(name).required();
    },
  );
  const allocated = new Set((allocation?.devices.results ?? []).map(shareText));
  each(devices, at.at('devices'), (device, here) => validateDevice(device, allocated, here));
  unique(devices, shareText, at.at('devices'));
  if (reservedFor.length > 0) {
    if (!allocation) reservedAt.forbidden('may not be specified when `allocated` is not set');
    else if (
      metadata.deletionTimestamp &&
      reservedFor.some((one) => !before.reservedFor?.some((other) => equalJson(one, other)))
    ) {
      reservedAt.forbidden('new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set');
    }
  }
  if (allocation && before.allocation) unchanged(allocation, before.allocation, at.at('allocation'));
  else if (allocation) validateAllocation(allocation, requestNames(spec.devices), at.at('allocation'));
}

function validateAllocation(
  { devices, nodeSelector: nodes }: AllocationResult,
  known: ReadonlySet<string>,
  at: Field,
): void {
  const here = at.at('devices');
  eachOf(devices.results, RESULTS_MAX, here.at('results'), (result, place) => validateResult(result, known, place));
  eachOf(devices.config, CONFIGURATIONS_MAX, here.at('config'), (config, place) => {
    oneOf(config.source, ['FromClaim', 'FromClass'], place.at('source'));
    validateReferences(config.requests, known, place.at('requests'));
    validateConfiguration(config, place);
  });
  if (nodes) nodeSelector(nodes, at.at('nodeSelector'));
}

function validateResult(result: DeviceRequestAllocationResult, known: ReadonlySet<string>, at: Field): void {
  validateReference(result.request, known, at.at('request'));
  driverName(result.driver, at.at('driver'));
  poolName(result.pool, at.at('pool'));
  named(result.device, dnsLabelErrors, at.at('device'));
  validateBinding(result, at);
  if (result.shareID !== undefined) shareId(result.shareID, at.at('shareID'));
}

function validateDevice(device: AllocatedDeviceStatus, allocated: ReadonlySet<string>, at: Field): void {
  driverName(device.driver, at.at('driver'));
  poolName(device.pool, at.at('pool'));
  named(device.device, dnsLabelErrors, at.at('device'));
  if (device.shareID !== undefined) shareId(device.shareID, at.at('shareID'));
  if (!allocated.has(shareText(device)))
    at.invalidOmitted(`${shareText(device)}: must be an allocated device in the claim`);
  const conditions = device.conditions ?? [];
  if (conditions.length > CONDITIONS_MAX) at.at('conditions').tooMany(conditions.length, CONDITIONS_MAX);
  validateConditions(conditions, at.at('conditions'));
  if (device.data !== undefined && device.data !== null) validateDocument(device.data, at.at('data'));
  if (device.networkData) validateNetwork(device.networkData, at.at('networkData'));
}

function validateNetwork({ interfaceName = '', hardwareAddress = '', ips }: NetworkDeviceData, at: Field): void {
  if (interfaceName.length > INTERFACE_NAME_MAX) at.at('interfaceName').tooLong(INTERFACE_NAME_MAX);
  if (hardwareAddress.length > HARDWARE_ADDRESS_MAX) at.at('hardwareAddress').tooLong(HARDWARE_ADDRESS_MAX);
  eachOfSet(ips, ADDRESSES_MAX, (address) => address, at.at('ips'), interfaceAddress);
}
