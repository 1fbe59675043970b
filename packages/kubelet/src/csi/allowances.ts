import type { Clock, Logger } from '@navarch/base';
import type { CsiCluster } from './cluster.ts';
import type { Drivers } from './drivers.ts';

export interface AllowancesDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly drivers: Pick<Drivers, 'names' | 'say'>;
  readonly cluster: Pick<CsiCluster, 'driverObject'>;
}

/** The shortest period that a driver's object may ask for: nothing is due more often. */
const LOOK_MS = 10_000;
/** What a driver's object asks for is looked at anew after this. */
const OBJECT_MS = 60_000;

interface Known {
  /** How often the driver is asked; undefined where nobody wants that. */
  readonly periodMs: number | undefined;
  readonly lookedAt: number;
  readonly askedAt: number;
}

/**
 * How many volumes drivers allow on the node may change while they run: they are asked again as often as their CSIDriver
 * objects say (KEP-4876), and the node's CSINode says what they answer.
 */
export class Allowances {
  readonly #deps: AllowancesDeps;
  /** By driver; those that have gone are forgotten. */
  #known: ReadonlyMap<string, Known> = new Map();

  constructor(deps: AllowancesDeps) {
    this.#deps = deps;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#deps;
    while (!signal.aborted) {
      await clock.sleep(LOOK_MS, signal).catch(() => undefined);
      if (signal.aborted) return;
      await this.look(signal).catch(
        (error: unknown) => signal.aborted || log.warn('cannot look at what drivers allow', { error }),
      );
    }
  }

  async look(signal: AbortSignal): Promise<void> {
    const { clock, drivers } = this.#deps;
    const next = new Map<string, Known>();
    for (const name of drivers.names()) {
      const now = clock.monotonic();
      const before = this.#known.get(name);
      const isStale = before === undefined || now - before.lookedAt >= OBJECT_MS;
      const periodMs = isStale ? await this.#periodOf(name) : before.periodMs;
      // It was asked when it made itself known.
      const askedAt = before?.periodMs === undefined ? now : before.askedAt;
      const isDue = periodMs !== undefined && now - askedAt >= periodMs;
      next.set(name, { periodMs, lookedAt: isStale ? now : before.lookedAt, askedAt: isDue ? now : askedAt });
      if (isDue) await this.#ask(name, signal);
    }
    this.#known = next;
  }

  async #periodOf(name: string): Promise<number | undefined> {
    const object = await this.#deps.cluster.driverObject(name);
    const seconds = Number(object?.spec.nodeAllocatableUpdatePeriodSeconds ?? 0);
    return seconds > 0 ? seconds * 1000 : undefined;
  }

  /** A driver that does not answer now is asked when it is due again. */
  async #ask(name: string, signal: AbortSignal): Promise<void> {
    await this.#deps.drivers
      .say(name, signal)
      .catch((error: unknown) => this.#deps.log.warn('a driver does not say what it allows', { driver: name, error }));
  }
}
