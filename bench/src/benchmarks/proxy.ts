import type { EndpointSlice, Service } from '@navarch/api';
import { nftFilter } from '@navarch/node/nftables';
import { ServiceView } from '@navarch/proxy';
import { defineBenchmark, type Sample } from '../harness/benchmark.ts';
import { cpuSecondsOfEnded } from '../harness/processes.ts';
import { summarize } from '../harness/statistics.ts';

const ENDPOINTS = 5;
/** As many pods as kubelets take on a node are spread over these. */
const NODES = 500;
/** In a round. */
const CHANGES = 50;
const NODE = { name: 'node-0', clusterCidr: '10.244.0.0/16' };

export const proxy = defineBenchmark({
  name: 'proxy',
  about: 'packet rules of services: all of them anew, and one change (needs root)',
  rounds: 5,
  columns: { ownCpuMs: 'CPU ms, ours', nftCpuMs: 'CPU ms, nft' },
  notes: [
    'Services with five endpoints each, in a network namespace of its own. A figure is the time from the objects to the rules in the kernel, until nft has ended. Processor time: ours, starting nft included; that of nft with what the kernel does for it.',
    'A round of changes is fifty, one after the other; its figure is the median, and processor time is for one.',
  ],
  async prepare(context) {
    const count = context.isQuick ? 500 : 10_000;
    const netns = `navarch-bench-${process.pid}`;
    await context.processes.run('ip', ['netns', 'add', netns], {}, context.signal);
    context.made.defer(() =>
      context.processes.run('ip', ['netns', 'del', netns], {}, new AbortController().signal).then(() => undefined),
    );
    const services = made(count, serviceOf);
    const slices = made(count, sliceOf);
    const filter = nftFilter(`/run/netns/${netns}`);
    let view = new ServiceView(NODE);
    const measured = async (change: () => void): Promise<Sample> => {
      const [began, cpu, nftCpu] = [performance.now(), process.cpuUsage(), cpuSecondsOfEnded()];
      change();
      const { script } = view.take();
      await filter.apply(script, context.signal);
      const { user, system } = process.cpuUsage(cpu);
      return {
        figure: performance.now() - began,
        details: {
          ownCpuMs: (user + system) / 1000,
          nftCpuMs: (cpuSecondsOfEnded() - nftCpu) * 1000,
          scriptKiB: script.length / 1024,
        },
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
          }),
      },
      {
        name: `one change among ${count}`,
        unit: 'ms',
        better: 'less',
        goal: 10,
        // One endpoint less, of another service each time.
        ours: async (round) => {
          const samples: Sample[] = [];
          for (let i = 0; i < CHANGES; i++)
            samples.push(
              await measured(() => {
                const slice = slices[70 + round * CHANGES + i];
                if (slice) view.setSlice(keyOf(slice), { ...slice, endpoints: (slice.endpoints ?? []).slice(1) });
              }),
            );
          const mean = (name: string): number =>
            samples.reduce((sum, { details }) => sum + (details?.[name] ?? 0), 0) / CHANGES;
          return {
            figure: summarize(samples.map(({ figure }) => figure)).median,
            details: { ownCpuMs: mean('ownCpuMs'), nftCpuMs: mean('nftCpuMs'), scriptKiB: mean('scriptKiB') },
          };
        },
      },
    ];
  },
});

const keyOf = ({ metadata }: Service | EndpointSlice): string => `${metadata.namespace}/${metadata.name}`;
const made = <T>(count: number, make: (i: number) => T): readonly T[] =>
  Array.from({ length: count }, (_, i) => make(i));

const serviceOf = (i: number): Service =>
  ({
    metadata: { name: `svc-${i}`, namespace: 'bench' },
    status: { loadBalancer: {} },
    spec: { clusterIP: `10.96.${i >> 8}.${i & 255}`, ports: [{ name: 'http', port: 80, protocol: 'TCP' }] },
  }) as unknown as Service;

const sliceOf = (i: number): EndpointSlice =>
  ({
    metadata: { name: `svc-${i}-1`, namespace: 'bench', labels: { 'kubernetes.io/service-name': `svc-${i}` } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 8080 }],
    endpoints: made(ENDPOINTS, (n) => ({
      addresses: [`10.244.${((i * ENDPOINTS + n) >> 8) & 255}.${(i * ENDPOINTS + n) & 255}`],
      conditions: { ready: true },
      nodeName: `node-${(i * ENDPOINTS + n) % NODES}`,
    })),
  }) as unknown as EndpointSlice;
