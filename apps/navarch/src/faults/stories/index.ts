import type { Story } from '../world.ts';
import { churnUnderKills } from './churn.ts';
import { fullDisk } from './full-disk.ts';
import { hungDriver } from './hung-driver.ts';
import { hungMount } from './hung-mount.ts';
import { cutLink, lostNode } from './nodes.ts';
import { slowRuntime } from './slow-runtime.ts';
import { requestsUnderRestarts } from './requests.ts';

/** Every story by its name, in the order in which they are told. */
export const stories: ReadonlyMap<string, Story> = new Map([
  ['churn', churnUnderKills],
  ['requests', requestsUnderRestarts],
  ['cut', cutLink],
  ['full-disk', fullDisk],
  ['hung-mount', hungMount],
  ['hung-driver', hungDriver],
  ['slow-runtime', slowRuntime],
  ['lost-node', lostNode],
]);
