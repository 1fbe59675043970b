import { type Kind, selectorFromMap } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { notNegative } from '../../checks/values.ts';
import { columnsOf, containerImages, containerNames, labelsText } from '../../columns.ts';
import type { ReplicationController } from '../../generated/types/core-v1.ts';
import { statusPart } from '../../parts.ts';
import { completePodTemplate } from './pod-defaults.ts';
import { validateAlwaysRestarts, validatePodTemplate } from './pod-validation.ts';
import { templateWarnings } from './pod-warnings.ts';
import { validateReplicaStatus } from './replica-status.ts';

export const replicationController: Kind<ReplicationController> = builtIn<ReplicationController>(
  '/v1.ReplicationController',
  {
    columns: columnsOf('/ReplicationController', {
      Desired: (r) => r.spec.replicas ?? 0,
      Current: (r) => r.status.replicas,
      Ready: (r) => r.status.readyReplicas ?? 0,
      Containers: (r) => containerNames(r.spec.template),
      Images: (r) => containerImages(r.spec.template),
      Selector: (r) => labelsText(r.spec.selector),
    }),
    scale: {
      specReplicas: 'spec.replicas',
      statusReplicas: 'status.replicas',
      selector: (r) => labelsText(r.spec.selector),
    },
    selectableFields: { 'status.replicas': (r) => String(r.status.replicas) },
    behaviour: {
      complete(r) {
        const { spec, metadata } = r;
        spec.replicas ??= 1;
        if (!spec.template) return;
        completePodTemplate(spec.template);
        const { labels } = spec.template.metadata;
        if (!labels || Object.keys(labels).length === 0) return;
        if (Object.keys(spec.selector ?? {}).length === 0) spec.selector = { ...labels };
        if (Object.keys(metadata.labels ?? {}).length === 0) metadata.labels = { ...labels };
      },
      prepareCreate(r) {
        r.status = { replicas: 0 };
      },
      desired: (r) => [r.spec],
      validate({ spec }, at) {
        const here = at.at('spec');
        notNegative(spec.minReadySeconds, here.at('minReadySeconds'));
        const selector = spec.selector ?? {};
        const isEmpty = Object.keys(selector).length === 0;
        if (isEmpty) here.at('selector').required();
        notNegative(spec.replicas, here.at('replicas'));
        if (!spec.template) return here.at('template').required();
        const { labels = {} } = spec.template.metadata;
        if (!isEmpty && !selectorFromMap(selector).matches(labels)) {
          here.at('template', 'metadata', 'labels').invalid(labels, '`selector` does not match template `labels`');
        }
        validatePodTemplate(spec.template, here.at('template'));
        validateAlwaysRestarts(spec.template, here.at('template'), 'ReplicationController');
      },
      warnings: ({ metadata, spec }, previous) => {
        const isNew = !previous || previous.metadata.generation !== metadata.generation;
        return isNew && spec.template ? templateWarnings(metadata.name, spec.template, !previous) : [];
      },
      parts: { status: statusPart({ validate: (r, _, at) => validateReplicaStatus(r.status, at.at('status')) }) },
    },
  },
);
