import type { Api, KindApi } from '@navarch/client';
import type { ApiObject, Kind } from '@navarch/machinery';

/** An API whose clients of a kind are made at first use: components ask for them at every request. */
export function oncePerKind(make: <O extends ApiObject>(kind: Kind<O>) => KindApi<O>): Api {
  const made = new WeakMap<Kind<any>, KindApi<any>>();
  return {
    of<O extends ApiObject>(kind: Kind<O>): KindApi<O> {
      let known = made.get(kind);
      if (!known) made.set(kind, (known = make(kind)));
      return known as KindApi<O>;
    },
  };
}
