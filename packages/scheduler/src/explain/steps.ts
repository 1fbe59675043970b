import { invariant } from '@navarch/base';

/** Work that may be put aside between two of its parts, so that others of the process have their turn. */
export type Steps<T> = Generator<(() => Promise<void>) | undefined, T, undefined>;

/** All of it at once. Throws where it has to wait for somebody. */
export function drained<T>(steps: Steps<T>): T {
  for (;;) {
    const next = steps.next();
    if (next.done) return next.value;
    invariant(next.value === undefined, 'nobody else is asked here');
  }
}

/** Part after part; `turn` is asked after each, and resolves when it is this work's turn again. */
export async function inTurns<T>(steps: Steps<T>, turn: () => Promise<void>): Promise<T> {
  for (;;) {
    const next = steps.next();
    if (next.done) return next.value;
    await next.value?.();
    await turn();
  }
}

/** What somebody else answers, for which the work waits. */
export function* awaited<T>(ask: () => Promise<T>): Steps<T> {
  const answers: T[] = [];
  yield async () => void answers.push(await ask());
  return answers[0] as T;
}
