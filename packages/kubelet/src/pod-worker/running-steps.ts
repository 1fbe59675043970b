import type { TaskGroup } from '@navarch/base';
import { type Action, actionKey } from '../pod-machine/action.ts';

interface Running {
  readonly action: Action;
  readonly stop: AbortController;
  readonly done: Promise<void>;
}

/** A stop is begun anew when its time is over this much sooner than it was told. */
const SOONER_MS = 1000;

const MAKING: ReadonlySet<Action['type']> = new Set(['start-sandbox', 'start-container']);

/** The steps of one pod that are being carried out: as long as they are wanted, and no two of one key at once. */
export class RunningSteps {
  readonly #running = new Map<string, Running>();
  readonly #carryOut: (action: Action, signal: AbortSignal) => Promise<void>;
  #ended = 0;

  /** `carryOut` must deal with its own failures. */
  constructor(carryOut: (action: Action, signal: AbortSignal) => Promise<void>) {
    this.#carryOut = carryOut;
  }

  get keys(): ReadonlySet<string> {
    return new Set(this.#running.keys());
  }

  /** Some step makes what was not there. */
  get isMaking(): boolean {
    return [...this.#running.values()].some(({ action: { type } }) => MAKING.has(type));
  }

  /** How many steps have ended: what was seen before the last of them is out of date. */
  get ended(): number {
    return this.#ended;
  }

  /** Ends what is no longer wanted, and waits for it. */
  async giveUp(wanted: readonly Action[]): Promise<void> {
    const byKey = new Map(wanted.map((action) => [actionKey(action), action]));
    const unwanted = [...this.#running]
      .filter(([key, { action }]) => !isSame(action, byKey.get(key)))
      .map(([, running]) => running);
    for (const { stop } of unwanted) stop.abort(new Error('The step is no longer wanted'));
    await Promise.allSettled(unwanted.map(({ done }) => done));
  }

  begin(wanted: readonly Action[], group: TaskGroup): void {
    for (const action of wanted) {
      const key = actionKey(action);
      if (this.#running.has(key)) continue;
      const stop = new AbortController();
      const { promise: done, resolve } = Promise.withResolvers<void>();
      this.#running.set(key, { action, stop, done });
      group.spawn(async (signal) => {
        try {
          await this.#carryOut(action, AbortSignal.any([signal, stop.signal]));
        } finally {
          this.#running.delete(key);
          this.#ended += 1;
          resolve();
        }
      });
    }
  }
}

function isSame(running: Action, wanted: Action | undefined): boolean {
  if (wanted === undefined) return false;
  if (running.type !== 'stop-container' || wanted.type !== 'stop-container') return true;
  return wanted.killBy + SOONER_MS > running.killBy && (wanted.graceSeconds > 0 || running.graceSeconds === 0);
}
