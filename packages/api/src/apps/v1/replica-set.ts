import { compileLabelSelector, equalJson, formatSelector, type Kind } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { ageColumn, integer, nameColumn, wide } from '../../columns.ts';
import { completePodSpec } from '../../core/v1/pod-defaults.ts';
import { validatePodTemplate } from '../../core/v1/pod-validation.ts';
import type { ReplicaSet } from '../../generated/types/apps-v1.ts';
import { containerImages, containerNames, notNegative, selectorText, validateAlwaysRestarts, validateSelector } from './workload.ts';

export const replicaSet: Kind<ReplicaSet> = builtIn<ReplicaSet>('apps/v1.ReplicaSet', {
  columns: [
    nameColumn,
    integer('Desired', (r) => r.spec.replicas ?? 0),
    integer('Current', (r) => r.status.replicas),
    integer('Ready', (r) => r.status.readyReplicas ?? 0),
    ageColumn,
    wide('Containers', (r) => (r.spec.template ? containerNames(r.spec.template) : '')),
    wide('Images', (r) => (r.spec.template ? containerImages(r.spec.template) : '')),
    wide('Selector', (r) => selectorText(r.spec.selector)),
  ],
  scale: { specReplicas: 'spec.replicas', statusReplicas: 'status.replicas', selector: (r) => formatSelector(compileLabelSelector(r.spec.selector)) },
  selectableFields: { 'status.replicas': (r) => String(r.status.replicas) },
  behaviour: {
    complete({ spec }) {
      spec.replicas ??= 1;
      if (spec.template) completePodSpec(spec.template.spec);
    },
    prepareCreate(r) {
      r.status = { replicas: 0 };
    },
    desired: (r) => [r.spec],
    validate({ spec }, at) {
      const here = at.at('spec');
      notNegative(spec.replicas, here.at('replicas'));
      notNegative(spec.minReadySeconds, here.at('minReadySeconds'));
      if (!spec.template) return here.at('template').required();
      validateSelector(spec.selector, spec.template, here);
      validatePodTemplate(spec.template, here.at('template'));
      validateAlwaysRestarts(spec.template, here);
    },
    validateUpdate(next, previous, at) {
      if (!equalJson(next.spec.selector, previous.spec.selector)) at.at('spec', 'selector').invalid(next.spec.selector, 'field is immutable');
    },
  },
});
