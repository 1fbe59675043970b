import type { Pod } from '@navarch/api';
import type { Clock } from '@navarch/base';
import type { PodObserver } from '../observe.ts';
import { isSettled, type Made, nothingObserved, type Observed } from '../pod-machine/observed.ts';

/** What a step has moved in the runtime. */
export type Moved = 'nothing' | 'anything' | Made;

/** What lists of the runtime show of a pod: the state of each sandbox and container, by id. */
export type Listed = ReadonlyMap<string, string>;

/** What was seen is looked at anew after this time, though nobody said that it has moved. */
const OBSERVED_MS_MAX = 1000;
/** Whoever surveys the runtime every second tells what moves of what is settled: this is for what nobody thought of. */
const SETTLED_MS_MAX = 300_000;

export interface PodViewDeps {
  readonly observer: Pick<PodObserver, 'look' | 'lookAt'>;
  readonly clock: Clock;
  /** The runtime holds nothing of the pod: the first look would find just that. */
  readonly isUnseen: boolean;
}

/**
 * What is known of a pod in the runtime. A look at everything of a pod is three calls and more, of each of a burst of
 * pods after each of its steps: where it is known what has moved, only that is asked for.
 */
export class PodView {
  readonly #deps: PodViewDeps;
  #observed: Observed = nothingObserved;
  /** When that was seen, on the monotonic clock. */
  #at = Number.NEGATIVE_INFINITY;
  #hasMoved = true;
  #made: Made[] = [];
  /** Ids that were listed while something was being made: it may have been that. */
  readonly #unexplained = new Set<string>();

  constructor(deps: PodViewDeps) {
    this.#deps = deps;
    if (!deps.isUnseen) return;
    this.#hasMoved = false;
    this.#at = deps.clock.monotonic();
  }

  get observed(): Observed {
    return this.#observed;
  }

  moved(what: Moved): void {
    if (what === 'anything') this.#hasMoved = true;
    else if (what !== 'nothing') this.#made.push(what);
  }

  /**
   * Whether lists show what is not known. What is new while a step makes something (`isMaking`) is taken for that, until
   * the step has said what it made.
   */
  isNews(listed: Listed, isMaking: boolean): boolean {
    const known = new Map<string, string>();
    for (const { id, isReady, ip } of this.#observed.sandboxes)
      if (!isReady || ip !== '') known.set(id, isReady ? 'SANDBOX_READY' : 'SANDBOX_NOTREADY');
    for (const { id, status } of this.#observed.containers) known.set(id, status.state);
    for (const [id, state] of known) if (listed.get(id) !== state) return true;
    const others = [...listed.keys()].filter((id) => !known.has(id));
    if (!isMaking) return others.length > 0;
    for (const id of others) this.#unexplained.add(id);
    return false;
  }

  /** What was seen a moment ago will do where only the API, a probe or a clock has moved: a pod's own status comes back as news. */
  async look(pod: Pod, signal: AbortSignal): Promise<Observed> {
    const { observer, clock } = this.#deps;
    const now = clock.monotonic();
    const made = this.#made.splice(0);
    for (const { id } of made) this.#unexplained.delete(id);
    const goodMs = isSettled(this.#observed) ? SETTLED_MS_MAX : OBSERVED_MS_MAX;
    const isStale = this.#hasMoved || now - this.#at >= goodMs || (made.length > 0 && this.#unexplained.size > 0);
    if (!isStale && made.length === 0) return this.#observed;
    this.#hasMoved = false;
    if (isStale) this.#unexplained.clear();
    try {
      this.#observed = isStale ? await observer.look(pod, signal) : await observer.lookAt(pod, made, signal);
    } catch (error) {
      this.#hasMoved = true;
      throw error;
    }
    this.#at = now;
    return this.#observed;
  }
}
