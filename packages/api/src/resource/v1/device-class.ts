import { dnsSubdomainErrors, type Field, type Kind } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { each, named } from '../../checks/values.ts';
import { age, columnsOf } from '../../columns.ts';
import type { DeviceClass, DeviceTaintRule } from '../../generated/types/resource-v1.ts';
import { statusOnlyPart } from '../../parts.ts';
import { completeTaint, validateConfiguration, validateSelectors, validateTaint } from './devices.ts';

const CONFIGURATIONS_MAX = 32;

export const deviceClass: Kind<DeviceClass> = builtIn<DeviceClass>('resource.k8s.io/v1.DeviceClass', {
  columns: columnsOf('resource.k8s.io/DeviceClass', {}),
  behaviour: {
    answersDeletion: true,
    desired: (c) => [c.spec],
    validate({ spec }, at) {
      const here = at.at('spec');
      validateSelectors(spec.selectors, here.at('selectors'));
      if ((spec.config?.length ?? 0) > CONFIGURATIONS_MAX) here.at('config').tooMany(spec.config?.length ?? 0, CONFIGURATIONS_MAX);
      each(spec.config, here.at('config'), validateConfiguration);
      if (spec.extendedResourceName) validateExtendedName(spec.extendedResourceName, here.at('extendedResourceName'));
    },
  },
});

function validateExtendedName(name: string, at: Field): void {
  const [domain = '', rest] = name.split('/');
  if (rest === undefined || domain.endsWith('kubernetes.io')) at.invalid(name, 'must be a valid extended resource name');
  else named(domain, dnsSubdomainErrors, at);
}

export const deviceTaintRule: Kind<DeviceTaintRule> = builtIn<DeviceTaintRule>('resource.k8s.io/v1.DeviceTaintRule', {
  columns: columnsOf('resource.k8s.io/DeviceTaintRule', {
    Key: (r) => r.spec.taint.key,
    Value: (r) => r.spec.taint.value ?? '',
    Effect: (r) => r.spec.taint.effect,
    TimeAdded: (r, now) => (r.spec.taint.timeAdded ? age(r.spec.taint.timeAdded, now) : ''),
  }),
  behaviour: {
    answersDeletion: true,
    prepareCreate(r, { now }) {
      r.status = {};
      completeTaint(r.spec.taint, undefined, now);
    },
    prepareUpdate: (r, previous, { now }) => completeTaint(r.spec.taint, previous.spec.taint, now),
    desired: (r) => [r.spec],
    validate: ({ spec }, at) => validateTaint(spec.taint, at.at('spec', 'taint')),
    parts: { status: statusOnlyPart({}) },
  },
});
