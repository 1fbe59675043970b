import { dnsLabelErrors, type Kind, qualifiedNameErrors } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { named } from '../../checks/values.ts';
import { columnsOf } from '../../columns.ts';
import type { Namespace } from '../../generated/types/core-v1.ts';

export const namespace: Kind<Namespace> = builtIn<Namespace>('/v1.Namespace', {
  columns: columnsOf('/Namespace', { Status: (n) => n.status.phase ?? '' }),
  selectableFields: { 'status.phase': (n) => n.status.phase ?? '' },
  behaviour: {
    desired: false,
    validateName: dnsLabelErrors,
    complete(n) {
      n.status.phase ??= 'Active';
      if (n.metadata.name) n.metadata.labels = { ...n.metadata.labels, 'kubernetes.io/metadata.name': n.metadata.name };
    },
    prepareCreate(n) {
      n.status = { phase: 'Active' };
      // Holds the namespace until its content is gone; the namespace controller takes it away through /finalize.
      if (!n.spec.finalizers?.includes('kubernetes')) n.spec.finalizers = [...(n.spec.finalizers ?? []), 'kubernetes'];
    },
    prepareUpdate(n, previous) {
      n.spec = structuredClone(previous.spec) as typeof n.spec;
    },
    validate({ spec }, at) {
      for (const finalizer of spec.finalizers ?? []) {
        const here = at.at('spec', 'finalizers');
        named(finalizer, qualifiedNameErrors, here);
        if (!finalizer.includes('/') && finalizer !== 'kubernetes') here.invalid(finalizer, 'name is neither a standard finalizer name nor is it fully qualified');
      }
    },
    prepareDelete(n) {
      n.status.phase = 'Terminating';
    },
    parts: {
      finalize: {
        merge: (sent, previous) => ({ ...sent, status: structuredClone(previous.status) as typeof sent.status }),
      },
    },
    holdsDeletion: (n) => (n.spec.finalizers?.length ?? 0) > 0,
  },
});
