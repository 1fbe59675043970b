import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Pod, pod } from '@navarch/api';
import { hasReason } from '@navarch/machinery';
import { type Instance, job, type Program, server } from '@navarch/kubelet';
import { MANIFESTS } from '../sim-machine.ts';
import { KubeletWorld, NODE } from '../testing/kubelet-world.ts';

// The kubelet is killed after every single thing it does, and started again on the same runtime. Whatever the moment,
// the pods come to the same end.

interface Story {
  readonly pods: Readonly<Record<string, object>>;
  /** Seconds after the start, and the pod that is then deleted. */
  readonly deletions?: readonly (readonly [seconds: number, name: string, graceSeconds?: number])[];
  /** Seconds after the start, and what a file that describes a pod says from then on; undefined: it goes. */
  readonly files?: readonly (readonly [seconds: number, name: string, spec: object | undefined])[];
  readonly seconds: number;
  program(instance: Instance): Program;
}

const container = (name: string, more: object = {}): object => ({ name, image: name, ...more });
const hooks = { lifecycle: { preStop: { exec: { command: ['bye'] } }, postStart: { exec: { command: ['hello'] } } } };

const stories: Readonly<Record<string, Story>> = {
  'pods that run': {
    pods: {
      web: {
        containers: [
          container('a', hooks),
          container('b', { readinessProbe: { exec: { command: ['ok'] }, periodSeconds: 1 } }),
        ],
      },
    },
    seconds: 30,
    program: () => server,
  },
  'jobs with init containers': {
    pods: {
      job: {
        restartPolicy: 'Never',
        initContainers: [container('one'), container('two')],
        containers: [container('work'), container('more')],
      },
      retried: { restartPolicy: 'OnFailure', containers: [container('flaky'), container('work')] },
    },
    seconds: 90,
    program: ({ name, attempt }) => job(name === 'more' ? 4000 : 1500, name === 'flaky' && attempt < 2 ? 1 : 0),
  },
  'sidecars of a job': {
    pods: {
      job: {
        restartPolicy: 'Never',
        initContainers: [
          container('first', { restartPolicy: 'Always', ...hooks }),
          container('second', { restartPolicy: 'Always' }),
        ],
        containers: [container('work')],
      },
    },
    seconds: 60,
    program: ({ name }) => (name === 'work' ? job(3000) : { endsMs: 500 }),
  },
  'pods that are deleted': {
    pods: {
      stubborn: { terminationGracePeriodSeconds: 6, containers: [container('a', hooks), container('b')] },
      quick: {},
      forced: {},
    },
    deletions: [
      [8, 'stubborn'],
      [9, 'quick'],
      [9, 'forced', 0],
    ],
    seconds: 60,
    program: ({ name }) => (name === 'b' ? { endsMs: Number.POSITIVE_INFINITY } : { endsMs: 700 }),
  },
  'a deadline': {
    pods: { late: { activeDeadlineSeconds: 6, terminationGracePeriodSeconds: 3, restartPolicy: 'Never' } },
    seconds: 40,
    program: () => server,
  },
  'static pods': {
    pods: {},
    files: [
      [1, 'kept', { containers: [container('a', hooks)] }],
      [1, 'changed', { containers: [container('b')] }],
      [1, 'removed', { containers: [container('c')], terminationGracePeriodSeconds: 3 }],
      [14, 'changed', { containers: [container('d')] }],
      [18, 'removed', undefined],
    ],
    // Those of the mirrors.
    deletions: [[10, `kept-${NODE}`]],
    seconds: 50,
    program: ({ name }) => (name === 'c' ? { endsMs: Number.POSITIVE_INFINITY } : { endsMs: 300 }),
  },
};

/** Containers of which one run may be lost with the kubelet that was about to note it: hooks run again, runs do not. */
async function play(
  story: Story,
  seed: number,
  crashAt: number,
): Promise<{ readonly end: object; readonly effects: number; readonly runs: readonly string[] }> {
  let effects = 0;
  let world: KubeletWorld | undefined;
  const problems: string[] = [];
  const restarts = new Map<string, number>();
  const done = new Set<string>();
  await using begun = await KubeletWorld.start({
    seed,
    latencyMs: 40,
    program: story.program,
    onEffect() {
      effects += 1;
      if (effects === crashAt) world?.machine.crash();
    },
  });
  world = begun;
  for (const [name, spec] of Object.entries(story.pods)) await world.run(name, spec);
  const { runtime, files } = world.machine;
  await files.makeDir(MANIFESTS);
  for (let ms = 0; ms < story.seconds * 1000; ms += 250) {
    for (const [seconds, name, gracePeriodSeconds] of story.deletions ?? []) {
      if (seconds * 1000 === ms)
        await world.api
          .of(pod)
          .delete(`default/${name}`, gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds })
          .catch((error: unknown) => {
            // What a kubelet that is down has not shown cannot be deleted.
            if (!story.files || !hasReason(error, 'NotFound')) throw error;
          });
    }
    for (const [seconds, name, spec] of story.files ?? []) {
      if (seconds * 1000 !== ms) continue;
      const file = `${MANIFESTS}/${name}`;
      if (!spec) await files.removeTree(file);
      else await files.write(file, JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec }));
    }
    await world.advance(250);
    if (!world.machine.isUp) world.machine.start();
    for (const p of (await world.api.of(pod).list()).items) observe(p, restarts, done, problems);
    for (const c of runtime.containers.values())
      if (c.state !== 'CONTAINER_CREATED' && !runtime.sandboxes.has(c.sandboxId))
        problems.push(`${c.name} has no sandbox`);
  }
  assert.deepEqual([...runtime.violations, ...problems], []);
  return { end: await endOf(world), effects, runs: runtime.calls.filter((call) => call.startsWith('startContainer')) };
}

/** Counts only rise, and what is over stays over. */
function observe(
  { metadata: { name, uid }, status }: Pod,
  restarts: Map<string, number>,
  done: Set<string>,
  problems: string[],
): void {
  if (done.has(uid) && status.phase !== 'Succeeded' && status.phase !== 'Failed')
    problems.push(`${name} was over and is ${status.phase}`);
  if (status.phase === 'Succeeded' || status.phase === 'Failed') done.add(uid);
  for (const c of [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])]) {
    const key = `${uid}/${c.name}`;
    if (c.restartCount < (restarts.get(key) ?? 0))
      problems.push(`${name}/${c.name} counts ${c.restartCount} after ${restarts.get(key)}`);
    restarts.set(key, c.restartCount);
  }
}

/** What the API and the machine hold in the end, without times and names that the moment makes. */
async function endOf({ api, machine: { runtime, files } }: KubeletWorld): Promise<object> {
  const pods = (await api.of(pod).list()).items.map(({ metadata: { name }, status }) => ({
    name,
    phase: status.phase,
    reason: status.reason,
    ready: status.conditions?.find((c) => c.type === 'Ready')?.status,
    containers: [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])].map(
      (c) => `${c.name} ${c.restartCount} ${c.ready} ${Object.keys(c.state)[0]} ${c.state.terminated?.exitCode ?? ''}`,
    ),
  }));
  return {
    pods,
    running: runtime
      .running()
      .map((c) => c.name)
      .toSorted(),
    sandboxes: [...runtime.sandboxes.values()]
      .filter((s) => s.isReady)
      .map((s) => s.metadata.name)
      .toSorted(),
    folders: (await files.list('/var/lib/kubelet/pods')).length,
    logs: (await files.list('/var/log/pods')).length,
  };
}

for (const [name, story] of Object.entries(stories)) {
  test(`kubelet: ${name} come to the same end wherever it crashes`, async () => {
    const calm = await play(story, 1, 0);
    for (let crashAt = 1; crashAt <= calm.effects; crashAt++) {
      const shaken = await play(story, 1, crashAt);
      assert.deepEqual(shaken.end, calm.end, `after a crash at effect ${crashAt} of ${calm.effects}`);
      assert.deepEqual(
        shaken.runs.toSorted(),
        calm.runs.toSorted(),
        `after a crash at effect ${crashAt} of ${calm.effects}`,
      );
    }
  });
}
