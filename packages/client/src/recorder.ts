import type { Clock, Logger, Random, TaskGroup } from '@navarch/base';
import { type ApiObject, type Draft, hasReason, type Kind } from '@navarch/machinery';
import type { Api } from './api.ts';

/** The parts of a core/v1 Event that a recorder fills in. */
export interface RecordedEvent extends ApiObject {
  readonly involvedObject: Readonly<Record<string, string | undefined>>;
  readonly reason?: string;
  readonly message?: string;
  readonly type?: string;
  readonly count?: number;
  readonly source: { readonly component?: string; readonly host?: string };
  readonly firstTimestamp: string | null;
  readonly lastTimestamp: string | null;
  readonly reportingComponent: string;
  readonly reportingInstance: string;
}

export interface RecorderDeps {
  readonly api: Api;
  /** The kind of core/v1 events. */
  readonly events: Kind<any>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly component: string;
  readonly host?: string;
  /** Events are written by tasks of this group: nobody waits for them. */
  readonly group: TaskGroup;
}

export interface Subject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly uid?: string; readonly resourceVersion?: string };
}

/** Equal events remembered, to be counted instead of repeated; the oldest are forgotten. */
const REMEMBERED_MAX = 4096;
/** Events waiting to be written; more are dropped, since events may be lost and memory may not grow. */
const WAITING_MAX = 1000;

/** Tells people what happened to an object (`kubectl describe`, `kubectl get events`). Repeats are counted. */
export class Recorder {
  readonly #deps: RecorderDeps;
  readonly #seen = new Map<string, { readonly name: string; count: number }>();
  #tail: Promise<void> = Promise.resolve();
  #waiting = 0;

  constructor(deps: RecorderDeps) {
    this.#deps = deps;
  }

  /** `fieldPath` names a part of the object, e.g. spec.containers{web}. Never throws and never waits. */
  record(subject: Subject, type: 'Normal' | 'Warning', reason: string, message: string, fieldPath = ''): void {
    if (this.#waiting >= WAITING_MAX) return;
    this.#waiting += 1;
    const now = this.#deps.clock.now();
    // One after the other, so that a repeat finds the event it repeats.
    const before = this.#tail;
    let done = (): void => undefined;
    this.#tail = new Promise((resolve) => { done = resolve; });
    this.#deps.group.spawn(async () => {
      await before;
      try {
        await this.#write(subject, type, reason, message, fieldPath, now);
      } catch (error) {
        // The namespace may be going, the server may be away: an event is not worth more than a try.
        this.#deps.log.debug('event lost', { reason, error });
      } finally {
        this.#waiting -= 1;
        done();
      }
    });
  }

  async #write(subject: Subject, type: string, reason: string, message: string, fieldPath: string, now: number): Promise<void> {
    const { api, events, component, host = '', random } = this.#deps;
    const { name, namespace = 'default', uid = '', resourceVersion = '' } = subject.metadata;
    const time = `${new Date(now).toISOString().slice(0, 19)}Z`;
    const key = [namespace, subject.kind, name, uid, fieldPath, type, reason, message].join('\n');
    const known = this.#seen.get(key);
    if (known) {
      known.count += 1;
      try {
        await api.of(events).patch(`${namespace}/${known.name}`, { type: 'merge', body: { count: known.count, lastTimestamp: time } });
        return;
      } catch (error) {
        if (!hasReason(error, 'NotFound')) throw error; // Events go after an hour: then it is a new one.
      }
    }
    const eventName = `${name}.${(now * 1_000_000 + (random.uint32() % 1_000_000)).toString(16)}`;
    const event: Draft<RecordedEvent> = {
      metadata: { name: eventName, namespace },
      involvedObject: {
        kind: subject.kind, namespace: subject.metadata.namespace, name, uid, apiVersion: subject.apiVersion, resourceVersion, ...(fieldPath ? { fieldPath } : {}),
      },
      reason, message: message.slice(0, 1024), source: { component, ...(host ? { host } : {}) }, firstTimestamp: time, lastTimestamp: time, count: 1, type,
      reportingComponent: component, reportingInstance: host,
    };
    await api.of(events).create(event as Draft<any>);
    if (this.#seen.size >= REMEMBERED_MAX) this.#seen.delete(this.#seen.keys().next().value as string);
    this.#seen.set(key, { name: eventName, count: 1 });
  }
}
