import {
  compileLabelSelector,
  dnsLabelErrors,
  equalJson,
  type Field,
  formatSelector,
  type Kind,
  validateAnnotations,
  validateLabels,
} from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { shown } from '../../checks/shown.ts';
import { atMostWhole, countOrPercent, isZeroShare, notNegative } from '../../checks/values.ts';
import { columnsOf, containerImages, containerNames } from '../../columns.ts';
import { completeClaimSpec } from '../../core/v1/persistent-volume-claim.ts';
import { completePodTemplate } from '../../core/v1/pod-defaults.ts';
import { validateAlwaysRestarts } from '../../core/v1/pod-validation.ts';
import type { StatefulSet, StatefulSetSpec, StatefulSetUpdateStrategy } from '../../generated/types/apps-v1.ts';
import { statusPart } from '../../parts.ts';
import { notDecremented, validateSelected, validateSelector, workloadWarnings } from './workload.ts';

const UPDATABLE =
  "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";

export const statefulSet: Kind<StatefulSet> = builtIn<StatefulSet>('apps/v1.StatefulSet', {
  columns: columnsOf('apps/StatefulSet', {
    Ready: (s) => `${s.status.readyReplicas ?? 0}/${s.spec.replicas ?? 0}`,
    Containers: (s) => containerNames(s.spec.template),
    Images: (s) => containerImages(s.spec.template),
  }),
  scale: {
    specReplicas: 'spec.replicas',
    statusReplicas: 'status.replicas',
    selector: (s) => formatSelector(compileLabelSelector(s.spec.selector)),
  },
  behaviour: {
    complete({ spec }) {
      spec.podManagementPolicy ??= 'OrderedReady';
      if (spec.updateStrategy.type === undefined) {
        spec.updateStrategy.type = 'RollingUpdate';
        spec.updateStrategy.rollingUpdate ??= {};
      }
      if (spec.updateStrategy.type === 'RollingUpdate' && spec.updateStrategy.rollingUpdate) {
        spec.updateStrategy.rollingUpdate.partition ??= 0;
        spec.updateStrategy.rollingUpdate.maxUnavailable ??= 1;
      }
      spec.persistentVolumeClaimRetentionPolicy ??= {};
      spec.persistentVolumeClaimRetentionPolicy.whenDeleted ??= 'Retain';
      spec.persistentVolumeClaimRetentionPolicy.whenScaled ??= 'Retain';
      spec.replicas ??= 1;
      spec.revisionHistoryLimit ??= 10;
      completePodTemplate(spec.template);
      for (const claim of spec.volumeClaimTemplates ?? []) {
        claim.apiVersion = 'v1';
        claim.kind = 'PersistentVolumeClaim';
        completeClaimSpec(claim.spec);
        claim.status.phase ??= 'Pending';
      }
    },
    prepareCreate(s) {
      s.status = { replicas: 0, availableReplicas: 0 };
    },
    desired: (s) => [s.spec],
    // Its pods are called after it.
    validateName: dnsLabelErrors,
    validate: ({ spec }, at) => validateSpec(spec, at.at('spec')),
    validateUpdate(next, previous, at) {
      if (!equalJson(fixedPart(next.spec), fixedPart(previous.spec))) at.at('spec').forbidden(UPDATABLE);
    },
    warnings: (s, previous) => [
      ...workloadWarnings(s, previous),
      ...((s.spec.revisionHistoryLimit ?? 0) < 0
        ? ['spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended']
        : []),
    ],
    parts: {
      status: statusPart({
        validate: ({ status }, previous, at) => validateStatus(status, previous.status, at.at('status')),
      }),
    },
  },
});

function fixedPart(spec: StatefulSetSpec): unknown {
  const {
    replicas: _a,
    ordinals: _b,
    template: _c,
    updateStrategy: _d,
    revisionHistoryLimit: _e,
    persistentVolumeClaimRetentionPolicy: _f,
    minReadySeconds: _g,
    ...rest
  } = spec;
  return rest;
}

function validateSpec(spec: StatefulSetSpec, at: Field): void {
  const policy = spec.podManagementPolicy;
  if (!policy) at.at('podManagementPolicy').required();
  else if (policy !== 'OrderedReady' && policy !== 'Parallel')
    at.at('podManagementPolicy').invalid(policy, "must be 'OrderedReady' or 'Parallel'");
  validateStrategy(spec.updateStrategy, at.at('updateStrategy'));
  for (const name of ['whenDeleted', 'whenScaled'] as const) {
    const value = spec.persistentVolumeClaimRetentionPolicy?.[name];
    if (value !== 'Retain' && value !== 'Delete')
      at.at('persistentVolumeClaimRetentionPolicy', name).notSupported(value ?? '', ['Retain', 'Delete']);
  }
  notNegative(spec.replicas, at.at('replicas'));
  notNegative(spec.minReadySeconds, at.at('minReadySeconds'));
  notNegative(spec.ordinals?.start, at.at('ordinals', 'start'));
  const templateAt = at.at('template');
  if (validateSelector(spec.selector, 'statefulset', at.at('selector'), '')) {
    validateSelected(spec.selector, spec.template, templateAt);
    // Its mounts may name claims that only become volumes in each pod, so upstream checks no more of the template here.
    validateLabels(spec.template.metadata.labels, templateAt.at('labels'));
    validateAnnotations(spec.template.metadata.annotations, templateAt.at('annotations'));
  }
  validateAlwaysRestarts(spec.template, templateAt, 'StatefulSet');
}

function validateStrategy({ type, rollingUpdate }: StatefulSetUpdateStrategy, at: Field): void {
  const here = at.at('rollingUpdate');
  switch (type) {
    case undefined:
      at.required();
      break;
    case 'OnDelete':
      if (rollingUpdate)
        here.invalid(
          shown('apps.v1.RollingUpdateStatefulSetStrategy', rollingUpdate),
          "only allowed for updateStrategy 'RollingUpdate'",
        );
      break;
    case 'RollingUpdate':
      notNegative(rollingUpdate?.partition, here.at('partition'));
      if (rollingUpdate?.maxUnavailable === undefined) break;
      countOrPercent(rollingUpdate.maxUnavailable, here.at('maxUnavailable'));
      if (isZeroShare(rollingUpdate.maxUnavailable))
        here.at('maxUnavailable').invalid(rollingUpdate.maxUnavailable, 'cannot be 0');
      atMostWhole(rollingUpdate.maxUnavailable, here.at('maxUnavailable'));
      break;
    default:
      at.invalid({ type, rollingUpdate }, "must be 'RollingUpdate' or 'OnDelete'");
  }
}

const PARTS = ['readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas'] as const;

function validateStatus(status: StatefulSet['status'], previous: StatefulSet['status'], at: Field): void {
  notNegative(status.replicas, at.at('replicas'));
  for (const name of [...PARTS, 'observedGeneration', 'collisionCount'] as const)
    notNegative(status[name], at.at(name));
  for (const name of PARTS)
    if ((status[name] ?? 0) > status.replicas)
      at.at(name).invalid(status[name], 'cannot be greater than status.replicas');
  if ((status.availableReplicas ?? 0) > (status.readyReplicas ?? 0)) {
    at.at('availableReplicas').invalid(status.availableReplicas, 'cannot be greater than status.readyReplicas');
  }
  notDecremented(status.collisionCount, previous.collisionCount, at.at('collisionCount'));
}
