import { typeFacts } from '@navarch/api';
import { type FieldFacts, Schemas, type TypeFacts } from '@navarch/machinery';

/** A field: its name, its type, and how it is written (`?` left out when empty, `*` may be unset). */
type Row = readonly [name: string, type: string, marks?: '?' | '*' | '*!'];

const PREFIX = 'io.k8s.kube-scheduler.config.v1.';
const own = (name: string): string => `${PREFIX}${name}`;
const core = (name: string): string => `io.k8s.api.core.v1.${name}`;

const META: readonly Row[] = [
  ['kind', 'string', '?'],
  ['apiVersion', 'string', '?'],
];

/** kubescheduler.config.k8s.io/v1 and what of component-base it holds, as the types of k8s.io/kube-scheduler say. */
const TYPES: Readonly<Record<string, readonly Row[]>> = {
  KubeSchedulerConfiguration: [
    ...META,
    ['parallelism', 'int32', '*'],
    ['leaderElection', own('LeaderElectionConfiguration')],
    ['clientConnection', own('ClientConnectionConfiguration')],
    ['enableProfiling', 'bool', '*'],
    ['enableContentionProfiling', 'bool', '*'],
    ['percentageOfNodesToScore', 'int32', '*'],
    ['podInitialBackoffSeconds', 'int64', '*'],
    ['podMaxBackoffSeconds', 'int64', '*'],
    ['profiles', `[]${own('KubeSchedulerProfile')}`, '?'],
    ['extenders', `[]${own('Extender')}`, '?'],
    ['delayCacheUntilActive', 'bool', '?'],
  ],
  LeaderElectionConfiguration: [
    ['leaderElect', 'bool', '*!'],
    ['leaseDuration', 'Duration'],
    ['renewDeadline', 'Duration'],
    ['retryPeriod', 'Duration'],
    ['resourceLock', 'string'],
    ['resourceName', 'string'],
    ['resourceNamespace', 'string'],
  ],
  ClientConnectionConfiguration: [
    ['kubeconfig', 'string'],
    ['acceptContentTypes', 'string'],
    ['contentType', 'string'],
    ['qps', 'double'],
    ['burst', 'int32'],
  ],
  KubeSchedulerProfile: [
    ['schedulerName', 'string', '*'],
    ['percentageOfNodesToScore', 'int32', '*'],
    ['plugins', own('Plugins'), '*'],
    ['pluginConfig', `[]${own('PluginConfig')}`, '?'],
  ],
  Plugins: [
    'preEnqueue',
    'queueSort',
    'preFilter',
    'filter',
    'postFilter',
    'preScore',
    'score',
    'reserve',
    'permit',
    'preBind',
    'bind',
    'postBind',
    'multiPoint',
    'placementGenerate',
    'placementScore',
    'podGroupPostFilter',
  ].map((name): Row => [name, own('PluginSet'), '?']),
  PluginSet: [
    ['enabled', `[]${own('Plugin')}`, '?'],
    ['disabled', `[]${own('Plugin')}`, '?'],
  ],
  Plugin: [
    ['name', 'string'],
    ['weight', 'int32', '*'],
  ],
  PluginConfig: [
    ['name', 'string'],
    ['args', 'RawExtension', '?'],
  ],
  Extender: [
    ['urlPrefix', 'string'],
    ['filterVerb', 'string', '?'],
    ['preemptVerb', 'string', '?'],
    ['prioritizeVerb', 'string', '?'],
    ['weight', 'int64', '?'],
    ['bindVerb', 'string', '?'],
    ['enableHTTPS', 'bool', '?'],
    ['tlsConfig', own('ExtenderTLSConfig'), '*'],
    ['httpTimeout', 'Duration', '?'],
    ['nodeCacheCapable', 'bool', '?'],
    ['managedResources', `[]${own('ExtenderManagedResource')}`, '?'],
    ['ignorable', 'bool', '?'],
  ],
  ExtenderManagedResource: [
    ['name', 'string'],
    ['ignoredByScheduler', 'bool', '?'],
  ],
  ExtenderTLSConfig: [
    ['insecure', 'bool', '?'],
    ['serverName', 'string', '?'],
    ['certFile', 'string', '?'],
    ['keyFile', 'string', '?'],
    ['caFile', 'string', '?'],
    ['certData', 'bytes', '?'],
    ['keyData', 'bytes', '?'],
    ['caData', 'bytes', '?'],
  ],
  DefaultPreemptionArgs: [
    ...META,
    ['minCandidateNodesPercentage', 'int32', '*'],
    ['minCandidateNodesAbsolute', 'int32', '*'],
  ],
  DynamicResourcesArgs: [...META, ['filterTimeout', 'Duration', '*'], ['bindingTimeout', 'Duration', '*']],
  InterPodAffinityArgs: [
    ...META,
    ['hardPodAffinityWeight', 'int32', '*'],
    ['ignorePreferredTermsOfExistingPods', 'bool'],
  ],
  NodeAffinityArgs: [...META, ['addedAffinity', core('NodeAffinity'), '*']],
  NodeResourcesBalancedAllocationArgs: [...META, ['resources', `[]${own('ResourceSpec')}`, '?']],
  NodeResourcesFitArgs: [
    ...META,
    ['ignoredResources', '[]string', '?'],
    ['ignoredResourceGroups', '[]string', '?'],
    ['scoringStrategy', own('ScoringStrategy'), '*'],
  ],
  PodTopologySpreadArgs: [
    ...META,
    ['defaultConstraints', `[]${core('TopologySpreadConstraint')}`, '?'],
    ['defaultingType', 'string', '?'],
  ],
  VolumeBindingArgs: [
    ...META,
    ['bindTimeoutSeconds', 'int64', '*'],
    ['shape', `[]${own('UtilizationShapePoint')}`, '?'],
  ],
  ScoringStrategy: [
    ['type', 'string', '?'],
    ['resources', `[]${own('ResourceSpec')}`, '?'],
    ['requestedToCapacityRatio', own('RequestedToCapacityRatioParam'), '*'],
  ],
  RequestedToCapacityRatioParam: [['shape', `[]${own('UtilizationShapePoint')}`, '?']],
  ResourceSpec: [
    ['name', 'string'],
    ['weight', 'int64', '?'],
  ],
  UtilizationShapePoint: [
    ['utilization', 'int32'],
    ['score', 'int32'],
  ],
};

const factsOf = ([name, type, marks]: Row): FieldFacts => ({
  name,
  type,
  ...(marks === '?' || marks === '*' ? { omit: 'omitempty' } : {}),
  ...(marks?.startsWith('*') ? { ptr: true } : {}),
});

const facts: Readonly<Record<string, TypeFacts>> = {
  ...typeFacts,
  ...Object.fromEntries(Object.entries(TYPES).map(([name, rows]) => [own(name), { fields: rows.map(factsOf) }])),
};

const schemas = new Schemas(facts);

/** What a file, or the arguments of a plugin in it, may say that it is. */
export const isConfigKind = (name: string): boolean =>
  name === 'KubeSchedulerConfiguration' || (name.endsWith('Args') && Object.hasOwn(TYPES, name));

/** The schema of a type of kubescheduler.config.k8s.io/v1. */
export const configType = (name: string) => schemas.object(own(name));
