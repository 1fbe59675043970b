import { dnsLabelErrors, dnsSubdomainErrors, equalJson, type Field, type Kind } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { shown } from '../../checks/shown.ts';
import { bytesOf, each, entriesOf, givenOf, named, requiredName, unchanged } from '../../checks/values.ts';
import { columnsOf } from '../../columns.ts';
import { nodeSelector } from '../../core/v1/affinity-validation.ts';
import { driverName } from '../../core/v1/volume-sources.ts';
import type {
  CounterSet,
  Device,
  DeviceAttribute,
  ResourceSlice,
  ResourceSliceSpec,
} from '../../generated/types/resource-v1.ts';
import { validateCapacity } from './capacity.ts';
import { completeTaint, eachOf, eachOfSet, validateBinding, validateTaint } from './devices.ts';
import { attributeName, entryOf, poolName } from './names.ts';

const DEVICES_MAX = 128;
/** Where devices have taints, use counters or have lists for attributes. */
const ADVANCED_DEVICES_MAX = 64;
const ATTRIBUTES_MAX = 32;
const TAINTS_MAX = 16;
const CONSUMPTIONS_MAX = 2;
const COUNTER_SETS_MAX = 8;
const COUNTERS_MAX = 32;
const TEXT_MAX = 64;
const LABEL_MAX = 63;

export const resourceSlice: Kind<ResourceSlice> = builtIn<ResourceSlice>('resource.k8s.io/v1.ResourceSlice', {
  columns: columnsOf('resource.k8s.io/ResourceSlice', {
    Node: (s) => s.spec.nodeName ?? '',
    Driver: (s) => s.spec.driver,
    Pool: (s) => s.spec.pool.name,
  }),
  selectableFields: { 'spec.nodeName': (s) => s.spec.nodeName ?? '', 'spec.driver': (s) => s.spec.driver },
  indexedFields: ['spec.nodeName'],
  behaviour: {
    answersDeletion: true,
    complete({ spec }) {
      for (const device of spec.devices ?? []) {
        for (const resource of Object.values(device.nodeAllocatableResources ?? {}))
          if (resource.mapping) resource.mapping.capacityMultiplier ??= '1';
      }
    },
    prepareCreate(s, { now }) {
      for (const device of s.spec.devices ?? [])
        for (const taint of device.taints ?? []) completeTaint(taint, undefined, now);
    },
    prepareUpdate(s, previous, { now }) {
      for (const device of s.spec.devices ?? []) {
        const before = previous.spec.devices?.find((other) => other.name === device.name);
        for (const taint of device.taints ?? [])
          completeTaint(
            taint,
            before?.taints?.find((other) => other.key === taint.key && other.value === taint.value),
            now,
          );
      }
    },
    desired: (s) => [s.spec],
    validateCreate: ({ spec }, at) => validateSpec(spec, at.at('spec'), undefined),
    validateUpdate: ({ spec }, previous, at) => validateSpec(spec, at.at('spec'), previous.spec),
  },
});

function validateSpec(spec: ResourceSliceSpec, at: Field, previous: ResourceSliceSpec | undefined): void {
  driverName(spec.driver, at.at('driver'));
  validatePool(spec, at.at('pool'));
  if (previous) {
    unchanged(spec.pool.name, previous.pool.name, at.at('pool', 'name'));
    unchanged(spec.driver, previous.driver, at.at('driver'));
    unchanged(spec.nodeName, previous.nodeName, at.at('nodeName'));
  }
  const where = validateWhere(spec, at, 'must be either unset or set to a non-empty string');
  const terms = spec.nodeSelector?.nodeSelectorTerms;
  if (terms && terms.length !== 1)
    at.at('nodeSelector', 'nodeSelectorTerms').invalid(
      shown('[]core.v1.NodeSelectorTerm', terms),
      'must have exactly one node selector term',
    );
  if (spec.perDeviceNodeSelection) where.push('`perDeviceNodeSelection`');
  else if (spec.perDeviceNodeSelection === false) at.at('perDeviceNodeSelection').invalid(false, UNSET_OR_TRUE);
  if (where.length === 0) at.required(ONE_PLACE);
  if (where.length > 1) at.invalid(`{${where.join(', ')}}`, `${ONE_PLACE}, but multiple fields are set`);
  const { devices = [], sharedCounters } = spec;
  if (sharedCounters && spec.devices) at.invalid('', 'only one of `sharedCounters` or `devices` is allowed');
  eachOfSet(
    devices,
    devices.some(isAdvanced) ? ADVANCED_DEVICES_MAX : DEVICES_MAX,
    ({ name }) => name,
    at.at('devices'),
    (device, here) => {
      validateDevice(
        device,
        spec.perDeviceNodeSelection ?? false,
        here,
        previous?.devices?.find(({ name }) => name === device.name),
      );
    },
  );
  eachOfSet(
    sharedCounters,
    COUNTER_SETS_MAX,
    ({ name }) => name,
    at.at('sharedCounters'),
    ({ name, counters }, here) => {
      requiredName(name, dnsLabelErrors, here.at('name'));
      validateCounters(counters, here.at('counters'));
    },
  );
}

const ONE_PLACE = 'exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required';
const UNSET_OR_TRUE = 'must be either unset or set to true';

/** Where devices can be used from; gives the fields that say so. */
function validateWhere(
  place: Pick<Device, 'nodeName' | 'nodeSelector' | 'allNodes'>,
  at: Field,
  emptyWords: string,
): string[] {
  const found: string[] = [];
  if (place.nodeName) {
    found.push('`nodeName`');
    named(place.nodeName, dnsSubdomainErrors, at.at('nodeName'));
  } else if (place.nodeName === '') at.at('nodeName').invalid('', emptyWords);
  if (place.nodeSelector) {
    found.push('`nodeSelector`');
    nodeSelector(place.nodeSelector, at.at('nodeSelector'));
  }
  if (place.allNodes) found.push('`allNodes`');
  else if (place.allNodes === false) at.at('allNodes').invalid(false, UNSET_OR_TRUE);
  return found;
}

const isAdvanced = ({ taints, consumesCounters, attributes }: Device): boolean =>
  Boolean(taints?.length || consumesCounters?.length) ||
  Object.values(attributes ?? {}).some(({ ints, bools, strings, versions }) => ints ?? bools ?? strings ?? versions);

function validatePool({ pool }: ResourceSliceSpec, at: Field): void {
  poolName(pool.name, at.at('name'));
  if (pool.resourceSliceCount <= 0)
    at.at('resourceSliceCount').invalid(pool.resourceSliceCount, 'must be greater than zero');
  if (pool.generation < 0) at.at('generation').invalid(pool.generation, 'must be greater than or equal to zero');
}

function validateDevice(device: Device, isPlaced: boolean, at: Field, previous: Device | undefined): void {
  named(device.name, dnsLabelErrors, at.at('name'));
  const [attributes, capacity] = [entriesOf(device.attributes), entriesOf(device.capacity)];
  if (attributes.length + capacity.length > ATTRIBUTES_MAX)
    at.invalid(
      attributes.length + capacity.length,
      `the total number of attributes and capacities must not exceed ${ATTRIBUTES_MAX}`,
    );
  for (const [name, attribute] of attributes) {
    const here = entryOf(at.at('attributes'), name);
    attributeName(name, here);
    validateAttribute(attribute, here);
  }
  for (const [name, value] of capacity) {
    const here = entryOf(at.at('capacity'), name);
    attributeName(name, here);
    validateCapacity(value, device.allowMultipleAllocations ?? false, here);
  }
  if (!previous || !equalJson(previous.taints, device.taints))
    eachOf(device.taints, TAINTS_MAX, at.at('taints'), (taint, here) => validateTaint(taint, here));
  eachOfSet(
    device.consumesCounters,
    CONSUMPTIONS_MAX,
    ({ counterSet }) => counterSet,
    at.at('consumesCounters'),
    ({ counterSet, counters }, here) => {
      requiredName(counterSet, dnsLabelErrors, here.at('counterSet'));
      validateCounters(counters, here.at('counters'));
    },
  );
  if (isPlaced) {
    const where = validateWhere(device, at, 'must not be empty');
    if (where.length === 0) at.required(ONE_DEVICE_PLACE);
    else if (where.length > 1) at.invalid(`{${where.join(', ')}}`, ONE_DEVICE_PLACE);
  } else if (givenOf(device, ['nodeName', 'nodeSelector', 'allNodes']).length > 0) {
    at.invalid(
      null,
      '`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec',
    );
  }
  validateBinding(device, at);
}

const ONE_DEVICE_PLACE =
  'exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true in the ResourceSlice spec';

function validateCounters(counters: CounterSet['counters'] | undefined, at: Field): void {
  const names = Object.keys(counters ?? {}).toSorted();
  if (names.length === 0) at.required();
  else if (names.length > COUNTERS_MAX) at.tooMany(names.length, COUNTERS_MAX);
  else for (const name of names) named(name, dnsLabelErrors, entryOf(at, name, LABEL_MAX));
}

function validateAttribute(attribute: DeviceAttribute, at: Field): void {
  if (attribute.string !== undefined) shortText(attribute.string, at.at('string'));
  if (attribute.version !== undefined) versionText(attribute.version, at.at('version'));
  each(attribute.strings, at.at('strings'), shortText);
  each(attribute.versions, at.at('versions'), versionText);
}

function shortText(text: string, at: Field): void {
  if (bytesOf(text) > TEXT_MAX) at.tooLong(TEXT_MAX);
}

function versionText(text: string, at: Field): void {
  if (!VERSION.test(text)) at.invalid(text, 'must be a string compatible with semver.org spec 2.0.0');
  shortText(text, at);
}
const VERSION =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*)?(\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?$/;
