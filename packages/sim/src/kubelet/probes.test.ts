import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pod } from '@navarch/api';
import { type ExecAnswer, job } from '@navarch/kubelet';
import { KubeletWorld } from '../testing/kubelet-world.ts';

interface Probed {
  readonly world: KubeletWorld;
  /** When each question was put, seconds after the container began. */
  readonly asked: number[];
  /** What was asked, in order. */
  readonly commands: string[];
}

/** A pod `web` with one container; `answer` says how a command at that second ends. */
async function withProbes(
  more: object,
  answer: (second: number, command: string) => ExecAnswer,
  work: (probed: Probed) => Promise<void>,
): Promise<void> {
  const asked: number[] = [];
  const commands: string[] = [];
  const startedAt = (): number => [...world.machine.runtime.containers.values()].at(-1)?.startedAt ?? 0;
  const world: KubeletWorld = await KubeletWorld.start({
    program: () => ({
      exec: ([command = '']) => {
        const second = Math.round((world.clock.now() - startedAt()) / 1000);
        asked.push(second);
        commands.push(command);
        return answer(second, command);
      },
    }),
  });
  await using _ = world;
  await world.run('web', { terminationGracePeriodSeconds: 3, containers: [{ name: 'c', image: 'app', ...more }] });
  await work({ world, asked, commands });
}

const probe = (more: object = {}, command = 'ask'): object => ({
  exec: { command: [command] },
  periodSeconds: 5,
  ...more,
});
const well = (): ExecAnswer => ({ exitCode: 0 });
const ill: ExecAnswer = { exitCode: 1, output: 'ill' };

const state = async (world: KubeletWorld): Promise<string> => {
  const status = (await world.pod('web'))?.status.containerStatuses?.[0];
  return `${status?.started ? 'started ' : ''}${status?.ready ? 'ready ' : ''}${status?.restartCount}`;
};

test('probes: the initial delay and the period are kept', () =>
  withProbes({ readinessProbe: probe({ initialDelaySeconds: 7 }) }, well, async ({ world, asked }) => {
    await world.advance(20_000);
    assert.deepEqual(asked, [7, 12, 17]);
  }));

test('probes: readiness comes and goes by its thresholds', () =>
  withProbes(
    { readinessProbe: probe({ successThreshold: 2, failureThreshold: 2 }) },
    (s) => (s > 20 && s < 40 ? ill : well()),
    async ({ world }) => {
      await world.advance(3000);
      assert.equal(await state(world), 'started 0');
      await world.advance(5000);
      assert.equal(await state(world), 'started ready 0');
      await world.advance(20_000);
      assert.equal(await state(world), 'started ready 0');
      await world.advance(5000);
      assert.equal(await state(world), 'started 0');
      await world.advance(20_000);
      assert.equal(await state(world), 'started ready 0');
      assert.ok((await world.events('web')).includes('Unhealthy: Readiness probe failed: ill'));
    },
  ));

test('probes: a container that is not alive is restarted', () =>
  withProbes(
    { livenessProbe: probe({ failureThreshold: 2, initialDelaySeconds: 5 }) },
    (s) => (s >= 10 ? ill : well()),
    async ({ world }) => {
      await world.advance(14_000);
      assert.equal(await state(world), 'started ready 0');
      await world.advance(6000);
      assert.equal(await state(world), 'started ready 1');
      const events = await world.events('web');
      assert.ok(events.includes('Unhealthy: Liveness probe failed: ill'));
      assert.ok(events.includes('Killing: Container c failed liveness probe, will be restarted'));
    },
  ));

test('probes: nothing else is asked until the container has started', () =>
  withProbes(
    {
      startupProbe: probe({ failureThreshold: 10 }, 'startup'),
      livenessProbe: probe({}, 'liveness'),
      readinessProbe: probe({}, 'readiness'),
    },
    (s, command) =>
      command === 'startup' ? (s < 15 ? ill : well()) : s < 15 ? { exitCode: 9, output: 'too early' } : well(),
    async ({ world }) => {
      await world.advance(13_000);
      assert.equal(await state(world), '0');
      await world.advance(7000);
      assert.equal(await state(world), 'started ready 0');
      assert.ok(!(await world.events('web')).some((e) => e.includes('too early')));
    },
  ));

test('probes: a container that never starts is ended, within the grace of its probe', () =>
  withProbes(
    { startupProbe: probe({ failureThreshold: 2, terminationGracePeriodSeconds: 9 }) },
    () => ill,
    async ({ world }) => {
      await world.advance(9000);
      assert.equal(await state(world), '1');
      assert.deepEqual(
        world.machine.runtime.calls.filter((x) => x.startsWith('stopContainer')),
        ['stopContainer c 0 in 9'],
      );
      assert.ok((await world.events('web')).includes('Killing: Container c failed startup probe, will be restarted'));
    },
  ));

test('probes: a sidecar that never starts is told of as the init container that it is', async () => {
  await using world = await KubeletWorld.start({ program: () => ({ exec: () => ill }) });
  await world.run('web', {
    terminationGracePeriodSeconds: 3,
    initContainers: [
      { name: 's', image: 'app', restartPolicy: 'Always', startupProbe: probe({ failureThreshold: 1 }) },
    ],
    containers: [{ name: 'c', image: 'app' }],
  });
  await world.advance(9000);
  assert.ok((await world.events('web')).includes('Killing: Init container s failed startup probe'));
});

test('probes: an answer that comes too late is none', () =>
  withProbes(
    { livenessProbe: probe({ timeoutSeconds: 2 }) },
    () => ({ exitCode: 0, tookMs: 3000 }),
    async ({ world }) => {
      await world.advance(5000);
      assert.ok(
        (await world.events('web')).includes(
          'Unhealthy: Liveness probe failed: command timed out: "ask" timed out after 2s',
        ),
      );
    },
  ));

test('probes: readiness is asked for while a pod is going, liveness is not', () =>
  withProbes(
    {
      lifecycle: { preStop: { sleep: { seconds: 3 } } },
      readinessProbe: probe({ periodSeconds: 1 }, 'readiness'),
      livenessProbe: probe({ periodSeconds: 1 }, 'liveness'),
    },
    well,
    async ({ world, commands }) => {
      await world.advance(3000);
      assert.deepEqual(new Set(commands), new Set(['readiness', 'liveness']));
      await world.api.of(pod).delete('default/web');
      await world.advance(500);
      commands.length = 0;
      await world.advance(2000);
      assert.deepEqual(new Set(commands), new Set(['readiness']));
      assert.equal(await state(world), 'started ready 0');
    },
  ));

test('probes: over the network the pod answers', async () => {
  let problem: string | undefined = 'HTTP probe failed with statuscode: 500';
  await using world = await KubeletWorld.start({
    answer: ({ host, port, path }) =>
      host === '10.244.0.1' && port === 8080 && path === '/ok' ? problem : 'wrong question',
  });
  await world.run('web', {
    containers: [
      {
        name: 'c',
        image: 'app',
        ports: [{ name: 'http', containerPort: 8080 }],
        readinessProbe: { httpGet: { path: '/ok', port: 'http' }, periodSeconds: 1 },
      },
    ],
  });
  await world.advance(3000);
  assert.equal(await state(world), 'started 0');
  assert.ok(
    (await world.events('web')).includes('Unhealthy: Readiness probe failed: HTTP probe failed with statuscode: 500'),
  );
  problem = undefined;
  await world.advance(2000);
  assert.equal(await state(world), 'started ready 0');
});

test('probes: those of a container end with it', async () => {
  await using world = await KubeletWorld.start({ program: () => job(5000) });
  await world.run('web', {
    restartPolicy: 'Never',
    containers: [{ name: 'c', image: 'app', livenessProbe: probe({ periodSeconds: 1 }) }],
  });
  await world.advance(20_000);
  assert.equal((await world.pod('web'))?.status.phase, 'Succeeded');
  assert.deepEqual(world.warnings, []);
});
