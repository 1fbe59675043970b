import { compileLabelSelector, formatSelector, type Kind } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { notNegative, unchanged } from '../../checks/values.ts';
import { columnsOf, containerImages, containerNames, selectorText } from '../../columns.ts';
import { completePodTemplate } from '../../core/v1/pod-defaults.ts';
import { validateAlwaysRestarts, validatePodTemplate } from '../../core/v1/pod-validation.ts';
import { validateReplicaStatus } from '../../core/v1/replica-status.ts';
import type { ReplicaSet } from '../../generated/types/apps-v1.ts';
import { statusPart } from '../../parts.ts';
import { validateSelected, validateSelector, workloadWarnings } from './workload.ts';

export const replicaSet: Kind<ReplicaSet> = builtIn<ReplicaSet>('apps/v1.ReplicaSet', {
  columns: columnsOf('apps/ReplicaSet', {
    Desired: (r) => r.spec.replicas ?? 0,
    Current: (r) => r.status.replicas,
    Ready: (r) => r.status.readyReplicas ?? 0,
    Containers: (r) => containerNames(r.spec.template),
    Images: (r) => containerImages(r.spec.template),
    Selector: (r) => selectorText(r.spec.selector),
  }),
  scale: {
    specReplicas: 'spec.replicas',
    statusReplicas: 'status.replicas',
    selector: (r) => formatSelector(compileLabelSelector(r.spec.selector)),
  },
  selectableFields: { 'status.replicas': (r) => String(r.status.replicas) },
  behaviour: {
    complete({ spec }) {
      spec.replicas ??= 1;
      completePodTemplate(spec.template);
    },
    prepareCreate(r) {
      r.status = { replicas: 0 };
    },
    desired: (r) => [r.spec],
    validate({ spec }, at) {
      const here = at.at('spec');
      notNegative(spec.replicas, here.at('replicas'));
      notNegative(spec.minReadySeconds, here.at('minReadySeconds'));
      if (!validateSelector(spec.selector, 'deployment', here.at('selector'))) return;
      const templateAt = here.at('template');
      validateSelected(spec.selector, spec.template, templateAt);
      validatePodTemplate(spec.template, templateAt);
      validateAlwaysRestarts(spec.template, templateAt, 'ReplicaSet');
    },
    validateUpdate: (next, previous, at) =>
      unchanged(next.spec.selector, previous.spec.selector, at.at('spec', 'selector')),
    warnings: (r, previous) => workloadWarnings(r, previous),
    parts: { status: statusPart({ validate: (r, _previous, at) => validateReplicaStatus(r.status, at.at('status')) }) },
  },
});
