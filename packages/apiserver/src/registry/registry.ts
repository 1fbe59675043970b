import type { Clock, Logger, Random } from '@navarch/base';
import { type ApiObject, apiVersionOf, type Kind } from '@navarch/machinery';
import type { Store } from '@navarch/store';
import type { AdmissionPlugin } from '../admission/admission.ts';
import type { Access } from '../auth/access.ts';
import { Resource } from './resource.ts';
import { Shelf } from './shelf.ts';

export interface RegistryDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly kinds: readonly Kind<any>[];
  readonly admission: readonly AdmissionPlugin[];
  /** Who may do what: asked by plugins, not by the registry. */
  readonly access: Access;
  /** Allocations and other side effects of single kinds, by `group/resource`. */
  readonly attendants?: Readonly<Record<string, Attendant>>;
}

/** Gives an object what only the server can give (cluster IPs, node ports) and takes it back. */
export interface Attendant {
  /** Before validation of a create or update. Throws StatusError when it cannot. */
  prepare(draft: ApiObject, previous: ApiObject | undefined): void;
}

/** Every resource that is served, by name. */
export class Registry {
  readonly deps: RegistryDeps;
  readonly #resources = new Map<string, Resource<any>>();
  readonly #byKind = new Map<Kind<any>, Resource<any>>();
  readonly #shelves = new Map<string, Shelf>();

  constructor(deps: RegistryDeps) {
    this.deps = deps;
    for (const kind of deps.kinds) {
      const stored = kind.hub?.kind ?? kind;
      let shelf = this.#shelves.get(stored.storagePrefix);
      if (!shelf) this.#shelves.set(stored.storagePrefix, (shelf = new Shelf(stored, deps.store)));
      const resource = new Resource<any>(kind, shelf, this);
      this.#resources.set(`${apiVersionOf(kind)}/${kind.plural}`, resource);
      this.#byKind.set(kind, resource);
    }
  }

  /** Reads what is stored. Nothing is served before it resolves. */
  async start(signal: AbortSignal): Promise<void> {
    for (const shelf of this.#shelves.values()) await shelf.start(signal);
  }

  get kinds(): readonly Kind<any>[] {
    return this.deps.kinds;
  }

  /** `apiVersion` is group/version, or version for the core group. */
  find(apiVersion: string, plural: string): Resource<any> | undefined {
    return this.#resources.get(`${apiVersion}/${plural}`);
  }

  of<O extends ApiObject>(kind: Kind<O>): Resource<O> {
    const resource = this.#byKind.get(kind);
    if (!resource) throw new Error(`${kind.kind} is not served`);
    return resource as Resource<O>;
  }
}
