import type { CacheIndex, CacheReader } from '@navarch/client';
import { type ApiObject, keyOf, type Kind } from '@navarch/machinery';
import type { Body } from './replay.ts';

/** A cache of what there is from the beginning to the end. */
export class FixedObjects implements CacheReader {
  readonly #byKind = new Map<string, Map<string, ApiObject>>();
  readonly #found = new Map<CacheIndex<any>, Map<string, ApiObject[]>>();

  constructor(objects: readonly Body[]) {
    for (const body of objects) {
      const object = JSON.parse(JSON.stringify(body)) as ApiObject;
      const held = this.#byKind.get(body.kind);
      if (held) held.set(keyOf(object), object);
      else this.#byKind.set(body.kind, new Map([[keyOf(object), object]]));
    }
  }

  get<O extends ApiObject>({ kind }: Kind<O>, key: string): O | undefined {
    return this.#byKind.get(kind)?.get(key) as O | undefined;
  }

  list<O extends ApiObject>({ kind }: Kind<O>, namespace?: string): readonly O[] {
    const all = [...(this.#byKind.get(kind)?.values() ?? [])] as O[];
    return namespace === undefined ? all : all.filter(({ metadata }) => metadata.namespace === namespace);
  }

  find<O extends ApiObject>(kind: Kind<O>, index: CacheIndex<O>, value: string): readonly O[] {
    let values = this.#found.get(index);
    if (!values) {
      values = new Map();
      for (const object of this.list(kind))
        for (const each of index.valuesOf(object)) {
          const held = values.get(each);
          if (held) held.push(object);
          else values.set(each, [object]);
        }
      this.#found.set(index, values);
    }
    return (values.get(value) ?? []) as unknown as readonly O[];
  }

  hasSeen(): boolean {
    return true;
  }
}
