import { type ApiObject, cloneJson, type Mutable, type Part } from '@navarch/machinery';

type WithStatus = ApiObject & { readonly status?: object };

interface StatusOptions {
  /** Whoever writes the status may change annotations and owners, but no labels. */
  readonly keepsLabels?: boolean;
}

/** The status subresource of a kind that checks or changes what comes: takes status and metadata, leaves everything else. */
export function statusPart<Obj extends WithStatus>(
  hooks: Pick<Part<Obj>, 'prepare' | 'validate'>,
  { keepsLabels = false }: StatusOptions = {},
): Part<Obj> {
  return {
    ...hooks,
    takes: ['status'],
    merge: (sent, previous) => {
      const metadata = keepsLabels ? withLabelsOf(previous, sent) : sent.metadata;
      return { ...previous, metadata, status: sent.status } as unknown as Mutable<Obj>;
    },
  };
}

function withLabelsOf(previous: ApiObject, sent: Mutable<ApiObject>): Mutable<ApiObject>['metadata'] {
  const { labels } = previous.metadata;
  const { labels: _, ...metadata } = sent.metadata;
  return { ...metadata, ...(labels ? { labels: cloneJson(labels) } : {}) };
}

/** As statusPart(), for newer kinds whose status writers touch nothing of the metadata but who manages which field. */
export function statusOnlyPart<Obj extends WithStatus>(hooks: Pick<Part<Obj>, 'prepare' | 'validate'>): Part<Obj> {
  return {
    ...hooks,
    takes: ['status'],
    merge: (sent, previous) =>
      ({ ...previous, metadata: keptMetadata(sent, previous), status: sent.status }) as unknown as Mutable<Obj>,
  };
}

/** Metadata of a write that may change nothing of it but who manages which field. */
export function keptMetadata(sent: Mutable<ApiObject>, previous: ApiObject): Mutable<ApiObject>['metadata'] {
  const { labels, annotations, finalizers, ownerReferences } = cloneJson(
    previous.metadata,
  ) as Mutable<ApiObject>['metadata'];
  const { labels: _a, annotations: _b, finalizers: _c, ownerReferences: _d, ...rest } = sent.metadata;
  return {
    ...rest,
    ...(labels ? { labels } : {}),
    ...(annotations ? { annotations } : {}),
    ...(finalizers ? { finalizers } : {}),
    ...(ownerReferences ? { ownerReferences } : {}),
  };
}
