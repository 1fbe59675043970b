import type { ApiObject, Mutable, Part } from '@navarch/machinery';

type WithStatus = ApiObject & { readonly status: object };

/** The status subresource of a kind that checks or changes what comes: takes status and metadata, leaves everything else. */
export function statusPart<Obj extends WithStatus>(hooks: Pick<Part<Obj>, 'prepare' | 'validate'>): Part<Obj> {
  return { ...hooks, merge: (sent, previous) => ({ ...previous, metadata: sent.metadata, status: sent.status }) as unknown as Mutable<Obj> };
}
