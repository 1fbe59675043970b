import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { event, persistentVolume, persistentVolumeClaim, pod } from '@navarch/api';
import { unmountBelow } from '@navarch/node/host';
import { findDaemon } from '../../cluster/daemon.ts';
import { compared } from '../compared.ts';
import { kill } from '../faults.ts';
import { gone, NAMESPACE, others, ready, READY_MS, start } from '../others.ts';
import { settled, type World } from '../world.ts';

/** A grace of a second, and what a file system may be silent, several times. */
const GONE_MS = 90_000;
/** As long as there are pods that nothing answers. */
const HUNG_MS = 60_000;
/** More than a process has threads for files. */
const HUNG_PODS = 6;

/**
 * File systems that never answer (programs that stand still), as volumes of pods and below paths that pods name: other pods
 * come and go as always, statistics go on, an agent that is killed comes back, and pods that wait for such a file system end
 * when they are deleted. When those who waited get an error, nothing is left.
 */
export async function hungMount(world: World): Promise<readonly string[]> {
  const { api, layout } = world;
  const place = join(layout.dir, 'hung');
  const holders = [await mountHung(world, place)];
  const wrong: string[] = [];
  // A server's volume in use, and then the server is gone. To the agent it is one of its own folders that does not answer.
  await start(world, 'fine', { nfs: { server: 'server.example', path: '/' } }, 'fine');
  const { uid } = (await api.of(pod).get(`${NAMESPACE}/fine`)).metadata;
  const served = join(layout.dir, 'kubelet', 'pods', uid, 'volumes', 'data');
  mkdirSync(served, { recursive: true });
  await world.run('mount', '-t', 'tmpfs', 'tmpfs', served);
  wrong.push(...(await settled(() => ready(world, ['fine']), { timeoutMs: READY_MS })));
  holders.push(await mountHung(world, served));
  await api.of(persistentVolume).create({
    metadata: { name: 'hung' },
    spec: {
      accessModes: ['ReadWriteOnce'],
      capacity: { storage: '1Mi' },
      hostPath: { path: place },
      claimRef: { namespace: NAMESPACE, name: 'hung' },
      storageClassName: '',
    },
  });
  await api.of(persistentVolumeClaim).create({
    metadata: { namespace: NAMESPACE, name: 'hung' },
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '1Mi' } },
      storageClassName: '',
      volumeName: 'hung',
    },
  });
  for (let i = 0; i < HUNG_PODS; i++)
    await start(world, `typed-${i}`, { hostPath: { path: place, type: 'Directory' } }, 'hung');
  await start(world, 'claimed', { persistentVolumeClaim: { claimName: 'hung' } }, 'hung');
  await start(world, 'part', { hostPath: { path: place } }, 'hung', 'sub');
  await start(world, 'whole', { hostPath: { path: place } }, 'hung');
  world.say(`${HUNG_PODS + 4} pods have volumes that do not answer`);
  wrong.push(...(await others(world, HUNG_MS)));
  const told = (await api.of(event).list({ namespace: NAMESPACE })).items.flatMap(({ message = '' }) => message);
  for (const words of [
    `MountVolume.SetUp failed for volume "data" : the file system at ${place} does not answer`,
    'Error: failed to prepare subPath for volumeMount "data" of container "main"',
  ])
    if (!told.includes(words)) wrong.push(`no event says: ${words}`);
  const agent = findDaemon(layout, 'agent');
  if (agent) kill(agent.pid);
  await world.navarch('up');
  world.say('the agent was killed, and is there again');
  wrong.push(...(await others(world, 10_000)));
  const began = performance.now();
  await api.of(pod).deleteCollection({ namespace: NAMESPACE, labelSelector: 'app=hung' });
  await api.of(pod).delete(`${NAMESPACE}/fine`);
  wrong.push(...(await settled(() => gone(world), { timeoutMs: GONE_MS })));
  world.say(`all of them are gone ${((performance.now() - began) / 1000).toFixed(1)} s after they were deleted`);
  for (const holder of holders) kill(holder);
  await unmountBelow(place, world.signal);
  await api.of(persistentVolumeClaim).delete(`${NAMESPACE}/hung`);
  await api.of(persistentVolume).delete('hung');
  return [...wrong, ...(await settled(() => compared(world), { timeoutMs: READY_MS }))];
}

/** Mounts what never answers. Resolves to the process that keeps it: where that ends, all who wait get an error. */
async function mountHung(world: World, path: string): Promise<number> {
  mkdirSync(path, { recursive: true });
  const mount = 'mount -i -n -t fuse -o fd=3,rootmode=40755,user_id=0,group_id=0,allow_other hung "$0"';
  const { pid = 0 } = spawn('sh', ['-c', `exec 3<>/dev/fuse; ${mount}; exec sleep 3600`, path], { stdio: 'ignore' });
  await world.run('sh', '-c', 'until grep -q " $0 .* fuse hung " /proc/self/mountinfo; do sleep 0.05; done', path);
  return pid;
}
