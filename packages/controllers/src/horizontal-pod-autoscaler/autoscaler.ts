import type { horizontalPodAutoscaler } from '@navarch/api';
import type { ObjectOf } from '@navarch/machinery';

export type Autoscaler = ObjectOf<typeof horizontalPodAutoscaler>;
export type AutoscalerStatus = Autoscaler['status'];
export type MetricSpec = NonNullable<Autoscaler['spec']['metrics']>[number];
export type MetricStatus = NonNullable<AutoscalerStatus['currentMetrics']>[number];
export type Behavior = NonNullable<Autoscaler['spec']['behavior']>;
export type ScalingRules = NonNullable<Behavior['scaleUp']>;
