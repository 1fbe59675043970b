import type { ApiObject, Field, Mutable } from '@navarch/machinery';
import { type AdmissionContext, type AdmissionPlugin, type AdmissionRequest, applies } from './admission.ts';

interface Asked {
  readonly mutating: readonly AdmissionPlugin[];
  readonly validating: readonly AdmissionPlugin[];
}

/** The plugins as the requests for one kind meet them: in their order, those that look at such a request. */
export class AdmissionChain {
  readonly #plugins: readonly AdmissionPlugin[];
  readonly #contextNow: () => AdmissionContext;
  /** By operation and subresource: who is asked does not hang on anything else. */
  readonly #asked = new Map<string, Asked>();

  constructor(plugins: readonly AdmissionPlugin[], contextNow: () => AdmissionContext) {
    this.#plugins = plugins;
    this.#contextNow = contextNow;
  }

  /** Resolves to whether a plugin changed the draft. Rejects with the StatusError of the plugin that refuses. */
  async mutate(draft: Mutable<ApiObject>, request: AdmissionRequest): Promise<boolean> {
    const context = this.#contextNow();
    let isChanged = false;
    for (const plugin of this.#askedOf(request).mutating) {
      const result = plugin.mutate?.(draft, request, context) ?? false;
      // Nearly all answer at once: what they decided on is still so at the commit.
      isChanged = (typeof result === 'boolean' ? result : await result) || isChanged;
    }
    return isChanged;
  }

  /** Collects errors in `at`. Rejects with the StatusError of the plugin that refuses at once. */
  async validate(object: ApiObject, at: Field, request: AdmissionRequest): Promise<void> {
    const context = this.#contextNow();
    for (const plugin of this.#askedOf(request).validating) {
      const result = plugin.validate?.(object, at, request, context);
      if (result) await result;
    }
  }

  #askedOf(request: AdmissionRequest): Asked {
    const sort = `${request.operation} ${request.subresource}`;
    let asked = this.#asked.get(sort);
    if (!asked) {
      const plugins = this.#plugins.filter((plugin) => applies(plugin, request));
      asked = { mutating: plugins.filter((plugin) => plugin.mutate), validating: plugins.filter((plugin) => plugin.validate) };
      this.#asked.set(sort, asked);
    }
    return asked;
  }
}
