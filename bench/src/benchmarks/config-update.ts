import { configMap } from '@navarch/api';
import { httpApi } from '@navarch/client';
import { httpTransport } from '@navarch/node/client';
import { connectRuntime } from '@navarch/node/cri';
import { systemClock } from '@navarch/node/system';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { defineBenchmark, type Sample } from '../harness/benchmark.ts';
import { LocalCluster } from '../harness/local-cluster.ts';
import { NodePods, PAUSE } from '../harness/node-pods.ts';
import { cpuSecondsOf } from '../harness/processes.ts';

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
    const runtime = context.made.use(
      await connectRuntime({ socketPath: cluster.containerd.socketPath }, context.signal),
    );
    const pods = new NodePods(api, runtime, {
      volumes: [{ name: 'settings', configMap: { name: 'settings' } }],
      containers: [
        {
          name: 'main',
          image: PAUSE,
          imagePullPolicy: 'IfNotPresent',
          resources: {},
          volumeMounts: [{ name: 'settings', mountPath: '/settings' }],
        },
      ],
    });
    const uids = await pods.have(count, context.signal);
    const folders = uids.map((uid) => join(cluster.kubeletDir, 'pods', uid, 'volumes/settings'));
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
