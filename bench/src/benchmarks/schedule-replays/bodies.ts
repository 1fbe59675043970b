import { BEFORE, type Body, MEASURED, type Pods } from './replay.ts';

export const ZONE = 'topology.kubernetes.io/zone';
export const HOST = 'kubernetes.io/hostname';

type Labels = Readonly<Record<string, string>>;

interface NodeSort {
  readonly zones?: number;
  readonly name?: string;
  readonly spec?: object;
  /** Beside or instead of the usual 4 CPUs, 32 GiB, 110 pods. */
  readonly capacity?: Labels;
}

/** Nodes without a kubelet. */
export function nodesOf(count: number, { zones = 1, name = 'node', spec = {}, capacity = {} }: NodeSort = {}): Body[] {
  const all = { cpu: '4', memory: '32Gi', pods: '110', ...capacity };
  return Array.from({ length: count }, (_, index): Body => {
    const own = `${name}-${index}`;
    return {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: own, labels: { [HOST]: own, [ZONE]: `zone-${index % zones}` } },
      spec,
      status: {
        capacity: all,
        allocatable: all,
        conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady' }],
      },
    };
  });
}

export const namespaceOf = (name: string, labels: Labels = {}): Body => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels },
});

interface PodSort {
  readonly namespace?: (index: number) => string;
  readonly labels?: Labels;
  readonly spec?: object | ((index: number) => object);
  /** Absent: 100m CPU and 500 MiB; empty: nothing. */
  readonly requests?: Labels;
  readonly hostPort?: number;
  readonly metadata?: object;
  readonly stayPending?: boolean;
}

export function podsOf(
  name: string,
  count: number,
  { namespace = () => BEFORE, labels = {}, spec = {}, requests = USUAL, hostPort, metadata, stayPending }: PodSort = {},
): Pods {
  return {
    count,
    ...(stayPending ? { stayPending } : {}),
    body: (index) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: `${name}-${index}`, namespace: namespace(index), labels, ...metadata },
      spec: {
        // No kubelet is there that could need a token, or that could end it.
        automountServiceAccountToken: false,
        terminationGracePeriodSeconds: 0,
        containers: [
          {
            name: 'pause',
            image: 'registry.k8s.io/pause:3.10.1',
            ports: [{ containerPort: 80, ...(hostPort === undefined ? {} : { hostPort }) }],
            resources: { requests },
          },
        ],
        ...(typeof spec === 'function' ? spec(index) : spec),
      },
    }),
  };
}

const USUAL: Labels = { cpu: '100m', memory: '500Mi' };

export const measuredOf = (count: number, sort: PodSort = {}): Pods =>
  podsOf('pod', count, { ...sort, namespace: () => MEASURED });

/** Four of them fill a node but for a tenth, and a measured one of three CPUs needs three of them gone. */
export const lowPriority = (count: number): Pods =>
  podsOf('low', count, { requests: { cpu: '900m', memory: '500Mi' } });
export const highPriority = { spec: { priority: 10 }, requests: { cpu: '3', memory: '500Mi' } } as const;

/** More than any node has. */
export const tooLarge = { spec: { priority: 10 }, requests: { cpu: '9', memory: '500Mi' } } as const;

/** Where `kind` is `podAffinity` or `podAntiAffinity`, with pods of a colour. */
export function near(kind: string, { color, topologyKey, isRequired, among }: Nearness): object {
  const term = { labelSelector: { matchLabels: { color } }, topologyKey, ...among };
  return {
    affinity: {
      [kind]: isRequired
        ? { requiredDuringSchedulingIgnoredDuringExecution: [term] }
        : { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, podAffinityTerm: term }] },
    },
  };
}

interface Nearness {
  readonly color: string;
  readonly topologyKey: string;
  readonly isRequired: boolean;
  /** Namespaces, or a selector of them. */
  readonly among: object;
}
