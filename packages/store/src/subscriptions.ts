import type { Change, Watcher } from './store.ts';

interface Subscription {
  readonly prefix: string;
  readonly watcher: Watcher;
}

/** Folders of keys of which it is known who listens; more are asked about again. */
const FOLDERS_MAX = 10_000;

/**
 * Who listens to which keys. A server has a listener for each of its resources, a hundred and more, and a change is of one:
 * the others are not asked about it.
 */
export class Subscriptions {
  /** In the order in which they came, which is that in which they are told. */
  readonly #all = new Set<Subscription>();
  /** By what keys are up to their last slash: those of #all whose prefix begins so, or is the beginning of it. */
  readonly #byFolder = new Map<string, readonly Subscription[]>();

  /** Returns how to stop. */
  add(prefix: string, watcher: Watcher): () => void {
    const subscription = { prefix, watcher };
    this.#all.add(subscription);
    this.#byFolder.clear();
    return () => {
      this.#all.delete(subscription);
      this.#byFolder.clear();
    };
  }

  tell(changes: readonly Change[]): void {
    for (const subscription of this.#interested(changes)) {
      const { prefix, watcher } = subscription;
      // Who was told before may have stopped this one.
      if (!this.#all.has(subscription)) continue;
      const wanted = prefix === '' ? changes : changes.filter(({ key }) => key.startsWith(prefix));
      if (wanted.length > 0) watcher.changed(wanted);
    }
  }

  /** Tells all that there is nothing more to be told. */
  lose(error: Error): void {
    for (const { watcher } of this.#all) watcher.lost(error);
    this.#all.clear();
    this.#byFolder.clear();
  }

  /** At least those who listen to one of the changes. */
  #interested(changes: readonly Change[]): Iterable<Subscription> {
    const [first] = changes;
    if (changes.length === 1) return this.#near(first?.key ?? '');
    const near = new Set(changes.flatMap(({ key }) => this.#near(key)));
    return [...this.#all].filter((subscription) => near.has(subscription));
  }

  #near(key: string): readonly Subscription[] {
    const folder = key.slice(0, key.lastIndexOf('/') + 1);
    const known = this.#byFolder.get(folder);
    if (known) return known;
    if (this.#byFolder.size >= FOLDERS_MAX) this.#byFolder.clear();
    const near = [...this.#all].filter(({ prefix }) => folder.startsWith(prefix) || prefix.startsWith(folder));
    this.#byFolder.set(folder, near);
    return near;
  }
}
