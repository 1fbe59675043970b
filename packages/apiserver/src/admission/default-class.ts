import { defaultClassOf } from '@navarch/api';
import type { ApiObject } from '@navarch/machinery';
import type { Resource } from '../registry/resource.ts';

/** The class marked as everybody's, of all that are stored. */
export const defaultOf = <O extends ApiObject>(classes: Resource<O>, marks: readonly string[]): O | undefined =>
  defaultClassOf(
    [...classes.shelf.cache.range(classes.shelf.cache.prefix)].map((cached) => classes.view(cached.object)),
    marks,
  );
