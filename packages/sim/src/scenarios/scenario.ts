import type { Staging } from './staging.ts';
import type { View } from './view.ts';
import type { World } from './world.ts';

/**
 * One documented behaviour, played on simulated time with the real API server and the controllers that bring it about.
 * A seed says how long things take and what goes wrong; seed 1 goes well. What is said here must hold with every seed.
 */
export interface Scenario extends Staging {
  /** `controller/behaviour`, as `./navarch sim --scenario` takes it. */
  readonly name: string;
  /** What holds, in a sentence. */
  readonly says: string;
  /** What people do. */
  act(world: World): Promise<void>;
  /** Throws where it is not so yet. Must come to hold once nothing goes wrong any more, and then stay so. */
  end(view: View): void;
  /** The same with so many of what it is about. As it is it is small enough to be played with every seed. */
  readonly sized?: (count: number) => Scenario;
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
