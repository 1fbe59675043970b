import { customResources } from './custom-resources.ts';
import { discovery } from './discovery.ts';
import { operations } from './operations.ts';
import { reading } from './reading.ts';
import { refusals } from './refusals.ts';
import { running } from './running.ts';
import type { Step } from './step.ts';
import { writing } from './writing.ts';

/** Everything, in the order in which people meet it. */
export const walk: readonly Step[] = [
  ...discovery,
  ...writing,
  ...reading,
  ...running,
  ...operations,
  ...customResources,
  ...refusals,
];
