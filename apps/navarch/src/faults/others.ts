import { pod, type Pod } from '@navarch/api';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Draft } from '@navarch/machinery';
import { bundledKubectl, programsOf } from '../commands/kubectl.ts';
import { settled, type World } from './world.ts';

// Pods of the first node, one of each name, with a volume each: those that a fault is about, and others that it must not reach.

export const NAMESPACE = 'default';
export const READY_MS = 60_000;

type VolumeSource = Omit<NonNullable<NonNullable<Draft<Pod>['spec']>['volumes']>[number], 'name'>;

/** `app` is its label. */
export async function start(
  { api, nodes }: World,
  name: string,
  source: VolumeSource,
  app: string,
  subPath?: string,
): Promise<string> {
  await api.of(pod).create({
    metadata: { namespace: NAMESPACE, name, labels: { app } },
    spec: {
      nodeName: nodes[0]?.name ?? '',
      terminationGracePeriodSeconds: 1,
      volumes: [{ name: 'data', ...source }],
      containers: [
        {
          name: 'main',
          image: 'busybox',
          imagePullPolicy: 'IfNotPresent',
          command: ['sleep', '3600'],
          volumeMounts: [{ name: 'data', mountPath: '/data', ...(subPath === undefined ? {} : { subPath }) }],
        },
      ],
    },
  });
  return name;
}

/** Which of them are not ready. */
export async function ready({ api }: World, names: readonly string[]): Promise<readonly string[]> {
  const { items } = await api.of(pod).list({ namespace: NAMESPACE });
  const isReady = (name: string): boolean =>
    items
      .find(({ metadata }) => metadata.name === name)
      ?.status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
  return names.filter((name) => !isReady(name)).map((name) => `pod ${name} is not ready`);
}

/** For a while, pods come and go on the same node, with a volume that is counted, and statistics are asked for. */
export async function others(world: World, ms: number): Promise<readonly string[]> {
  const { api } = world;
  const wrong: string[] = [];
  let [turns, slowestMs] = [0, 0];
  for (const end = performance.now() + ms; performance.now() < end; turns += 1) {
    const began = performance.now();
    const name = await start(world, 'other', { hostPath: { path: '/etc', type: 'Directory' } }, 'other');
    wrong.push(...(await settled(() => ready(world, [name]), { timeoutMs: READY_MS, everyMs: 200 })));
    // An observation serves for a second.
    const counted = async (): Promise<readonly string[]> =>
      (await summary(world)).includes(`"${name}"`) ? [] : ['statistics do not name a pod that runs'];
    wrong.push(...(await settled(counted, { timeoutMs: 10_000 })));
    await api.of(pod).delete(`${NAMESPACE}/${name}`);
    const isGone = async (): Promise<readonly string[]> =>
      (await api.of(pod).list({ namespace: NAMESPACE, labelSelector: 'app=other' })).items.map(
        ({ metadata }) => `pod ${metadata.name} is still there`,
      );
    wrong.push(...(await settled(isGone, { timeoutMs: READY_MS, everyMs: 200 })));
    slowestMs = Math.max(slowestMs, performance.now() - began);
    await sleep(1_000);
  }
  world.say(`${turns} other pods came and went, the slowest in ${(slowestMs / 1000).toFixed(1)} s`);
  return wrong;
}

async function summary({ layout, nodes, run }: World): Promise<string> {
  const kubectl = await bundledKubectl(programsOf(layout));
  const path = `/api/v1/nodes/${nodes[0]?.name}/proxy/stats/summary`;
  return run(kubectl, '--kubeconfig', layout.adminKubeconfig, 'get', '--raw', path);
}

/** Which pods are still there. */
export async function gone({ api }: World): Promise<readonly string[]> {
  const { items } = await api.of(pod).list({ namespace: NAMESPACE });
  return items.map(({ metadata }) => `pod ${metadata.name} is still there`);
}
