import type { CustomKinds } from '@navarch/api';
import { type Clock, type Logger, Notifier, type Random } from '@navarch/base';
import { type ApiObject, apiVersionOf, type Kind, notFound, type Patterns } from '@navarch/machinery';
import type { Store } from '@navarch/store';
import type { AdmissionPlugin } from '../admission/admission.ts';
import type { Access } from '../auth/access.ts';
import type { Attendant } from './drafts.ts';
import { Resource } from './resource.ts';
import { Shelf } from './shelf.ts';

export interface RegistryDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly kinds: readonly Kind<any>[];
  readonly admission: readonly AdmissionPlugin[];
  /** How patterns in people's expressions are matched. Absent: by the language's own engine. */
  readonly patterns?: Patterns;
  /** Who may do what: asked by plugins, not by the registry. */
  readonly access: Access;
  /** Allocations and other side effects of single kinds, by `group/resource`. */
  readonly attendants?: Readonly<Record<string, Attendant>>;
}

/** Every resource that is served, by name. */
export class Registry {
  readonly deps: RegistryDeps;
  readonly #resources = new Map<string, Resource<any>>();
  readonly #byKind = new Map<Kind<any>, Resource<any>>();
  readonly #shelves = new Map<string, Shelf>();
  readonly #changed = new Notifier();
  #kinds: readonly Kind<any>[];
  #signal = new AbortController().signal;

  constructor(deps: RegistryDeps) {
    this.deps = deps;
    this.#kinds = deps.kinds;
    for (const kind of deps.kinds) this.#add(kind, this.#shelfOf(kind.hub?.kind ?? kind));
  }

  /** Reads what is stored. Nothing is served before it resolves. */
  async start(signal: AbortSignal): Promise<void> {
    this.#signal = signal;
    for (const shelf of this.#shelves.values()) await shelf.start(signal);
  }

  /** Aborts when the server ends. */
  get signal(): AbortSignal {
    return this.#signal;
  }

  /** Everything that is served now. Another list after each change of it. */
  get kinds(): readonly Kind<any>[] {
    return this.#kinds;
  }

  /** Resolves when another list than `known` is served. Rejects when the signal aborts. */
  async kindsChanged(known: readonly Kind<any>[], signal: AbortSignal): Promise<void> {
    while (this.#kinds === known) await this.#changed.wait(signal);
  }

  /** Serves the versions of a custom resource, in the place of what was served of it before. Resolves when its objects are read. */
  async serve({ stored, served }: CustomKinds): Promise<void> {
    const shelf = new Shelf(stored, this.deps.store);
    await shelf.start(this.#signal);
    this.withdraw(stored.storagePrefix);
    this.#shelves.set(stored.storagePrefix, shelf);
    this.#byKind.set(stored, new Resource<any>(stored, shelf, this));
    for (const kind of served) this.#add(kind, shelf);
    this.#kinds = [...this.#kinds, ...served];
    this.#changed.notify();
  }

  /** Ends what is served from that place of the store. What is stored there stays. */
  withdraw(storagePrefix: string): void {
    const shelf = this.#shelves.get(storagePrefix);
    if (!shelf) return;
    this.#shelves.delete(storagePrefix);
    for (const [kind, resource] of this.#byKind) {
      if (resource.shelf !== shelf) continue;
      this.#byKind.delete(kind);
      if (this.#resources.get(nameOf(kind)) === resource) this.#resources.delete(nameOf(kind));
    }
    this.#kinds = this.#kinds.filter((kind) => this.#byKind.has(kind));
    shelf.end();
    this.#changed.notify();
  }

  /** `apiVersion` is group/version, or version for the core group. */
  find(apiVersion: string, plural: string): Resource<any> | undefined {
    return this.#resources.get(`${apiVersion}/${plural}`);
  }

  /** The resource whose objects are stored at that place. */
  storedAt(storagePrefix: string): Resource<any> | undefined {
    const shelf = this.#shelves.get(storagePrefix);
    return shelf && this.#byKind.get(shelf.kind);
  }

  /** Throws NotFound for a kind that is not, or no longer, served. */
  of<O extends ApiObject>(kind: Kind<O>): Resource<O> {
    const resource = this.#byKind.get(kind);
    if (!resource) throw notFound(kind, '');
    return resource as Resource<O>;
  }

  #shelfOf(stored: Kind<any>): Shelf {
    let shelf = this.#shelves.get(stored.storagePrefix);
    if (!shelf) this.#shelves.set(stored.storagePrefix, (shelf = new Shelf(stored, this.deps.store)));
    return shelf;
  }

  #add(kind: Kind<any>, shelf: Shelf): void {
    const resource = new Resource<any>(kind, shelf, this);
    this.#resources.set(nameOf(kind), resource);
    this.#byKind.set(kind, resource);
  }
}

const nameOf = (kind: Kind<any>): string => `${apiVersionOf(kind)}/${kind.plural}`;
