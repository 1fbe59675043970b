/** Work that may be put aside between two of its parts, so that others of the process have their turn. */
export type Steps<T> = Generator<undefined, T, undefined>;

/** All of it at once. */
export function drained<T>(steps: Steps<T>): T {
  for (;;) {
    const next = steps.next();
    if (next.done) return next.value;
  }
}

/** Part after part; `turn` is asked after each, and resolves when it is this work's turn again. */
export async function inTurns<T>(steps: Steps<T>, turn: () => Promise<void>): Promise<T> {
  for (;;) {
    const next = steps.next();
    if (next.done) return next.value;
    await turn();
  }
}
