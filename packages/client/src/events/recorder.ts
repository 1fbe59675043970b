import { type Clock, type Logger, Notifier, type Random } from '@navarch/base';
import { type ApiObject, type Draft, hasReason, keyIn, StatusError } from '@navarch/machinery';
import type { KindApi } from '../api.ts';
import { Correlator, type Occurrence, type Regarding } from './correlate.ts';

export interface RecorderDeps {
  /** The API of core/v1 events. */
  readonly events: KindApi<any>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** Says what happened to an object, for `kubectl describe` and `kubectl get events`. Never waits and never throws. */
export interface Recorder {
  record(about: ApiObject | Regarding, event: EventText): void;
}

export type EventText = Omit<Occurrence, 'regarding'>;

/** Occurrences that wait to be written; at the limit new ones are dropped, as upstream's broadcaster does. */
const WAITING_MAX = 1000;
const ATTEMPTS_MAX = 12;
const RETRY_MS = 10_000;
/** Names within one millisecond. */
const SERIALS = 1_000_000;

/** core/v1 events of one component: repetitions are counted, storms combined, floods cut. */
export class EventRecorder implements Recorder {
  readonly #deps: RecorderDeps;
  readonly #component: string;
  readonly #host: string | undefined;
  readonly #correlator = new Correlator();
  readonly #waiting: { readonly occurrence: Occurrence; readonly nowMs: number }[] = [];
  readonly #arrived = new Notifier();
  #serial: number;
  /** Since this was said last: one line tells of a storm, not one a drop. */
  #dropped = 0;

  constructor(deps: RecorderDeps, component: string, host?: string) {
    this.#deps = deps;
    this.#component = component;
    this.#host = host;
    // Other components say things of the same object at the same moment: each counts from another number.
    this.#serial = placeOf(`${component} ${host ?? ''}`);
  }

  record(about: ApiObject | Regarding, event: EventText): void {
    if (this.#waiting.length >= WAITING_MAX) {
      this.#dropped += 1;
      return;
    }
    this.#waiting.push({
      occurrence: { ...event, regarding: 'metadata' in about ? referenceTo(about) : about },
      nowMs: this.#deps.clock.now(),
    });
    this.#arrived.notify();
  }

  /** Writes what is recorded, in order, until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const next = this.#waiting.shift();
      if (next) {
        await this.#write(next.occurrence, next.nowMs, signal);
        continue;
      }
      if (this.#dropped > 0) this.#deps.log.warn('events dropped, too many were waiting', { count: this.#dropped });
      this.#dropped = 0;
      await this.#arrived.wait(signal).catch(() => undefined);
    }
  }

  async #write(occurrence: Occurrence, nowMs: number, signal: AbortSignal): Promise<void> {
    const { clock, random, log } = this.#deps;
    const correlated = this.#correlator.correlate(occurrence, nowMs);
    if (!correlated) return;
    const { key, message } = correlated;
    for (let attempt = 1; !signal.aborted; attempt++) {
      try {
        const repeats = attempt === 1 ? correlated.repeats : undefined;
        if (repeats && (await this.#countUp(key, repeats, message, nowMs))) return;
        const now = timestamp(nowMs);
        const draft = this.#draft(occurrence, message, nowMs, repeats ?? { firstTimestamp: now, count: 0 });
        await this.#deps.events.create(draft);
        const { name, namespace } = draft.metadata;
        this.#correlator.remember(key, { name, namespace, firstTimestamp: draft.firstTimestamp, count: draft.count });
        return;
      } catch (error) {
        if (signal.aborted) return;
        // A refusal will not change by asking again: the namespace is going, or the event is not acceptable.
        if (error instanceof StatusError && (error.status.code ?? 500) < 500 && !hasReason(error, 'TooManyRequests')) {
          log.debug('event refused', { reason: occurrence.reason, error });
          return;
        }
        if (attempt >= ATTEMPTS_MAX)
          return log.warn('event not written, giving up', { reason: occurrence.reason, error });
        await clock.sleep(RETRY_MS * (attempt === 1 ? random.uint32() / 2 ** 32 : 1), signal).catch(() => undefined);
      }
    }
  }

  /** False when the earlier event has expired meanwhile. */
  async #countUp(
    key: string,
    repeats: {
      readonly name: string;
      readonly namespace: string;
      readonly firstTimestamp: string;
      readonly count: number;
    },
    message: string,
    nowMs: number,
  ): Promise<boolean> {
    const count = repeats.count + 1;
    try {
      await this.#deps.events.patch(keyIn(repeats.namespace, repeats.name), {
        type: 'strategic',
        body: { count, lastTimestamp: timestamp(nowMs), message },
      });
    } catch (error) {
      if (!hasReason(error, 'NotFound')) throw error;
      this.#correlator.forget(key);
      return false;
    }
    this.#correlator.remember(key, { ...repeats, count });
    return true;
  }

  #draft(
    occurrence: Occurrence,
    message: string,
    nowMs: number,
    before: { readonly firstTimestamp: string; readonly count: number },
  ): EventDraft {
    const { regarding, type, reason, annotations, related, action } = occurrence;
    const namespace = regarding.namespace || 'default';
    // Unique among the events of one object: nanoseconds since the epoch in upstream, of which we count the last six digits.
    const serial = BigInt(Math.floor(nowMs)) * BigInt(SERIALS) + BigInt(this.#serial++ % SERIALS);
    return {
      metadata: {
        name: `${regarding.name ?? ''}.${serial.toString(16)}`,
        namespace,
        ...(annotations ? { annotations } : {}),
      },
      involvedObject: regarding,
      reason,
      message,
      type,
      count: before.count + 1,
      firstTimestamp: before.firstTimestamp,
      lastTimestamp: timestamp(nowMs),
      source: { component: this.#component, ...(this.#host ? { host: this.#host } : {}) },
      reportingComponent: this.#component,
      reportingInstance: this.#host ?? '',
      ...(related ? { related } : {}),
      ...(action ? { action } : {}),
    };
  }
}

type EventDraft = Draft<any> & {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly firstTimestamp: string;
  readonly count: number;
};

export const referenceTo = ({ apiVersion, kind, metadata }: ApiObject): Regarding => ({
  kind,
  ...(metadata.namespace ? { namespace: metadata.namespace } : {}),
  name: metadata.name,
  uid: metadata.uid,
  apiVersion,
  resourceVersion: metadata.resourceVersion,
});

/** A number below SERIALS that the text alone decides. */
function placeOf(text: string): number {
  let place = 0;
  for (const character of text) place = (place * 31 + (character.codePointAt(0) ?? 0)) % SERIALS;
  return place;
}

const timestamp = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;
