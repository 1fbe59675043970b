import { GROUP, type ReferenceGrant } from './objects.ts';

export interface Crossing {
  readonly fromKind: string;
  readonly fromNamespace: string;
  readonly toGroup: string;
  readonly toKind: string;
  readonly toNamespace: string;
  readonly toName: string;
}

/** Whether an object may refer to one of another namespace: somebody there has to say so. */
export const isGranted = (grants: readonly ReferenceGrant[], crossing: Crossing): boolean =>
  crossing.fromNamespace === crossing.toNamespace ||
  grants.some(
    ({ metadata, spec }) =>
      metadata.namespace === crossing.toNamespace &&
      spec.from.some(
        ({ group, kind, namespace }) =>
          group === GROUP && kind === crossing.fromKind && namespace === crossing.fromNamespace,
      ) &&
      spec.to.some(
        ({ group, kind, name }) =>
          group === crossing.toGroup && kind === crossing.toKind && (!name || name === crossing.toName),
      ),
  );
