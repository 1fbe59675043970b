import type { MetricRegistry } from '@navarch/base';
import type { cri, DriverStats, Gauges, HostFacts, NodeDirs } from '@navarch/kubelet';
import { openCgroups } from '../../host/cgroup/layout.ts';
import { processMetrics } from '../../metrics/process-metrics.ts';
import { systemClock } from '../../system/clock.ts';
import type { NodeStatistics } from './options.ts';
import { NodeObserver } from './observe-node.ts';

export interface NodeStatisticsOptions {
  readonly runtime: cri.ContainerRuntime;
  /** What the agent counts. */
  readonly metrics: MetricRegistry;
  readonly probeMetrics: MetricRegistry;
  readonly host: HostFacts;
  readonly nodeName: string;
  readonly dirs: NodeDirs;
  readonly driverStats?: DriverStats;
  /** The process of the container runtime: another one when it was started again. */
  runtimePid(): number;
  /** `v1.37.0` */
  readonly version: string;
}

/** Statistics of this machine, for the kubelet's server. Make one for the life of the process: rates come of two looks. */
export function nodeStatistics({
  runtime,
  metrics,
  probeMetrics,
  host,
  nodeName,
  dirs,
  driverStats,
  runtimePid,
  version,
}: NodeStatisticsOptions): NodeStatistics & Gauges {
  metrics.collect(processMetrics(version));
  const observer = new NodeObserver({
    runtime,
    cgroups: openCgroups(),
    host,
    nodeName,
    dirs,
    ...(driverStats ? { driverStats } : {}),
    now: () => systemClock.now(),
    system: () => ({ kubelet: [process.pid], runtime: [runtimePid()] }),
  });
  return {
    metrics,
    probeMetrics,
    observe: (signal) => observer.observe(signal),
    loads: (signal) => observer.loads(signal),
    look: () => observer.gauge(),
  };
}
