import { amountOf, keyOfDevice, type Result } from './devices.ts';

/** What has been given away, of all claims together. As large as the allocations of the cluster. */
export class InUse {
  /** How many have a device for themselves: one, where everybody keeps to the rules. */
  readonly #whole = new Map<string, number>();
  /** How many share a device, and what they have of it. */
  readonly #shared = new Map<string, { count: number; readonly amounts: Map<string, bigint> }>();

  /** Administrators' access takes nothing from anybody. */
  count(results: readonly Result[], by: 1 | -1): void {
    for (const result of results) {
      if (result.adminAccess) continue;
      const key = keyOfDevice(result);
      if (result.shareID === undefined) add(this.#whole, key, by);
      else this.#countShare(key, result.consumedCapacity ?? {}, by);
    }
  }

  isWhole(device: string): boolean {
    return this.#whole.has(device);
  }

  isTaken(device: string): boolean {
    return this.#whole.has(device) || this.#shared.has(device);
  }

  /** What those who share a device have of a capacity. */
  shared(device: string, capacity: string): bigint {
    return this.#shared.get(device)?.amounts.get(capacity) ?? 0n;
  }

  #countShare(key: string, consumed: Readonly<Record<string, string>>, by: 1 | -1): void {
    const held = this.#shared.get(key) ?? { count: 0, amounts: new Map<string, bigint>() };
    held.count += by;
    for (const [name, amount] of Object.entries(consumed))
      held.amounts.set(name, (held.amounts.get(name) ?? 0n) + BigInt(by) * amountOf(amount));
    if (held.count > 0) this.#shared.set(key, held);
    else this.#shared.delete(key);
  }
}

function add(counts: Map<string, number>, key: string, by: 1 | -1): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}
