import { Notifier } from '@navarch/base';
import { MASTERS, type User } from '../auth/user.ts';
import type { RequestInfo } from '../request-info.ts';

export interface InFlightLimits {
  /** Requests that only read, and those that write, being worked on at once (upstream's --max-requests-inflight and its sibling). */
  readonly readsMax: number;
  readonly writesMax: number;
  /** Requests of each sort that may wait for a place; who comes when the line is full is refused. */
  readonly waitingMax: number;
}

export const usualLimits: InFlightLimits = { readsMax: 400, writesMax: 200, waitingMax: 1000 };

const READS: ReadonlySet<string> = new Set(['get', 'list', 'head', 'options']);
const STREAMS: ReadonlySet<string> = new Set(['attach', 'exec', 'proxy', 'log', 'portforward']);

/** Keeps the server from taking on more at once than it can do, whoever asks. */
export class InFlight {
  readonly #reads: Places;
  readonly #writes: Places;

  constructor({ readsMax, writesMax, waitingMax }: InFlightLimits) {
    this.#reads = new Places(readsMax, waitingMax);
    this.#writes = new Places(writesMax, waitingMax);
  }

  /**
   * The places a request takes one of; undefined: none, since it stays for long (watches, streams), is asked by those
   * who must always get through, or is how the server is found out to live.
   */
  placesFor({ isResource, verb, subresource, path }: RequestInfo, user: User): Places | undefined {
    if (user.groups.includes(MASTERS) || verb === 'watch' || STREAMS.has(subresource)) return undefined;
    if (!isResource && /^\/(?:healthz|livez|readyz)(?:\/|$)/.test(path)) return undefined;
    return READS.has(verb) ? this.#reads : this.#writes;
  }
}

export class Places {
  readonly #max: number;
  readonly #waitingMax: number;
  #taken = 0;
  readonly #waiting: Notifier[] = [];

  constructor(max: number, waitingMax: number) {
    this.#max = max;
    this.#waitingMax = waitingMax;
  }

  get isFull(): boolean {
    return this.#taken >= this.#max;
  }

  /** Takes a place that is free. */
  take(): void {
    this.#taken += 1;
  }

  /** Waits for a place and takes it; false when too many wait. Rejects when the signal aborts. */
  async wait(signal: AbortSignal): Promise<boolean> {
    if (this.#waiting.length >= this.#waitingMax) return false;
    const turn = new Notifier();
    this.#waiting.push(turn);
    try {
      await turn.wait(signal);
      return true;
    } catch (error) {
      this.#waiting.splice(this.#waiting.indexOf(turn), 1);
      throw error;
    }
  }

  /** Gives the place to who waits longest. */
  leave(): void {
    const next = this.#waiting.shift();
    if (next) next.notify();
    else this.#taken -= 1;
  }
}
