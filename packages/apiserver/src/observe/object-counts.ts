import type { MetricFamily } from '@navarch/base';
import type { Registry } from '../registry/registry.ts';

/** How many objects of each stored resource there are. */
export const objectCounts = (registry: Registry): MetricFamily => ({
  name: 'apiserver_resource_objects', type: 'gauge', help: 'Number of stored objects at the time of last check split by kind.',
  samples: registry.kinds.filter((kind) => !kind.isAlternate).map((kind) => ({ labels: { group: kind.group, resource: kind.plural }, value: registry.of(kind).shelf.cache.size })),
});
