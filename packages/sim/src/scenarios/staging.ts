import type { ServeOptions } from '@navarch/apiserver';
import type { Clock } from '@navarch/base';
import type { Controller, ReadPath, Selection } from '@navarch/controllers';
import type { PodLife } from './pod-player.ts';
import type { Property } from './property.ts';
import type { View } from './view.ts';

/** What is around a scenario's controllers that is not the API. */
interface Surroundings {
  readonly clock: Clock;
  readonly view: View;
  /** What extension API servers have, asked through the API server. */
  readonly readPath: ReadPath;
}

/** Where a scenario is played: what runs there, and what may go wrong. */
export interface Staging {
  /** Asked anew whenever a leader takes over: what they remember goes with the one before. */
  controllers(around: Surroundings): readonly Controller[];
  /** Of the controllers that have to do with every kind, which run too: begun anew as custom resources come and go. */
  readonly ofEveryKind?: Selection;
  /** How many managers stand for election. Absent: one, which leads always. */
  readonly managers?: number;
  /** Which versions the API server serves, and what it reaches outside of the cluster. Asked once a play. */
  server?(
    around: Pick<Surroundings, 'clock' | 'view'>,
  ): Partial<Pick<ServeOptions, 'extensions' | 'readKubelet' | 'runtimeConfig' | 'serviceCidr' | 'webhooks'>>;
  /** The scheduler places pods, beside the controllers and as often begun anew. Absent: the pods' life says where they go. */
  readonly schedules?: true;
  /** Pods may be of groups, which the scheduler places together. */
  readonly hasGroups?: true;
  /** How pods live; absent: quickly, for ever. `none`: nothing schedules or runs them. */
  readonly pods?: PodLife | 'none';
  /** What the behaviour is not made for: a deadline in wall-clock time says nothing when the clock is set. */
  readonly spares?: readonly ('clock jumps' | 'crashes' | 'server crashes' | 'network' | 'mute watches')[];
  /** What must hold after every single write, whatever happens. */
  readonly always?: readonly Property[];
  /** What every request of a controller takes at least, also where all is well. Absent: nothing. */
  readonly latencyMs?: number;
  /** What one controller may ask in one minute before it is taken for a loop without end. Absent: 5000. */
  readonly requestsMax?: number;
}
