import { TokenBucket } from '@navarch/base';

/** What is happening to what, before it is known how often it happened. */
export interface Occurrence {
  readonly regarding: Regarding;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly related?: Regarding;
  readonly action?: string;
}

/** v1.ObjectReference. */
export interface Regarding {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly fieldPath?: string;
}

export interface Correlated {
  /** Under which the event is remembered, to be counted up the next time. */
  readonly key: string;
  readonly message: string;
  /** The event that this is a repetition of. */
  readonly repeats?: Recorded;
}

/** An event as it was last written. */
export interface Recorded {
  readonly name: string;
  readonly namespace: string;
  readonly firstTimestamp: string;
  readonly count: number;
}

// Upstream's limits (client-go event correlator).
const REMEMBERED_MAX = 4096;
const SPAM = { perSecond: 1 / 300, burst: 25 };
const SIMILAR_MAX = 10;
const SIMILAR_WINDOW_MS = 600_000;
const COMBINED_PREFIX = '(combined from similar events): ';

/** Decides which occurrences are events of their own, which count up an earlier one, and which are dropped. */
export class Correlator {
  readonly #buckets = new Recent<TokenBucket>(REMEMBERED_MAX);
  readonly #similar = new Recent<{ readonly messages: Set<string>; atMs: number }>(REMEMBERED_MAX);
  readonly #recorded = new Recent<Recorded>(REMEMBERED_MAX);

  /** undefined: one object says too much; this is left out. */
  correlate(occurrence: Occurrence, nowMs: number): Correlated | undefined {
    const { regarding, type, reason, message } = occurrence;
    const about = [regarding.kind, regarding.namespace, regarding.name, regarding.uid, regarding.apiVersion].join('\n');
    if (!this.#isAllowed(about, nowMs)) return undefined;
    const group = [about, type, reason].join('\n');
    const similar = this.#similar.get(group) ?? { messages: new Set<string>(), atMs: nowMs };
    if (nowMs - similar.atMs > SIMILAR_WINDOW_MS) similar.messages.clear();
    similar.atMs = nowMs;
    similar.messages.add(message);
    this.#similar.set(group, similar);
    const isCombined = similar.messages.size >= SIMILAR_MAX;
    if (isCombined && similar.messages.size > SIMILAR_MAX)
      similar.messages.delete(similar.messages.values().next().value ?? '');
    const key = isCombined ? group : [group, regarding.fieldPath, message].join('\n');
    const repeats = this.#recorded.get(key);
    return { key, message: isCombined ? COMBINED_PREFIX + message : message, ...(repeats ? { repeats } : {}) };
  }

  remember(key: string, recorded: Recorded): void {
    this.#recorded.set(key, recorded);
  }

  /** The event is no longer there: the next one like it is new. */
  forget(key: string): void {
    this.#recorded.delete(key);
  }

  #isAllowed(about: string, nowMs: number): boolean {
    const bucket = this.#buckets.get(about) ?? new TokenBucket(SPAM, nowMs);
    this.#buckets.set(about, bucket);
    return bucket.tryTake(nowMs);
  }
}

/** A map of the most recently used; at its limit the oldest goes. */
class Recent<T> {
  readonly #max: number;
  readonly #entries = new Map<string, T>();

  constructor(max: number) {
    this.#max = max;
  }

  get(key: string): T | undefined {
    return this.#entries.get(key);
  }

  set(key: string, value: T): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size > this.#max) this.#entries.delete(this.#entries.keys().next().value ?? '');
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }
}
