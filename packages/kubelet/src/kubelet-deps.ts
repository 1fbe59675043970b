import type { Clock, Logger, Metrics, Random, TokenRate } from '@navarch/base';
import type { Api } from '@navarch/client';
import type { DnsSettings, NodeDirs } from './container-config.ts';
import type { ContainerRuntime } from './cri/index.ts';
import type { DriverStats } from './csi/driver-stats.ts';
import type { CsiSockets } from './csi/port.ts';
import type { Gauges } from './eviction/evictor.ts';
import type { EvictionSettings } from './eviction/thresholds.ts';
import type { ImageThresholds } from './images/collect-images.ts';
import type { ImageVerification } from './images/images.ts';
import type { LogLimits } from './logs/rotate-logs.ts';
import type { ChangeDetection } from './named-objects/named-objects.ts';
import type { ResourcesDeps } from './node-resources/start-resources.ts';
import type { NodeDescription } from './node-description.ts';
import type { PluginSockets } from './plugin-registration/ports.ts';
import type { PodRules } from './pod-rules.ts';
import type { CertificateKeys, Cgroups, Files, HostFacts, ImageMounts, PodGuard, Prober } from './ports.ts';
import type { ShutdownGroup } from './shutdown/groups.ts';
import type { ShutdownNotice } from './shutdown/shutdown.ts';

/** What a kubelet is made with: the ports to its machine, what is said of its node, and its settings. */
export interface KubeletDeps extends ResourcesDeps, NodeDescription {
  readonly api: Api;
  readonly runtime: ContainerRuntime;
  readonly files: Files;
  readonly cgroups: Cgroups;
  readonly prober: Prober;
  readonly keys: CertificateKeys;
  /** Without it no CSI driver is spoken to. */
  readonly csiSockets?: CsiSockets;
  /** Asked by who takes statistics. */
  readonly driverStats?: DriverStats;
  /** Without it no driver or device plugin is found. */
  readonly pluginSockets?: PluginSockets;
  /** Without it nobody keeps pods apart. */
  readonly guard?: PodGuard;
  /** For a runtime that mounts no images; pods that want them are refused where this is absent too. */
  readonly imageMounts?: ImageMounts;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly host: HostFacts;
  /** How often what volumes are made from is looked at (syncFrequency). A minute, as upstream, when left out. */
  readonly syncMs?: number;
  /** How changes of ConfigMaps and Secrets are noticed that pods have as files. By watches, as upstream, when left out. */
  readonly changeDetection?: ChangeDetection;
  readonly dirs: NodeDirs;
  readonly dns: DnsSettings;
  /** Where results of probes are counted. */
  readonly probeMetrics?: Metrics;
  /** Without it nothing is evicted: nobody says what the node has left. */
  readonly eviction?: { readonly settings: EvictionSettings; readonly gauges: Gauges };
  /** Without it pods get no time when the machine goes down. */
  readonly shutdown?: { readonly notice: ShutdownNotice; readonly groups: readonly ShutdownGroup[] };
  /** Pods that files describe: a folder of them, or one file; `parse` reads YAML and throws where it is none. */
  readonly staticPods?: { readonly path: string; parse(text: string): unknown };
  readonly logLimits?: LogLimits;
  readonly pullsMax?: number;
  readonly pullRate?: TokenRate;
  readonly verification?: ImageVerification;
  /** What all pods are given or denied alike. Upstream's usual when left out. */
  readonly rules?: PodRules;
  /** Pods are kept from what is set aside by a limit on all of them (enforceNodeAllocatable); so too when left out. */
  readonly enforcesAllocatable?: boolean;
  /** When unused images are removed. From 85 to 80 percent, as upstream, when left out. */
  readonly imageThresholds?: ImageThresholds;
}
