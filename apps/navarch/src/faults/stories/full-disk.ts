import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { deployment, pod } from '@navarch/api';
import { localNodes } from '../../cluster/local-nodes.ts';
import { readState } from '../../cluster/state.ts';
import { compared } from '../compared.ts';
import { settled, type World } from '../world.ts';

const REPLICAS = 12;
const LABELS = { app: 'full' };
const DISK_MB = 1_000;
const FULL_MS = 45_000;
const READY_MS = 180_000;

/**
 * A node whose disk is full to the last byte for a while: pods that run there go on or are moved, nothing falls over, and when
 * there is room again everything is as it is wanted.
 */
export async function fullDisk(world: World): Promise<readonly string[]> {
  const { api, layout } = world;
  // Of a third node, whose disk is of memory and small. With the cluster it goes.
  const dir = join(layout.dir, 'nodes', '3');
  mkdirSync(dir, { recursive: true });
  await world.run('mount', '-t', 'tmpfs', '-o', `size=${DISK_MB}m`, 'tmpfs', dir);
  await world.navarch('node', 'add');
  const all = { ...world, nodes: localNodes(layout, readState(layout) ?? { nodeIP: '', runtime: 'containerd' }) };
  const containers = [
    {
      name: 'main',
      image: 'busybox',
      imagePullPolicy: 'IfNotPresent' as const,
      command: ['sh', '-c', 'trap "exit 0" TERM; while :; do date; sleep 1 & wait $!; done'],
    },
  ];
  await api.of(deployment).create({
    metadata: { namespace: 'default', name: 'full' },
    spec: {
      replicas: REPLICAS,
      selector: { matchLabels: LABELS },
      template: { metadata: { labels: LABELS }, spec: { containers } },
    },
  });
  const ready = async (): Promise<readonly string[]> => {
    const { status } = await api.of(deployment).get('default/full');
    const counts = [status.replicas, status.readyReplicas, status.updatedReplicas];
    return counts.every((count) => count === REPLICAS)
      ? []
      : [`${status.readyReplicas ?? 0} of ${REPLICAS} pods are ready`];
  };
  const wrong = [...(await settled(ready, { timeoutMs: READY_MS }))];
  const filler = join(dir, 'filler');
  await world.run(
    'sh',
    '-c',
    `dd if=/dev/zero of=${filler} bs=1M 2>/dev/null; dd if=/dev/zero of=${filler}2 bs=1 2>/dev/null; true`,
  );
  world.say('the disk is full');
  // Whatever is made there now fails.
  await api.of(pod).deleteCollection({ namespace: 'default', labelSelector: 'app=full' });
  await sleep(FULL_MS);
  for (const file of [filler, `${filler}2`]) rmSync(file);
  const began = performance.now();
  wrong.push(...(await settled(ready, { timeoutMs: READY_MS })));
  wrong.push(...(await settled(() => compared(all), { timeoutMs: READY_MS })));
  world.say(`all is well ${((performance.now() - began) / 1000).toFixed(1)} s after there was room again`);
  await api.of(deployment).delete('default/full');
  wrong.push(...(await settled(() => compared(all), { timeoutMs: READY_MS })));
  return wrong;
}
