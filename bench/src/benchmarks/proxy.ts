import type { EndpointSlice, Service } from '@navarch/api';
import { nftFilter } from '@navarch/node/nftables';
import { difference, type Ruleset, ruleset } from '@navarch/proxy';
import { defineBenchmark, type Sample } from '../harness/benchmark.ts';

const ENDPOINTS = 5;
const NODE = { name: 'a', clusterCidr: '10.244.0.0/16' };

export const proxy = defineBenchmark({
  name: 'proxy',
  about: 'packet rules of services: all of them anew, and one change (needs root)',
  rounds: 1,
  notes: [
    'Services with five endpoints each, in a network namespace of its own. A figure is the time from the objects to the rules in the kernel; `ownCpuMs` is what of it is ours, the rest is nft and the kernel.',
  ],
  async prepare(context) {
    const count = context.isQuick ? 500 : 10_000;
    const netns = `navarch-bench-${process.pid}`;
    await context.processes.run('ip', ['netns', 'add', netns], {}, context.signal);
    context.made.defer(() =>
      context.processes.run('ip', ['netns', 'del', netns], {}, new AbortController().signal).then(() => undefined),
    );
    const [services, slices] = [made(count, serviceOf), made(count, sliceOf)];
    let applied: Ruleset | undefined;
    const apply = async (next: () => Ruleset, previous: Ruleset | undefined): Promise<Sample> => {
      const [began, cpu] = [performance.now(), process.cpuUsage()];
      const rules = next();
      const script = difference(previous, rules, NODE);
      const { user, system } = process.cpuUsage(cpu);
      await nftFilter(`/run/netns/${netns}`).apply(script, context.signal);
      applied = rules;
      return {
        figure: performance.now() - began,
        details: { ownCpuMs: (user + system) / 1000, scriptKiB: script.length / 1024 },
      };
    };
    return [
      {
        name: `${count} services anew`,
        unit: 'ms',
        better: 'less',
        goal: 2000,
        ours: () => apply(() => ruleset(services, slices, NODE), undefined),
      },
      {
        name: `one change among ${count}`,
        unit: 'ms',
        better: 'less',
        goal: 10,
        ours: (round) => apply(() => ruleset(services, changed(slices, round), NODE), applied),
      },
    ];
  },
});

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
      nodeName: 'a',
    })),
  }) as unknown as EndpointSlice;

/** One endpoint less, of another service each round. */
const changed = (slices: readonly EndpointSlice[], round: number): readonly EndpointSlice[] =>
  slices.map((slice, i) => (i === 70 + round ? { ...slice, endpoints: (slice.endpoints ?? []).slice(1) } : slice));
