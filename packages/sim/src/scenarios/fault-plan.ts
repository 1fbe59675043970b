import type { Random } from '@navarch/base';
import type { Faults } from '../testing/faulty-api.ts';
import type { Staging } from './staging.ts';

export type Crash = 'server' | 'leader' | 'both';

/** Crashes come at most this many writes after one another, so that they fall into what is short, too. */
const CRASH_GAP_WRITES = 40;
const CRASHES_MAX = 4;
/** Clocks are set within so much of the beginning, by so much forward, or back. */
const JUMP_WITHIN_MS = 120_000;
const JUMP_FORWARD_MS = 90_000;
const JUMP_BACK_MS = 30_000;
const JUMPS_MAX = 3;

/** What goes wrong in one play: drawn from the seed, until it is told to end. */
export class FaultPlan implements Faults {
  latencyMs: number;
  readonly #latencyMinMs: number;
  watchLagMs = 0;
  refuse = 0;
  refuseRead = 0;
  loseAnswer = 0;
  breakWatch = 0;
  muteWatch = 0;
  conflict = 0;
  repeatEvents = 0;
  diskMs = 0;
  /** Writes that are yet to be done before the next crash, and which it is. */
  readonly #crashes: { writes: number; readonly what: Crash }[] = [];
  /** When the wall clock is set, in monotonic ms, and by how much. */
  readonly jumps: readonly { readonly atMs: number; readonly byMs: number }[] = [];

  constructor(seed: number, random: Random, { spares = [], latencyMs = 0 }: Pick<Staging, 'spares' | 'latencyMs'>) {
    this.latencyMs = this.#latencyMinMs = latencyMs;
    // What does not work when all is well needs no faults to be seen.
    if (seed === 1) return;
    const some = <T>(...choices: readonly T[]): T => choices[random.uint32() % choices.length] as T;
    if (!spares.includes('network')) {
      this.latencyMs = Math.max(latencyMs, some(0, 20, 200));
      this.watchLagMs = some(0, 0, 300, 2000);
      this.refuse = some(0, 0, 0.05, 0.2);
      this.refuseRead = some(0, 0, 0.01, 0.03);
      this.loseAnswer = some(0, 0, 0.05, 0.2);
      this.breakWatch = some(0, 0, 0.02, 0.1);
      if (!spares.includes('mute watches')) this.muteWatch = some(0, 0, 0, 0.01);
      this.conflict = some(0, 0, 0.05, 0.3);
      this.repeatEvents = some(0, 0, 0.5);
    }
    this.diskMs = some(0, 0, 20, 300);
    if (!spares.includes('crashes'))
      for (let n = random.uint32() % (CRASHES_MAX + 1); n > 0; n--)
        this.#crashes.push({
          writes: 1 + (random.uint32() % CRASH_GAP_WRITES),
          what: spares.includes('server crashes') ? 'leader' : some('server', 'leader', 'both'),
        });
    if (!spares.includes('clock jumps') && some(true, false, false))
      this.jumps = Array.from({ length: 1 + (random.uint32() % JUMPS_MAX) }, () => ({
        atMs: random.uint32() % JUMP_WITHIN_MS,
        byMs: (random.uint32() % (JUMP_FORWARD_MS + JUMP_BACK_MS)) - JUMP_BACK_MS,
      }));
  }

  /** One more write was done: what crashes on it. */
  wrote(): Crash | undefined {
    const [next] = this.#crashes;
    if (!next || --next.writes > 0) return undefined;
    this.#crashes.shift();
    return next.what;
  }

  /** Nothing goes wrong from here on. */
  end(): void {
    this.latencyMs = this.#latencyMinMs;
    this.watchLagMs = this.diskMs = 0;
    this.refuse = this.refuseRead = this.loseAnswer = this.conflict = 0;
    this.breakWatch = this.muteWatch = this.repeatEvents = 0;
    this.#crashes.length = 0;
  }
}
