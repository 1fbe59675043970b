import type { CacheReader } from '@navarch/client';
import { type ApiObject, type Key, type Kind, splitKey } from '@navarch/machinery';
import type { Registry } from './registry.ts';
import type { Resource } from './resource.ts';

/** What the server holds, as components in its process read their caches; empty of kinds that are not served. */
export const readerOf = (registry: Registry): CacheReader => new RegistryReader(registry);

class RegistryReader implements CacheReader {
  readonly #registry: Registry;

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  get<O extends ApiObject>(kind: Kind<O>, key: Key): O | undefined {
    const { namespace, name } = splitKey(key);
    return this.#resource(kind)?.find(namespace, name);
  }

  list<O extends ApiObject>(kind: Kind<O>, namespace = ''): readonly O[] {
    const resource = this.#resource(kind);
    if (!resource) return [];
    const { shelf } = resource;
    return Array.from(shelf.cache.range(shelf.prefixOf(namespace)), ({ object }) => resource.view(object));
  }

  /** There are no indexes here: whoever asks once may look at all. */
  find: CacheReader['find'] = (kind, index, value) =>
    this.list(kind).filter((object) => index.valuesOf(object).includes(value));

  hasSeen(): boolean {
    return true;
  }

  #resource<O extends ApiObject>(kind: Kind<O>): Resource<O> | undefined {
    return this.#registry.kinds.includes(kind) ? this.#registry.of(kind) : undefined;
  }
}
