import type { deviceClass, deviceTaintRule, resourceClaim, resourceSlice } from '@navarch/api';
import { type ObjectOf, parseQuantity } from '@navarch/machinery';

export type Claim = ObjectOf<typeof resourceClaim>;
export type Slice = ObjectOf<typeof resourceSlice>;
export type DeviceClass = ObjectOf<typeof deviceClass>;
export type TaintRule = ObjectOf<typeof deviceTaintRule>;
export type DeviceSpec = NonNullable<Slice['spec']['devices']>[number];
export type Request = NonNullable<Claim['spec']['devices']['requests']>[number];
export type ExactRequest = NonNullable<Request['exactly']>;
export type SubRequest = NonNullable<Request['firstAvailable']>[number];
export type Allocation = NonNullable<Claim['status']['allocation']>;
export type Result = NonNullable<NonNullable<Allocation['devices']>['results']>[number];
export type Taint = TaintRule['spec']['taint'];
export type Toleration = NonNullable<Result['tolerations']>[number];
export type NodeSelector = NonNullable<Slice['spec']['nodeSelector']>;
export type Attribute = NonNullable<DeviceSpec['attributes']>[string];

/** Names a device in the whole cluster. */
export interface DeviceId {
  readonly driver: string;
  readonly pool: string;
  readonly device: string;
}

export const keyOfPool = ({ driver, pool }: Pick<DeviceId, 'driver' | 'pool'>): string => `${driver}/${pool}`;
/** Names of devices have no slashes, those of pools may. */
export const keyOfDevice = (id: DeviceId): string => `${keyOfPool(id)}/${id.device}`;

/** Exact, so that sums of thousandths never drift: billionths. 0 for what is no quantity. */
export const amountOf = (text: string): bigint => parseQuantity(text)?.nano ?? 0n;

/** Named in full, or without the domain where that is the driver's own (KEP-4381). */
export function ofDevice<T>(
  values: Readonly<Record<string, T>> | undefined,
  fullName: string,
  driver: string,
): T | undefined {
  if (!values) return undefined;
  if (Object.hasOwn(values, fullName)) return values[fullName];
  if (!fullName.startsWith(`${driver}/`)) return undefined;
  const name = fullName.slice(driver.length + 1);
  return Object.hasOwn(values, name) ? values[name] : undefined;
}
