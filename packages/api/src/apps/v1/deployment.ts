import { compileLabelSelector, type Field, formatSelector, type Kind } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { atMostWhole, countOrPercent, isZeroShare, notNegative, unchanged } from '../../checks/values.ts';
import { columnsOf, containerImages, containerNames, selectorText } from '../../columns.ts';
import { completePodTemplate } from '../../core/v1/pod-defaults.ts';
import { validateAlwaysRestarts, validatePodTemplate } from '../../core/v1/pod-validation.ts';
import { validateReplicaStatus } from '../../core/v1/replica-status.ts';
import type { Deployment, DeploymentSpec, DeploymentStrategy } from '../../generated/types/apps-v1.ts';
import { statusPart } from '../../parts.ts';
import { notDecremented, shownStrategy, validateSelected, validateSelector, workloadWarnings } from './workload.ts';

const COUNTS = [
  'observedGeneration',
  'replicas',
  'updatedReplicas',
  'readyReplicas',
  'availableReplicas',
  'unavailableReplicas',
  'terminatingReplicas',
  'collisionCount',
] as const;

export const deployment: Kind<Deployment> = builtIn<Deployment>('apps/v1.Deployment', {
  columns: columnsOf('apps/Deployment', {
    Ready: (d) => `${d.status.readyReplicas ?? 0}/${d.spec.replicas ?? 0}`,
    'Up-to-date': (d) => d.status.updatedReplicas ?? 0,
    Available: (d) => d.status.availableReplicas ?? 0,
    Containers: (d) => containerNames(d.spec.template),
    Images: (d) => containerImages(d.spec.template),
    Selector: (d) => selectorText(d.spec.selector),
  }),
  scale: {
    specReplicas: 'spec.replicas',
    statusReplicas: 'status.replicas',
    selector: (d) => formatSelector(compileLabelSelector(d.spec.selector)),
  },
  behaviour: {
    complete({ spec }) {
      spec.replicas ??= 1;
      spec.strategy.type ??= 'RollingUpdate';
      if (spec.strategy.type === 'RollingUpdate') {
        spec.strategy.rollingUpdate ??= {};
        spec.strategy.rollingUpdate.maxUnavailable ??= '25%';
        spec.strategy.rollingUpdate.maxSurge ??= '25%';
      }
      spec.revisionHistoryLimit ??= 10;
      spec.progressDeadlineSeconds ??= 600;
      completePodTemplate(spec.template);
    },
    prepareCreate(d) {
      d.status = {};
    },
    // Annotations are copied to the replica sets, so a change to them is a new generation too.
    desired: (d) => [d.spec, d.metadata.annotations],
    validate: (d, at) => validateDeployment(d.spec, at.at('spec')),
    validateUpdate: (next, previous, at) =>
      unchanged(next.spec.selector, previous.spec.selector, at.at('spec', 'selector')),
    warnings: (d, previous) => workloadWarnings(d, previous),
    parts: {
      status: statusPart(
        {
          validate({ status }, previous, at) {
            const here = at.at('status');
            validateReplicaStatus(status, here, COUNTS);
            notDecremented(status.collisionCount, previous.status.collisionCount, here.at('collisionCount'));
          },
        },
        { keepsLabels: true },
      ),
    },
  },
});

function validateDeployment(spec: DeploymentSpec, at: Field): void {
  notNegative(spec.replicas, at.at('replicas'));
  if (validateSelector(spec.selector, 'deployment', at.at('selector'))) {
    const templateAt = at.at('template');
    validateSelected(spec.selector, spec.template, templateAt);
    validatePodTemplate(spec.template, templateAt);
    validateAlwaysRestarts(spec.template, templateAt, 'ReplicaSet');
  }
  validateStrategy(spec.strategy, at.at('strategy'));
  notNegative(spec.minReadySeconds, at.at('minReadySeconds'));
  notNegative(spec.revisionHistoryLimit, at.at('revisionHistoryLimit'));
  const { progressDeadlineSeconds: deadline } = spec;
  if (deadline === undefined) return;
  notNegative(deadline, at.at('progressDeadlineSeconds'));
  if (deadline <= (spec.minReadySeconds ?? 0))
    at.at('progressDeadlineSeconds').invalid(deadline, 'must be greater than minReadySeconds');
}

function validateStrategy({ type, rollingUpdate }: DeploymentStrategy, at: Field): void {
  const here = at.at('rollingUpdate');
  if (type === 'Recreate') {
    if (rollingUpdate) here.forbidden("may not be specified when strategy `type` is 'Recreate'");
  } else if (type !== 'RollingUpdate')
    at.notSupported(shownStrategy(type, rollingUpdate), ['Recreate', 'RollingUpdate']);
  else if (!rollingUpdate) here.required('this should be defaulted and never be nil');
  else {
    const { maxUnavailable, maxSurge } = rollingUpdate;
    countOrPercent(maxUnavailable, here.at('maxUnavailable'));
    countOrPercent(maxSurge, here.at('maxSurge'));
    if (isZeroShare(maxUnavailable) && isZeroShare(maxSurge))
      here.at('maxUnavailable').invalid(maxUnavailable, 'may not be 0 when `maxSurge` is 0');
    atMostWhole(maxUnavailable, here.at('maxUnavailable'));
  }
}
