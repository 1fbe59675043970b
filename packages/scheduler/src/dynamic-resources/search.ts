import type { Node } from '@navarch/api';
import { hasCapacity, type Shares, shareOf } from './capacity.ts';
import type { Rule } from './constraints.ts';
import { amountOf } from './devices.ts';
import type { InUse } from './in-use.ts';
import type { ClaimPlan, Way } from './plan.ts';
import type { Counters, Pool, PooledDevice } from './pool.ts';
import { reaches } from './reach.ts';
import { SelectorError, type Selectors } from './selectors.ts';
import { isRepelled } from './taints.ts';

/** A device that a claim gets. */
export interface Taken {
  readonly way: Way;
  readonly device: PooledDevice;
  /** What it gets of a device that several use. */
  readonly share: Shares | undefined;
}

/** Where a claim's devices come from. */
export interface Supply {
  readonly node: Node;
  readonly pools: readonly Pool[];
  readonly inUse: InUse;
  readonly selectors: Selectors;
}

/** The devices of each claim, and which way each of its requests was met; or why there are none. */
export type Found =
  | { readonly taken: readonly (readonly Taken[])[]; readonly ways: readonly (readonly number[])[] }
  | {
      readonly reason: string;
      /** It is said of whoever asks for the same. */
      readonly isOfAll: boolean;
    };

const RESULTS_MAX = 32;
/** Devices tried for one node. Upstream gives up after ten seconds; here the same question always has the same answer. */
const TRIES_MAX = 50_000;

const NOT_ALL = 'cannot allocate all claims';
const CONTRADICTION = 'invalid resource pools were encountered';
const TOO_LONG = 'timed out trying to allocate devices';

/**
 * Devices for all claims together, by trying: the first that will do for the first request, then for the next, and back
 * where that leads nowhere. It finds an assignment if there is any, unless it has to try too much.
 */
export function search(plans: readonly ClaimPlan[], supply: Supply): Found {
  try {
    const run = new Run(plans, supply);
    if (run.claim(0)) return { taken: run.taken, ways: run.ways };
    return { reason: supply.pools.some(({ isInvalid }) => isInvalid) ? CONTRADICTION : NOT_ALL, isOfAll: true };
  } catch (error) {
    if (error instanceof SelectorError || error instanceof Hopeless)
      return { reason: error.message, isOfAll: error.message === TOO_LONG };
    throw error;
  }
}

/** There is no use in trying on. */
class Hopeless extends Error {
  override readonly name = 'Hopeless';
}

class Run {
  readonly taken: Taken[][];
  readonly ways: number[][];
  readonly #plans: readonly ClaimPlan[];
  readonly #supply: Supply;
  readonly #rules: readonly (readonly Rule[])[];
  /** What each way means, in the order of trying. */
  readonly #meant = new Map<Way, readonly PooledDevice[]>();
  readonly #pools: ReadonlyMap<PooledDevice, Pool>;
  /** How often each device was taken here, but for administrators. */
  readonly #mine = new Map<string, number>();
  #tries = 0;

  constructor(plans: readonly ClaimPlan[], supply: Supply) {
    this.#plans = plans;
    this.#supply = supply;
    this.taken = plans.map(() => []);
    this.ways = plans.map(() => []);
    this.#rules = plans.map(({ rules }) => rules());
    this.#pools = new Map(
      supply.pools.flatMap((pool) =>
        pool.devices.filter(({ reach }) => reaches(reach, supply.node)).map((device) => [device, pool] as const),
      ),
    );
    plans.forEach((plan) => plan.requests.flat().forEach((way) => this.#refuseHalf(way, plan)));
  }

  claim(at: number): boolean {
    return at >= this.#plans.length || this.#request(at, 0);
  }

  #request(claim: number, at: number): boolean {
    const ways = (this.#plans[claim] as ClaimPlan).requests[at];
    if (!ways) return this.claim(claim + 1);
    return ways.some((way, rank) => {
      (this.ways[claim] as number[])[at] = rank;
      const next = (): boolean => this.#request(claim, at + 1);
      return way.count === undefined
        ? this.#takeAll(claim, way, next)
        : this.#takeSome(claim, way, { from: 0, count: way.count }, next);
    });
  }

  /** `count` of them, none before `from`: which comes first makes no difference to a request. */
  #takeSome(
    claim: number,
    way: Way,
    { from, count }: { readonly from: number; readonly count: number },
    next: () => boolean,
  ): boolean {
    if (count === 0) return next();
    if ((this.taken[claim] as Taken[]).length + count > RESULTS_MAX) return false;
    const meant = this.#meantBy(way, this.#plans[claim] as ClaimPlan);
    const inVain = new Set<string>();
    for (let i = from; i < meant.length; i++) {
      const device = meant[i] as PooledDevice;
      const isUntouched = !this.#mine.has(device.key) && !this.#supply.inUse.isTaken(device.key);
      const likeness = `${device.driver}/${device.pool} ${device.likeness}`;
      if (isUntouched && inVain.has(likeness)) continue;
      if (!this.#take(claim, way, device)) continue;
      // Several shares of one device are several devices to a request.
      const again = device.spec.allowMultipleAllocations && !way.isAdmin ? i : i + 1;
      if (this.#takeSome(claim, way, { from: again, count: count - 1 }, next)) return true;
      this.#giveBack(claim);
      if (isUntouched) inVain.add(likeness);
    }
    return false;
  }

  #takeAll(claim: number, way: Way, next: () => boolean): boolean {
    const plan = this.#plans[claim] as ClaimPlan;
    const meant = this.#meantBy(way, plan);
    const before = (this.taken[claim] as Taken[]).length;
    if (meant.length === 0 || before + meant.length > RESULTS_MAX) return false;
    if (meant.every((device) => this.#take(claim, way, device)) && next()) return true;
    while ((this.taken[claim] as Taken[]).length > before) this.#giveBack(claim);
    return false;
  }

  #meantBy(way: Way, { key }: ClaimPlan): readonly PooledDevice[] {
    let meant = this.#meant.get(way);
    if (!meant) {
      const { selectors } = this.#supply;
      const { deviceClass } = way;
      meant = [...this.#pools].flatMap(([device, pool]) =>
        !pool.isInvalid &&
        selectors.mean(deviceClass.spec.selectors ?? [], device, `class ${deviceClass.metadata.name}`) &&
        selectors.mean(way.selectors, device, `claim ${key}`)
          ? [device]
          : [],
      );
      this.#meant.set(way, meant);
    }
    return meant;
  }

  /** Nobody can have all of something that is not known to its end. */
  #refuseHalf({ count, request }: Way, { key }: ClaimPlan): void {
    if (count !== undefined) return;
    for (const pool of this.#supply.pools) {
      const state = pool.isIncomplete ? 'being updated' : pool.isInvalid ? 'invalid' : undefined;
      if (state)
        throw new Hopeless(
          `claim ${key}, request ${request}: asks for all devices, but resource pool ${pool.key} is currently ${state}`,
        );
    }
  }

  #take(claim: number, way: Way, device: PooledDevice): boolean {
    if (++this.#tries > TRIES_MAX) throw new Hopeless(TOO_LONG);
    const share = shareFor(way, device);
    if (share === 'none' || isRepelled(device.taints, way.tolerations)) return false;
    if (!(way.isAdmin ? this.#isNew(claim, device) : this.#isFree(claim, device, share))) return false;
    const rules = this.#rules[claim] as readonly Rule[];
    const refused = rules.findIndex((rule) => !rule.join(way.name, way.request, device));
    if (refused >= 0) {
      for (const rule of rules.slice(0, refused)) rule.leave(way.name, way.request);
      return false;
    }
    (this.taken[claim] as Taken[]).push({ way, device, share });
    if (!way.isAdmin) this.#count(device, 1);
    return true;
  }

  #giveBack(claim: number): void {
    const last = (this.taken[claim] as Taken[]).pop();
    if (!last) return;
    for (const rule of this.#rules[claim] as readonly Rule[]) rule.leave(last.way.name, last.way.request);
    if (!last.way.isAdmin) this.#count(last.device, -1);
  }

  #count({ key }: PooledDevice, by: 1 | -1): void {
    const count = (this.#mine.get(key) ?? 0) + by;
    if (count > 0) this.#mine.set(key, count);
    else this.#mine.delete(key);
  }

  /** Administrators look at what others use, but at nothing twice. */
  #isNew(claim: number, device: PooledDevice): boolean {
    return !(this.taken[claim] as Taken[]).some((taken) => taken.device === device);
  }

  #isFree(claim: number, device: PooledDevice, share: Shares | undefined): boolean {
    const { inUse } = this.#supply;
    if ((this.taken[claim] as Taken[]).some((taken) => taken.way.isAdmin && taken.device === device)) return false;
    const isMine = this.#mine.has(device.key);
    if (!share) {
      if (inUse.isTaken(device.key) || isMine) return false;
    } else {
      if (inUse.isWhole(device.key)) return false;
      for (const [name, amount] of share)
        if (inUse.shared(device.key, name) + this.#shared(device, name) + amount > capacityOf(device, name))
          return false;
      // Whoever shares it pays its counters: the first did.
      if (isMine || inUse.isTaken(device.key)) return true;
    }
    return this.#hasCounters(device);
  }

  #shared(device: PooledDevice, capacity: string): bigint {
    return this.#mineOf(device).reduce((sum, { share }) => sum + (share?.get(capacity) ?? 0n), 0n);
  }

  #mineOf(device: PooledDevice): readonly Taken[] {
    return this.#mine.has(device.key) ? this.taken.flat().filter((taken) => taken.device === device) : [];
  }

  #hasCounters(device: PooledDevice): boolean {
    if (device.counters.size === 0) return true;
    const pool = this.#pools.get(device) as Pool;
    const used = pool.devices.filter(({ key }) => this.#mine.has(key) || this.#supply.inUse.isTaken(key));
    for (const [set, amounts] of device.counters)
      for (const [name, amount] of amounts) {
        const spent = used.reduce((sum, { counters }) => sum + counter(counters, set, name), 0n);
        if (spent + amount > counter(pool.counters, set, name)) return false;
      }
    return true;
  }
}

const capacityOf = ({ spec }: PooledDevice, name: string): bigint => amountOf(spec.capacity?.[name]?.value ?? '0');
const counter = (counters: Counters, set: string, name: string): bigint => counters.get(set)?.get(name) ?? 0n;

/** undefined: the whole device; none: it has not what is asked for. */
function shareFor({ capacity, isAdmin }: Way, { spec, driver }: PooledDevice): Shares | undefined | 'none' {
  if (spec.allowMultipleAllocations && !isAdmin) return shareOf(spec, driver, capacity) ?? 'none';
  return hasCapacity(spec, driver, capacity) ? undefined : 'none';
}
