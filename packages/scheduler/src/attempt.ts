import type { Pod } from '@navarch/api';
import type { Extender } from './extenders/extender.ts';
import type { Errand, Profile } from './plugin.ts';

/** Where a pod goes, and what has to be done before. */
export interface Decided {
  readonly pod: Pod;
  readonly nodeName: string;
  readonly errands: readonly Errand[];
}

export interface Attempt {
  readonly pod: Pod;
  readonly profile: Profile;
  /** On the monotonic clock. */
  readonly startedMs: number;
}

export interface Assumption extends Attempt {
  readonly nodeName: string;
  /** The profile, or the same that is timed. */
  readonly asked?: Profile;
  /** Who binds it instead of the scheduler. */
  readonly binder?: Extender | undefined;
}
