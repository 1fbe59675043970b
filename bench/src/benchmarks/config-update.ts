import { configMap, pod } from '@navarch/api';
import { settleAll } from '@navarch/base';
import { type Api, httpApi } from '@navarch/client';
import { httpTransport } from '@navarch/node/client';
import { systemClock } from '@navarch/node/system';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { defineBenchmark, type Sample } from '../harness/benchmark.ts';
import { LocalCluster } from '../harness/local-cluster.ts';
import { cpuSecondsOf } from '../harness/processes.ts';

const IMAGE = 'docker.io/library/pause:latest';
const PODS = 100;
const LOOK_MS = 10;

export const configUpdate = defineBenchmark({
  name: 'config-update',
  about: 'a ConfigMap is changed: until the file made from it has changed in all of 100 pods of a node',
  notes: [
    'From the request that changes it until the last pod has the new file, looked for every 10 ms in the folders that the containers have mounted.',
  ],
  async prepare(context) {
    const cluster = context.made.use(new LocalCluster(context));
    await cluster.up();
    const transport = context.made.use(httpTransport(cluster.access));
    const api = httpApi({ transport, clock: systemClock, userAgent: 'navarch-bench' }, context.signal);
    const count = context.isQuick ? 5 : PODS;
    await api.of(configMap).create({ metadata: { namespace: 'default', name: 'settings' }, data: { key: 'first' } });
    const folders = await runPods(api, join(cluster.kubeletDir, 'pods'), count, context.signal);
    return [
      {
        name: `file changed in ${count} pods`,
        unit: 'ms',
        better: 'less',
        goal: 2000,
        async ours(round): Promise<Sample> {
          const agent = cluster.pidOf('agent');
          const [cpu, began] = [cpuSecondsOf(agent), performance.now()];
          await api
            .of(configMap)
            .patch('default/settings', { type: 'merge', body: { data: { key: `round ${round}` } } });
          const times = await untilChanged(folders, `round ${round}`, began, context.signal);
          return {
            figure: times.at(-1) ?? 0,
            details: { medianMs: times[times.length >> 1] ?? 0, agentCpuSeconds: cpuSecondsOf(agent) - cpu },
          };
        },
      },
    ];
  },
});

/** Resolves to the folder of the volume of each, when all are running. */
async function runPods(api: Api, podsDir: string, count: number, signal: AbortSignal): Promise<readonly string[]> {
  const names = Array.from({ length: count }, (_, i) => `configured-${i}`);
  await settleAll(
    names.map((name) =>
      api.of(pod).create({
        metadata: { name, namespace: 'default' },
        spec: {
          terminationGracePeriodSeconds: 0,
          volumes: [{ name: 'settings', configMap: { name: 'settings' } }],
          containers: [
            {
              name: 'main',
              image: IMAGE,
              imagePullPolicy: 'IfNotPresent',
              volumeMounts: [{ name: 'settings', mountPath: '/settings' }],
            },
          ],
        },
      }),
    ),
  );
  for (;;) {
    const { items } = await api.of(pod).list({ namespace: 'default' });
    const running = items.filter(({ status }) => status.phase === 'Running');
    if (running.length === count) {
      const uids = running.map(({ metadata }) => metadata.uid);
      return readdirSync(podsDir)
        .filter((uid) => uids.includes(uid))
        .map((uid) => join(podsDir, uid, 'volumes/settings'));
    }
    await sleep(500, undefined, { signal });
  }
}

/** Milliseconds after which each file was seen to say this. */
async function untilChanged(
  folders: readonly string[],
  text: string,
  began: number,
  signal: AbortSignal,
): Promise<readonly number[]> {
  const waiting = new Set(folders);
  const times: number[] = [];
  while (waiting.size > 0) {
    for (const folder of waiting) {
      if (readFileSync(join(folder, 'key'), 'utf8') !== text) continue;
      waiting.delete(folder);
      times.push(performance.now() - began);
    }
    await sleep(LOOK_MS, undefined, { signal });
  }
  return times;
}
