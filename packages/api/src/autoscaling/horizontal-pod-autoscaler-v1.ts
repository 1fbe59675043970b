import type { ApiObject, Kind } from '@navarch/machinery';
import { builtIn } from '../built-in.ts';
import type { HorizontalPodAutoscaler as AutoscalerV1 } from '../generated/types/autoscaling-v1.ts';
import type {
  HorizontalPodAutoscaler,
  MetricIdentifier,
  MetricSpec,
  MetricStatus,
  MetricTarget,
  MetricValueStatus,
} from '../generated/types/autoscaling-v2.ts';
import { horizontalPodAutoscaler } from './horizontal-pod-autoscaler.ts';

// autoscaling/v1 has a CPU target where v2 has metrics. What v1 has no field for travels in annotations, so that an
// object read in v1 and written back loses nothing.

const PREFIX = 'autoscaling.alpha.kubernetes.io/';
const METRICS = `${PREFIX}metrics`;
const CURRENT = `${PREFIX}current-metrics`;
const CONDITIONS = `${PREFIX}conditions`;
const BEHAVIOR = `${PREFIX}behavior`;
const CPU_PERCENT = 80;

export const horizontalPodAutoscalerV1: Kind<AutoscalerV1> = builtIn<AutoscalerV1>(
  'autoscaling/v1.HorizontalPodAutoscaler',
  {
    columns: horizontalPodAutoscaler.columns.map((column) => ({
      ...column,
      value: (h: AutoscalerV1, context) => column.value(toHub(h), context),
    })),
    behaviour: {
      desired: false,
      complete({ spec, metadata }) {
        spec.minReplicas ??= 1;
        if (spec.targetCPUUtilizationPercentage === undefined && !metadata.annotations?.[METRICS])
          spec.targetCPUUtilizationPercentage = CPU_PERCENT;
      },
    },
    hub: { kind: horizontalPodAutoscaler, toHub, fromHub: (hub: ApiObject) => fromHub(hub as HorizontalPodAutoscaler) },
  },
);

function toHub(h: AutoscalerV1): HorizontalPodAutoscaler {
  const { targetCPUUtilizationPercentage: percent, ...spec } = h.spec;
  const { currentCPUUtilizationPercentage: currentPercent, ...status } = h.status;
  const annotations = h.metadata.annotations ?? {};
  const cpu = percent === undefined ? [] : [cpuMetric({ type: 'Utilization', averageUtilization: percent })];
  const metrics: readonly MetricSpec[] = [...cpu, ...listIn(annotations[METRICS]).map(metricToHub)];
  const current =
    currentPercent === undefined
      ? []
      : [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: currentPercent } } }];
  const currentMetrics = [...current, ...listIn(annotations[CURRENT]).map(statusToHub)];
  const conditions = listIn(annotations[CONDITIONS]);
  const behavior = valueIn(annotations[BEHAVIOR]);
  return {
    ...h,
    apiVersion: 'autoscaling/v2',
    metadata: withAnnotations(h.metadata, withoutOurs(annotations)),
    spec: { ...spec, ...(metrics.length > 0 ? { metrics } : {}), ...(behavior ? { behavior } : {}) },
    status: {
      ...status,
      currentMetrics: currentMetrics.length > 0 ? currentMetrics : null,
      ...(conditions.length > 0 ? { conditions } : {}),
    },
  } as unknown as HorizontalPodAutoscaler;
}

function fromHub(h: HorizontalPodAutoscaler): AutoscalerV1 {
  const { metrics = [], behavior, ...spec } = h.spec;
  const { conditions = [], currentMetrics, currentReplicas = 0, ...status } = h.status;
  const isCpu = (metric: MetricSpec): boolean =>
    metric.type === 'Resource' &&
    metric.resource?.name === 'cpu' &&
    metric.resource.target.averageUtilization !== undefined;
  const cpu = metrics.find(isCpu);
  const others = metrics.filter((metric) => metric !== cpu).map(metricFromHub);
  const percent = currentMetrics?.find((metric) => metric.resource?.name === 'cpu')?.resource?.current
    .averageUtilization;
  const annotations = {
    ...h.metadata.annotations,
    ...(others.length > 0 ? { [METRICS]: JSON.stringify(others) } : {}),
    ...(currentMetrics?.length
      ? {
          [CURRENT]: JSON.stringify(
            currentMetrics
              .filter((metric) => percent === undefined || metric.resource?.name !== 'cpu')
              .map(statusFromHub),
          ),
        }
      : {}),
    ...(conditions.length > 0 ? { [CONDITIONS]: JSON.stringify(conditions) } : {}),
    ...(behavior ? { [BEHAVIOR]: JSON.stringify(behavior) } : {}),
  };
  if (annotations[CURRENT] === '[]') delete annotations[CURRENT];
  return {
    ...h,
    apiVersion: 'autoscaling/v1',
    metadata: withAnnotations(h.metadata, annotations),
    spec: { ...spec, ...(cpu ? { targetCPUUtilizationPercentage: cpu.resource?.target.averageUtilization } : {}) },
    status: {
      ...status,
      currentReplicas,
      ...(percent === undefined ? {} : { currentCPUUtilizationPercentage: percent }),
    },
  } as AutoscalerV1;
}

const cpuMetric = (target: MetricTarget): MetricSpec => ({ type: 'Resource', resource: { name: 'cpu', target } });

type Json = Readonly<Record<string, any>>;

const withoutOurs = (annotations: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(annotations).filter(([key]) => ![METRICS, CURRENT, CONDITIONS, BEHAVIOR].includes(key)),
  );

function withAnnotations(
  metadata: ApiObject['metadata'],
  annotations: Readonly<Record<string, string>>,
): ApiObject['metadata'] {
  const { annotations: _, ...rest } = metadata;
  return Object.keys(annotations).length > 0 ? { ...rest, annotations } : rest;
}

/** Annotations are free text; one that cannot be read says nothing. */
function valueIn(text: string | undefined): Json | undefined {
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

const listIn = (text: string | undefined): readonly Json[] => {
  const value: unknown = valueIn(text);
  return Array.isArray(value) ? (value as readonly Json[]) : [];
};

const defined = (value: Json): Json =>
  Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined));

/** In v1 a metric's name, selector and targets stand side by side. */
function metricFromHub({ type, object, pods, resource, containerResource, external }: MetricSpec): Json {
  return defined({
    type,
    object:
      object &&
      defined({
        target: object.describedObject,
        metricName: object.metric.name,
        selector: object.metric.selector,
        targetValue: object.target.value ?? '0',
        averageValue: object.target.averageValue,
      }),
    pods:
      pods &&
      defined({
        metricName: pods.metric.name,
        selector: pods.metric.selector,
        targetAverageValue: pods.target.averageValue,
      }),
    resource: resource && resourceFromHub(resource.name, resource.target),
    containerResource: containerResource && {
      ...resourceFromHub(containerResource.name, containerResource.target),
      container: containerResource.container,
    },
    external:
      external &&
      defined({
        metricName: external.metric.name,
        metricSelector: external.metric.selector,
        targetValue: external.target.value,
        targetAverageValue: external.target.averageValue,
      }),
  });
}

const resourceFromHub = (name: string, target: MetricTarget): Json =>
  defined({ name, targetAverageUtilization: target.averageUtilization, targetAverageValue: target.averageValue });

function metricToHub({ type, object, pods, resource, containerResource, external }: Json): MetricSpec {
  return defined({
    type,
    object: object && {
      describedObject: object.target,
      metric: identifier(object.metricName, object.selector),
      target: target(object.averageValue === undefined ? object.targetValue : undefined, object.averageValue),
    },
    pods: pods && {
      metric: identifier(pods.metricName, pods.selector),
      target: target(undefined, pods.targetAverageValue),
    },
    resource: resource && {
      name: resource.name,
      target: target(undefined, resource.targetAverageValue, resource.targetAverageUtilization),
    },
    containerResource: containerResource && {
      name: containerResource.name,
      container: containerResource.container,
      target: target(undefined, containerResource.targetAverageValue, containerResource.targetAverageUtilization),
    },
    external: external && {
      metric: identifier(external.metricName, external.metricSelector),
      target: target(external.targetValue, external.targetAverageValue),
    },
  }) as MetricSpec;
}

const identifier = (name: string, selector: MetricIdentifier['selector']): MetricIdentifier => ({
  name,
  ...(selector ? { selector } : {}),
});

function target(value?: string, averageValue?: string, averageUtilization?: number): MetricTarget {
  const type = averageUtilization !== undefined ? 'Utilization' : averageValue !== undefined ? 'AverageValue' : 'Value';
  return defined({ type, value, averageValue, averageUtilization }) as MetricTarget;
}

function statusFromHub({ type, object, pods, resource, containerResource, external }: MetricStatus): Json {
  const numbers = (current: MetricValueStatus): Json => ({
    currentAverageUtilization: current.averageUtilization,
    currentAverageValue: current.averageValue ?? '0',
  });
  return defined({
    type,
    object:
      object &&
      defined({
        target: object.describedObject,
        metricName: object.metric.name,
        selector: object.metric.selector,
        currentValue: object.current.value ?? '0',
        averageValue: object.current.averageValue,
      }),
    pods:
      pods &&
      defined({
        metricName: pods.metric.name,
        selector: pods.metric.selector,
        currentAverageValue: pods.current.averageValue ?? '0',
      }),
    resource: resource && defined({ name: resource.name, ...numbers(resource.current) }),
    containerResource:
      containerResource &&
      defined({
        name: containerResource.name,
        container: containerResource.container,
        ...numbers(containerResource.current),
      }),
    external:
      external &&
      defined({
        metricName: external.metric.name,
        metricSelector: external.metric.selector,
        currentValue: external.current.value ?? '0',
        currentAverageValue: external.current.averageValue,
      }),
  });
}

function statusToHub({ type, object, pods, resource, containerResource, external }: Json): MetricStatus {
  const numbers = (value: Json): Json =>
    defined({ averageUtilization: value['currentAverageUtilization'], averageValue: value['currentAverageValue'] });
  return defined({
    type,
    object: object && {
      describedObject: object.target,
      metric: identifier(object.metricName, object.selector),
      current: defined({ value: object.currentValue, averageValue: object.averageValue }),
    },
    pods: pods && {
      metric: identifier(pods.metricName, pods.selector),
      current: defined({ averageValue: pods.currentAverageValue }),
    },
    resource: resource && { name: resource.name, current: numbers(resource) },
    containerResource: containerResource && {
      name: containerResource.name,
      container: containerResource.container,
      current: numbers(containerResource),
    },
    external: external && {
      metric: identifier(external.metricName, external.metricSelector),
      current: defined({ value: external.currentValue, averageValue: external.currentAverageValue }),
    },
  }) as MetricStatus;
}
