import type { Node } from '@navarch/api';
import { reaches } from './reach.ts';
import type { DeviceLedger } from './ledger.ts';
import { SelectorError } from './selectors.ts';

/** How many devices stand behind a resource on a node, and how many of them somebody has. */
export interface DeviceTotals {
  readonly capacity: number;
  readonly used: number;
}

const NONE: DeviceTotals = { capacity: 0, used: 0 };

/** Of all that the node can use. None where no class is called so, or where its selectors cannot be told. */
export function deviceTotals(resource: string, node: Node, ledger: DeviceLedger): DeviceTotals {
  const name = ledger.classOf(resource);
  const devices = name === undefined ? undefined : ledger.deviceClass(name);
  if (!devices) return NONE;
  const { selectors: wanted = [] } = devices.spec;
  const { pools, inUse, selectors } = ledger.supplyFor(node);
  let [capacity, used] = [0, 0];
  try {
    for (const pool of pools)
      for (const device of pool.devices) {
        if (!reaches(device.reach, node) || !selectors.mean(wanted, device, `class ${name}`)) continue;
        capacity += 1;
        if (inUse.isTaken(device.key)) used += 1;
      }
  } catch (error) {
    if (error instanceof SelectorError) return NONE;
    throw error;
  }
  return { capacity, used };
}
