import { type Clock, type Metrics, type Random, randomSuffix } from '@navarch/base';
import type { ApiObject, Field, Mutable, Patterns } from '@navarch/machinery';
import type { Access } from '../auth/access.ts';
import { AdmissionMeasures, type Timed } from '../observe/admission-measures.ts';
import type { Registry } from '../registry/registry.ts';
import { type AdmissionContext, type AdmissionPlugin, applies, both } from './admission.ts';
import type { Admission, AdmissionRequest, Mutation } from './request.ts';

interface ChainsDeps {
  readonly plugins: readonly AdmissionPlugin[];
  readonly access: Access;
  readonly patterns: Patterns;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: Metrics;
}

/** Gives each kind a chain of its own: what its requests meet is found out once. */
export function chains({ plugins, access, patterns, clock, random, metrics }: ChainsDeps): (of: Registry) => Admission {
  const measures = new AdmissionMeasures(metrics, clock);
  return (registry) =>
    new AdmissionChain(plugins, measures, () => ({
      registry,
      access,
      measures,
      patterns,
      now: clock.now(),
      randomSuffix: () => randomSuffix(random, 5),
    }));
}

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
class AdmissionChain implements Admission {
  readonly #plugins: readonly AdmissionPlugin[];
  readonly #contextNow: () => AdmissionContext;
  readonly #measures: AdmissionMeasures;
  /** By operation and subresource: who is asked does not hang on anything else. */
  readonly #asked = new Map<string, Asked>();

  constructor(plugins: readonly AdmissionPlugin[], measures: AdmissionMeasures, contextNow: () => AdmissionContext) {
    this.#plugins = plugins;
    this.#contextNow = contextNow;
    this.#measures = measures;
  }

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
