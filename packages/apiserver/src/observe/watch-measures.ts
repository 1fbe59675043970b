import { exponential, type Metrics, type Observer, type Tick } from '@navarch/base';
import type { ResourceFacts } from '@navarch/machinery';

const BYTES = exponential(1024, 2, 8);
const LIST_SECONDS = [
  0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300,
];

/** What is counted of the watches of one resource. */
export interface WatchCounts {
  readonly events: Tick;
  /** Bytes of each. */
  readonly sizes: Observer;
  /** Objects that were there when a watch began and were looked at for it. */
  readonly looked: Tick;
  /** Watches that ended because nobody read what they sent. */
  readonly tooSlow: Tick;
  /** How long it took to send all that was there (s), to watches that asked for it. */
  initial(scope: 'cluster' | 'namespace'): Observer;
}

/** What watches count, under upstream's names. */
export class WatchMeasures {
  readonly of: (kind: Pick<ResourceFacts, 'group' | 'version' | 'plural'>) => WatchCounts;

  constructor(metrics: Metrics) {
    const events = metrics.counter('apiserver_watch_events_total', '[BETA] Number of events sent in watch clients');
    const sizes = metrics.histogram(
      'apiserver_watch_events_sizes',
      '[BETA] Watch event size distribution in bytes',
      BYTES,
    );
    const initial = metrics.histogram(
      'apiserver_watch_list_duration_seconds',
      '[BETA] Response latency distribution in seconds for watch list requests broken by group, version, resource and scope.',
      LIST_SECONDS,
    );
    const looked = metrics.counter(
      'apiserver_init_events_total',
      '[ALPHA] Counter of init events processed in watch cache broken by resource type.',
    );
    const tooSlow = metrics.counter(
      'apiserver_terminated_watchers_total',
      '[ALPHA] Counter of watchers closed due to unresponsiveness broken by resource type.',
    );
    this.of = ({ group, version, plural }) => {
      const labels = { group, version, resource: plural };
      const kind = { group, resource: plural };
      return {
        events: events.of(labels),
        sizes: sizes.of(labels),
        looked: looked.of(kind),
        tooSlow: tooSlow.of(kind),
        initial: (scope) => initial.of({ ...labels, scope }),
      };
    };
  }
}
