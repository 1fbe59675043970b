import { aborted, type Clock, type Random } from '@navarch/base';
import type { Api, KindApi } from '@navarch/client';
import { type ApiObject, expired, failure, type Kind } from '@navarch/machinery';
import { oncePerKind } from '../once-per-kind.ts';

export interface Faults {
  /** A request takes up to this long each way. */
  readonly latencyMs: number;
  /** A watch is behind by up to this long. */
  readonly watchLagMs: number;
  /** Chance that a write is refused by a server in trouble. */
  readonly refuse: number;
  /** Chance that a read is. */
  readonly refuseRead: number;
  /** Chance that a write is done but its answer is lost. */
  readonly loseAnswer: number;
  /** Chance, per batch of events, that the watch breaks; every third time its place is no longer known. */
  readonly breakWatch: number;
  /** Chance, per batch of events, that the watch says nothing more though nobody ended it: its connection is dead. */
  readonly muteWatch: number;
  /** Chance that a change of an object meets one of somebody else. */
  readonly conflict: number;
  /** Chance, per batch of events, that each of them is told twice. */
  readonly repeatEvents: number;
}

export const noFaults: Faults = {
  latencyMs: 0,
  watchLagMs: 0,
  refuse: 0,
  refuseRead: 0,
  loseAnswer: 0,
  breakWatch: 0,
  muteWatch: 0,
  conflict: 0,
  repeatEvents: 0,
};

/** The client port with a bad network in between. The faults are read each time: they may begin and end. */
export function faultyApi(api: Api, faults: Faults, clock: Clock, random: Random, signal: AbortSignal): Api {
  const chance = (p: number): boolean => p > 0 && random.uint32() / 2 ** 32 < p;
  const pause = (ms: number, s: AbortSignal): Promise<void> | undefined =>
    ms > 0 ? clock.sleep(random.uint32() % ms, s) : undefined;
  const read = async <T>(work: () => Promise<T>): Promise<T> => {
    await pause(faults.latencyMs, signal);
    if (chance(faults.refuseRead)) throw failure('InternalError', 'simulated: refused');
    const result = await work();
    await pause(faults.latencyMs, signal);
    return result;
  };
  const write = async <T>(work: () => Promise<T>): Promise<T> => {
    await pause(faults.latencyMs, signal);
    if (chance(faults.refuse)) throw failure('InternalError', 'simulated: refused');
    const result = await work();
    await pause(faults.latencyMs, signal);
    if (chance(faults.loseAnswer)) throw failure('Timeout', 'simulated: answer lost');
    return result;
  };
  const changed = <T>(work: () => Promise<T>): Promise<T> =>
    write(async () => {
      if (chance(faults.conflict)) throw failure('Conflict', 'simulated: somebody else was first');
      return work();
    });
  return oncePerKind(<O extends ApiObject>(kind: Kind<O>): KindApi<O> => {
    const plain = api.of(kind);
    return {
      get: (key) => read(() => plain.get(key)),
      list: (options) => read(() => plain.list(options)),
      async *watch(options, watchSignal) {
        for await (const events of plain.watch(options, watchSignal)) {
          await pause(faults.watchLagMs, watchSignal);
          if (chance(faults.breakWatch))
            throw chance(0.3) ? expired('simulated: too old') : failure('ServiceUnavailable', 'simulated: broken');
          if (chance(faults.muteWatch)) await aborted(watchSignal);
          yield chance(faults.repeatEvents) ? events.flatMap((one) => [one, one]) : events;
        }
      },
      create: (input, options) => write(() => plain.create(input, options)),
      replace: (object, options) => changed(() => plain.replace(object, options)),
      update: (key, change, options) => changed(() => plain.update(key, change, options)),
      patch: (key, patch, options) => changed(() => plain.patch(key, patch, options)),
      delete: (key, options) => write(() => plain.delete(key, options)),
      deleteCollection: (options) => write(() => plain.deleteCollection(options)),
      post: (key, subresource, body, options) => write(() => plain.post(key, subresource, body, options)),
    };
  });
}
