import { cIdentifierErrors, dnsLabelErrors, dnsSubdomainErrors, type Field, type Kind } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { each, entriesOf, givenOf, named, requiredName, unchanged } from '../../checks/values.ts';
import { columnsOf } from '../../columns.ts';
import { nodeSelector } from '../../core/v1/affinity-validation.ts';
import { driverName } from '../../core/v1/volume-sources.ts';
import type { Device, DeviceAttribute, ResourceSlice, ResourceSliceSpec } from '../../generated/types/resource-v1.ts';
import { completeTaint, validateTaint } from './devices.ts';

const DEVICES_MAX = 128;
const DEVICES_WITH_TAINTS_MAX = 64;
const ATTRIBUTES_MAX = 32;
const TEXT_MAX = 64;
const POOL_NAME_MAX = 253;
const VALUES = ['int', 'bool', 'string', 'version', 'ints', 'bools', 'strings', 'versions'] as const;

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
        for (const resource of Object.values(device.nodeAllocatableResources ?? {})) if (resource.mapping) resource.mapping.capacityMultiplier ??= '1';
      }
    },
    prepareCreate(s, { now }) {
      for (const device of s.spec.devices ?? []) for (const taint of device.taints ?? []) completeTaint(taint, undefined, now);
    },
    prepareUpdate(s, previous, { now }) {
      for (const device of s.spec.devices ?? []) {
        const before = previous.spec.devices?.find((other) => other.name === device.name);
        for (const taint of device.taints ?? []) completeTaint(taint, before?.taints?.find((other) => other.key === taint.key && other.value === taint.value), now);
      }
    },
    desired: (s) => [s.spec],
    validate: ({ spec }, at) => validateSpec(spec, at.at('spec')),
    validateUpdate(next, previous, at) {
      for (const name of ['driver', 'nodeName'] as const) unchanged(next.spec[name], previous.spec[name], at.at('spec', name));
      unchanged(next.spec.pool.name, previous.spec.pool.name, at.at('spec', 'pool', 'name'));
    },
  },
});

function validateSpec(spec: ResourceSliceSpec, at: Field): void {
  driverName(spec.driver, at.at('driver'));
  validatePool(spec, at.at('pool'));
  const where = givenOf(spec, ['nodeName', 'nodeSelector', 'allNodes', 'perDeviceNodeSelection']).filter((name) => spec[name] !== false);
  if (where.length === 0) at.required('exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required');
  if (where.length > 1) at.invalid(`{${where.join(', ')}}`, 'exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required, but multiple fields are set');
  if (spec.nodeName !== undefined) requiredName(spec.nodeName, dnsSubdomainErrors, at.at('nodeName'));
  if (spec.nodeSelector) {
    nodeSelector(spec.nodeSelector, at.at('nodeSelector'));
    if (spec.nodeSelector.nodeSelectorTerms.length !== 1) at.at('nodeSelector', 'nodeSelectorTerms').invalid(spec.nodeSelector.nodeSelectorTerms, 'must have exactly one node selector term');
  }
  const devices = spec.devices ?? [];
  const max = devices.some((device) => device.taints?.length || device.consumesCounters?.length) ? DEVICES_WITH_TAINTS_MAX : DEVICES_MAX;
  if (devices.length > max) at.at('devices').tooMany(devices.length, max);
  const names = new Set<string>();
  each(devices, at.at('devices'), (device, here) => {
    validateDevice(device, here);
    if (names.has(device.name)) here.at('name').duplicate(device.name);
    names.add(device.name);
  });
}

function validatePool({ pool }: ResourceSliceSpec, at: Field): void {
  if (!pool.name) at.at('name').required();
  else {
    if (pool.name.length > POOL_NAME_MAX) at.at('name').tooLong(POOL_NAME_MAX);
    for (const part of pool.name.split('/')) named(part, dnsSubdomainErrors, at.at('name'));
  }
  if (pool.resourceSliceCount <= 0) at.at('resourceSliceCount').invalid(pool.resourceSliceCount, 'must be greater than zero');
  if (pool.generation < 0) at.at('generation').invalid(pool.generation, 'must be greater than or equal to zero');
}

function validateDevice(device: Device, at: Field): void {
  requiredName(device.name, dnsLabelErrors, at.at('name'));
  const [attributes, capacity] = [entriesOf(device.attributes), entriesOf(device.capacity)];
  if (attributes.length + capacity.length > ATTRIBUTES_MAX) at.invalid(attributes.length + capacity.length, `the total number of attributes and capacities must not exceed ${ATTRIBUTES_MAX}`);
  for (const [name, attribute] of attributes) {
    validateKey(name, at.at('attributes').key(name));
    validateAttribute(attribute, at.at('attributes').key(name));
  }
  for (const [name] of capacity) validateKey(name, at.at('capacity').key(name));
  each(device.taints, at.at('taints'), validateTaint);
}

/** `name` or `domain/name`. */
function validateKey(name: string, at: Field): void {
  const slash = name.indexOf('/');
  if (slash >= 0) driverName(name.slice(0, slash), at);
  const id = name.slice(slash + 1);
  if (!id) at.required('the name must not be empty');
  else named(id, cIdentifierErrors, at);
}

function validateAttribute(attribute: DeviceAttribute, at: Field): void {
  if (givenOf(attribute, VALUES).length !== 1) return;
  for (const name of ['string', 'version'] as const) {
    const value = attribute[name];
    if (value !== undefined && value.length > TEXT_MAX) at.at(name).tooLong(TEXT_MAX);
  }
  const { version } = attribute;
  if (version !== undefined && !/^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$/.test(version)) {
    at.at('version').invalid(version, 'must be a string compatible with semver.org spec 2.0.0');
  }
}
