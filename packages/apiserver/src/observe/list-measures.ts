import type { Metrics, Tick } from '@navarch/base';
import type { ResourceFacts } from '@navarch/machinery';

/** What is counted of the lists of one resource. */
export class ListCounts {
  readonly #of: (index: string) => { readonly lists: Tick; readonly fetched: Tick };
  readonly #byIndex = new Map<string, { readonly lists: Tick; readonly fetched: Tick }>();
  readonly #returned: Tick;

  constructor(of: (index: string) => { readonly lists: Tick; readonly fetched: Tick }, returned: Tick) {
    this.#of = of;
    this.#returned = returned;
  }

  /** A list was answered from memory. `index`: by which it was found, '' for none; those are as many as a kind declares. */
  listed(index: string, fetched: number, returned: number): void {
    let counts = this.#byIndex.get(index);
    if (!counts) this.#byIndex.set(index, (counts = this.#of(index)));
    counts.lists.add();
    counts.fetched.add(fetched);
    this.#returned.add(returned);
  }
}

/** What lists cost, under upstream's names. */
export class ListMeasures {
  readonly of: (kind: Pick<ResourceFacts, 'group' | 'plural'>) => ListCounts;

  constructor(metrics: Metrics) {
    const lists = metrics.counter(
      'apiserver_cache_list_total',
      '[ALPHA] Number of LIST requests served from watch cache',
    );
    const fetched = metrics.counter(
      'apiserver_cache_list_fetched_objects_total',
      '[ALPHA] Number of objects read from watch cache in the course of serving a LIST request',
    );
    const returned = metrics.counter(
      'apiserver_cache_list_returned_objects_total',
      '[ALPHA] Number of objects returned for a LIST request from watch cache',
    );
    this.of = ({ group, plural }) => {
      const labels = { group, resource: plural };
      const byIndex = (index: string) => ({
        lists: lists.of({ ...labels, index }),
        fetched: fetched.of({ ...labels, index }),
      });
      return new ListCounts(byIndex, returned.of(labels));
    };
  }
}
