import { dnsLabelErrors, type Field, type Kind } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { validateConditions } from '../../checks/conditions.ts';
import { isExtended } from '../../checks/quantities.ts';
import { named } from '../../checks/values.ts';
import { age, columnsOf } from '../../columns.ts';
import { driverName } from '../../core/v1/volume-sources.ts';
import type {
  DeviceClass,
  DeviceTaintRule,
  DeviceTaintRuleSpec,
  DeviceTaintSelector,
} from '../../generated/types/resource-v1.ts';
import { statusOnlyPart } from '../../parts.ts';
import { completeTaint, eachOf, validateConfiguration, validateSelectors, validateTaint } from './devices.ts';
import { poolName } from './names.ts';

const CONFIGURATIONS_MAX = 32;
const CONDITIONS_MAX = 8;

export const deviceClass: Kind<DeviceClass> = builtIn<DeviceClass>('resource.k8s.io/v1.DeviceClass', {
  columns: columnsOf('resource.k8s.io/DeviceClass', {}),
  behaviour: {
    answersDeletion: true,
    desired: (c) => [c.spec],
    validate({ spec }, at) {
      const here = at.at('spec');
      validateSelectors(spec.selectors, here.at('selectors'));
      eachOf(spec.config, CONFIGURATIONS_MAX, here.at('config'), validateConfiguration);
      const { extendedResourceName: name } = spec;
      if (name !== undefined && !isExtended(name))
        here.at('extendedResourceName').invalid(name, 'must be a valid extended resource name');
    },
  },
});

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
    validateCreate: ({ spec }, at) => validateRule(spec, at.at('spec')),
    validateUpdate: ({ spec }, previous, at) => validateRule(spec, at.at('spec'), previous.spec),
    parts: {
      status: statusOnlyPart<DeviceTaintRule>({
        validate({ status: { conditions = [] } }, _previous, at) {
          const here = at.at('status', 'conditions');
          validateConditions(conditions, here);
          if (conditions.length > CONDITIONS_MAX) here.tooMany(conditions.length, CONDITIONS_MAX);
        },
      }),
    },
  },
});

function validateRule({ deviceSelector, taint }: DeviceTaintRuleSpec, at: Field, previous?: DeviceTaintRuleSpec): void {
  if (deviceSelector) validateSelector(deviceSelector, at.at('deviceSelector'));
  validateTaint(taint, at.at('taint'), previous?.taint);
}

function validateSelector({ driver, pool, device }: DeviceTaintSelector, at: Field): void {
  if (driver !== undefined) driverName(driver, at.at('driver'));
  if (pool !== undefined) poolName(pool, at.at('pool'));
  if (device !== undefined) named(device, dnsLabelErrors, at.at('device'));
}
