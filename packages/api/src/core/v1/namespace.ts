import {
  cloneJson,
  dnsLabelErrors,
  type Field,
  type Kind,
  type Mutable,
  ownedFinalizer,
  qualifiedNameErrors,
} from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { each, named } from '../../checks/values.ts';
import { columnsOf } from '../../columns.ts';
import type { Namespace } from '../../generated/types/core-v1.ts';
import { statusPart } from '../../parts.ts';

export const namespace: Kind<Namespace> = builtIn<Namespace>('/v1.Namespace', {
  columns: columnsOf('/Namespace', { Status: (n) => n.status.phase ?? '' }),
  selectableFields: { 'status.phase': (n) => n.status.phase ?? '' },
  behaviour: {
    desired: false,
    validateName: dnsLabelErrors,
    complete(n) {
      n.status.phase ??= 'Active';
      labelByName(n);
    },
    canonicalize: labelByName,
    prepareCreate(n) {
      n.status = { phase: 'Active' };
      // Holds the namespace until its content is gone; the namespace controller takes it away through /finalize.
      if (!n.spec.finalizers?.includes('kubernetes')) n.spec.finalizers = [...(n.spec.finalizers ?? []), 'kubernetes'];
    },
    prepareUpdate(n, previous) {
      n.spec = cloneJson(previous.spec) as typeof n.spec;
    },
    validateCreate({ spec }, at) {
      for (const finalizer of spec.finalizers ?? []) validateFinalizer(finalizer, at.at('spec', 'finalizers'));
    },
    prepareDelete(n) {
      n.status.phase = 'Terminating';
    },
    parts: {
      finalize: {
        merge: (sent, previous) => ({ ...sent, status: cloneJson(previous.status) as typeof sent.status }),
        validate: ({ spec }, _previous, at) => each(spec.finalizers, at.at('spec', 'finalizers'), validateFinalizer),
      },
      status: statusPart({
        validate({ metadata, status }, _previous, at) {
          const [is, wanted] = metadata.deletionTimestamp ? ['not empty', 'Terminating'] : ['empty', 'Active'];
          if (status.phase !== wanted)
            at.at('status', 'Phase').invalid(status.phase, `may only be '${wanted}' if \`deletionTimestamp\` is ${is}`);
        },
      }),
    },
    holdsDeletion: (n) => (n.spec.finalizers?.length ?? 0) > 0,
  },
});

/** So that selectors of namespaces can say which one they mean. */
function labelByName({ metadata }: Mutable<Namespace>): void {
  if (metadata.name) metadata.labels = { ...metadata.labels, 'kubernetes.io/metadata.name': metadata.name };
}

function validateFinalizer(name: string, at: Field): void {
  named(name, qualifiedNameErrors, at);
  ownedFinalizer(name, at);
}
