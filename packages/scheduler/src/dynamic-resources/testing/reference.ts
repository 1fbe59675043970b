import { amountOf, type DeviceSpec } from '../devices.ts';
import { isRepelled } from '../taints.ts';

/** Everything there is to give, as plain lists. */
export interface PlainSupply {
  readonly devices: readonly PlainDevice[];
  /** By pool, set and counter. */
  readonly counters: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, string>>>>>>;
  /** Whole devices of others, by `pool/device`. */
  readonly whole: ReadonlySet<string>;
  /** Memory of others on devices that they share, by `pool/device`. */
  readonly shared: ReadonlyMap<string, bigint>;
}

interface PlainDevice {
  readonly pool: string;
  readonly spec: DeviceSpec;
}

export interface PlainWay {
  readonly model?: string | undefined;
  /** Absent: all. */
  readonly count?: number | undefined;
  readonly isAdmin: boolean;
  readonly tolerates: boolean;
  readonly memory?: string | undefined;
}

export interface PlainClaim {
  readonly requests: readonly (readonly PlainWay[])[];
  readonly match?: string | undefined;
  readonly distinct?: string | undefined;
}

/** Somebody gets a device. */
export interface Pick {
  readonly claim: number;
  readonly way: PlainWay;
  readonly device: PlainDevice;
}

const keyOf = ({ pool, spec }: PlainDevice): string => `${pool}/${spec.name}`;
const isShared = ({ way, device }: Pick): boolean => !way.isAdmin && device.spec.allowMultipleAllocations === true;
const memoryOf = ({ spec }: PlainDevice): string => spec.capacity?.['memory']?.value ?? '0';
const taken = ({ way, device }: Pick): bigint => amountOf(way.memory ?? memoryOf(device));

/** Whether all that is picked may be picked together: each rule looked at by itself, over everything. */
export function isAllowed(picks: readonly Pick[], claims: readonly PlainClaim[], supply: PlainSupply): boolean {
  return (
    picks.every(({ way, device }) => suits(way, device)) &&
    picks.every((pick) => isAlone(pick, picks, supply)) &&
    supply.devices.every((device) => isWithinMemory(device, picks, supply)) &&
    countersHold(picks, supply) &&
    claims.every((claim, at) =>
      attributesAgree(
        claim,
        picks.filter((pick) => pick.claim === at),
      ),
    )
  );
}

function suits({ model, tolerates, memory }: PlainWay, device: PlainDevice): boolean {
  const { attributes, taints = [] } = device.spec;
  if (model !== undefined && attributes?.['model']?.string !== model) return false;
  if (isRepelled(taints, tolerates ? [{ operator: 'Exists' }] : [])) return false;
  return memory === undefined || (device.spec.capacity !== undefined && amountOf(memory) <= amountOf(memoryOf(device)));
}

/** Nobody has a whole device with anybody else; a claim has none twice; administrators are nobody. */
function isAlone(pick: Pick, picks: readonly Pick[], { whole, shared }: PlainSupply): boolean {
  const same = picks.filter((other) => other !== pick && other.device === pick.device);
  const inClaim = same.filter(({ claim }) => claim === pick.claim);
  if (pick.way.isAdmin) return inClaim.length === 0;
  const key = keyOf(pick.device);
  if (whole.has(key)) return false;
  if (isShared(pick)) return inClaim.every(isShared);
  return !shared.has(key) && inClaim.length === 0 && same.every(({ way }) => way.isAdmin);
}

function isWithinMemory(device: PlainDevice, picks: readonly Pick[], { shared }: PlainSupply): boolean {
  const mine = picks.filter((pick) => pick.device === device && isShared(pick)).map(taken);
  if (mine.length === 0) return true;
  const sum = mine.reduce((a, b) => a + b, shared.get(keyOf(device)) ?? 0n);
  return sum <= amountOf(memoryOf(device));
}

/** What others took is what it is; but nobody may take more than there is left. */
function countersHold(picks: readonly Pick[], { devices, counters, whole, shared }: PlainSupply): boolean {
  const isTakenByOthers = (device: PlainDevice): boolean => whole.has(keyOf(device)) || shared.has(keyOf(device));
  const isMine = (device: PlainDevice): boolean =>
    !isTakenByOthers(device) && picks.some((pick) => pick.device === device && !pick.way.isAdmin);
  const sum = (which: readonly PlainDevice[], set: string, name: string): bigint =>
    which
      .flatMap(({ spec }) => spec.consumesCounters ?? [])
      .filter(({ counterSet }) => counterSet === set)
      .reduce((total, { counters: used }) => total + amountOf(used[name]?.value ?? '0'), 0n);
  const names = ({ spec }: PlainDevice, set: string, name: string): boolean =>
    (spec.consumesCounters ?? []).some(({ counterSet, counters: used }) => counterSet === set && name in used);
  return Object.entries(counters).every(([pool, sets]) => {
    const here = devices.filter((device) => device.pool === pool);
    const [mine, used] = [here.filter(isMine), here.filter((device) => isMine(device) || isTakenByOthers(device))];
    return Object.entries(sets).every(([set, amounts]) =>
      Object.entries(amounts).every(
        // Of a counter that others overdrew nobody gets even nothing, as upstream compares.
        ([name, amount]) => !mine.some((one) => names(one, set, name)) || sum(used, set, name) <= amountOf(amount),
      ),
    );
  });
}

function attributesAgree({ match, distinct }: PlainClaim, picks: readonly Pick[]): boolean {
  const values = (name: string): readonly (string | undefined)[] =>
    picks.map(({ device }) => device.spec.attributes?.[name]?.string);
  const all = match === undefined ? [] : values(match);
  const each = distinct === undefined ? [] : values(distinct);
  return (
    [...all, ...each].every((value) => value !== undefined) &&
    new Set(all).size <= 1 &&
    new Set(each).size === each.length
  );
}

/** Whether there is any assignment at all, by trying every one. */
export function isPossible(claims: readonly PlainClaim[], supply: PlainSupply): boolean {
  const requests = claims.flatMap((claim, at) => claim.requests.map((ways) => ({ claim: at, ways })));
  const tryFrom = (at: number, picks: readonly Pick[]): boolean => {
    const request = requests[at];
    if (!request) return isAllowed(picks, claims, supply);
    return request.ways.some((way) =>
      choices(way, supply).some((devices) =>
        tryFrom(at + 1, [...picks, ...devices.map((device) => ({ claim: request.claim, way, device }))]),
      ),
    );
  };
  return tryFrom(0, []);
}

function choices(way: PlainWay, { devices }: PlainSupply): readonly (readonly PlainDevice[])[] {
  const model = (device: PlainDevice): boolean =>
    way.model === undefined || device.spec.attributes?.['model']?.string === way.model;
  if (way.count === undefined) return devices.some(model) ? [devices.filter(model)] : [];
  let found: readonly (readonly PlainDevice[])[] = [[]];
  for (let i = 0; i < way.count; i++) found = found.flatMap((before) => devices.map((device) => [...before, device]));
  return found;
}
