import type { Recorder } from '@navarch/client';
import type { ApiObject } from '@navarch/machinery';
import type { Problem } from './model.ts';

/** Tells of each problem once for as long as it lasts. Remembers those of objects that are there. */
export class Teller {
  readonly #events: Recorder;
  #told: ReadonlyMap<string, ReadonlySet<string>> = new Map();

  constructor(events: Recorder) {
    this.#events = events;
  }

  tell(problems: readonly Problem[], objectOf: (owner: string) => ApiObject | undefined): void {
    const now = new Map<string, Set<string>>();
    for (const { owner, reason, message } of problems) {
      const object = objectOf(owner);
      if (!object) continue;
      const said = now.get(owner) ?? new Set();
      now.set(owner, said);
      if (said.has(message)) continue;
      said.add(message);
      if (!this.#told.get(owner)?.has(message)) this.#events.record(object, { type: 'Warning', reason, message });
    }
    this.#told = now;
  }
}
