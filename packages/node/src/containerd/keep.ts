import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@navarch/base';
import { isAlive } from '../host/process-identity.ts';
import type { Containerd } from './start.ts';

export interface KeepOptions {
  /** Starts containerd, or adopts the one that runs. */
  start(signal: AbortSignal): Promise<Containerd>;
  readonly log: Logger;
  /** How often it is looked at. Default half a second. */
  readonly everyMs?: number;
  /** Between two attempts to start it. Default a second. */
  readonly retryMs?: number;
}

/** A containerd that comes back whenever it ends: nobody else on the machine knows of a private one. */
export class KeptContainerd {
  #current: Containerd;
  readonly #options: KeepOptions;

  constructor(first: Containerd, options: KeepOptions) {
    this.#current = first;
    this.#options = options;
  }

  get pid(): number {
    return this.#current.process.pid;
  }

  /** Until the signal aborts. Containers go on in their shims while it is away, and are found again. */
  async run(signal: AbortSignal): Promise<void> {
    const { log, everyMs = 500, retryMs = 1_000 } = this.#options;
    while (!signal.aborted) {
      await pause(everyMs, signal);
      if (signal.aborted || isAlive(this.#current.process)) continue;
      log.warn('containerd ended: it is started again', { pid: this.pid });
      try {
        this.#current = await this.#options.start(signal);
        log.info('containerd runs again', { pid: this.pid });
      } catch (error) {
        if (signal.aborted) return;
        log.error('containerd cannot be started', { error });
        await pause(retryMs, signal);
      }
    }
  }
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  sleep(ms, undefined, { signal }).catch(() => undefined);
