/** Shapes of upstream's scheduler benchmark (test/integration/scheduler_perf), as objects to send. */
export interface SchedulerWorkload {
  readonly name: string;
  readonly nodes: number;
  readonly podsBefore: number;
  readonly pods: number;
  /** Upstream's floor in pods/s, measured on larger machines than two cores. */
  readonly floor?: number;
  /** How many of `zone-0`, `zone-1`, ... the nodes are spread over. */
  readonly zones: number;
  spec(index: number): object;
  readonly labels?: Readonly<Record<string, string>>;
}

const ZONE = 'topology.kubernetes.io/zone';
const HOST = 'kubernetes.io/hostname';

const blue = { matchLabels: { color: 'blue' } };
const labels = { color: 'blue' };
const spread = (whenUnsatisfiable: string): object => ({
  topologySpreadConstraints: [{ maxSkew: 5, topologyKey: ZONE, whenUnsatisfiable, labelSelector: blue }],
});
const required = (kind: string, topologyKey: string): object => ({
  affinity: { [kind]: { requiredDuringSchedulingIgnoredDuringExecution: [{ labelSelector: blue, topologyKey }] } },
});
const preferred = (kind: string): object => ({
  affinity: {
    [kind]: {
      preferredDuringSchedulingIgnoredDuringExecution: [
        { weight: 1, podAffinityTerm: { labelSelector: blue, topologyKey: HOST } },
      ],
    },
  },
});

/** Measured through the API. */
export const schedulerWorkloads: readonly SchedulerWorkload[] = [
  { name: 'SchedulingBasic', nodes: 5000, podsBefore: 1000, pods: 10_000, floor: 680, zones: 1, spec: () => ({}) },
  {
    name: 'SchedulingNodeAffinity',
    nodes: 5000,
    podsBefore: 5000,
    pods: 10_000,
    floor: 220,
    zones: 1,
    spec: () => ({
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchExpressions: [{ key: ZONE, operator: 'In', values: ['zone-0', 'zone-1'] }] }],
          },
        },
      },
    }),
  },
  {
    name: 'TopologySpreading',
    nodes: 5000,
    podsBefore: 5000,
    pods: 5000,
    floor: 460,
    zones: 3,
    labels,
    spec: () => spread('DoNotSchedule'),
  },
];

/** Measured by the decision alone: without an API server the floors do not apply. */
export const decisionWorkloads: readonly SchedulerWorkload[] = [
  ...schedulerWorkloads.map(({ floor: _, ...workload }) => workload),
  {
    name: 'PreferredTopologySpreading',
    nodes: 5000,
    podsBefore: 5000,
    pods: 5000,
    zones: 3,
    labels,
    spec: () => spread('ScheduleAnyway'),
  },
  {
    name: 'SchedulingPodAntiAffinity',
    nodes: 5000,
    podsBefore: 1000,
    pods: 2000,
    zones: 1,
    labels,
    spec: () => required('podAntiAffinity', HOST),
  },
  {
    name: 'SchedulingPodAffinity',
    nodes: 5000,
    podsBefore: 5000,
    pods: 5000,
    zones: 1,
    labels,
    spec: () => required('podAffinity', ZONE),
  },
  {
    name: 'SchedulingPreferredPodAffinity',
    nodes: 5000,
    podsBefore: 5000,
    pods: 5000,
    zones: 1,
    labels,
    spec: () => preferred('podAffinity'),
  },
  {
    name: 'SchedulingPreferredPodAntiAffinity',
    nodes: 5000,
    podsBefore: 5000,
    pods: 5000,
    zones: 1,
    labels,
    spec: () => preferred('podAntiAffinity'),
  },
];

export const nodeBody = (index: number, zones: number): string => {
  const name = `node-${index}`;
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { [HOST]: name, [ZONE]: `zone-${index % zones}` } },
    spec: {},
    status: {
      capacity: { cpu: '4', memory: '32Gi', pods: '110' },
      allocatable: { cpu: '4', memory: '32Gi', pods: '110' },
      conditions: [
        {
          type: 'Ready',
          status: 'True',
          reason: 'KubeletReady',
          lastHeartbeatTime: new Date().toISOString().replace(/\.\d+Z/, 'Z'),
        },
      ],
    },
  });
};

export const podBody = ({ spec, labels = {} }: SchedulerWorkload, name: string, index: number): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels },
    spec: {
      // No kubelet is there that could need a token.
      automountServiceAccountToken: false,
      containers: [
        {
          name: 'pause',
          image: 'registry.k8s.io/pause:3.10.1',
          ports: [{ containerPort: 80 }],
          resources: { requests: { cpu: '100m', memory: '500Mi' } },
        },
      ],
      ...spec(index),
    },
  });
