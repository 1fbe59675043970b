import type { NetworkPolicy, Pod } from '@navarch/api';
import { nftFilter } from '@navarch/node/nftables';
import { FAMILIES, type PacketFilter, podFacts, PolicyView, ServiceView } from '@navarch/proxy';
import { type Context, defineBenchmark, type Sample } from '../harness/benchmark.ts';
import { affine, keyOf, made, serviceAt, sliceAt } from '../harness/many-services.ts';
import { cpuSecondsOfChildren } from '../harness/processes.ts';
import { summarize } from '../harness/statistics.ts';

const ENDPOINTS = 5;
/** As many pods as kubelets take on a node are spread over these. */
const NODES = 500;
/** In a round. */
const CHANGES = 50;
const NODE = { name: 'node-0', clusterCidr: '10.244.0.0/16' };

export const proxy = defineBenchmark({
  name: 'proxy',
  about: 'packet rules of services and policies: all of them anew, and one change (needs root)',
  rounds: 5,
  columns: { ownCpuMs: 'CPU ms, ours', nftCpuMs: 'CPU ms, nft' },
  notes: [
    'Services with five endpoints each, in a network namespace of its own. A figure is the time from the objects to the rules in the kernel, until nft says so: one that is started and ends where it is everything anew, one that is kept open where it is a change. Processor time: ours, starting nft included; that of nft with what the kernel does for it.',
    'A round of changes is fifty, one after the other; its figure is the median, and processor time is for one.',
  ],
  async prepare(context) {
    const count = context.isQuick ? 500 : 10_000;
    const services = made(count, serviceAt);
    const slices = made(count, (i) =>
      sliceAt(
        i,
        made(ENDPOINTS, (n) => addressAt(i * ENDPOINTS + n)),
        8080,
        (n) => `node-${(i * ENDPOINTS + n) % NODES}`,
      ),
    );
    const filter = await filterOf(context, 'a');
    let view = new ServiceView(NODE);
    const remembering = context.isQuick ? 100 : 1000;
    const rememberingFilter = await filterOf(context, 'b');
    let rememberingView = new ServiceView(NODE);
    const pods = context.isQuick ? 100 : 1000;
    const policyView = policies(pods);
    await filter.apply(policyView.take(), context.signal);
    const measured = async (change: () => string, applied = filter): Promise<Sample> => {
      const [began, cpu, nftCpu] = [performance.now(), process.cpuUsage(), cpuSecondsOfChildren()];
      const script = change();
      await applied.apply(script, context.signal);
      const { user, system } = process.cpuUsage(cpu);
      return {
        figure: performance.now() - began,
        details: {
          ownCpuMs: (user + system) / 1000,
          nftCpuMs: (cpuSecondsOfChildren() - nftCpu) * 1000,
          scriptKiB: script.length / 1024,
        },
      };
    };
    const median = async (change: (i: number) => string, applied = filter): Promise<Sample> => {
      const samples: Sample[] = [];
      for (let i = 0; i < CHANGES; i++) samples.push(await measured(() => change(i), applied));
      const mean = (name: string): number =>
        samples.reduce((sum, { details }) => sum + (details?.[name] ?? 0), 0) / CHANGES;
      return {
        figure: summarize(samples.map(({ figure }) => figure)).median,
        details: { ownCpuMs: mean('ownCpuMs'), nftCpuMs: mean('nftCpuMs'), scriptKiB: mean('scriptKiB') },
      };
    };
    return [
      {
        name: `${count} services anew`,
        unit: 'ms',
        better: 'less',
        goal: 2000,
        ours: () =>
          measured(() => {
            view = new ServiceView(NODE);
            for (const service of services) view.setService(keyOf(service), service);
            for (const slice of slices) view.setSlice(keyOf(slice), slice);
            return view.take().script;
          }),
      },
      {
        name: `one change among ${count}`,
        unit: 'ms',
        better: 'less',
        goal: 10,
        // One endpoint less, of another service each time.
        ours: (round) =>
          median((i) => {
            const slice = slices[70 + round * CHANGES + i];
            if (slice) view.setSlice(keyOf(slice), { ...slice, endpoints: (slice.endpoints ?? []).slice(1) });
            return view.take().script;
          }),
      },
      {
        name: `${remembering} services anew that remember clients`,
        unit: 'ms',
        better: 'less',
        goal: 2000,
        ours: () =>
          measured(() => {
            rememberingView = new ServiceView(NODE);
            for (const one of services.slice(0, remembering)) rememberingView.setService(keyOf(one), affine(one));
            for (const slice of slices.slice(0, remembering)) rememberingView.setSlice(keyOf(slice), slice);
            return rememberingView.take().script;
          }, rememberingFilter),
      },
      {
        name: `one change among ${remembering} that remember clients`,
        unit: 'ms',
        better: 'less',
        goal: 10,
        ours: (round) =>
          median((i) => {
            const slice = slices[(round * CHANGES + i) % remembering];
            if (slice)
              rememberingView.setSlice(keyOf(slice), { ...slice, endpoints: (slice.endpoints ?? []).slice(1) });
            return rememberingView.take().script;
          }, rememberingFilter),
      },
      {
        name: `one pod among ${pods}, of as many policies`,
        unit: 'ms',
        better: 'less',
        goal: 20,
        // It becomes one of another sort: other policies select it, and others let it in.
        ours: (round) =>
          median((i) => {
            const index = (round * CHANGES + i) % pods;
            policyView.setPod(
              `bench/pod-${index}`,
              podFacts(podAt(index, pods, (index + 7 + round) % (pods / 10)), 'node-0'),
            );
            return policyView.take();
          }),
      },
    ];
  },
});

/** Of a network namespace of its own. */
async function filterOf(context: Context, name: string): Promise<PacketFilter> {
  const netns = `navarch-bench-${process.pid}${name}`;
  await context.processes.run('ip', ['netns', 'add', netns], {}, context.signal);
  context.made.defer(() =>
    context.processes.run('ip', ['netns', 'del', netns], {}, new AbortController().signal).then(() => undefined),
  );
  return nftFilter(`/run/netns/${netns}`);
}

const addressAt = (i: number): string => `10.244.${(i >> 8) & 255}.${i & 255}`;

/** So many policies and pods: each policy selects ten pods, and lets those of two other sorts in. */
function policies(count: number): PolicyView {
  const view = new PolicyView('pods0', FAMILIES);
  view.setNamespace('bench', {});
  for (let i = 0; i < count; i++) {
    const policy = {
      metadata: { name: `p-${i}`, namespace: 'bench' },
      spec: {
        podSelector: { matchLabels: { sort: `s-${i % (count / 10)}` } },
        ingress: [1, 2].map((n) => ({
          from: [{ podSelector: { matchLabels: { sort: `s-${(i + n) % (count / 10)}` } } }],
          ports: [{ protocol: 'TCP', port: 8000 + (i % 100) }],
        })),
      },
    };
    view.setPolicy(`bench/p-${i}`, policy as unknown as NetworkPolicy);
  }
  for (let i = 0; i < count; i++) view.setPod(`bench/pod-${i}`, podFacts(podAt(i, count), 'node-0'));
  return view;
}

/** A tenth of them on this node. */
const podAt = (i: number, count: number, sort: number = i % (count / 10)): Pod =>
  ({
    metadata: { name: `pod-${i}`, namespace: 'bench', labels: { sort: `s-${sort}` } },
    spec: { nodeName: `node-${i % 10}`, containers: [{ name: 'c' }] },
    status: { phase: 'Running', podIP: addressAt(i), podIPs: [{ ip: addressAt(i) }] },
  }) as unknown as Pod;
