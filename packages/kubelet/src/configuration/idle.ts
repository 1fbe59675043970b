import { type CompleteConfiguration, isDefault } from './complete.ts';

/** Fields that are read and change nothing here, and why. */
const IDLE: Readonly<Record<string, string>> = {
  enableServer: 'the kubelet is always served',
  fileCheckFrequency: 'static pods are looked at every second',
  podLogsDir: 'logs of containers are kept in the data folder of the node',
  httpCheckFrequency: 'static pods come from files',
  staticPodURL: 'static pods come from files',
  staticPodURLHeader: 'static pods come from files',
  tlsCurvePreferences: 'TLS uses what Node offers',
  rotateCertificates: 'certificates are always renewed',
  serverTLSBootstrap: 'the serving certificate always comes from the cluster',
  eventRecordQPS: 'events that repeat are counted, and told once in a while',
  eventBurst: 'events that repeat are counted, and told once in a while',
  localStorageCapacityIsolation: 'the node always says how much room its disk has',
  cpuManagerReconcilePeriod: 'processors are given anew as soon as something has changed, and every ten seconds',
  enableContentionProfiling: 'there is no such profile',
  volumeStatsAggPeriod: 'volumes are looked at when somebody asks',
  kubeletCgroups: 'the agent stays in the group in which it was started',
  systemCgroups: 'processes of the system are left where they are',
  cgroupRoot: 'every node has a group of its own',
  cgroupsPerQOS: 'groups of pods are always made by class of service',
  cgroupDriver: 'control groups are always made as folders',
  qosReserved: 'memory is not kept back by class of service',
  runtimeRequestTimeout: 'the runtime is asked as long as it takes',
  hairpinMode: 'the pod network sends pods to themselves always',
  podCIDR: 'the cluster says which addresses the node gives to pods',
  maxOpenFiles: 'the agent has the limit with which it was started',
  contentType: 'the API server is asked for JSON',
  kubeAPIQPS: 'the API server says how much it takes',
  kubeAPIBurst: 'the API server says how much it takes',
  enableControllerAttachDetach: 'volumes are attached by the control plane',
  protectKernelDefaults: 'settings of the kernel are left as they are',
  makeIPTablesUtilChains: 'packets are filtered by nftables',
  iptablesMasqueradeBit: 'packets are filtered by nftables',
  iptablesDropBit: 'packets are filtered by nftables',
  volumePluginDir: 'there are no flex volumes',
  kernelMemcgNotification: 'memory is looked at every ten seconds',
  logging: 'the agent logs JSON lines',
  enableSystemLogQuery: 'logs of the system are not searched',
  enableProfilingHandler: 'Node is profiled otherwise',
  enableDebugFlagsHandler: 'Node is profiled otherwise',
  showHiddenMetricsForVersion: 'no metric is hidden',
  featureGates: 'what a node can do is on or off as in its release',
  tracing: 'no spans are sent',
  containerRuntimeEndpoint: 'every node has a containerd of its own',
  imageServiceEndpoint: 'every node has a containerd of its own',
};

/** What is asked for in vain, a sentence each. */
export const idleFields = (config: CompleteConfiguration): readonly string[] =>
  Object.entries(IDLE)
    .filter(([name]) => {
      const value: unknown = config[name as keyof CompleteConfiguration];
      return !isNothing(value) && !isDefault(name, value);
    })
    .map(([name, why]) => `${name} is not heeded: ${why}`)
    .concat(
      config.enforceNodeAllocatable
        .filter((name) => name !== 'pods' && name !== 'none')
        .map(
          (name) => `enforceNodeAllocatable: ${name} is not heeded: only pods are kept to what they may use together`,
        ),
    );

/** As if it were left out. */
const isNothing = (value: unknown): boolean =>
  value === undefined ||
  value === '' ||
  (typeof value === 'object' && value !== null && Object.keys(value).length === 0);
