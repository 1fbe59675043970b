import type { ServeOptions } from '@navarch/apiserver';
import type { Clock } from '@navarch/base';
import type { Controller, ReadPath, Selection } from '@navarch/controllers';
import type { PodLife } from './pod-player.ts';
import type { Property } from './property.ts';
import type { View } from './view.ts';
import type { World } from './world.ts';

/** What is around a scenario's controllers that is not the API. */
interface Surroundings {
  readonly clock: Clock;
  readonly view: View;
  /** What extension API servers have, asked through the API server. */
  readonly readPath: ReadPath;
}

/**
 * One documented behaviour, played on simulated time with the real API server and the controllers that bring it about.
 * A seed says how long things take and what goes wrong; seed 1 goes well. What is said here must hold with every seed.
 */
export interface Scenario {
  /** `controller/behaviour`, as `./navarch sim --scenario` takes it. */
  readonly name: string;
  /** What holds, in a sentence. */
  readonly says: string;
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
  readonly spares?: readonly ('clock jumps' | 'crashes' | 'network' | 'mute watches')[];
  /** What people do. */
  act(world: World): Promise<void>;
  /** What must hold after every single write, whatever happens. */
  readonly always?: readonly Property[];
  /** Throws where it is not so yet. Must come to hold once nothing goes wrong any more, and then stay so. */
  end(view: View): void;
  /** The same with so many of what it is about. As it is it is small enough to be played with every seed. */
  readonly sized?: (count: number) => Scenario;
  /** What every request of a controller takes at least, also where all is well. Absent: nothing. */
  readonly latencyMs?: number;
  /** What one controller may ask in one minute before it is taken for a loop without end. Absent: 5000. */
  readonly requestsMax?: number;
  /** What cannot be mended is tried ever more seldom: asked when all else has come to hold. */
  readonly rest?: Rest;
}

/** The most of what each controller may do in a minute, on the average of ten, after five in which nothing went wrong. */
export interface Rest {
  /** Events included; the lists and watches of the cache, which all share, are not. */
  readonly requests: number;
  /** Keys that are tried again after they failed: `workqueue_retries_total`. */
  readonly retries: number;
}

/**
 * What a scenario may take of simulated time after its last step: a watch that lies still is asked for anew within ten
 * minutes, and who was refused until then tries again after a thousand seconds at the latest.
 */
export const CALM_LIMIT_MS = 30 * 60_000;

export const defineScenario = (scenario: Scenario): Scenario => Object.freeze(scenario);
