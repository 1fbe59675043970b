import { controllerOf, type Key, keyIn, quantityValue } from '@navarch/machinery';
import type { Pod } from '../generated/types/core-v1.ts';
import type { DeviceClass, ResourceClaim } from '../generated/types/resource-v1.ts';
import { podRequests } from '../core/v1/pod-resources.ts';
import { type Amounts, wholeAmount } from './amounts.ts';

/** What a claim's usage is told by besides the claim. */
export interface AroundClaims {
  deviceClass(name: string): DeviceClass | undefined;
  pod(key: Key): Pod | undefined;
}

const DEVICES = '.deviceclass.resource.k8s.io/devices';
const IMPLICIT = 'requests.deviceclass.resource.kubernetes.io/';
const FOR_EXTENDED = 'resource.kubernetes.io/extended-resource-claim';
/** What a request for all devices of a class is taken for: as many as a claim may get. */
const DEVICES_MAX = 32;

type DeviceRequest = NonNullable<NonNullable<ResourceClaim['spec']['devices']>['requests']>[number];
interface Devices {
  readonly deviceClassName: string;
  readonly allocationMode?: string;
  readonly count?: number | bigint;
}

/** A class's devices count by its name, and by every resource that stands for them (KEP-5004). */
export const measuresDevices = (name: string): boolean => name.endsWith(DEVICES) || /^requests\.[^.]+\..*\//.test(name);

export function deviceUsage(claim: ResourceClaim, around: AroundClaims | undefined): Amounts {
  const byClass = new Map<string, number>();
  for (const request of claim.spec.devices?.requests ?? [])
    for (const [name, count] of devicesOf(request)) byClass.set(name, (byClass.get(name) ?? 0) + count);
  const usage = new Map([...byClass].map(([name, count]) => [`${name}${DEVICES}`, count]));
  if (around) for (const [name, count] of resourceUsage(claim, byClass, around)) usage.set(name, count);
  return new Map([...usage].map(([name, count]) => [name, wholeAmount(count)]));
}

/** By the resources that stand for the devices. What a pod asks for by such a name is counted with the pod. */
function resourceUsage(
  { metadata, spec: _, ...claim }: ResourceClaim,
  byClass: ReadonlyMap<string, number>,
  around: AroundClaims,
): ReadonlyMap<string, number> {
  const owner = metadata.annotations?.[FOR_EXTENDED] === 'true' ? controllerOf({ metadata, ...claim }) : undefined;
  const pod = owner && around.pod(keyIn(metadata.namespace, owner.name));
  const asked = pod ? podRequests(pod.spec) : {};
  const usage = new Map<string, number>();
  for (const [className, count] of byClass) {
    const explicit = around.deviceClass(className)?.spec.extendedResourceName;
    for (const name of [`${IMPLICIT}${className}`, ...(explicit ? [`requests.${explicit}`] : [])]) {
      const left = count - quantityValue(asked[name.slice('requests.'.length)] ?? '0');
      if (left > 0) usage.set(name, (usage.get(name) ?? 0) + left);
    }
  }
  return usage;
}

/** How many devices of each class; of alternatives the most of each. */
function devicesOf({ exactly, firstAvailable = [] }: DeviceRequest): ReadonlyMap<string, number> {
  const most = new Map<string, number>();
  const all: readonly Devices[] = firstAvailable.length > 0 ? firstAvailable : exactly ? [exactly] : [];
  for (const { deviceClassName, allocationMode, count = 1 } of all)
    most.set(
      deviceClassName,
      Math.max(most.get(deviceClassName) ?? 0, allocationMode === 'All' ? DEVICES_MAX : Number(count)),
    );
  return most;
}
