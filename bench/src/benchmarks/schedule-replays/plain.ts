import { highPriority, lowPriority, measuredOf, nodesOf, podsOf, tooLarge, ZONE } from './bodies.ts';
import { BEFORE, type NamedReplay, type Pods, type Replay } from './replay.ts';

const with5000 = (replay: Omit<Replay, 'nodes' | 'objects' | 'before'> & Partial<Replay>, nodes: number): Replay => ({
  nodes: nodesOf(nodes),
  objects: [],
  before: [],
  ...replay,
});

const podPath = (name = ''): string => `/api/v1/namespaces/${BEFORE}/pods${name && `/${name}`}`;

/** One more every so often. */
const comes = (pods: Pods): NonNullable<Replay['meanwhile']> => ({
  everyMs: 200,
  step: (index, load) => load.request('POST', podPath(), JSON.stringify(pods.body(index))),
});

/** Pods of this name go one after the other, as many a second, until all have gone. */
const goes = (name: string, count: number, perSecond: number): NonNullable<Replay['meanwhile']> => ({
  everyMs: 1000 / perSecond,
  step: async (index, load) => {
    if (index < count) await load.request('DELETE', podPath(`${name}-${index}`));
  },
});

const basic = (name: string, before: number, count: number): NamedReplay => ({
  name,
  at: (n) => with5000({ before: [podsOf('before', n(before))], measured: measuredOf(n(count)) }, n(5000)),
});

const preemption = (name: string, nodes: number): NamedReplay => ({
  name,
  at: (n) => with5000({ before: [lowPriority(n(nodes) * 4)], measured: measuredOf(n(nodes), highPriority) }, n(nodes)),
});

const unschedulable = (name: string, before: number): NamedReplay => ({
  name,
  at: (n) =>
    with5000(
      {
        before: [podsOf('before', n(before))],
        measured: measuredOf(n(10_000)),
        meanwhile: comes(podsOf('large', Infinity, tooLarge)),
      },
      n(5000),
    ),
});

const ONE_THING = { 'example.com/thing': '1' };
const LIGHT = { requests: {} } as const;
const GATED = { stayPending: true, spec: { schedulingGates: [{ name: 'later' }] } } as const;
const HUGE = { name: 'huge', capacity: { pods: '90000' } } as const;
const BLUE = { color: 'blue' };

/** A node, a pod that is too large for any and a service come, and go at the next step. */
const mixedChurn: NonNullable<Replay['meanwhile']> = {
  everyMs: 1000,
  async step(index, load) {
    const [node] = nodesOf(1, { name: 'churned' });
    const pod = podsOf('churned', 1, tooLarge).body(0);
    const service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'churned' },
      spec: { ports: [{ port: 8080 }], selector: { app: 'foo' } },
    };
    const all = [
      ['/api/v1/nodes', node, 'churned-0'],
      [podPath(), pod, 'churned-0'],
      [`/api/v1/namespaces/${BEFORE}/services`, service, 'churned'],
    ] as const;
    for (const [path, body, name] of all) {
      if (index % 2 === 0) await load.request('POST', path, JSON.stringify(body));
      else await load.request('DELETE', `${path}/${name}`);
    }
  },
};

/** Workloads of pods that do not look at each other. */
export const plainReplays: readonly NamedReplay[] = [
  basic('SchedulingBasic/5000Nodes_10000Pods', 1000, 10_000),
  basic('SchedulingBasic/5000Nodes_50000Pods', 5000, 50_000),
  {
    name: 'SchedulingDaemonset/15000Nodes',
    at: (n) => ({
      nodes: [...nodesOf(n(15_000)), ...nodesOf(1, HUGE)],
      objects: [],
      before: [],
      measured: measuredOf(n(30_000), {
        ...LIGHT,
        spec: {
          affinity: {
            nodeAffinity: {
              requiredDuringSchedulingIgnoredDuringExecution: {
                nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['huge-0'] }] }],
              },
            },
          },
        },
      }),
    }),
  },
  preemption('PreemptionBasic/1000Nodes', 1000),
  preemption('PreemptionBasic/5000Nodes', 5000),
  {
    name: 'PreemptionAsync/5000Nodes',
    at: (n) =>
      with5000(
        {
          before: [lowPriority(n(5000) * 4)],
          measured: measuredOf(n(5000)),
          meanwhile: comes(podsOf('high', Infinity, highPriority)),
        },
        n(5000),
      ),
  },
  unschedulable('Unschedulable/5kNodes_100Init_10kPods', 100),
  unschedulable('Unschedulable/5kNodes_20kInit_10kPods', 20_000),
  {
    name: 'SchedulingWithMixedChurn/5000Nodes_10000Pods',
    at: (n) => with5000({ measured: measuredOf(n(10_000)), meanwhile: mixedChurn }, n(5000)),
  },
  {
    name: 'SchedulingWhileGated/1Node_10000GatedPods',
    at: (n) => ({
      nodes: nodesOf(1, HUGE),
      objects: [],
      before: [podsOf('gated', n(10_000), { ...LIGHT, ...GATED }), podsOf('leaving', n(20_000), LIGHT)],
      measured: measuredOf(n(20_000), LIGHT),
      meanwhile: goes('leaving', n(20_000), 50),
    }),
  },
  {
    name: 'SchedulingGatedPodsWithPodAffinityImpactForThroughput/1Node_10000GatedPods',
    times: 5,
    at: (n) => ({
      nodes: nodesOf(1, HUGE),
      objects: [],
      before: [
        podsOf('gated', n(10_000), {
          ...LIGHT,
          stayPending: true,
          labels: BLUE,
          spec: {
            ...GATED.spec,
            affinity: {
              podAffinity: {
                requiredDuringSchedulingIgnoredDuringExecution: [
                  { labelSelector: { matchLabels: BLUE }, topologyKey: ZONE },
                ],
              },
            },
          },
        }),
      ],
      measured: measuredOf(n(20_000), LIGHT),
    }),
  },
  {
    name: 'SchedulingDeletedPodsWithFinalizers/5000Nodes_5000DeletingPods',
    at: (n) =>
      with5000(
        {
          before: [podsOf('leaving', n(5000), { metadata: { finalizers: ['example.com/kept'] } })],
          measured: measuredOf(n(5000)),
          meanwhile: goes('leaving', n(5000), 100),
        },
        n(5000),
      ),
  },
  {
    name: 'SchedulingWithExtendedResource/5000Nodes_5000Pods',
    at: (n) => ({
      nodes: nodesOf(n(5000), { capacity: { 'example.com/thing': '10' } }),
      objects: [],
      before: [],
      measured: measuredOf(n(5000), {
        spec: {
          containers: [{ name: 'pause', image: 'pause', resources: { limits: ONE_THING, requests: ONE_THING } }],
        },
      }),
    }),
  },
  {
    name: 'HostPortConflict/20000Nodes_20000Pods',
    at: (n) => with5000({ measured: measuredOf(n(20_000), { ...LIGHT, hostPort: 8080 }) }, n(20_000)),
  },
  {
    name: 'ResourceSaturation/20000Nodes_20000Pods',
    at: (n) => with5000({ measured: measuredOf(n(20_000), { requests: { cpu: '4' } }) }, n(20_000)),
  },
];
