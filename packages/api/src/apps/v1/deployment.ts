import { compileLabelSelector, equalJson, type Field, formatSelector, type Kind } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { ageColumn, integer, nameColumn, text, wide } from '../../columns.ts';
import { completePodSpec } from '../../core/v1/pod-defaults.ts';
import { validatePodTemplate } from '../../core/v1/pod-validation.ts';
import type { Deployment, DeploymentSpec } from '../../generated/types/apps-v1.ts';
import { containerImages, containerNames, notNegative, selectorText, validateAlwaysRestarts, validateSelector } from './workload.ts';

export const deployment: Kind<Deployment> = builtIn<Deployment>('apps/v1.Deployment', {
  columns: [
    nameColumn,
    text('Ready', (d) => `${d.status.readyReplicas ?? 0}/${d.spec.replicas ?? 0}`),
    integer('Up-to-date', (d) => d.status.updatedReplicas ?? 0),
    integer('Available', (d) => d.status.availableReplicas ?? 0),
    ageColumn,
    wide('Containers', (d) => containerNames(d.spec.template)),
    wide('Images', (d) => containerImages(d.spec.template)),
    wide('Selector', (d) => selectorText(d.spec.selector)),
  ],
  scale: { specReplicas: 'spec.replicas', statusReplicas: 'status.replicas', selector: (d) => formatSelector(compileLabelSelector(d.spec.selector)) },
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
      completePodSpec(spec.template.spec);
    },
    prepareCreate(d) {
      d.status = {};
    },
    // Annotations are copied to the replica sets, so a change to them is a new generation too.
    desired: (d) => [d.spec, d.metadata.annotations],
    validate: (d, at) => validateDeployment(d.spec, at.at('spec')),
    validateUpdate(next, previous, at) {
      if (!equalJson(next.spec.selector, previous.spec.selector)) at.at('spec', 'selector').invalid(next.spec.selector, 'field is immutable');
    },
  },
});

function validateDeployment(spec: DeploymentSpec, at: Field): void {
  notNegative(spec.replicas, at.at('replicas'));
  validateSelector(spec.selector, spec.template, at);
  validatePodTemplate(spec.template, at.at('template'));
  validateAlwaysRestarts(spec.template, at);
  const { type, rollingUpdate } = spec.strategy;
  const strategy = at.at('strategy');
  if (type !== 'Recreate' && type !== 'RollingUpdate') strategy.at('type').notSupported(type, ['Recreate', 'RollingUpdate']);
  if (type === 'Recreate' && rollingUpdate) strategy.at('rollingUpdate').forbidden("may not be specified when strategy `type` is 'Recreate'");
  if (rollingUpdate) {
    for (const name of ['maxUnavailable', 'maxSurge'] as const) validateShare(rollingUpdate[name], strategy.at('rollingUpdate', name));
    if (isZero(rollingUpdate.maxUnavailable) && isZero(rollingUpdate.maxSurge)) {
      strategy.at('rollingUpdate', 'maxUnavailable').invalid(rollingUpdate.maxUnavailable, 'may not be 0 when `maxSurge` is 0');
    }
  }
  notNegative(spec.minReadySeconds, at.at('minReadySeconds'));
  notNegative(spec.revisionHistoryLimit, at.at('revisionHistoryLimit'));
  notNegative(spec.progressDeadlineSeconds, at.at('progressDeadlineSeconds'));
  if ((spec.progressDeadlineSeconds ?? 600) <= (spec.minReadySeconds ?? 0)) {
    at.at('progressDeadlineSeconds').invalid(spec.progressDeadlineSeconds, 'must be greater than minReadySeconds');
  }
}

const isZero = (value: number | string | undefined): boolean => value === 0 || value === '0%';

/** A count or a percentage of the replicas. */
export function validateShare(value: number | string | undefined, at: Field): void {
  if (typeof value === 'number') notNegative(value, at);
  else if (value !== undefined && !/^\d+%$/.test(value)) {
    at.invalid(value, "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')");
  }
}
