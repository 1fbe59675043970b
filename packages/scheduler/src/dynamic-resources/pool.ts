import { deviceValue, type Node } from '@navarch/api';
import { writeJson } from '@navarch/machinery';
import {
  amountOf,
  type DeviceId,
  type DeviceSpec,
  keyOfDevice,
  type Slice,
  type Taint,
  type TaintRule,
} from './devices.ts';
import { type Reach, reaches } from './reach.ts';
import { chooses } from './taints.ts';

/** Amounts by the name of the set and then of the counter. */
export type Counters = ReadonlyMap<string, ReadonlyMap<string, bigint>>;

/** A device of a pool, with what is computed of it once. */
export interface PooledDevice extends DeviceId {
  readonly key: string;
  readonly spec: DeviceSpec;
  /** Its own, and those that rules give it. */
  readonly taints: readonly Taint[];
  readonly reach: Reach;
  /** What it takes of its pool's counters. */
  readonly counters: Counters;
  /** The same for devices of a pool that differ in nothing but their names: where one will not do, no other will. */
  readonly likeness: string;
  /** As expressions see it. */
  readonly value: () => object;
}

/** The devices of one driver that are published together, as its newest slices tell of them. */
export interface Pool {
  readonly key: string;
  /** Some of its slices have not come yet: what is known of may be used, but nobody can have all. */
  readonly isIncomplete: boolean;
  /** It contradicts itself: nothing of it may be used. */
  readonly isInvalid: boolean;
  /** Of its slices, where those say it for all that is in them. */
  readonly reaches: readonly Reach[];
  /** In the order in which they are tried. */
  readonly devices: readonly PooledDevice[];
  readonly counters: Counters;
  /** Has devices that are ready only some time after they were chosen: tried last. */
  readonly isSlow: boolean;
}

/** Whether a pool has anything to say to a node: slices or devices that it can use. */
export const concerns = (pool: Pool, node: Node): boolean =>
  pool.reaches.some((reach) => reaches(reach, node)) || pool.devices.some(({ reach }) => reaches(reach, node));

export const byTurn = (a: Pool, b: Pool): number => Number(a.isSlow) - Number(b.isSlow) || byText(a.key, b.key);

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** `slices` are all that anybody published of it, of whatever generation. */
export function poolOf(key: string, slices: readonly Slice[], rules: readonly TaintRule[]): Pool {
  const newest = slices.reduce((max, { spec }) => Math.max(max, Number(spec.pool.generation)), 0);
  const current = slices
    .filter(({ spec }) => Number(spec.pool.generation) === newest)
    .toSorted((a, b) => byText(a.metadata.name, b.metadata.name));
  const devices = current.flatMap((slice) => (slice.spec.devices ?? []).map((spec) => pooled(spec, slice, rules)));
  const sets = current.flatMap(({ spec }) => spec.sharedCounters ?? []);
  const counters: Counters = new Map(sets.map((set) => [set.name, amounts(set.counters)]));
  const isComplete = current.length === Number(current[0]?.spec.pool.resourceSliceCount ?? 0);
  return {
    key,
    isIncomplete: !isComplete,
    isInvalid:
      new Set(devices.map((device) => device.key)).size < devices.length ||
      counters.size < sets.length ||
      (isComplete && devices.some((device) => [...device.counters.keys()].some((name) => !counters.has(name)))),
    reaches: current.filter(({ spec }) => !spec.perDeviceNodeSelection).map(({ spec }) => reachOf(spec)),
    devices,
    counters,
    isSlow: devices.some(({ spec }) => (spec.bindingConditions?.length ?? 0) > 0),
  };
}

function pooled(spec: DeviceSpec, { spec: slice }: Slice, rules: readonly TaintRule[]): PooledDevice {
  const id = { driver: slice.driver, pool: slice.pool.name, device: spec.name };
  const chosenBy = rules.filter((rule) => chooses(rule, id)).map((rule) => rule.spec.taint);
  const taints = [...(spec.taints ?? []), ...chosenBy];
  const { name: _, ...rest } = spec;
  let value: object | undefined;
  return {
    ...id,
    key: keyOfDevice(id),
    spec,
    taints,
    reach: reachOf(slice.perDeviceNodeSelection ? spec : slice),
    counters: new Map((spec.consumesCounters ?? []).map((set) => [set.counterSet, amounts(set.counters)])),
    likeness: writeJson([rest, chosenBy, slice.nodeName, slice.allNodes, slice.nodeSelector]),
    value: () => (value ??= deviceValue(slice.driver, spec)),
  };
}

const reachOf = ({ nodeName, allNodes, nodeSelector }: Reach): Reach => ({ nodeName, allNodes, nodeSelector });

const amounts = (counters: Readonly<Record<string, { readonly value: string }>>): ReadonlyMap<string, bigint> =>
  new Map(Object.entries(counters).map(([name, { value }]) => [name, amountOf(value)]));
