import { type Clock, type Logger, TaskGroup } from '@navarch/base';
import type { Api, Cache, Recorder } from '@navarch/client';
import type { Pod } from '@navarch/api';
import type { Errand, Profile } from './plugin.ts';
import type { NodeInfo } from './snapshot/node-info.ts';
import type { Snapshot } from './snapshot/snapshot.ts';

export interface ErrandDeps {
  readonly api: Api;
  readonly cache: Cache;
  readonly clock: Clock;
  readonly log: Logger;
  readonly recorder: Recorder;
}

/** How a wait ended: as it should, because it never will, because it took too long, or otherwise. */
export type Ending = 'success' | 'failure' | 'timeout' | 'error';

interface WaitDeps extends ErrandDeps {
  /** Hears how the wait for devices of a driver ended, and what it took. */
  readonly waited?: (driver: string, ending: Ending, ms: number) => void;
}

/** What is waited for will never be. */
export class NeverError extends Error {
  override readonly name = 'NeverError';
}

/** Between two tries to take back what was written. */
const CANCEL_MS = 1000;

/** An errand failed: what it was about, and why. */
export class ErrandError extends Error {
  override readonly name = 'ErrandError';
}

/** What plugins have to see to before the pod may be bound to that node. */
export const errandsOf = (
  pod: Pod,
  node: NodeInfo | undefined,
  { plugins }: Profile,
  snapshot: Snapshot,
): readonly Errand[] =>
  node
    ? plugins.map(({ plugin }) => plugin.errand?.(pod, node, snapshot)).filter((errand) => errand !== undefined)
    : [];

export async function writeErrands(errands: readonly Errand[], { api, clock }: ErrandDeps): Promise<void> {
  for (const errand of errands) await of(errand, () => errand.write(api, clock.now()));
}

/** Resolves when all that they wait for has come about. */
export async function waitForErrands(
  errands: readonly Errand[],
  { cache, clock, recorder, waited }: WaitDeps,
  signal: AbortSignal,
): Promise<void> {
  await using group = new TaskGroup(signal);
  const over = new AbortController();
  const late = new AbortController();
  const either = AbortSignal.any([group.signal, over.signal]);
  const waitMs = Math.max(...errands.map(({ waitMsMax }) => waitMsMax));
  group.spawn(async (s) => {
    await clock.sleep(waitMs, AbortSignal.any([s, late.signal])).then(
      () => over.abort(new Error('context deadline exceeded')),
      () => undefined,
    );
  });
  try {
    for (const errand of errands) {
      const startedMs = clock.monotonic();
      const ended = (ending: Ending): void =>
        errand.awaited?.forEach((driver) => waited?.(driver, ending, clock.monotonic() - startedMs));
      await of(errand, async () => {
        const { waits } = errand;
        if (waits && errand.conditions.length > 0)
          recorder.record(waits.pod, {
            type: 'Normal',
            reason: waits.reason,
            action: 'Scheduling',
            message: waits.message,
          });
        for (const { kind, isMet } of errand.conditions)
          await cache
            .when(kind, () => isMet(cache), either)
            .catch((error: unknown) => {
              if (!signal.aborted) ended(endingOf(error, over.signal.aborted));
              throw over.signal.aborted && errand.lateMessage ? new Error(errand.lateMessage, { cause: error }) : error;
            });
        ended('success');
      });
    }
  } finally {
    late.abort(new Error('Done'));
  }
}

const endingOf = (error: unknown, isLate: boolean): Ending =>
  isLate ? 'timeout' : error instanceof NeverError ? 'failure' : 'error';

/** Until the server has said what became of them: what may have been written must not be given away again. */
export async function cancelErrands(
  errands: readonly Errand[],
  { api, clock, log }: ErrandDeps,
  signal: AbortSignal,
): Promise<void> {
  for (const errand of errands) {
    while (errand.cancel && !signal.aborted) {
      try {
        await errand.cancel(api);
        break;
      } catch (error) {
        if (!signal.aborted) log.warn('cannot take back what was written for a pod', { error });
        await clock.sleep(CANCEL_MS, signal).catch(() => undefined);
      }
    }
  }
}

async function of({ says }: Errand, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw new ErrandError(`${says}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
