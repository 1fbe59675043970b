import assert from 'node:assert/strict';
import { test } from 'node:test';
import { prometheusText } from '@navarch/base';
import { cadvisorMetrics, kubeletMetrics, resourceMetrics } from './metrics.ts';
import type { ObservedNode } from './observed.ts';
import { summary } from './summary.ts';

const at = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const time = '2026-01-02T03:04:05Z';
const disk = { at, availableBytes: 60, capacityBytes: 100, inodesFree: 6, inodes: 10 };
const node: ObservedNode = {
  name: 'n1',
  startedAt: at - 5000,
  cpus: 2,
  memoryBytes: 1000,
  kernelVersion: '6.1',
  osImage: 'Debian',
  disk: { ...disk, usedBytes: 40, inodesUsed: 4 },
  images: { ...disk, usedBytes: 7 },
  usage: { at, cpuNanoseconds: 4e9, cpuNanoCores: 5e8, memoryBytes: 700, workingSetBytes: 600 },
  network: {
    at,
    interfaces: [
      {
        name: 'eth0',
        rxBytes: 1,
        rxErrors: 2,
        rxPackets: 3,
        rxDropped: 4,
        txBytes: 5,
        txErrors: 6,
        txPackets: 7,
        txDropped: 8,
      },
      {
        name: 'eth1',
        rxBytes: 9,
        rxErrors: 0,
        rxPackets: 0,
        rxDropped: 0,
        txBytes: 0,
        txErrors: 0,
        txPackets: 0,
        txDropped: 0,
      },
    ],
  },
  processes: { at, max: 32768, now: 99 },
  system: [{ name: 'kubelet', cgroup: '', id: '', image: '', startedAt: at, usage: { at, rssBytes: 5 } }],
  pods: [
    {
      namespace: 'demo',
      name: 'web',
      uid: 'u1',
      cgroup: '/kubepods/podu1',
      sandboxId: 's1',
      startedAt: at - 2000,
      usage: { at, cpuNanoseconds: 2e9, workingSetBytes: 30, processes: 3 },
      volumes: [
        { ...disk, name: 'data', usedBytes: 10, inodesUsed: 1 },
        { ...disk, name: 'claimed', usedBytes: 50, inodesUsed: 5, claim: { name: 'pvc', namespace: 'demo' } },
      ],
      containers: [
        {
          id: 'c1',
          name: 'nginx',
          image: 'nginx:1',
          cgroup: '/kubepods/podu1/c1',
          startedAt: at - 1000,
          usage: { at, cpuNanoseconds: 1e9, memoryBytes: 25, workingSetBytes: 20, memoryLimitBytes: 50 },
          rootfs: { ...disk, usedBytes: 3, inodesUsed: 2 },
          logs: { ...disk, usedBytes: 4, inodesUsed: 1 },
        },
      ],
    },
  ],
};

test('summary() shows the node, its system groups, pods, containers and volumes in the shape of stats/v1alpha1', () => {
  const shown = summary(node, false);
  assert.deepEqual(shown.node.cpu, { time, usageNanoCores: 5e8, usageCoreNanoSeconds: 4e9 });
  assert.deepEqual(shown.node.memory, { time, availableBytes: 400, usageBytes: 700, workingSetBytes: 600 });
  assert.deepEqual(
    shown.node.network?.interfaces.map((i) => i.name),
    ['eth0', 'eth1'],
  );
  assert.deepEqual(
    [
      shown.node.network?.name,
      shown.node.network?.rxBytes,
      shown.node.rlimit?.curproc,
      shown.node.runtime?.imageFs.usedBytes,
    ],
    ['eth0', 1, 99, 7],
  );
  assert.deepEqual(shown.node.systemContainers[0]?.name, 'kubelet');
  const [pod] = shown.pods;
  assert.deepEqual(pod?.podRef, { name: 'web', namespace: 'demo', uid: 'u1' });
  assert.deepEqual(
    pod?.volume?.map(({ name, pvcRef }) => [name, pvcRef]),
    [
      ['data', undefined],
      ['claimed', { name: 'pvc', namespace: 'demo' }],
    ],
  );
  assert.deepEqual([pod?.['ephemeral-storage']?.usedBytes, pod?.['ephemeral-storage']?.inodesUsed], [17, 4]);
  assert.equal(pod?.process_stats?.process_count, 3);
  assert.deepEqual(pod?.containers[0]?.memory, { time, availableBytes: 30, usageBytes: 25, workingSetBytes: 20 });
});

test('summary() of CPU and memory alone has nothing else', () => {
  const {
    node: shown,
    pods: [pod],
  } = summary(node, true);
  assert.deepEqual(Object.keys(shown), ['nodeName', 'systemContainers', 'startTime', 'cpu', 'memory', 'swap']);
  assert.deepEqual(Object.keys(pod ?? {}), ['podRef', 'startTime', 'containers', 'cpu', 'memory', 'swap']);
  assert.deepEqual(Object.keys(pod?.containers[0] ?? {}), ['name', 'startTime', 'cpu', 'memory', 'swap']);
});

test('resourceMetrics() is what a metrics-server reads', () => {
  const text = prometheusText(resourceMetrics(node));
  for (const line of [
    `container_cpu_usage_seconds_total{container="nginx",namespace="demo",pod="web"} 1 ${at}`,
    `container_memory_working_set_bytes{container="nginx",namespace="demo",pod="web"} 20 ${at}`,
    'container_start_time_seconds{container="nginx",namespace="demo",pod="web"} 1.767323044678e+09',
    `node_cpu_usage_seconds_total 4 ${at}`,
    `node_memory_working_set_bytes 600 ${at}`,
    `pod_cpu_usage_seconds_total{namespace="demo",pod="web"} 2 ${at}`,
    `pod_memory_working_set_bytes{namespace="demo",pod="web"} 30 ${at}`,
    'resource_scrape_error 0',
  ])
    assert.ok(text.split('\n').includes(line), line);
});

test('cadvisorMetrics() names the cgroup, the image and the container of every series', () => {
  const lines = prometheusText(cadvisorMetrics(node)).split('\n');
  for (const line of [
    `container_memory_usage_bytes{container="nginx",id="/kubepods/podu1/c1",image="nginx:1",name="c1",namespace="demo",pod="web"} 25 ${at}`,
    `container_cpu_usage_seconds_total{container="",cpu="total",id="/",image="",name="",namespace="",pod=""} 4 ${at}`,
    `container_spec_memory_limit_bytes{container="nginx",id="/kubepods/podu1/c1",image="nginx:1",name="c1",namespace="demo",pod="web"} 50 ${at}`,
    `container_network_receive_bytes_total{container="",id="/",image="",interface="eth1",name="",namespace="",pod=""} 9 ${at}`,
    'machine_cpu_cores 2',
    'machine_memory_bytes 1000',
  ])
    assert.ok(lines.includes(line), line);
});

test('kubeletMetrics() counts what runs', () => {
  assert.match(
    prometheusText(kubeletMetrics(node)),
    /kubelet_running_containers\{container_state="running"\} 1\n[^]*kubelet_running_pods 1\n/,
  );
});
