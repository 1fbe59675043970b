import { dnsLabelErrors, type Kind } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { ageColumn, nameColumn, text } from '../../columns.ts';
import type { Namespace } from '../../generated/types/core-v1.ts';

export const namespace: Kind<Namespace> = builtIn<Namespace>('/v1.Namespace', {
  columns: [nameColumn, text('Status', (n) => n.status.phase ?? ''), ageColumn],
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
