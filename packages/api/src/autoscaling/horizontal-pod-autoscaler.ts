import { dnsLabelErrors, type Field, type Kind, type Mutable, pathSegmentErrors } from '@navarch/machinery';
import { builtIn } from '../built-in.ts';
import { containerResourceName, isPositive } from '../checks/quantities.ts';
import { labelSelector } from '../checks/selectors.ts';
import { each, givenOf, requiredName, supportedValue } from '../checks/values.ts';
import { columnsOf } from '../columns.ts';
import type {
  CrossVersionObjectReference,
  HorizontalPodAutoscaler,
  HPAScalingPolicy,
  HPAScalingRules,
  MetricSpec,
  MetricTarget,
} from '../generated/types/autoscaling-v2.ts';
import { statusPart } from '../parts.ts';
import { targetsText } from './targets.ts';

const CPU_PERCENT = 80;

export const horizontalPodAutoscaler: Kind<HorizontalPodAutoscaler> = builtIn<HorizontalPodAutoscaler>(
  'autoscaling/v2.HorizontalPodAutoscaler',
  {
    columns: columnsOf('autoscaling/HorizontalPodAutoscaler', {
      Reference: (h) => `${h.spec.scaleTargetRef.kind}/${h.spec.scaleTargetRef.name}`,
      Targets: (h) => targetsText(h),
      MinPods: (h) => (h.spec.minReplicas === undefined ? '<unset>' : String(h.spec.minReplicas)),
      MaxPods: (h) => h.spec.maxReplicas,
      Replicas: (h) => h.status.currentReplicas ?? 0,
    }),
    behaviour: {
      desired: (h) => [h.spec],
      complete: ({ spec }) => {
        spec.minReplicas ??= 1;
        if (!spec.metrics?.length)
          spec.metrics = [
            {
              type: 'Resource',
              resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: CPU_PERCENT } },
            },
          ];
        if (spec.behavior) completeBehavior(spec.behavior);
      },
      prepareCreate(h) {
        h.status = { desiredReplicas: 0, currentMetrics: null };
      },
      validate: (h, at) => validateSpec(h, at.at('spec')),
      parts: {
        status: statusPart({
          validate({ status }, _previous, at) {
            for (const name of ['currentReplicas', 'desiredReplicas'] as const) {
              if ((status[name] ?? 0) < 0)
                at.at('status', name).invalid(status[name], 'must be greater than or equal to 0');
            }
          },
        }),
      },
    },
  },
);

const SCALE_UP: HPAScalingRules = {
  stabilizationWindowSeconds: 0,
  selectPolicy: 'Max',
  policies: [
    { type: 'Pods', value: 4, periodSeconds: 15 },
    { type: 'Percent', value: 100, periodSeconds: 15 },
  ],
};
const SCALE_DOWN: HPAScalingRules = {
  selectPolicy: 'Max',
  policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
};

function completeBehavior(behavior: NonNullable<Mutable<HorizontalPodAutoscaler>['spec']['behavior']>): void {
  behavior.scaleUp = withDefaults(behavior.scaleUp, SCALE_UP);
  behavior.scaleDown = withDefaults(behavior.scaleDown, SCALE_DOWN);
}

function withDefaults(rules: HPAScalingRules = {}, defaults: HPAScalingRules): Mutable<HPAScalingRules> {
  const window = rules.stabilizationWindowSeconds ?? defaults.stabilizationWindowSeconds;
  return {
    ...(window === undefined ? {} : { stabilizationWindowSeconds: window }),
    selectPolicy: rules.selectPolicy ?? defaults.selectPolicy ?? 'Max',
    policies: (rules.policies ?? defaults.policies ?? []).map((policy) => ({ ...policy })),
    ...(rules.tolerance === undefined ? {} : { tolerance: rules.tolerance }),
  };
}

function validateSpec({ spec }: HorizontalPodAutoscaler, at: Field): void {
  const { minReplicas, maxReplicas } = spec;
  if (minReplicas !== undefined && maxReplicas < minReplicas)
    at.at('maxReplicas').invalid(maxReplicas, 'must be greater than or equal to `minReplicas`');
  validateReference(spec.scaleTargetRef, at.at('scaleTargetRef'));
  each(spec.metrics, at.at('metrics'), validateMetric);
  // Without pods, the others say nothing (KEP-2021).
  const mayWake = spec.metrics?.some(({ type }) => type === 'Object' || type === 'External');
  if (minReplicas === 0 && !mayWake)
    at.at('metrics').forbidden(
      'must specify at least one Object or External metric to support scaling to zero replicas',
    );
  validateRules(spec.behavior?.scaleUp, at.at('behavior', 'scaleUp'));
  validateRules(spec.behavior?.scaleDown, at.at('behavior', 'scaleDown'));
}

function validateReference({ kind, name }: CrossVersionObjectReference, at: Field): void {
  requiredName(kind, pathSegmentErrors, at.at('kind'));
  requiredName(name, pathSegmentErrors, at.at('name'));
}

const SOURCES = {
  Object: 'object',
  Pods: 'pods',
  Resource: 'resource',
  ContainerResource: 'containerResource',
  External: 'external',
} as const;
/** In the order in which they are looked at. */
const NAMES = ['object', 'external', 'pods', 'resource', 'containerResource'] as const;

function validateMetric(metric: MetricSpec, at: Field): void {
  if (!metric.type) at.at('type').required('must specify a metric source type');
  if (!(metric.type in SOURCES)) at.at('type').notSupported(metric.type, Object.keys(SOURCES).sort());
  const given = NAMES.filter((name) => metric[name] !== undefined);
  // Where there are several, one of them is too many: what they say does not matter.
  const [first] = given;
  if (first) validateSource(metric, first, at.at(first));
  const own = SOURCES[metric.type as keyof typeof SOURCES];
  if (own && !metric[own]) at.at(own).required('must populate information for the given metric source');
  if (given.length > 1)
    for (const extra of given) if (extra !== own) at.at(extra).forbidden('must populate the given metric source only');
}

function validateSource(
  { object, external, pods, resource, containerResource }: MetricSpec,
  name: (typeof NAMES)[number],
  at: Field,
): void {
  const target = at.at('target');
  if (name === 'object' && object) {
    validateReference(object.describedObject, at.at('describedObject'));
    metricIdentifier(object.metric, at.at('metric'));
    validateTarget(object.target, ['averageValue', 'value'], 'must set either a target value or averageValue', target);
  } else if (name === 'external' && external) {
    metricIdentifier(external.metric, at.at('metric'));
    validateTarget(
      external.target,
      ['averageValue', 'value'],
      'must set either a target value for metric or a per-pod target',
      target,
    );
    if (external.target.value !== undefined && external.target.averageValue !== undefined) {
      target.at('value').forbidden('may not set both a target value for metric and a per-pod target');
    }
  } else if (name === 'pods' && pods) {
    metricIdentifier(pods.metric, at.at('metric'));
    validateTarget(pods.target, ['averageValue'], 'must specify a positive target averageValue', target);
  } else if (resource) validateResource(resource.name, resource.target, at);
  else if (containerResource) {
    if (!containerResource.name) at.at('name').required('must specify a resource name');
    else containerResourceName(containerResource.name, at.at('name'));
    requiredName(containerResource.container, dnsLabelErrors, at.at('container'), 'must specify a container');
    validateUsage(containerResource.target, target);
  }
}

function metricIdentifier(
  { name, selector }: { readonly name: string; readonly selector?: Parameters<typeof labelSelector>[0] },
  at: Field,
): void {
  requiredName(name, pathSegmentErrors, at.at('name'), 'must specify a metric name');
  labelSelector(selector, at.at('selector'));
}

function validateResource(name: string, target: MetricTarget, at: Field): void {
  if (!name) at.at('name').required('must specify a resource name');
  validateUsage(target, at.at('target'));
}

function validateUsage(target: MetricTarget, at: Field): void {
  validateTarget(
    target,
    ['averageUtilization', 'averageValue'],
    'must set either a target raw value or a target utilization',
    at,
  );
  if (target.averageUtilization !== undefined && target.averageValue !== undefined) {
    at.at('averageValue').forbidden('may not set both a target raw value and a target utilization');
  }
}

function validateTarget(
  target: MetricTarget,
  wanted: readonly ('value' | 'averageValue' | 'averageUtilization')[],
  detail: string,
  at: Field,
): void {
  if (!target.type) at.at('type').required('must specify a metric target type');
  if (!['Utilization', 'Value', 'AverageValue'].includes(target.type)) {
    at.at('type').invalid(target.type, 'must be either Utilization, Value, or AverageValue');
  }
  for (const name of ['value', 'averageValue'] as const) {
    const text = target[name];
    if (text !== undefined && !isPositive(text)) at.at(name).invalid(text, 'must be positive');
  }
  if (target.averageUtilization !== undefined && target.averageUtilization < 1)
    at.at('averageUtilization').invalid(target.averageUtilization, 'must be greater than 0');
  if (givenOf(target, wanted).length === 0) at.at(wanted[0] as string).required(detail);
}

const WINDOW_MAX = 3600;
const PERIOD_MAX = 1800;

function validateRules(rules: HPAScalingRules | undefined, at: Field): void {
  if (!rules) return;
  const { stabilizationWindowSeconds: window, selectPolicy, policies, tolerance } = rules;
  if (window !== undefined && window < 0)
    at.at('stabilizationWindowSeconds').invalid(window, 'must be greater than or equal to zero');
  if (window !== undefined && window > WINDOW_MAX)
    at.at('stabilizationWindowSeconds').invalid(window, `must be less than or equal to ${WINDOW_MAX}`);
  if (selectPolicy !== undefined) supportedValue(selectPolicy, ['Disabled', 'Max', 'Min'], at.at('selectPolicy'));
  if (tolerance !== undefined && tolerance.startsWith('-'))
    at.at('tolerance').invalid(tolerance, 'must be greater or equal to zero');
  if (!policies?.length) at.at('policies').required('must specify at least one Policy');
  each(policies, at.at('policies'), validatePolicy);
}

function validatePolicy({ type, value, periodSeconds }: HPAScalingPolicy, at: Field): void {
  supportedValue(type, ['Percent', 'Pods'], at.at('type'));
  if (value <= 0) at.at('value').invalid(value, 'must be greater than zero');
  if (periodSeconds <= 0) at.at('periodSeconds').invalid(periodSeconds, 'must be greater than zero');
  if (periodSeconds > PERIOD_MAX)
    at.at('periodSeconds').invalid(periodSeconds, `must be less than or equal to ${PERIOD_MAX}`);
}
