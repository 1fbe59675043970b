import { spawnSync } from 'node:child_process';
import { ConfigError, readSchedulerConfig } from '@navarch/scheduler';

export interface Compared {
  readonly what: string;
  /** undefined: the same. */
  readonly why: string | undefined;
}

const HEAD = { apiVersion: 'kubescheduler.config.k8s.io/v1', kind: 'KubeSchedulerConfiguration' };
const args = (name: string, given: unknown) => ({ profiles: [{ pluginConfig: [{ name, args: given }] }] });
const ARGS: Readonly<Record<string, readonly object[]>> = {
  DefaultPreemption: [
    { minCandidateNodesPercentage: 5, minCandidateNodesAbsolute: 7 },
    { minCandidateNodesAbsolute: '7' },
  ],
  DynamicResources: [{ filterTimeout: '5s', bindingTimeout: '1m' }, { filterTimeout: 5 }],
  InterPodAffinity: [
    { hardPodAffinityWeight: 5, ignorePreferredTermsOfExistingPods: true },
    { hardPodAffinityWeight: 2 ** 40 },
  ],
  NodeAffinity: [
    { addedAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] } } },
    { addedAffinity: { required: {} } },
  ],
  NodeResourcesBalancedAllocation: [{ resources: [{ name: 'cpu', weight: 1 }] }, { resources: { name: 'cpu' } }],
  NodeResourcesFit: [
    {
      ignoredResources: ['a.b/c'],
      scoringStrategy: { type: 'MostAllocated', resources: [{ name: 'cpu', weight: 3 }] },
    },
    { scoringStrategy: { requestedToCapacityRatio: { shape: [{ utilization: 1.5, score: 1 }] } } },
  ],
  PodTopologySpread: [
    { defaultingType: 'List', defaultConstraints: [{ maxSkew: 1, topologyKey: 'z' }] },
    { defaultConstraints: 'z' },
  ],
  VolumeBinding: [{ bindTimeoutSeconds: 5, shape: [{ utilization: 0, score: 0 }] }, { bindTimeoutSeconds: true }],
};

/** Documents that decode or do not; what is wrong with values is said by code that is no module of its own. */
const documents: readonly object[] = [
  HEAD,
  { ...HEAD, foo: 1, bar: 2, profiles: [{ x: 1, plugins: { y: {}, score: { enabled: [{ name: 'a', w: 1 }] } } }] },
  { ...HEAD, leaderElection: { leaseDuration: '1x' } },
  { ...HEAD, leaderElection: { leaderElect: 'yes' } },
  { ...HEAD, clientConnection: { burst: 'x' } },
  { ...HEAD, enableProfiling: true, enableContentionProfiling: false, delayCacheUntilActive: true },
  { ...HEAD, percentageOfNodesToScore: 1.5 },
  { ...HEAD, podMaxBackoffSeconds: [] },
  { ...HEAD, extenders: [{ urlPrefix: 5 }] },
  { ...HEAD, extenders: [{ urlPrefix: 'http://e', httpTimeout: '5' }] },
  { ...HEAD, extenders: [{ urlPrefix: 'http://e', httpTimeout: 5 }] },
  { ...HEAD, extenders: [{ urlPrefix: 'http://e', tlsConfig: { caData: '?', insecure: true } }] },
  { ...HEAD, extenders: [{ urlPrefix: 'http://e', nodeCacheCapable: 'x', managedResources: [{ name: 'a.b/c' }] }] },
  { ...HEAD, extenders: [{ urlPrefix: 'http://e', weight: 1, ignorable: true, managedResources: [{ nam: 'a' }] }] },
  { ...HEAD, kind: 'Foo' },
  { ...HEAD, apiVersion: 'kubescheduler.config.k8s.io/v1beta3' },
  { apiVersion: 'v1', kind: 'Pod' },
  { ...HEAD, profiles: {} },
  { ...HEAD, ...args('NodeResourcesFit', null) },
  { ...HEAD, ...args('NodeResourcesFit', { kind: 'InterPodAffinityArgs' }) },
  { ...HEAD, ...args('NodeResourcesFit', { kind: 'FooArgs' }) },
  { ...HEAD, ...args('NodeResourcesFit', { apiVersion: 'v1' }) },
  { ...HEAD, ...args('Foo', { anything: [1] }) },
  ...Object.entries(ARGS).flatMap(([name, given]) =>
    [...given, { unknown: 1, other: 2 }].map((one) => ({ ...HEAD, ...args(name, one) })),
  ),
];

/** Asks the official types and ours what is wrong with each document's form. */
export async function compareConfigs(program: string): Promise<readonly Compared[]> {
  const input = documents.map((document) => `${JSON.stringify(document)}\n`).join('');
  const answers = spawnSync(program, ['decode'], { input, encoding: 'utf8' }).stdout.trim().split('\n');
  return documents.map((document, i) => {
    const upstream = withoutScheme(JSON.parse(answers[i] ?? '""') as string);
    const own = said(document);
    const isSame = upstream === 'ok' ? !isOfForm(own) : own === upstream;
    return {
      what: `configuration ${JSON.stringify(document).slice(0, 120)}`,
      why: isSame ? undefined : `upstream says ${upstream}, we say ${own}`,
    };
  });
}

/** Which file of upstream's a type is missing in is nobody's business. */
const withoutScheme = (text: string): string => text.replace(/ in scheme ".*"$/, '');

/** What is refused for its form begins so; everything else is about values, which this comparison leaves out. */
const isOfForm = (text: string): boolean =>
  /^(?:strict decoding error|json:|decoding \.|no kind|time:|illegal base64|couldn't)/.test(text);

function said(document: object): string {
  try {
    readSchedulerConfig(document);
    return 'ok';
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
}
