import type { Pod, PodCondition, PodStatus } from '@navarch/api';
import { firstOf, type Clock, type Logger, Notifier } from '@navarch/base';
import { equalJson, hasReason, keyOf } from '@navarch/machinery';
import { PASSING } from '../pod-machine/conditions.ts';
import type { PodRecord } from './pod-record.ts';

export interface ReporterDeps {
  readonly record: PodRecord;
  readonly clock: Clock;
  readonly log: Logger;
  /** The pod as the API has it, as far as this kubelet has heard. */
  pod(): Pod;
}

const RETRY_MS = 1000;
/** What is about to change again is told after this time, if it has not. */
const PASSING_MS_MAX = 1000;

/**
 * Tells the API how a pod is: the newest state only, again and again until it is told. Containers never wait for it.
 */
export class StatusReporter {
  readonly #deps: ReporterDeps;
  readonly #moved = new Notifier();
  #wanted: PodStatus | undefined;
  #told: PodStatus | undefined;
  /** The version that the API answered with: what it made of the status then is its own affair. */
  #toldVersion = '';
  /** Until then what is wanted need not be told, on the monotonic clock. */
  #dueAt = 0;

  constructor(deps: ReporterDeps) {
    this.#deps = deps;
  }

  /** What was said last; the API may not know it yet. */
  get wanted(): PodStatus | undefined {
    return this.#wanted;
  }

  /** Where more is about to change (`isPassing`), what concerns no container waits for that. */
  say(status: PodStatus, isPassing = false): void {
    const now = this.#deps.clock.monotonic();
    const mayWait = isPassing && this.#told !== undefined && isSameForContainers(status, this.#told);
    if (!mayWait && this.#dueAt > now) {
      this.#dueAt = now;
      this.#moved.notify();
    }
    if (equalJson(status, this.#wanted) && !this.#isContradicted()) return;
    if (mayWait && this.#isTold()) this.#dueAt = now + PASSING_MS_MAX;
    this.#wanted = status;
    this.#moved.notify();
  }

  /** The API has lost what it was told. */
  again(): void {
    this.#told = undefined;
    this.#moved.notify();
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (this.#isTold()) await this.#moved.wait(signal).catch(() => undefined);
      else if (this.#dueAt > this.#deps.clock.monotonic()) await this.#untilDue(signal);
      else await this.#tell(signal);
    }
  }

  #untilDue(signal: AbortSignal): Promise<void> {
    const { clock } = this.#deps;
    return firstOf(
      signal,
      (s) => this.#moved.wait(s),
      (s) => clock.sleep(this.#dueAt - clock.monotonic(), s),
    );
  }

  /** Resolves when the API knows all that was said. */
  async settled(signal: AbortSignal): Promise<void> {
    while (!this.#isTold()) await this.#moved.wait(signal);
  }

  #isTold(): boolean {
    return this.#wanted === undefined || (equalJson(this.#wanted, this.#told) && !this.#isContradicted());
  }

  /** No version has come since the answer to what was told last. */
  #isBehind(): boolean {
    return Number(this.#deps.pod().metadata.resourceVersion) <= Number(this.#toldVersion);
  }

  /** Someone else wrote what is the kubelet's to say, as the node controller does when a node seems lost. */
  #isContradicted(): boolean {
    const { phase, conditions = [] } = this.#deps.pod().status;
    if (!this.#told || this.#isBehind()) return false;
    return (
      phase !== this.#told.phase ||
      (this.#told.conditions ?? []).some(
        (own) => isOwn(own) && conditions.some((c) => c.type === own.type && c.status !== own.status),
      )
    );
  }

  async #tell(signal: AbortSignal): Promise<void> {
    const { record, clock, log, pod } = this.#deps;
    const wanted = this.#wanted as PodStatus;
    const current = pod();
    try {
      this.#toldVersion = await record.tell(current, patchOf(wanted, current.status), signal);
      this.#told = wanted;
    } catch (error) {
      if (signal.aborted) return;
      // What is refused for what it says will be refused again: it must not keep a pod from its end.
      if (hasReason(error, 'Invalid')) log.warn('pod status refused', { pod: keyOf(current), error });
      if (hasReason(error, 'Invalid') || (await record.isGone(current, error))) {
        this.#told = wanted;
        this.#toldVersion = current.metadata.resourceVersion;
      } else {
        log.warn('pod status not written', { pod: keyOf(current), error });
        await clock.sleep(RETRY_MS, signal).catch(() => undefined);
      }
    }
    this.#moved.notify();
  }
}

/** They differ in conditions and addresses at most. */
const isSameForContainers = (a: PodStatus, b: PodStatus): boolean => equalJson(ofContainers(a), ofContainers(b));
const ofContainers = ({ conditions: _, podIP: _1, podIPs: _2, ...rest }: PodStatus): unknown => rest;

const OWN = ['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady', ...PASSING];
const isOwn = ({ type }: PodCondition): boolean => OWN.includes(type);

/** The pod as it is known here: what was said last, beside what others say of it. */
export function withStatus(pod: Pod, said: PodStatus | undefined): Pod {
  const isOverElsewhere = pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed';
  if (!said) return pod;
  const conditions = [
    ...(said.conditions ?? []).filter(isOwn),
    ...(pod.status.conditions ?? []).filter((c) => !isOwn(c)),
  ];
  const { phase, reason, message } = pod.status;
  const over = isOverElsewhere ? { phase, ...(reason ? { reason } : {}), ...(message ? { message } : {}) } : {};
  return { ...pod, status: { ...pod.status, ...said, conditions, ...over } };
}

/** Optional parts of a status that a kubelet says, and may no longer say: a patch without them would keep them. */
const FORGETTABLE = [
  'reason',
  'message',
  'podIP',
  'podIPs',
  'initContainerStatuses',
  'ephemeralContainerStatuses',
] as const;

/**
 * A strategic merge patch that makes the kubelet's part of the status what it is to be, whatever it is now: an answer
 * may have been lost, so nobody knows.
 */
function patchOf(next: PodStatus, previous: PodStatus): object {
  const absent = Object.fromEntries(FORGETTABLE.filter((name) => next[name] === undefined).map((name) => [name, null]));
  const isNew = ({ type }: PodCondition): boolean => !previous.conditions?.some((c) => c.type === type);
  const said = (next.conditions ?? []).filter((c) => isOwn(c) || isNew(c));
  const passed = PASSING.filter((type) => !said.some((c) => c.type === type)).map((type) => ({
    $patch: 'delete',
    type,
  }));
  const conditions = [...passed, ...said.map((condition) => ({ reason: null, message: null, ...condition }))];
  return { ...next, ...absent, conditions, ...(next.podIPs ? { podIPs: [REPLACED, ...next.podIPs] } : {}) };
}

/** Makes a list the whole list: a patch merges it otherwise. */
const REPLACED = { $patch: 'replace' };
