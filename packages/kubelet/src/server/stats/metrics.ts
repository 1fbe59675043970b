import type { Labels, MetricFamily, Sample } from '@navarch/base';
import type { Interface, ObservedNode, Usage } from './observed.ts';

type Pick = (usage: Usage) => number | undefined;

const cpuSeconds: Pick = ({ cpuNanoseconds }) => (cpuNanoseconds === undefined ? undefined : cpuNanoseconds / 1e9);
const workingSet: Pick = ({ workingSetBytes }) => workingSetBytes;

/** What GET /metrics/resource answers: what a metrics-server reads (KEP-727). */
export function resourceMetrics(node: ObservedNode): readonly MetricFamily[] {
  const containers = node.pods.flatMap((pod) =>
    pod.containers.map((c) => ({ ...c, labels: { container: c.name, namespace: pod.namespace, pod: pod.name } })),
  );
  const pods = node.pods.map((pod) => ({ ...pod, labels: { namespace: pod.namespace, pod: pod.name } }));
  const own = [{ usage: node.usage, labels: {} }];
  return [
    family(
      'container_cpu_usage_seconds_total',
      'counter',
      '[STABLE] Cumulative cpu time consumed by the container in core-seconds',
      timed(containers, cpuSeconds),
    ),
    family(
      'container_memory_working_set_bytes',
      'gauge',
      '[STABLE] Current working set of the container in bytes',
      timed(containers, workingSet),
    ),
    family(
      'container_start_time_seconds',
      'gauge',
      '[STABLE] Start time of the container since unix epoch in seconds',
      containers.map(({ labels, startedAt }) => ({ labels, value: startedAt / 1000 })),
    ),
    family(
      'container_swap_usage_bytes',
      'gauge',
      'Current amount of the container swap usage in bytes. Reported only on non-windows systems',
      timed(containers, none),
    ),
    family(
      'node_cpu_usage_seconds_total',
      'counter',
      '[STABLE] Cumulative cpu time consumed by the node in core-seconds',
      timed(own, cpuSeconds),
    ),
    family(
      'node_memory_working_set_bytes',
      'gauge',
      '[STABLE] Current working set of the node in bytes',
      timed(own, workingSet),
    ),
    family(
      'pod_cpu_usage_seconds_total',
      'counter',
      '[STABLE] Cumulative cpu time consumed by the pod in core-seconds',
      timed(pods, cpuSeconds),
    ),
    family(
      'pod_memory_working_set_bytes',
      'gauge',
      '[STABLE] Current working set of the pod in bytes',
      timed(pods, workingSet),
    ),
    family(
      'resource_scrape_error',
      'gauge',
      '[STABLE] 1 if there was an error while getting container metrics, 0 otherwise',
      [{ value: node.usage ? 0 : 1 }],
    ),
    family('scrape_error', 'gauge', '1 if there was an error while getting container metrics, 0 otherwise', [
      { value: node.usage ? 0 : 1 },
    ]),
  ];
}

const none: Pick = () => 0;

/** What GET /metrics of a kubelet tells of its pods, besides what is counted. */
export function kubeletMetrics(node: ObservedNode): readonly MetricFamily[] {
  const running = node.pods.reduce((sum, pod) => sum + pod.containers.length, 0);
  return [
    family('kubelet_node_name', 'gauge', "The node's name. The count is always 1.", [
      { labels: { node: node.name }, value: 1 },
    ]),
    family('kubelet_running_containers', 'gauge', 'Number of containers currently running', [
      { labels: { container_state: 'running' }, value: running },
    ]),
    family('kubelet_running_pods', 'gauge', 'Number of pods that have a running pod sandbox', [
      { value: node.pods.length },
    ]),
  ];
}

/** What GET /metrics/cadvisor answers: the series that dashboards are made of, under cAdvisor's names. */
export function cadvisorMetrics(node: ObservedNode): readonly MetricFamily[] {
  const groups = groupsOf(node);
  const of = (name: string, type: MetricFamily['type'], help: string, pick: Pick, extra: Labels = {}): MetricFamily =>
    family(
      name,
      type,
      help,
      timed(groups, pick).map((sample) => ({ ...sample, labels: { ...sample.labels, ...extra } })),
    );
  return [
    of('container_cpu_usage_seconds_total', 'counter', 'Cumulative cpu time consumed in seconds.', cpuSeconds, {
      cpu: 'total',
    }),
    of('container_last_seen', 'gauge', 'Last time a container was seen by the exporter', ({ at }) =>
      Math.floor(at / 1000),
    ),
    of(
      'container_memory_failures_total',
      'counter',
      'Cumulative count of memory allocation failures.',
      ({ majorPageFaults }) => majorPageFaults,
      { failure_type: 'pgmajfault', scope: 'hierarchy' },
    ),
    of('container_memory_rss', 'gauge', 'Size of RSS in bytes.', ({ rssBytes }) => rssBytes),
    of(
      'container_memory_usage_bytes',
      'gauge',
      'Current memory usage in bytes, including all memory regardless of when it was accessed',
      ({ memoryBytes }) => memoryBytes,
    ),
    of('container_memory_working_set_bytes', 'gauge', 'Current working set in bytes.', workingSet),
    of(
      'container_processes',
      'gauge',
      'Number of processes running inside the container.',
      ({ processes }) => processes,
    ),
    of(
      'container_spec_memory_limit_bytes',
      'gauge',
      'Memory limit for the container.',
      ({ memoryLimitBytes }) => memoryLimitBytes ?? 0,
    ),
    family(
      'container_fs_usage_bytes',
      'gauge',
      'Number of bytes that are consumed by the container on this filesystem.',
      groups.flatMap(({ labels, rootfs }) =>
        rootfs?.usedBytes === undefined ? [] : [{ labels, value: rootfs.usedBytes, timestampMs: rootfs.at }],
      ),
    ),
    family(
      'container_start_time_seconds',
      'gauge',
      'Start time of the container since unix epoch in seconds.',
      groups.map(({ labels, startedAt, usage }) => ({
        labels,
        value: Math.floor(startedAt / 1000),
        ...(usage ? { timestampMs: usage.at } : {}),
      })),
    ),
    ...networkMetrics(node),
    family('machine_cpu_cores', 'gauge', 'Number of logical CPU cores.', [{ value: node.cpus }]),
    family('machine_memory_bytes', 'gauge', 'Amount of memory installed on the machine.', [
      { value: node.memoryBytes },
    ]),
    family(
      'cadvisor_version_info',
      'gauge',
      "A metric with a constant '1' value labeled by kernel version, OS version, docker version, cadvisor version & cadvisor revision.",
      [
        {
          labels: {
            cadvisorRevision: '',
            cadvisorVersion: '',
            dockerVersion: '',
            kernelVersion: node.kernelVersion,
            osVersion: node.osImage,
          },
          value: 1,
        },
      ],
    ),
  ].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** The node, its pods and their containers: what cAdvisor sees as one tree of cgroups. */
function groupsOf(node: ObservedNode): readonly Measured[] {
  const labels = (
    id: string,
    name: string,
    image: string,
    container: string,
    namespace: string,
    pod: string,
  ): Labels => ({ container, id, image, name, namespace, pod });
  const root = {
    usage: node.usage,
    startedAt: node.startedAt,
    rootfs: node.disk,
    labels: labels('/', '', '', '', '', ''),
  };
  const pods = node.pods.flatMap((pod) => [
    {
      usage: pod.usage,
      startedAt: pod.startedAt,
      rootfs: undefined,
      labels: labels(pod.cgroup, '', '', '', pod.namespace, pod.name),
    },
    ...pod.containers.map((c) => ({
      usage: c.usage,
      startedAt: c.startedAt,
      rootfs: c.rootfs,
      labels: labels(c.cgroup, c.id, c.image, c.name, pod.namespace, pod.name),
    })),
  ]);
  return [root, ...pods];
}

interface Measured {
  readonly usage: Usage | undefined;
  readonly startedAt: number;
  readonly rootfs: ObservedNode['disk'] | undefined;
  readonly labels: Labels;
}

const directions: readonly (readonly [name: string, help: string, pick: (i: Interface) => number])[] = [
  ['container_network_receive_bytes_total', 'Cumulative count of bytes received', (i) => i.rxBytes],
  [
    'container_network_receive_errors_total',
    'Cumulative count of errors encountered while receiving',
    (i) => i.rxErrors,
  ],
  [
    'container_network_receive_packets_dropped_total',
    'Cumulative count of packets dropped while receiving',
    (i) => i.rxDropped,
  ],
  ['container_network_receive_packets_total', 'Cumulative count of packets received', (i) => i.rxPackets],
  ['container_network_transmit_bytes_total', 'Cumulative count of bytes transmitted', (i) => i.txBytes],
  [
    'container_network_transmit_errors_total',
    'Cumulative count of errors encountered while transmitting',
    (i) => i.txErrors,
  ],
  [
    'container_network_transmit_packets_dropped_total',
    'Cumulative count of packets dropped while transmitting',
    (i) => i.txDropped,
  ],
  ['container_network_transmit_packets_total', 'Cumulative count of packets transmitted', (i) => i.txPackets],
];

function networkMetrics(node: ObservedNode): readonly MetricFamily[] {
  const all = [
    ...(node.network
      ? [{ ...node.network, labels: { container: '', id: '/', image: '', name: '', namespace: '', pod: '' } }]
      : []),
    ...node.pods.flatMap((pod) =>
      pod.network
        ? [
            {
              ...pod.network,
              labels: {
                container: '',
                id: pod.cgroup,
                image: '',
                name: pod.sandboxId,
                namespace: pod.namespace,
                pod: pod.name,
              },
            },
          ]
        : [],
    ),
  ];
  return directions.map(([name, help, pick]) =>
    family(
      name,
      'counter',
      help,
      all.flatMap(({ at, interfaces, labels }) =>
        interfaces.map((i) => ({ labels: { ...labels, interface: i.name }, value: pick(i), timestampMs: at })),
      ),
    ),
  );
}

const family = (name: string, type: MetricFamily['type'], help: string, samples: readonly Sample[]): MetricFamily => ({
  name,
  type,
  help,
  samples,
});

function timed(
  all: readonly { readonly usage?: Usage | undefined; readonly labels: Labels }[],
  pick: Pick,
): readonly Sample[] {
  return all.flatMap(({ usage, labels }) => {
    const value = usage && pick(usage);
    return value === undefined ? [] : [{ labels, value, timestampMs: usage?.at ?? 0 }];
  });
}
