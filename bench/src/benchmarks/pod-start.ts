import { pod, type Pod } from '@navarch/api';
import { settleAll } from '@navarch/base';
import { type Api, httpApi, type KindApi } from '@navarch/client';
import { httpTransport } from '@navarch/node/client';
import { connectRuntime, type GrpcRuntime } from '@navarch/node/cri';
import { systemClock } from '@navarch/node/system';
import { defineBenchmark, type Sample } from '../harness/benchmark.ts';
import { LocalCluster } from '../harness/local-cluster.ts';
import { summarize } from '../harness/statistics.ts';
import { podStartBare } from './pod-start-bare.ts';

const IMAGE = 'docker.io/library/pause:latest';
const PODS = 30;
const TIMES_BARE = 1.2;
/** Started one after the other, and how much longer than by bare calls one may take, ms. */
const SINGLES = 20;
const OVER_BARE_MS = 50;

export const podStart = defineBenchmark({
  name: 'pod-start',
  about: 'one pod, and a burst of 30, from their creation to all of them running',
  peer: 'the same pods by bare CRI calls (sandbox, create, start) on the same containerd',
  notes: [
    'Ours: created over HTTPS, scheduled, started by the kubelet, until the last is shown as Running. Bare: from the first call to the last container started, all at once. Both in one cluster, in turn; the pods are gone from the API and from the node before the next begins.',
    `The goal of the burst is at most ${TIMES_BARE} x the time of the bare calls.`,
    `One pod over bare calls: the medians of ${SINGLES} of each, in turn, the image being there.`,
  ],
  async prepare(context) {
    const cluster = context.made.use(new LocalCluster(context));
    await cluster.up();
    const transport = context.made.use(httpTransport(cluster.access));
    const api = httpApi({ transport, clock: systemClock, userAgent: 'navarch-bench' }, context.signal);
    const runtime = context.made.use(
      await connectRuntime({ socketPath: cluster.containerd.socketPath }, context.signal),
    );
    const cgroupParent = `${cluster.cgroupRoot}/bench`;
    const count = context.isQuick ? 5 : PODS;
    const bare = async (): Promise<Sample> => {
      const { totalMs, medianMs, slowestMs } = await podStartBare(
        runtime,
        { pods: count, image: IMAGE, cgroupParent },
        context.signal,
      );
      return { figure: totalMs, details: { medianMs, slowestMs } };
    };
    const single = async (round: number): Promise<Sample> => {
      const [ours, bares]: [number[], number[]] = [[], []];
      for (let i = 0; i < (context.isQuick ? 3 : SINGLES); i++) {
        ours.push((await burst({ api, runtime }, 1, `${round}-${i}`, context.signal)).figure);
        const calls = { pods: 1, image: IMAGE, cgroupParent };
        bares.push((await podStartBare(runtime, calls, context.signal)).totalMs);
      }
      const [oursMs, bareMs] = [summarize(ours).median, summarize(bares).median];
      return { figure: oursMs - bareMs, details: { oursMs, bareMs } };
    };
    return [
      { name: 'one pod over bare calls', unit: 'ms', better: 'less', goal: OVER_BARE_MS, ours: single },
      {
        name: `burst of ${count} pods`,
        unit: 'ms',
        better: 'less',
        ratioGoal: 1 / TIMES_BARE,
        ours: (round) => burst({ api, runtime }, count, round, context.signal),
        peer: bare,
      },
    ];
  },
});

interface Node {
  readonly api: Api;
  readonly runtime: GrpcRuntime;
}

async function burst(
  { api, runtime }: Node,
  count: number,
  round: number | string,
  signal: AbortSignal,
): Promise<Sample> {
  const pods = api.of(pod);
  const { resourceVersion } = await pods.list({ namespace: 'default' });
  const names = Array.from({ length: count }, (_, index) => `burst-${round}-${index}`);
  const began = performance.now();
  const running = untilRunning(pods, names, resourceVersion, began, signal);
  await settleAll(
    names.map((name) =>
      pods.create({
        metadata: { name, namespace: 'default' },
        spec: {
          terminationGracePeriodSeconds: 0,
          containers: [{ name: 'main', image: IMAGE, imagePullPolicy: 'IfNotPresent' }],
        },
      }),
    ),
  );
  const times = [...(await running)].sort((a, b) => a - b);
  await removed(names, { pods, runtime }, signal);
  return {
    figure: times.at(-1) ?? 0,
    details: { medianMs: times[times.length >> 1] ?? 0, slowestMs: times.at(-1) ?? 0 },
  };
}

/** Milliseconds after which each pod was shown as Running. */
async function untilRunning(
  pods: KindApi<Pod>,
  names: readonly string[],
  after: string,
  began: number,
  signal: AbortSignal,
): Promise<readonly number[]> {
  const waiting = new Set(names);
  const times: number[] = [];
  for await (const events of pods.watch({ namespace: 'default', after }, signal)) {
    for (const event of events) {
      if (
        event.type === 'BOOKMARK' ||
        event.object.status.phase !== 'Running' ||
        !waiting.delete(event.object.metadata.name)
      )
        continue;
      times.push(performance.now() - began);
    }
    if (waiting.size === 0) return times;
  }
  throw new Error(`The watch ended while ${waiting.size} pods were not running`);
}

/** Gone from the API, which is at once, and from the node, which is some seconds of work that the next to be measured would share. */
async function removed(
  names: readonly string[],
  { pods, runtime }: { readonly pods: KindApi<Pod>; readonly runtime: GrpcRuntime },
  signal: AbortSignal,
): Promise<void> {
  await settleAll(names.map((name) => pods.delete(`default/${name}`, { gracePeriodSeconds: 0 })));
  for (;;) {
    signal.throwIfAborted();
    const { items } = await pods.list({ namespace: 'default' });
    const { items: sandboxes } = await runtime.listPodSandbox({}, signal);
    if (![...items, ...sandboxes].some(({ metadata }) => names.includes(metadata?.name ?? ''))) return;
    await systemClock.sleep(100, signal);
  }
}
