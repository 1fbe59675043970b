import type { Kind } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import type { NodeMetrics, PodMetrics } from '../../generated/types/metrics-v1beta1.ts';

/** What nodes and pods use. Computed when somebody asks, never stored. */
export const nodeMetrics: Kind<NodeMetrics> = builtIn<NodeMetrics>('metrics.k8s.io/v1beta1.NodeMetrics');
export const podMetrics: Kind<PodMetrics> = builtIn<PodMetrics>('metrics.k8s.io/v1beta1.PodMetrics');
