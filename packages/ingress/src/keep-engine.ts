import type { Logger } from '@navarch/base';
import { changeBetween } from './haproxy/change.ts';
import { type EngineConfig, haproxyConfig } from './haproxy/config.ts';
import type { EngineSettings } from './haproxy/settings.ts';
import { assignSlots, type Slots } from './haproxy/slots.ts';
import type { Problem, Site } from './model.ts';
import type { Engine } from './ports.ts';

export interface EngineKeeperDeps {
  readonly engine: Engine;
  readonly settings: EngineSettings;
  readonly log: Logger;
}

/** Has the engine do what a site says, with as little as it takes to get there from what it does. */
export class EngineKeeper {
  readonly #deps: EngineKeeperDeps;
  #running: EngineConfig | undefined;
  #slots: Slots = new Map();

  constructor(deps: EngineKeeperDeps) {
    this.#deps = deps;
  }

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /** Of another process nothing is known but that it may be there. */
  forget(): void {
    this.#running = undefined;
  }

  /** Whose lines are refused, with the engine's words; none: it does what the site says. Throws where it cannot run. */
  async apply(site: Site, signal: AbortSignal): Promise<readonly Problem[]> {
    const { engine, settings } = this.#deps;
    const slots = assignSlots(this.#slots, site.backends);
    const config = haproxyConfig(site, slots, settings);
    const { isOther, commands, renewed } = changeBetween(this.#running, config);
    // Also where another configuration is to be read: until it is, and by who ends what it began, nobody that has gone is asked.
    const isUnderstood =
      (commands.length === 0 || (await engine.tell(commands, signal))) &&
      (renewed.size === 0 || (await engine.renew(renewed, signal)));
    if (!isOther && isUnderstood) {
      if (commands.length > 0 || renewed.size > 0) await engine.keep(config);
      this.#became(config, slots);
      return [];
    }
    return this.#load(site, signal);
  }

  async #load(site: Site, signal: AbortSignal): Promise<readonly Problem[]> {
    const { engine, settings, log } = this.#deps;
    const slots = assignSlots(this.#slots, site.backends, true);
    const config = haproxyConfig(site, slots, settings);
    // Told by halves: what it does is not known until it has been loaded.
    this.forget();
    const refusals = await engine.load(config, signal);
    if (refusals.length === 0) {
      this.#became(config, slots);
      log.info('ingress engine loaded', { backends: site.backends.length });
      return [];
    }
    return refusals.map(({ line, words }) => {
      const owner = line === undefined ? undefined : config.lines[line]?.owner;
      if (owner === undefined) throw new Error(`the ingress engine refuses its configuration: ${words}`);
      return { owner, reason: 'Refused', message: `HAProxy does not accept what this asks for: ${words}` };
    });
  }

  async stop(signal: AbortSignal): Promise<void> {
    this.forget();
    await this.#deps.engine.stop(signal);
  }

  #became(config: EngineConfig, slots: Slots): void {
    this.#running = config;
    this.#slots = slots;
  }
}
