import type { Clock, Random } from '@navarch/base';
import { RpcError } from '../rpc/rpc-error.ts';

export interface CallOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** A call takes up to this long before and after it takes effect, milliseconds. */
  readonly latencyMs?: number;
  /** Chance that a call is refused without effect. */
  readonly refuse?: number;
  /** Told of every call that changes something, after its effect and before its answer: the place to crash a kubelet at. */
  onEffect?(call: string): void;
}

/** The way to the runtime and back: it takes time, and may fail. */
export class Calls {
  /** Every call that changed something, with what it changed. */
  readonly made: string[] = [];
  /** How many questions were asked. */
  queries = 0;
  readonly #options: CallOptions;

  constructor(options: CallOptions) {
    this.#options = options;
  }

  async ask<T>(signal: AbortSignal, answer: () => T): Promise<T> {
    this.queries += 1;
    await this.#pause(signal);
    const said = answer();
    await this.#pause(signal);
    return said; // Out of date by now, perhaps.
  }

  /** A caller that is gone before the answer does not undo what it asked for. */
  async make<T>(text: string, signal: AbortSignal, effect: () => T): Promise<T> {
    const { random, refuse = 0, onEffect } = this.#options;
    await this.#pause(signal);
    if (refuse > 0 && random.uint32() / 2 ** 32 < refuse)
      throw new RpcError('UNAVAILABLE', `simulated: ${text} refused`);
    this.made.push(text);
    const answer = effect();
    onEffect?.(text);
    await this.#pause(signal);
    return answer;
  }

  async #pause(signal: AbortSignal): Promise<void> {
    const { clock, random, latencyMs = 0 } = this.#options;
    signal.throwIfAborted();
    if (latencyMs > 0) await clock.sleep(random.uint32() % latencyMs, signal);
  }
}
