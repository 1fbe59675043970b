import type { EXTENSION_POINTS } from '../extension-points.ts';

/** kubescheduler.config.k8s.io/v1 KubeSchedulerConfiguration as it is written; what is left out is undefined, or empty. */
export interface ConfigFile {
  readonly parallelism?: number;
  readonly leaderElection: {
    readonly leaderElect: boolean | null;
    readonly leaseDuration: string;
    readonly renewDeadline: string;
    readonly retryPeriod: string;
    readonly resourceLock: string;
    readonly resourceName: string;
    readonly resourceNamespace: string;
  };
  readonly clientConnection: { readonly kubeconfig: string; readonly qps: number; readonly burst: number };
  readonly percentageOfNodesToScore?: number;
  readonly podInitialBackoffSeconds?: number;
  readonly podMaxBackoffSeconds?: number;
  readonly profiles?: readonly ProfileFile[];
  readonly extenders?: readonly ExtenderFile[];
}

export interface ProfileFile {
  readonly schedulerName?: string;
  readonly percentageOfNodesToScore?: number;
  readonly plugins?: PluginsFile;
  readonly pluginConfig?: readonly { readonly name: string; readonly args?: unknown }[];
}

export type PluginsFile = Readonly<Partial<Record<(typeof EXTENSION_POINTS)[number] | 'multiPoint', PluginSet>>>;

export interface PluginSet {
  readonly enabled?: readonly NamedPlugin[];
  readonly disabled?: readonly NamedPlugin[];
}

export interface NamedPlugin {
  readonly name: string;
  readonly weight?: number;
}

export interface ExtenderFile {
  readonly urlPrefix: string;
  readonly filterVerb?: string;
  readonly preemptVerb?: string;
  readonly prioritizeVerb?: string;
  readonly bindVerb?: string;
  readonly weight?: number;
  readonly enableHTTPS?: boolean;
  readonly tlsConfig?: ExtenderTls;
  /** Go's duration; 0s: not said. */
  readonly httpTimeout: string;
  readonly nodeCacheCapable?: boolean;
  readonly managedResources?: readonly { readonly name: string; readonly ignoredByScheduler?: boolean }[];
  readonly ignorable?: boolean;
}

/** Files are paths, data base64 of PEM; data is taken where both are given. */
export interface ExtenderTls {
  readonly insecure?: boolean;
  readonly serverName?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
  readonly caFile?: string;
  readonly certData?: string;
  readonly keyData?: string;
  readonly caData?: string;
}
