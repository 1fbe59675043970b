import type { Pod } from '@navarch/api';
import type { Memory } from './memory.ts';
import type { Observed } from './observed.ts';
import type { PodContainer } from './pod-container.ts';
import type { Verdict } from './verdict.ts';

/** All that a status is made from. */
export interface PodView {
  readonly pod: Pod;
  readonly containers: readonly PodContainer[];
  readonly observed: Observed;
  readonly memory: Memory;
  readonly now: number;
  readonly verdict: Verdict | undefined;
}
