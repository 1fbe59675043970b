import type { Clock, Logger, MetricRegistry } from '@navarch/base';
import type { Api } from '@navarch/client';
import type { CompleteConfiguration, ObservedNode, cri } from '@navarch/kubelet';

/** What the kubelet is served with: whom it asks, what it shows, and as whom. */
export interface KubeletServerOptions {
  readonly api: Api;
  readonly runtime: cri.ContainerRuntime;
  readonly log: Logger;
  readonly nodeName: string;
  readonly address: string;
  readonly port: number;
  readonly certificate: string;
  readonly key: string;
  /** Where what containers are is written, for who asks for it. */
  readonly checkpoints: string;
  /** PEM of the authority that callers' certificates must come from. */
  readonly authority: string;
  readonly statistics: NodeStatistics;
  readonly clock?: Clock;
  /** What it does otherwise than upstream's kubelet without a configuration, and shows at `/configz`. */
  readonly config?: CompleteConfiguration;
  /** Called once with what takes a new certificate and key into use: for connections from then on. */
  onRenewal?(use: (next: { readonly certificate: string; readonly key: string }) => void): void;
}

export interface NodeStatistics {
  readonly metrics: MetricRegistry;
  /** Results of probes, which upstream keeps apart. */
  readonly probeMetrics: MetricRegistry;
  /** What the node and its pods use right now. */
  observe(signal: AbortSignal): Promise<ObservedNode>;
  /** Of that only processor and memory of the node, its pods and their containers. */
  loads(signal: AbortSignal): Promise<ObservedNode>;
}
