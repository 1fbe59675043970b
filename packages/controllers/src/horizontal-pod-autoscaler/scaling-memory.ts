import { type Key, parseLabelSelector, type Selector, splitKey } from '@navarch/machinery';

export interface Recommendation {
  readonly atMs: number;
  readonly replicas: number;
}

/** So many pods more, or fewer, at a moment. */
export interface ScaleEvent {
  readonly atMs: number;
  readonly by: number;
}

interface Past {
  readonly recommendations: readonly Recommendation[];
  readonly ups: readonly ScaleEvent[];
  readonly downs: readonly ScaleEvent[];
}

/** Nothing looks back further than an hour: windows and periods may be no longer. */
const KEPT_MS = 3_600_000;
const NOTHING: Past = { recommendations: [], ups: [], downs: [] };

/** What autoscalers have found and done lately, by their keys. It is lost with the process, as upstream's is. */
export class ScalingMemory {
  readonly #pasts = new Map<Key, Past>();
  readonly #selectors = new Map<Key, string>();

  of(key: Key): Past {
    return this.#pasts.get(key) ?? NOTHING;
  }

  /** A new autoscaler begins with what is there: it does not shrink at once what it has only just seen. */
  begin(key: Key, replicas: number, atMs: number): void {
    if (!this.#pasts.has(key)) this.recommend(key, replicas, atMs);
  }

  recommend(key: Key, replicas: number, atMs: number): void {
    this.#change(key, atMs, (past) => ({ ...past, recommendations: [...past.recommendations, { atMs, replicas }] }));
  }

  scaled(key: Key, by: number, atMs: number): void {
    this.#change(key, atMs, (past) =>
      by > 0 ? { ...past, ups: [...past.ups, { atMs, by }] } : { ...past, downs: [...past.downs, { atMs, by: -by }] },
    );
  }

  forget(key: Key): void {
    this.#pasts.delete(key);
    this.#selectors.delete(key);
  }

  /** Whose pods it scales, as it last saw. */
  selects(key: Key, selector: string): void {
    this.#selectors.set(key, selector);
  }

  /** Of every autoscaler of the namespace. */
  selectors(namespace: string): readonly (readonly [Key, Selector])[] {
    return [...this.#selectors]
      .filter(([key]) => splitKey(key).namespace === namespace)
      .map(([key, text]) => [key, parseLabelSelector(text)] as const);
  }

  #change(key: Key, nowMs: number, change: (past: Past) => Past): void {
    const { recommendations, ups, downs } = change(this.of(key));
    const isRecent = ({ atMs }: { readonly atMs: number }): boolean => nowMs - atMs <= KEPT_MS;
    this.#pasts.set(key, {
      recommendations: recommendations.filter(isRecent),
      ups: ups.filter(isRecent),
      downs: downs.filter(isRecent),
    });
  }
}
