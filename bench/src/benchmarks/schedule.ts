import { setTimeout as sleep } from 'node:timers/promises';
import { ApiLoad } from '../harness/api-load.ts';
import { type Context, defineBenchmark, type Sample, type Workload } from '../harness/benchmark.ts';
import { startNavarchServer } from '../harness/navarch-server.ts';
import { cpuSecondsOf, memoryOf } from '../harness/processes.ts';
import { decide } from './decide.ts';
import {
  decisionWorkloads,
  nodeBody,
  podBody,
  type SchedulerWorkload,
  schedulerWorkloads,
} from './scheduler-workloads.ts';

const PATH = '/api/v1/namespaces/bench/pods';
/** Longer than the longest back-off: a pod that is not placed for so long is not going to be. */
const QUIET_MS = 30_000;

export const schedule = defineBenchmark({
  name: 'schedule',
  about: 'pods per second from their creation over HTTPS to their binding, on fake nodes',
  notes: [
    'One `navarch server` process (API server, durable store, admission, controllers, scheduler) and one load client share the machine. From the first create to the last binding seen by a watch; pods before the measured ones and nodes are not counted.',
    'Decision alone: place() on a snapshot in this process, without API server, queue and binding.',
    "The floors are those of upstream's CI for the same shapes, on larger machines, where API server, etcd and scheduler run beside each other.",
  ],
  async prepare(context) {
    const shapes = context.isQuick
      ? schedulerWorkloads.slice(0, 1).map((shape) => ({ ...shape, nodes: 200, podsBefore: 50, pods: 500 }))
      : schedulerWorkloads;
    const decisions = decisionWorkloads.map((shape): Workload => ({
      name: `${shape.name}, decision alone`,
      unit: 'pods/s',
      better: 'more',
      ours: async () => decide(context.isQuick ? { ...shape, nodes: 100, podsBefore: 10, pods: 50 } : shape),
    }));
    const throughApi = shapes.map((shape): Workload => ({
      name: `${shape.name}/${shape.nodes}Nodes_${shape.pods}Pods`,
      unit: 'pods/s',
      better: 'more',
      ...(shape.floor === undefined || context.isQuick ? {} : { goal: shape.floor }),
      ours: () => measure(shape, context),
    }));
    return [...throughApi, ...decisions];
  },
});

async function measure(shape: SchedulerWorkload, context: Context): Promise<Sample> {
  const server = await startNavarchServer(context);
  try {
    using load = await ApiLoad.connect(server.access);
    await load.createAll('/api/v1/nodes', shape.nodes, (index) => nodeBody(index, shape.zones));
    await load.request('POST', '/api/v1/namespaces', JSON.stringify({ metadata: { name: 'bench' } }));
    await nodesUsable(load, shape.nodes, context.signal);
    using bound = load.watch(`${PATH}?watch=1&fieldSelector=${encodeURIComponent('spec.nodeName!=')}`);
    await load.createAll(PATH, shape.podsBefore, (index) => podBody(shape, `before-${index}`, index));
    await bound.reach(shape.podsBefore, QUIET_MS, context.signal);
    const [cpu, started] = [cpuSecondsOf(server.pid), performance.now()];
    await load.createAll(PATH, shape.pods, (index) => podBody(shape, `pod-${index}`, index));
    const created = performance.now() - started;
    await bound.reach(shape.podsBefore + shape.pods, QUIET_MS, context.signal);
    const seconds = (performance.now() - started) / 1000;
    return {
      figure: shape.pods / seconds,
      details: {
        seconds,
        createSeconds: created / 1000,
        serverCpuSeconds: cpuSecondsOf(server.pid) - cpu,
        serverResidentMiB: memoryOf(server.pid).residentMiB,
      },
    };
  } finally {
    await server.stop();
  }
}

/** Every node has its addresses and no taint: what controllers do to new nodes is not to be measured. */
async function nodesUsable(load: ApiLoad, count: number, signal: AbortSignal): Promise<void> {
  const end = performance.now() + 60_000;
  for (;;) {
    const text = await load.request('GET', '/api/v1/nodes?resourceVersion=0');
    const withAddresses = text.split('"podCIDR":').length - 1;
    if (withAddresses === count && !text.includes('"taints":')) return;
    if (performance.now() > end) throw new Error(`Only ${withAddresses} of ${count} nodes became usable within 60 s`);
    await sleep(250, undefined, { signal });
  }
}
