import type { ApiObject, Field, Mutable } from '@navarch/machinery';
import type { AdmissionMeasures, Timed } from '../observe/admission-measures.ts';
import {
  type AdmissionContext,
  type AdmissionPlugin,
  type AdmissionRequest,
  applies,
  both,
  type Mutation,
} from './admission.ts';

/** The plugins that look at one sort of request, and what takes their time. */
interface Round {
  readonly plugins: readonly { readonly plugin: AdmissionPlugin; readonly timed: Timed }[];
  readonly timed: Timed;
}

interface Asked {
  readonly mutating: Round;
  readonly validating: Round;
}

/** The plugins as the requests for one kind meet them: in their order, those that look at such a request. */
export class AdmissionChain {
  readonly #plugins: readonly AdmissionPlugin[];
  readonly #contextNow: () => AdmissionContext;
  readonly #measures: AdmissionMeasures;
  /** By operation and subresource: who is asked does not hang on anything else. */
  readonly #asked = new Map<string, Asked>();

  constructor(plugins: readonly AdmissionPlugin[], contextNow: () => AdmissionContext, measures: AdmissionMeasures) {
    this.#plugins = plugins;
    this.#contextNow = contextNow;
    this.#measures = measures;
  }

  /** Resolves to what plugins did to the draft. Rejects with the StatusError of the plugin that refuses. */
  async mutate(draft: Mutable<ApiObject>, request: AdmissionRequest): Promise<Mutation> {
    const context = this.#contextNow();
    const { plugins, timed } = this.#askedOf(request).mutating;
    const time = new Stopwatch(this.#measures, timed);
    let done: Mutation = false;
    try {
      for (const { plugin, timed: own } of plugins) {
        time.begin(own);
        const result = plugin.mutate?.(draft, request, context) ?? false;
        // Nearly all answer at once: what they decided on is still so at the commit.
        done = both(done, result instanceof Promise ? await result : result);
        time.end('let');
      }
    } catch (error) {
      time.refused();
      throw error;
    }
    time.stop('let');
    return done;
  }

  /** Collects errors in `at`. Rejects with the StatusError of the plugin that refuses at once. */
  async validate(object: ApiObject, at: Field, request: AdmissionRequest): Promise<void> {
    const context = this.#contextNow();
    const { plugins, timed } = this.#askedOf(request).validating;
    const time = new Stopwatch(this.#measures, timed);
    try {
      for (const { plugin, timed: own } of plugins) {
        time.begin(own);
        const result = plugin.validate?.(object, at, request, context);
        if (result instanceof Promise) await result;
        time.end('let');
      }
    } catch (error) {
      time.refused();
      throw error;
    }
    time.stop('let');
  }

  #askedOf(request: AdmissionRequest): Asked {
    const sort = `${request.operation} ${request.subresource}`;
    let asked = this.#asked.get(sort);
    if (!asked) {
      const plugins = this.#plugins.filter((plugin) => applies(plugin, request));
      asked = {
        mutating: this.#round(
          plugins.filter((plugin) => plugin.mutate),
          'admit',
          request,
        ),
        validating: this.#round(
          plugins.filter((plugin) => plugin.validate),
          'validate',
          request,
        ),
      };
      this.#asked.set(sort, asked);
    }
    return asked;
  }

  #round(plugins: readonly AdmissionPlugin[], type: 'admit' | 'validate', { operation }: AdmissionRequest): Round {
    return {
      plugins: plugins.map((plugin) => ({ plugin, timed: this.#measures.plugin(plugin.name, type, operation) })),
      timed: this.#measures.step(type, operation),
    };
  }
}

/** Times a round and each plugin in it, with one look at the clock between two plugins. */
class Stopwatch {
  readonly #measures: AdmissionMeasures;
  readonly #round: Timed;
  readonly #started: number;
  #at: number;
  #current: Timed | undefined;

  constructor(measures: AdmissionMeasures, round: Timed) {
    this.#measures = measures;
    this.#round = round;
    this.#started = this.#at = measures.now();
  }

  begin(timed: Timed): void {
    this.#current = timed;
  }

  end(how: keyof Timed): void {
    const now = this.#measures.now();
    this.#current?.[how].observe((now - this.#at) / 1000);
    this.#at = now;
  }

  /** The plugin that was asked ends the round. */
  refused(): void {
    this.end('refused');
    this.stop('refused');
  }

  stop(how: keyof Timed): void {
    this.#round[how].observe((this.#at - this.#started) / 1000);
  }
}
