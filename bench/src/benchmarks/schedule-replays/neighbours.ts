import { HOST, measuredOf, namespaceOf, near, nodesOf, podsOf, ZONE } from './bodies.ts';
import { BEFORE, MEASURED, type NamedReplay } from './replay.ts';

/** The issue of these families: to be as many times as fast as upstream's floor. */
const TIMES = 5;
const NAMESPACES = 100;
const DEVOPS = { team: 'devops' };

const spread = (more: object): object => ({
  topologySpreadConstraints: [{ labelSelector: { matchLabels: { color: 'blue' } }, ...more }],
});
const zones = (whenUnsatisfiable: string): object => spread({ maxSkew: 5, topologyKey: ZONE, whenUnsatisfiable });

/** Sorts of pods that look at others, by upstream's colours. */
const sorts = {
  affinity: { kind: 'podAffinity', color: 'blue', topologyKey: ZONE, isRequired: true },
  antiAffinity: { kind: 'podAntiAffinity', color: 'green', topologyKey: HOST, isRequired: true },
  preferred: { kind: 'podAffinity', color: 'red', topologyKey: HOST, isRequired: false },
  preferredAnti: { kind: 'podAntiAffinity', color: 'yellow', topologyKey: HOST, isRequired: false },
} as const;

const podSort = (
  sort: keyof typeof sorts,
  among: object,
): { readonly labels: Record<string, string>; readonly spec: object } => {
  const { kind, ...how } = sorts[sort];
  return { labels: { color: how.color }, spec: near(kind, { ...how, among }) };
};

const BOTH = { namespaces: [MEASURED, BEFORE] };
const BY_LABEL = { namespaceSelector: { matchLabels: DEVOPS } };

/** Pods of one sort, in two namespaces. */
const alike = (name: string, sort: keyof typeof sorts, [before, count]: readonly [number, number]): NamedReplay => ({
  name,
  times: TIMES,
  at: (n) => ({
    nodes: nodesOf(n(5000)),
    objects: [],
    before: [podsOf('before', n(before), podSort(sort, BOTH))],
    measured: measuredOf(n(count), podSort(sort, BOTH)),
  }),
});

interface Counts {
  readonly nodes: number;
  readonly perNamespace: number;
  readonly pods: number;
}

/** The same in a hundred namespaces, which are found by their label. */
const bySelector = (name: string, sort: keyof typeof sorts, { nodes, perNamespace, pods }: Counts): NamedReplay => ({
  name,
  times: TIMES,
  at: (n) => ({
    nodes: nodesOf(n(nodes)),
    objects: [
      ...Array.from({ length: NAMESPACES }, (_, i) => namespaceOf(`init-ns-${i}`, DEVOPS)),
      namespaceOf(MEASURED, DEVOPS),
    ],
    before: [
      podsOf('before', n(NAMESPACES * perNamespace), {
        ...podSort(sort, BY_LABEL),
        namespace: (i) => `init-ns-${i % NAMESPACES}`,
      }),
    ],
    measured: measuredOf(n(pods), podSort(sort, BY_LABEL)),
  }),
});

const inZones = (name: string, whenUnsatisfiable: string): NamedReplay => ({
  name,
  times: TIMES,
  at: (n) => ({
    nodes: nodesOf(n(5000), { zones: 3 }),
    objects: [],
    before: [podsOf('before', n(5000))],
    measured: measuredOf(n(5000), { labels: { color: 'blue' }, spec: zones(whenUnsatisfiable) }),
  }),
});

/** Workloads of pods that look at others, or at where others are. */
export const neighbourReplays: readonly NamedReplay[] = [
  inZones('TopologySpreading/5000Nodes_5000Pods', 'DoNotSchedule'),
  inZones('PreferredTopologySpreading/5000Nodes_5000Pods', 'ScheduleAnyway'),
  {
    name: 'DefaultTopologySpreading/5000Nodes_50000Pods',
    times: TIMES,
    at: (n) => ({
      nodes: nodesOf(n(5000), { zones: 3 }),
      objects: [
        namespaceOf(MEASURED),
        {
          apiVersion: 'v1',
          kind: 'Service',
          metadata: { name: 'web', namespace: MEASURED },
          spec: { ports: [{ port: 80 }], selector: { app: 'web' } },
        },
      ],
      before: [podsOf('before', n(5000))],
      measured: measuredOf(n(50_000), { labels: { app: 'web' } }),
    }),
  },
  {
    name: 'SchedulingWithNodeInclusionPolicy/5000Nodes',
    times: TIMES,
    at: (n) => ({
      nodes: [
        ...nodesOf(n(4000)),
        ...nodesOf(n(1000), { name: 'tainted', spec: { taints: [{ key: 'foo', effect: 'NoSchedule' }] } }),
      ],
      objects: [],
      before: [],
      measured: measuredOf(n(4000), {
        labels: { color: 'blue' },
        spec: spread({
          maxSkew: 1,
          topologyKey: HOST,
          whenUnsatisfiable: 'DoNotSchedule',
          nodeTaintsPolicy: 'Honor',
        }),
      }),
    }),
  },
  alike('SchedulingPodAntiAffinity/5000Nodes_2000Pods', 'antiAffinity', [1000, 2000]),
  {
    name: 'SchedulingPodMatchingAntiAffinity/5000Nodes_5000Pods',
    times: TIMES,
    at: (n) => ({
      nodes: nodesOf(n(5000)),
      objects: [],
      before: [podsOf('before', n(1000), podSort('antiAffinity', BOTH))],
      measured: measuredOf(n(5000), { labels: { color: 'green' } }),
    }),
  },
  alike('SchedulingPodAffinity/5000Nodes_5000Pods', 'affinity', [5000, 5000]),
  alike('SchedulingPreferredPodAffinity/5000Nodes_5000Pods', 'preferred', [5000, 5000]),
  alike('SchedulingPreferredPodAntiAffinity/5000Nodes_5000Pods', 'preferredAnti', [5000, 5000]),
  {
    name: 'SchedulingNodeAffinity/5000Nodes_10000Pods',
    times: TIMES,
    at: (n) => {
      const spec = {
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [{ matchExpressions: [{ key: ZONE, operator: 'In', values: ['zone-0', 'zone-1'] }] }],
            },
          },
        },
      };
      return {
        nodes: nodesOf(n(5000)),
        objects: [],
        before: [podsOf('before', n(5000), { spec })],
        measured: measuredOf(n(10_000), { spec }),
      };
    },
  },
  {
    name: 'MixedSchedulingBasePod/5000Nodes_5000Pods',
    times: TIMES,
    at: (n) => ({
      nodes: nodesOf(n(5000)),
      objects: [],
      before: [
        podsOf('plain', n(2000)),
        ...(['affinity', 'antiAffinity', 'preferred', 'preferredAnti'] as const).map((sort) =>
          podsOf(sort.toLowerCase(), n(2000), podSort(sort, BOTH)),
        ),
      ],
      measured: measuredOf(n(5000)),
    }),
  },
  bySelector('SchedulingRequiredPodAntiAffinityWithNSSelector/5000Nodes_1000Pods', 'antiAffinity', {
    nodes: 5000,
    perNamespace: 40,
    pods: 1000,
  }),
  bySelector('SchedulingRequiredPodAntiAffinityWithNSSelector/6000Nodes_2000Pods', 'antiAffinity', {
    nodes: 6000,
    perNamespace: 40,
    pods: 2000,
  }),
  bySelector('SchedulingPreferredAntiAffinityWithNSSelector/5000Nodes_1000Pods', 'preferredAnti', {
    nodes: 5000,
    perNamespace: 40,
    pods: 1000,
  }),
  bySelector('SchedulingPreferredAntiAffinityWithNSSelector/5000Nodes_2000Pods', 'preferredAnti', {
    nodes: 5000,
    perNamespace: 40,
    pods: 2000,
  }),
  bySelector('SchedulingRequiredPodAffinityWithNSSelector/5000Nodes_2000Pods', 'affinity', {
    nodes: 5000,
    perNamespace: 50,
    pods: 2000,
  }),
  bySelector('SchedulingPreferredAffinityWithNSSelector/5000Nodes_5000Pods', 'preferred', {
    nodes: 5000,
    perNamespace: 50,
    pods: 5000,
  }),
];
