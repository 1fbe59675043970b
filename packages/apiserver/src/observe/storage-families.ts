import type { MetricFamily } from '@navarch/base';
import type { WatchCache } from '@navarch/store';
import type { Registry } from '../registry/registry.ts';

/** Upstream names the stores it is told of in their order. */
const STORE = Object.freeze({ storage_cluster_id: 'etcd-0' });

type Facts = Pick<WatchCache<object>, 'size' | 'bytes' | 'received' | 'revision'>;
/** As upstream cuts versions off, lest they be more than a number can tell. */
const VERSION_MAX = 1e15;

/** How many objects of each stored resource there are, what has happened to them, and what all of it takes on disk. */
export function storageFamilies(registry: Registry, bytes: (() => number) | undefined): readonly MetricFamily[] {
  const stored = registry.kinds.filter((kind) => !kind.isAlternate);
  const samples = (value: (cache: Facts) => number) =>
    stored.map((kind) => ({
      labels: { group: kind.group, resource: kind.plural },
      value: value(registry.of(kind).shelf.cache),
    }));
  return [
    {
      name: 'apiserver_resource_objects',
      type: 'gauge',
      help: '[ALPHA] Number of stored objects at the time of last check split by kind. In case of a fetching error, the value will be -1.',
      samples: samples(({ size }) => size),
    },
    {
      name: 'apiserver_resource_size_estimate_bytes',
      type: 'gauge',
      help: '[ALPHA] Estimated size of stored objects in database. Estimate is based on sum of last observed sizes of serialized objects. In case of a fetching error, the value will be -1.',
      samples: samples(({ bytes: held }) => held),
    },
    {
      name: 'apiserver_watch_cache_events_received_total',
      type: 'counter',
      help: '[ALPHA] Counter of events received in watch cache broken by resource type.',
      samples: samples(({ received }) => received),
    },
    {
      name: 'apiserver_watch_cache_resource_version',
      type: 'gauge',
      help: '[ALPHA] Current resource version of watch cache broken by resource type. This is truncated to the 15 least significant digits.',
      samples: samples(({ revision }) => revision % VERSION_MAX),
    },
    {
      name: 'apiserver_storage_events_received_total',
      type: 'counter',
      help: '[BETA] Number of etcd events received split by kind.',
      samples: samples(({ received }) => received),
    },
    {
      name: 'apiserver_storage_size_bytes',
      type: 'gauge',
      help: '[STABLE] Size of the storage database file physically allocated in bytes.',
      samples: bytes ? [{ labels: STORE, value: bytes() }] : [],
    },
  ];
}
