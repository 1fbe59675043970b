import type { ApiObject } from '@navarch/machinery';
import type { Resource } from '../registry/resource.ts';

/** The class marked as everybody's: the newest, should there be several, so that a new default takes over at once. */
export function defaultOf<O extends ApiObject>(classes: Resource<O>, marks: readonly string[]): O | undefined {
  const marked = [...classes.shelf.cache.range(classes.shelf.cache.prefix)]
    .map((cached) => classes.view(cached.object))
    .filter(({ metadata }) => marks.some((mark) => metadata.annotations?.[mark] === 'true'));
  return marked.sort(
    (a, b) =>
      order(b.metadata.creationTimestamp ?? '', a.metadata.creationTimestamp ?? '') ||
      order(a.metadata.name, b.metadata.name),
  )[0];
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
