import type { CustomKinds } from '@navarch/api';
import { type Clock, type Logger, type Metrics, noMetrics, Notifier, type Random } from '@navarch/base';
import { type ApiObject, apiVersionOf, groupResourceOf, type Kind, notFound } from '@navarch/machinery';
import type { Store } from '@navarch/store';
import type { Admission } from '../admission/request.ts';
import type { Conversion } from '../custom-resources/conversion.ts';
import { FeatureGates } from '../features/feature-gates.ts';
import { ListMeasures } from '../observe/list-measures.ts';
import { StoreMeasures } from '../observe/store-measures.ts';
import { WatchMeasures } from '../observe/watch-measures.ts';
import { CustomForm } from './custom-form.ts';
import type { Attendant } from './attendant.ts';
import { Resource } from './resource.ts';
import { Shelf } from './shelf.ts';

export interface RegistryDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Counts what is done; absent: nobody wants to know. */
  readonly metrics?: Metrics;
  readonly kinds: readonly Kind<any>[];
  /** Whether clients may ask for it: what the server itself needs is kept all the same. Absent: for all of them. */
  isServed?(kind: Kind<any>): boolean;
  /** What requests for one kind have to pass. Asked once for each kind. */
  admission(registry: Registry): Admission;
  /** Which features are on. Absent: those of the release. */
  readonly features?: FeatureGates;
  /** Allocations and other side effects of single kinds, by `group/resource`. */
  readonly attendants?: Readonly<Record<string, Attendant>>;
}

/** Every resource that is served, by name. */
export class Registry {
  readonly deps: RegistryDeps;
  readonly features: FeatureGates;
  readonly measures: {
    readonly watches: WatchMeasures;
    readonly lists: ListMeasures;
    readonly store: StoreMeasures;
  };
  readonly #resources = new Map<string, Resource<any>>();
  readonly #byKind = new Map<Kind<any>, Resource<any>>();
  /** By place in the store; custom resources have one for each version, the stored one first. */
  readonly #shelves = new Map<string, readonly Shelf[]>();
  /** Of kinds that are asked and never stored. */
  readonly #reviewed = new Map<Kind<any>, Admission>();
  readonly #changed = new Notifier();
  #kinds: readonly Kind<any>[];
  #signal = new AbortController().signal;
  #compacted = 0;

  constructor(deps: RegistryDeps) {
    this.deps = deps;
    this.features = deps.features ?? new FeatureGates();
    const { metrics = noMetrics, clock } = deps;
    this.measures = {
      watches: new WatchMeasures(metrics),
      lists: new ListMeasures(metrics),
      store: new StoreMeasures(metrics, clock),
    };
    this.#kinds = deps.kinds.filter((kind) => deps.isServed?.(kind) ?? true);
    for (const kind of deps.kinds) this.#keep(kind, this.#shelfOf(kind.hub?.kind ?? kind));
    for (const kind of this.#kinds) this.#resources.set(nameOf(kind), this.of(kind));
  }

  /** Reads what is stored. Nothing is served before it resolves. */
  async start(signal: AbortSignal): Promise<void> {
    this.#signal = signal;
    for (const shelf of [...this.#shelves.values()].flat()) await shelf.start(signal);
  }

  /** Resources, as `plural.group`, of which it is not known what there is. */
  unsynced(): readonly string[] {
    return [...this.#shelves.values()]
      .flat()
      .filter(({ cache }) => !cache.isSynced)
      .map(({ kind }) => groupResourceOf(kind));
  }

  /** States before this revision were compacted: nobody is shown them any more. What the store forgot for want of room is another matter. */
  get compacted(): number {
    return this.#compacted;
  }

  compactedAt(revision: number): void {
    this.#compacted = Math.max(this.#compacted, revision);
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
  async serve(kinds: CustomKinds, conversion: Conversion): Promise<void> {
    const { stored, all } = kinds;
    const { storagePrefix } = stored.kind;
    const shelves: Shelf[] = [];
    for (const version of [stored, ...all.filter((one) => one.isServed && one !== stored)]) {
      const shelf = new Shelf(version.kind, this.deps.store, {
        custom: new CustomForm(version, kinds, conversion),
        counts: this.measures.store.of(version.kind),
      });
      await shelf.start(this.#signal);
      shelves.push(shelf);
    }
    this.withdraw(storagePrefix);
    this.#shelves.set(storagePrefix, shelves);
    const served = all.filter((version) => version.isServed).map((version) => version.kind);
    for (const shelf of shelves) {
      this.#keep(shelf.kind, shelf);
      if (served.includes(shelf.kind)) this.#resources.set(nameOf(shelf.kind), this.of(shelf.kind));
    }
    this.#kinds = [...this.#kinds, ...served];
    this.#changed.notify();
  }

  /** Ends what is served from that place of the store. What is stored there stays. */
  withdraw(storagePrefix: string): void {
    const shelves = this.#shelves.get(storagePrefix);
    if (!shelves) return;
    this.#shelves.delete(storagePrefix);
    for (const [kind, resource] of this.#byKind) {
      if (!shelves.includes(resource.shelf)) continue;
      this.#byKind.delete(kind);
      if (this.#resources.get(nameOf(kind)) === resource) this.#resources.delete(nameOf(kind));
    }
    this.#kinds = this.#kinds.filter((kind) => this.#byKind.has(kind));
    for (const shelf of shelves) shelf.end();
    this.#changed.notify();
  }

  /** `apiVersion` is group/version, or version for the core group. */
  find(apiVersion: string, plural: string): Resource<any> | undefined {
    return this.#resources.get(`${apiVersion}/${plural}`);
  }

  /** The resource whose objects are stored at that place. */
  storedAt(storagePrefix: string): Resource<any> | undefined {
    const [shelf] = this.#shelves.get(storagePrefix) ?? [];
    return shelf && this.#byKind.get(shelf.kind);
  }

  /** The object of one version of a custom resource as another one of it shows it. Rejects where it cannot be converted. */
  async inVersion(object: ApiObject, from: Kind<any>, to: Kind<any>): Promise<ApiObject> {
    return from === to ? object : this.of(to).shelf.adopted(object);
  }

  /** Throws NotFound for a kind that is not, or no longer, served. */
  of<O extends ApiObject>(kind: Kind<O>): Resource<O> {
    const resource = this.#byKind.get(kind);
    if (!resource) throw notFound(kind, '');
    return resource as Resource<O>;
  }

  /** What requests for a kind that is not stored have to pass. */
  admissionOf(kind: Kind<any>): Admission {
    let admission = this.#reviewed.get(kind);
    if (!admission) this.#reviewed.set(kind, (admission = this.deps.admission(this)));
    return admission;
  }

  #shelfOf(stored: Kind<any>): Shelf {
    const [known] = this.#shelves.get(stored.storagePrefix) ?? [];
    if (known) return known;
    const shelf = new Shelf(stored, this.deps.store, {
      counts: this.measures.store.of(stored),
      attendant: this.deps.attendants?.[`${stored.group}/${stored.plural}`],
    });
    this.#shelves.set(stored.storagePrefix, [shelf]);
    return shelf;
  }

  #keep(kind: Kind<any>, shelf: Shelf): void {
    this.#byKind.set(kind, new Resource<any>(kind, shelf, this));
  }
}

const nameOf = (kind: Kind<any>): string => `${apiVersionOf(kind)}/${kind.plural}`;
