import type { Pod } from '@navarch/api';
import type { Clock, Logger } from '@navarch/base';
import type { Eviction, Rejection } from '../pod-machine/memory.ts';
import { grouped, type ShutdownGroup } from './groups.ts';

/** What tells that the machine is about to go down, and has it wait. */
export interface ShutdownNotice {
  /**
   * Yields true when the machine is about to go down, and false when it is not after all. It is held up from the first
   * call on, until `release` or its own limit; after false it is held up again.
   */
  changes(signal: AbortSignal): AsyncIterable<boolean>;
  /** The machine need not wait any longer. */
  release(): Promise<void>;
}

interface Endable {
  readonly pod: Pod;
  evict(eviction: Omit<Eviction, 'since'>): void;
}

export interface NodeShutdownDeps {
  readonly notice: ShutdownNotice;
  readonly groups: readonly ShutdownGroup[];
  readonly clock: Clock;
  readonly log: Logger;
  /** Those that are not over. */
  pods(): readonly Endable[];
  /** The node is to be told of anew. */
  changed(): void;
}

const MESSAGE = 'Pod was terminated in response to imminent node shutdown.';
const LOOK_MS = 200;
const RETRY_MS = 5_000;

/** Why a node that is going down takes no more pods. */
export const shutdownRejection: Rejection = {
  reason: 'NodeShutdown',
  message: 'Pod was rejected as the node is shutting down.',
};
/** Why it is not ready. */
export const SHUTTING_DOWN = 'node is shutting down';

/** Ends the pods of a machine that goes down, the least important first, each group within its own time (KEP-2000). */
export class NodeShutdown {
  readonly #deps: NodeShutdownDeps;
  #isComing = false;

  constructor(deps: NodeShutdownDeps) {
    this.#deps = deps;
  }

  get isComing(): boolean {
    return this.#isComing;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { notice, clock, log } = this.#deps;
    while (!signal.aborted) {
      try {
        for await (const isComing of notice.changes(signal)) await this.#heard(isComing, signal);
      } catch (error) {
        if (!signal.aborted) log.warn('nobody tells of shutdowns of the machine', { error });
      }
      await clock.sleep(RETRY_MS, signal).catch(() => undefined);
    }
  }

  async #heard(isComing: boolean, signal: AbortSignal): Promise<void> {
    const { notice, log, changed } = this.#deps;
    if (isComing === this.#isComing) return;
    this.#isComing = isComing;
    changed();
    if (!isComing) return log.info('the machine does not go down after all');
    log.info('the machine goes down: ending pods', { pods: this.#deps.pods().length });
    await this.#endAll(signal);
    await notice.release();
  }

  async #endAll(signal: AbortSignal): Promise<void> {
    const { groups, clock, pods, log } = this.#deps;
    for (const { group, pods: own } of grouped(groups, pods())) {
      if (own.length === 0) continue;
      for (const endable of own) {
        const seconds = Number(endable.pod.spec.terminationGracePeriodSeconds ?? 30);
        const graceSeconds = Math.min(seconds, group.graceSeconds);
        endable.evict({ reason: 'Terminated', message: MESSAGE, graceSeconds, isDisruption: true });
      }
      const uids = new Set(own.map(({ pod }) => pod.metadata.uid));
      const until = clock.monotonic() + group.graceSeconds * 1000;
      const left = (): number => pods().filter(({ pod }) => uids.has(pod.metadata.uid)).length;
      while (left() > 0 && clock.monotonic() < until) await clock.sleep(LOOK_MS, signal);
      if (left() > 0) log.warn('pods did not end in their time', { pods: left(), priority: group.priority });
    }
  }
}
