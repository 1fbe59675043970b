import { MetricRegistry } from '@navarch/base';
import type { Api, KindApi } from '@navarch/client';
import type { ApiObject, Kind } from '@navarch/machinery';

const MINUTE_MS = 60_000;

/** What each controller has done since the play began. */
export interface Work {
  readonly requests: ReadonlyMap<string, number>;
  readonly retries: ReadonlyMap<string, number>;
}

/** Counts what controllers ask of the server, and how often they try again. */
export class Load {
  readonly metrics = new MetricRegistry();
  readonly #monotonic: () => number;
  readonly #requestsMax: number;
  readonly #tooMuch: (what: string) => void;
  readonly #requests = new Map<string, number>();
  readonly #minutes = new Map<string, { minute: number; requests: number }>();

  /** `tooMuch` is told of a controller that asks more in a simulated minute: a loop that nothing slows down. */
  constructor(monotonic: () => number, requestsMax: number, tooMuch: (what: string) => void) {
    this.#monotonic = monotonic;
    this.#requestsMax = requestsMax;
    this.#tooMuch = tooMuch;
  }

  /** The same API, of which each request of the controller is counted. */
  counted(api: Api, controller: string): Api {
    const count = (): void => this.#count(controller);
    return { of: (kind) => counting(api, kind, count) };
  }

  work(): Work {
    const retries = new Map<string, number>();
    for (const { name, samples } of this.metrics.families())
      if (name === 'workqueue_retries_total')
        for (const { labels, value } of samples) retries.set(labels?.['name'] ?? '', value);
    return { requests: new Map(this.#requests), retries };
  }

  #count(controller: string): void {
    this.#requests.set(controller, (this.#requests.get(controller) ?? 0) + 1);
    const minute = Math.floor(this.#monotonic() / MINUTE_MS);
    const known = this.#minutes.get(controller);
    const current = known?.minute === minute ? known : { minute, requests: 0 };
    current.requests += 1;
    this.#minutes.set(controller, current);
    if (current.requests > this.#requestsMax)
      this.#tooMuch(`${controller} asks the server ${this.#requestsMax} times in one minute`);
  }
}

function counting<O extends ApiObject>(api: Api, kind: Kind<O>, count: () => void): KindApi<O> {
  const plain = api.of(kind);
  const one =
    <A extends readonly unknown[], T>(request: (...args: A) => T) =>
    (...args: A): T => {
      count();
      return request(...args);
    };
  return {
    get: one(plain.get),
    list: one(plain.list),
    watch: one(plain.watch),
    create: one(plain.create),
    replace: one(plain.replace),
    update: one(plain.update),
    patch: one(plain.patch),
    delete: one(plain.delete),
    deleteCollection: one(plain.deleteCollection),
    post: one(plain.post),
  };
}
