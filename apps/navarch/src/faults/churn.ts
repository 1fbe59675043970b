import {
  configMap,
  daemonSet,
  deployment,
  job,
  namespace,
  persistentVolumeClaim,
  type Pod,
  pod,
  service,
  statefulSet,
} from '@navarch/api';
import type { Random } from '@navarch/base';
import type { Draft } from '@navarch/machinery';
import { between, chance, pick, type World } from './world.ts';
import { pause } from './faults.ts';

// About a hundred pods of every sort, which come, go, grow and are replaced all the time.

export const NAMESPACE = 'churn';
const WEBS = ['web-0', 'web-1', 'web-2', 'web-3', 'web-4'];
const WEB_REPLICAS = 15;
const LONE_PODS_MAX = 16;
const JOBS_MAX = 6;

type PodSpec = Draft<Pod>['spec'];

const wait = (seconds: number): readonly string[] => ['sleep', String(seconds)];
/** A shell that ends when it is asked to; `sleep` alone as first process would not. */
const serve: readonly string[] = ['sh', '-c', 'trap "exit 0" TERM; while :; do sleep 1000 & wait $!; done'];

const container = (
  name: string,
  command: readonly string[],
  more: object = {},
): NonNullable<NonNullable<PodSpec>['containers']>[number] => ({
  name,
  image: 'busybox',
  imagePullPolicy: 'IfNotPresent',
  command,
  ...more,
});

const VOLUMES = [
  { name: 'settings', configMap: { name: 'settings' } },
  { name: 'scratch', emptyDir: {} },
  { name: 'memory', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
];
const MOUNTS = { volumeMounts: VOLUMES.map(({ name }) => ({ name, mountPath: `/${name}` })) };

const template = (app: string, spec: PodSpec): { metadata: { labels: { app: string } }; spec: PodSpec } => ({
  metadata: { labels: { app } },
  spec: { terminationGracePeriodSeconds: 3, ...spec },
});

/** `replicas` is how many pods a deployment has. */
export async function plant({ api }: World, replicas = WEB_REPLICAS): Promise<void> {
  const inside = { namespace: NAMESPACE };
  await api.of(namespace).create({ metadata: { name: NAMESPACE } });
  await api.of(configMap).create({ metadata: { ...inside, name: 'settings' }, data: { turn: '0' } });
  for (const app of WEBS) {
    const isNginx = app === 'web-0';
    const first = isNginx
      ? container('main', ['nginx', '-g', 'daemon off;'], {
          image: 'nginx',
          readinessProbe: { httpGet: { path: '/', port: 80 }, periodSeconds: 5 },
          ...MOUNTS,
        })
      : container('main', serve, MOUNTS);
    await api.of(deployment).create({
      metadata: { ...inside, name: app },
      spec: {
        replicas: isNginx ? Math.min(6, replicas) : replicas,
        selector: { matchLabels: { app } },
        template: template(app, { containers: [first], volumes: VOLUMES }),
      },
    });
    await api
      .of(service)
      .create({ metadata: { ...inside, name: app }, spec: { selector: { app }, ports: [{ port: 80 }] } });
  }
  const selector = (app: string): { matchLabels: { app: string } } => ({ matchLabels: { app } });
  await api.of(statefulSet).create({
    metadata: { ...inside, name: 'data' },
    spec: {
      serviceName: 'data',
      replicas: 5,
      podManagementPolicy: 'Parallel',
      selector: selector('data'),
      persistentVolumeClaimRetentionPolicy: { whenScaled: 'Delete', whenDeleted: 'Delete' },
      template: template('data', {
        containers: [container('main', serve, { volumeMounts: [{ name: 'disk', mountPath: '/disk' }] })],
      }),
      volumeClaimTemplates: [
        {
          metadata: { name: 'disk' },
          spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Mi' } } },
        },
      ],
    },
  });
  await api.of(daemonSet).create({
    metadata: { ...inside, name: 'each' },
    spec: {
      selector: selector('each'),
      template: template('each', { hostNetwork: true, containers: [container('main', serve)] }),
    },
  });
}

type Step = (world: World, nth: number, replicas: number) => Promise<unknown>;

/** One thing that a person or a program does to the cluster. */
const STEPS: readonly (readonly [weight: number, Step])[] = [
  [5, deleteSome],
  [3, scaleSome],
  [1, rollSome],
  [5, addLonePod],
  [2, addJob],
  [1, scaleData],
  [1, changeSettings],
];
const WEIGHTED = STEPS.flatMap(([weight, step]) => Array.from({ length: weight }, () => step));

/** Until told to stop. What fails because something was killed is not done. Resolves to what was done. */
export async function churn(world: World, signal: AbortSignal, replicas = WEB_REPLICAS): Promise<number> {
  let done = 0;
  for (let nth = 0; !signal.aborted; nth++) {
    await pause(between(world.random, 100, 900), signal);
    const step = pick(world.random, WEIGHTED);
    await step(world, nth, replicas).then(
      () => (done += 1),
      () => undefined,
    );
  }
  return done;
}

async function deleteSome({ api, random }: World): Promise<void> {
  const { items } = await api.of(pod).list({ namespace: NAMESPACE });
  const { metadata } = pick(random, items);
  const gracePeriodSeconds = pick(random, [undefined, undefined, 0, 1]);
  await api
    .of(pod)
    .delete(`${NAMESPACE}/${metadata.name}`, gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds });
}

async function scaleSome({ api, random }: World, _: number, replicas: number): Promise<void> {
  const body = { spec: { replicas: between(random, Math.max(1, replicas - 6), replicas + 4) } };
  await api.of(deployment).patch(`${NAMESPACE}/${pick(random, WEBS.slice(1))}`, { type: 'merge', body });
}

async function rollSome({ api, random }: World, nth: number): Promise<void> {
  const body = { spec: { template: { metadata: { annotations: { turn: String(nth) } } } } };
  await api.of(deployment).patch(`${NAMESPACE}/${pick(random, WEBS)}`, { type: 'merge', body });
}

async function addLonePod({ api, random }: World, nth: number): Promise<void> {
  const { items } = await api.of(pod).list({ namespace: NAMESPACE, labelSelector: 'app=lone' });
  const [oldest] = items;
  if (items.length >= LONE_PODS_MAX && oldest) await api.of(pod).delete(`${NAMESPACE}/${oldest.metadata.name}`);
  const metadata = { namespace: NAMESPACE, name: `lone-${nth}`, labels: { app: 'lone' } };
  await api.of(pod).create({ metadata, spec: loneSpec(random) });
}

function loneSpec(random: Random): PodSpec {
  const hooks = {
    lifecycle: { postStart: { exec: { command: ['true'] } }, preStop: { exec: { command: wait(1) } } },
  };
  const ends = chance(random, 0.3);
  return {
    restartPolicy: ends ? pick(random, ['Never', 'OnFailure']) : 'Always',
    terminationGracePeriodSeconds: between(random, 1, 8),
    volumes: VOLUMES,
    initContainers: [
      ...(chance(random, 0.4) ? [container('side', serve, { restartPolicy: 'Always' })] : []),
      ...(chance(random, 0.4) ? [container('first', wait(1))] : []),
    ],
    containers: [
      ends
        ? container('main', ['sh', '-c', `sleep 2; exit ${chance(random, 0.3) ? 1 : 0}`])
        : container('main', chance(random, 0.2) ? wait(3600) : serve, {
            ...MOUNTS,
            ...(chance(random, 0.4) ? hooks : {}),
          }),
      ...(chance(random, 0.3) && !ends ? [container('second', serve)] : []),
    ],
  };
}

async function addJob({ api, random }: World, nth: number): Promise<void> {
  const { items } = await api.of(job).list({ namespace: NAMESPACE });
  if (items.length >= JOBS_MAX) return;
  const containers = [container('main', wait(between(random, 0, 4)))];
  await api.of(job).create({
    metadata: { namespace: NAMESPACE, name: `job-${nth}` },
    spec: {
      completions: 4,
      parallelism: 2,
      // A program that is killed counts as failed: that is no reason to give up here.
      backoffLimit: 100,
      ttlSecondsAfterFinished: 10,
      template: { spec: { restartPolicy: 'Never', containers } },
    },
  });
}

async function scaleData({ api, random }: World): Promise<void> {
  await api
    .of(statefulSet)
    .patch(`${NAMESPACE}/data`, { type: 'merge', body: { spec: { replicas: between(random, 3, 6) } } });
}

async function changeSettings({ api }: World, nth: number): Promise<void> {
  await api.of(configMap).patch(`${NAMESPACE}/settings`, { type: 'merge', body: { data: { turn: String(nth) } } });
}

/** What of it is not as it is wanted. */
export async function unwanted({ api }: World): Promise<readonly string[]> {
  const inside = { namespace: NAMESPACE };
  const [webs, sets, jobs, pods, claims] = [
    await api.of(deployment).list(inside),
    await api.of(statefulSet).list(inside),
    await api.of(job).list(inside),
    await api.of(pod).list(inside),
    await api.of(persistentVolumeClaim).list(inside),
  ];
  const isOff = (found: readonly (number | undefined)[], wanted: number | undefined): boolean =>
    found.some((count) => (count ?? 0) !== wanted);
  return [
    ...webs.items
      .filter(
        ({ spec, status, metadata }) =>
          isOff([status.replicas, status.readyReplicas, status.updatedReplicas], spec.replicas) ||
          status.observedGeneration !== metadata.generation,
      )
      .map(
        ({ metadata, spec, status }) =>
          `deployment ${metadata.name}: ${status.readyReplicas} of ${spec.replicas} are ready`,
      ),
    ...sets.items
      .filter(({ spec, status }) => isOff([status.replicas, status.readyReplicas], spec.replicas))
      .map(
        ({ metadata, spec, status }) =>
          `stateful set ${metadata.name}: ${status.readyReplicas} of ${spec.replicas} are ready`,
      ),
    ...jobs.items
      .filter(({ status }) => (status.succeeded ?? 0) < 4)
      .map(({ metadata, status }) => `job ${metadata.name}: ${status.succeeded ?? 0} of 4 have succeeded`),
    ...pods.items.flatMap((one) => troubleOf(one)),
    ...claims.items
      .filter(({ status }) => status.phase !== 'Bound')
      .map(({ metadata, status }) => `claim ${metadata.name} is ${status.phase}`),
    ...(claims.items.length === sets.items[0]?.spec.replicas ? [] : [`${claims.items.length} claims`]),
  ];
}

function troubleOf({ metadata, spec, status }: Pod): readonly string[] {
  if (metadata.deletionTimestamp) return [`pod ${metadata.name} is still being deleted`];
  if (status.phase === 'Succeeded' || status.phase === 'Failed') return [];
  // One that shall end, and fails by chance: it is tried again for as long as it is there.
  if (spec.restartPolicy === 'OnFailure') return [];
  const waiting = (status.containerStatuses ?? []).flatMap(({ state }) => state?.waiting?.reason ?? []);
  const isReady = status.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True');
  return isReady ? [] : [`pod ${metadata.name} is not ready: ${status.phase} ${waiting.join(' ')}`];
}
