import type { WatchEvent, WatchOptions } from '@navarch/client';
import type { ApiObject, Kind } from '@navarch/machinery';
import type { TestContext } from './conformance-test.ts';
import { until } from './until.ts';

export type Change<O> = Exclude<WatchEvent<O>, { readonly type: 'BOOKMARK' }>;

/** A watch that is read all the time, from which a test takes what it waits for. */
export interface Watching<O> {
  /** Every change so far. */
  readonly changes: readonly Change<O>[];
  /** The next change that `isIt`; those before it are passed over. */
  next(what: string, timeoutMs: number, isIt: (change: Change<O>) => boolean): Promise<O>;
}

/** Watches from `after` on, until the test is over. */
export function watching<O extends ApiObject>(context: TestContext, kind: Kind<O>, options: WatchOptions): Watching<O> {
  const changes: Change<O>[] = [];
  let failure: unknown;
  const stop = new AbortController();
  context.cleanup(async () => stop.abort(new Error('the test is over')));
  const read = async (): Promise<void> => {
    for await (const events of context.api.of(kind).watch(options, AbortSignal.any([stop.signal, context.signal]))) {
      changes.push(...events.filter((event) => event.type !== 'BOOKMARK'));
    }
  };
  read().catch((error: unknown) => {
    failure = error;
  });
  let at = 0;
  return {
    changes,
    async next(what, timeoutMs, isIt) {
      let found: O | undefined;
      await until(context, what, timeoutMs, async () => {
        while (at < changes.length && !found) {
          const change = changes[at++];
          if (change && isIt(change)) found = change.object;
        }
        if (!found && failure !== undefined) throw failure;
        return found !== undefined;
      });
      if (!found) throw new Error(`${what} was not seen`);
      return found;
    },
  };
}
