import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ContainerStatus, type Pod, pod } from '@navarch/api';
import { job, type Program, server } from '@navarch/kubelet';
import { KubeletWorld, type KubeletWorldOptions } from '../testing/kubelet-world.ts';

const stubborn: Program = { endsMs: Number.POSITIVE_INFINITY };

/** A pod `web` whose container `c` has these, after so many milliseconds. */
async function withPod(
  spec: object,
  options: KubeletWorldOptions,
  ms: number,
  work: (world: KubeletWorld) => Promise<void>,
): Promise<void> {
  await using world = await KubeletWorld.start(options);
  await world.run('web', spec);
  await world.advance(ms);
  await work(world);
  assert.deepEqual(world.machine.runtime.violations, []);
}

const c = (more: object = {}): object => ({ containers: [{ name: 'c', image: 'app', ...more }] });
const first = async (world: KubeletWorld): Promise<ContainerStatus | undefined> =>
  (await world.pod('web'))?.status.containerStatuses?.[0];
const isReady = (p: Pod | undefined): boolean =>
  p?.status.conditions?.some((x) => x.type === 'Ready' && x.status === 'True') ?? false;
const calls = ({ machine }: KubeletWorld, what: string): readonly string[] =>
  machine.runtime.calls.filter((call) => call.startsWith(what));
const remove = (world: KubeletWorld, gracePeriodSeconds?: number): Promise<void> =>
  world.api.of(pod).delete('default/web', gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds });

test('kubelet: a pull that fails is shown, announced and backed off', () =>
  withPod({}, { pull: () => ({ problem: 'no such image' }) }, 1000, async (world) => {
    assert.equal((await first(world))?.state.waiting?.reason, 'ErrImagePull');
    await world.advance(4000);
    const { waiting } = (await first(world))?.state ?? {};
    assert.equal(waiting?.reason, 'ImagePullBackOff');
    assert.match(waiting?.message ?? '', /^Back-off pulling image "app": ErrImagePull: .*no such image/);
    await world.advance(60_000);
    assert.equal(calls(world, 'pullImage').length, 3); // At 0, 10 and 30 seconds.
    const events = await world.events('web');
    for (const expected of [
      'Failed: Error: ErrImagePull',
      'BackOff: Back-off pulling image "app"',
      'Failed: Error: ImagePullBackOff',
    ])
      assert.ok(events.includes(expected), expected);
  }));

test('kubelet: a pod is deleted in the middle of a long pull', () =>
  withPod({}, { pull: () => ({ tookMs: 600_000 }) }, 5000, async (world) => {
    await remove(world);
    await world.advance(2000);
    assert.equal(await world.pod('web'), undefined);
    assert.equal(world.machine.runtime.sandboxes.size, 0);
  }));

test('kubelet: a crashing container waits 10, 20, 40 seconds', () =>
  withPod({}, { program: () => job(1000, 1) }, 100_000, async (world) => {
    const starts = [...world.machine.runtime.containers.values()].map((x) => x.attempt);
    assert.deepEqual(starts, [4]); // At 0, 1, 12, 33 and 74 seconds; the dead ones before it are removed.
    const status = await first(world);
    assert.equal(status?.restartCount, 4);
    assert.match(
      status?.state.waiting?.message ?? '',
      /^back-off 1m20s restarting failed container=c pod=web_default\(/,
    );
    assert.equal(status?.lastState.terminated?.exitCode, 1);
    const uid = (await world.pod('web'))?.metadata.uid;
    assert.ok(
      (await world.events('web')).includes(
        `BackOff: Back-off restarting failed container c in pod web_default(${uid})`,
      ),
    );
  }));

test('kubelet: a container that cannot be started waits 10, 20, 40 seconds as well, and says so', () =>
  withPod({}, { program: () => ({ startProblem: 'exec: "x": not found' }) }, 100_000, async (world) => {
    const status = await first(world);
    assert.deepEqual([status?.restartCount, status?.state.waiting?.reason], [4, 'CrashLoopBackOff']);
    assert.equal(status?.lastState.terminated?.reason, 'StartError');
    assert.equal(await world.count('web', 'Error: exec: "x": not found'), 5);
  }));

test('kubelet: a pod that was active for too long is told of, once', () =>
  withPod({ activeDeadlineSeconds: 5, terminationGracePeriodSeconds: 3 }, {}, 30_000, async (world) => {
    const { phase, reason } = (await world.pod('web'))?.status ?? {};
    assert.deepEqual([phase, reason], ['Failed', 'DeadlineExceeded']);
    const words = 'Pod was active on the node longer than the specified deadline';
    assert.equal(await world.count('web', words), 1);
    assert.ok((await world.events('web')).includes(`DeadlineExceeded: ${words}`));
  }));

test('kubelet: a restart does not shorten a back-off', () =>
  withPod({}, { program: () => job(1000, 1) }, 40_000, async (world) => {
    world.machine.crash();
    world.machine.start();
    await world.advance(20_000);
    assert.equal((await first(world))?.restartCount, 3);
    await world.advance(20_000);
    assert.equal((await first(world))?.restartCount, 4);
  }));

test('kubelet: the grace of a pod that is going may be shortened', () =>
  withPod({ terminationGracePeriodSeconds: 600 }, { program: () => stubborn }, 3000, async (world) => {
    await remove(world);
    await world.advance(5000);
    assert.equal(world.machine.runtime.running().length, 1);
    await remove(world, 3);
    await world.advance(5000);
    assert.equal(await world.pod('web'), undefined);
    assert.equal(world.machine.runtime.running().length, 0);
  }));

test('kubelet: a pod deleted by force ends at once, whatever it is doing', () =>
  withPod(
    { ...c({ lifecycle: { preStop: { sleep: { seconds: 300 } } } }), terminationGracePeriodSeconds: 400 },
    { program: () => stubborn },
    3000,
    async (world) => {
      await remove(world);
      await world.advance(3000);
      await remove(world, 0);
      await world.advance(500);
      assert.deepEqual([world.machine.runtime.running().length, world.machine.runtime.sandboxes.size], [0, 0]);
      assert.equal(calls(world, 'stopContainer').at(-1), 'stopContainer c 0 in 0');
    },
  ));

test('kubelet: a preStop hook has its time, and no more than the grace', () =>
  withPod(
    { ...c({ lifecycle: { preStop: { exec: { command: ['slow'] } } } }), terminationGracePeriodSeconds: 5 },
    { program: () => ({ exec: () => ({ exitCode: 0, tookMs: 10_000 }) }) },
    3000,
    async (world) => {
      await remove(world);
      await world.advance(4000);
      assert.equal(world.machine.runtime.running().length, 1);
      await world.advance(3000);
      assert.equal(await world.pod('web'), undefined);
      assert.deepEqual(calls(world, 'stopContainer'), ['stopContainer c 0 in 2']);
    },
  ));

test('kubelet: a postStart hook that fails ends its container', () =>
  withPod(
    c({ lifecycle: { postStart: { exec: { command: ['no'] } } } }),
    { program: () => ({ exec: () => ({ exitCode: 1 }) }) },
    5000,
    async (world) => {
      const events = await world.events('web');
      assert.ok(events.includes('FailedPostStartHook: PostStartHook failed'));
      assert.ok(events.includes('Killing: FailedPostStartHook'));
      assert.ok(((await first(world))?.restartCount ?? 0) >= 1);
    },
  ));

test('kubelet: containers begin in order, each after the hook of the one before', () =>
  withPod(
    {
      containers: [
        { name: 'a', image: 'app', lifecycle: { postStart: { exec: { command: ['slow'] } } } },
        { name: 'b', image: 'app' },
      ],
    },
    { program: () => ({ exec: () => ({ exitCode: 0, tookMs: 4000 }) }) },
    3000,
    async (world) => {
      assert.deepEqual(calls(world, 'startContainer'), ['startContainer a 0']);
      assert.equal(isReady(await world.pod('web')), false);
      await world.advance(4000);
      assert.deepEqual(calls(world, 'startContainer'), ['startContainer a 0', 'startContainer b 0']);
      assert.equal(isReady(await world.pod('web')), true);
    },
  ));

test('kubelet: what cannot be started says why', () =>
  withPod(
    { restartPolicy: 'Never' },
    { program: () => ({ startProblem: 'exec: "x": executable file not found' }) },
    5000,
    async (world) => {
      const status = await first(world);
      assert.deepEqual(
        [status?.state.terminated?.reason, status?.state.terminated?.exitCode, (await world.pod('web'))?.status.phase],
        ['StartError', 128, 'Failed'],
      );
    },
  ));

test('kubelet: a sandbox that dies is replaced, and what was completed stays so', () =>
  withPod(
    {
      restartPolicy: 'OnFailure',
      containers: [
        { name: 'done', image: 'app' },
        { name: 'c', image: 'app' },
      ],
    },
    { program: ({ name }) => (name === 'done' ? job(500) : server) },
    5000,
    async (world) => {
      const [before] = world.machine.runtime.sandboxes.keys();
      world.machine.runtime.killSandbox(before ?? '');
      await world.advance(10_000);
      assert.deepEqual(
        [...world.machine.runtime.running()].map((x) => `${x.name} ${x.attempt}`),
        ['c 1'],
      );
      const { status } = (await world.pod('web')) ?? {};
      assert.deepEqual(status?.podIPs, [{ ip: '10.244.0.2' }]);
      assert.ok(
        (await world.events('web')).includes('SandboxChanged: Pod sandbox changed, it will be killed and re-created.'),
      );
      assert.equal(calls(world, 'startContainer done').length, 1);
    },
  ));

test('kubelet: after a reboot what should run runs again, and is counted', () =>
  withPod({}, {}, 3000, async (world) => {
    world.machine.crash();
    world.machine.runtime.reboot();
    world.machine.start();
    await world.advance(5000);
    const status = await first(world);
    assert.deepEqual([status?.restartCount, status?.ready, status?.lastState.terminated?.exitCode], [1, true, 255]);
  }));

test('kubelet: a pod that went while the kubelet was down is ended, and leaves nothing', () =>
  withPod({}, {}, 3000, async (world) => {
    world.machine.crash();
    await remove(world, 0);
    await world.advance(1000);
    world.machine.start();
    await world.advance(5000);
    const { runtime, files } = world.machine;
    assert.deepEqual(
      [
        runtime.containers.size,
        runtime.sandboxes.size,
        await files.list('/var/lib/kubelet/pods'),
        await files.list('/var/log/pods'),
      ],
      [0, 0, [], []],
    );
  }));

test('kubelet: a pod stays ready over a restart of the kubelet', () =>
  withPod(
    c({ readinessProbe: { exec: { command: ['ok'] }, initialDelaySeconds: 5, periodSeconds: 5 } }),
    {},
    20_000,
    async (world) => {
      assert.equal(isReady(await world.pod('web')), true);
      const before = (await world.pod('web'))?.metadata.resourceVersion;
      world.machine.crash();
      world.machine.start();
      await world.advance(20_000);
      assert.equal((await world.pod('web'))?.metadata.resourceVersion, before, 'nothing was written');
    },
  ));

test('kubelet: a pod that the node cannot run fails, and says why', () =>
  withPod(c({ resources: { requests: { cpu: '30' } } }), {}, 2000, async (world) => {
    await world.run('big', c({ resources: { requests: { cpu: '3' } } }));
    await world.run('wrong', { nodeSelector: { disk: 'ssd' } });
    await world.advance(2000);
    const { status } = (await world.pod('big')) ?? {};
    assert.deepEqual(
      [status?.phase, status?.reason, status?.message],
      [
        'Failed',
        'OutOfcpu',
        "Pod was rejected: Node didn't have enough resource: cpu, requested: 3000, used: 30000, capacity: 32000",
      ],
    );
    assert.equal((await world.pod('wrong'))?.status.reason, 'NodeAffinity');
    assert.ok((await world.events('big')).some((e) => e.startsWith("OutOfcpu: Node didn't have enough resource")));
    await world.api.of(pod).delete('default/big');
    await world.advance(2000);
    assert.equal(await world.pod('big'), undefined);
  }));

test("kubelet: a pod that was deleted at once is in nobody's way, though its containers still end", () =>
  withPod(c({ resources: { requests: { cpu: '30' } } }), {}, 2000, async (world) => {
    await world.api.of(pod).delete('default/web', { gracePeriodSeconds: 0 });
    await world.run('next', c({ resources: { requests: { cpu: '3' } } }));
    await world.advance(5000);
    assert.equal((await world.pod('next'))?.status.phase, 'Running');
  }));

test('kubelet: a container that left its words is quoted', async () => {
  await using world = await KubeletWorld.start({ program: () => job(3000, 1) });
  const p = await world.run('web', {
    restartPolicy: 'Never',
    ...c({ terminationMessagePolicy: 'FallbackToLogsOnError' }),
  });
  await world.advance(2000);
  const logs = `/var/log/pods/default_web_${p.metadata.uid}/c`;
  await world.machine.files.makeDir(logs);
  await world.machine.files.write(
    `${logs}/0.log`,
    Array.from({ length: 200 }, (_, i) => `2026-01-01T00:00:00Z stdout F line ${i}\n`).join(''),
  );
  await world.advance(5000);
  const message = (await first(world))?.state.terminated?.message ?? '';
  assert.deepEqual(
    [message.split('\n').length, message.split('\n')[0], message.endsWith('line 199\n')],
    [81, 'line 120', true],
  );
});

test('kubelet: an ephemeral container joins a running pod', () =>
  withPod({}, {}, 3000, async (world) => {
    await world.api
      .of(pod)
      .patch(
        'default/web',
        { type: 'strategic', body: { spec: { ephemeralContainers: [{ name: 'debug', image: 'tools' }] } } },
        { subresource: 'ephemeralcontainers' },
      );
    await world.advance(3000);
    assert.deepEqual(
      world.machine.runtime.running().map((x) => x.name),
      ['c', 'debug'],
    );
    assert.equal((await world.pod('web'))?.status.ephemeralContainerStatuses?.[0]?.state.running !== undefined, true);
  }));

test('kubelet: a new image restarts its container', () =>
  withPod({}, {}, 3000, async (world) => {
    await world.api
      .of(pod)
      .patch('default/web', { type: 'strategic', body: { spec: { containers: [{ name: 'c', image: 'newer' }] } } });
    await world.advance(3000);
    const status = await first(world);
    assert.deepEqual([status?.image, status?.restartCount, status?.ready], ['newer', 1, true]);
    assert.ok((await world.events('web')).includes('Killing: Container c definition changed, will be restarted'));
  }));

test('kubelet: pods at rest are left in peace', async () => {
  await using world = await KubeletWorld.start({ program: ({ pod: name }) => (name === 'done' ? job(1000) : server) });
  await world.run('done', { restartPolicy: 'Never' });
  await world.run('waiting', { volumes: [{ name: 'v', configMap: { name: 'absent' } }] });
  await world.run('running');
  await world.advance(300_000);
  const before = world.machine.runtime.queries;
  await world.advance(600_000);
  // Two questions a second for the whole machine, and a look at each pod a minute.
  assert.ok(
    world.machine.runtime.queries - before < 2 * 600 + 3 * 10 * 8,
    `${world.machine.runtime.queries - before} questions in ten minutes`,
  );
});

test('kubelet: the runtime is asked about a pod where it has moved, not when its own status comes back as news', async () => {
  await using world = await KubeletWorld.start();
  const { runtime } = world.machine;
  const idle = runtime.queries;
  await world.run('web');
  await world.advance(900);
  assert.equal((await world.pod('web'))?.status.phase, 'Running');
  // The sandbox, the image and the container, once each: no list says more of what was just made.
  assert.equal(runtime.queries - idle, 3);
  await world.advance(5000);
  const before = runtime.queries;
  for (let i = 0; i < 20; i++) {
    await world.api
      .of(pod)
      .patch('default/web', { type: 'merge', body: { metadata: { annotations: { i: String(i) } } } });
    await world.advance(40);
  }
  assert.ok(runtime.queries - before < 8, `${runtime.queries - before} questions while only the API moved`);
});

test('kubelet: a container may ask for all of its pod to run anew', () => {
  const restartPolicyRules = [{ action: 'RestartAllContainers', exitCodes: { operator: 'In', values: [88] } }];
  const spec = {
    restartPolicy: 'Never',
    initContainers: [{ name: 'i', image: 'app' }],
    containers: [
      { name: 'a', image: 'app', restartPolicy: 'Never', restartPolicyRules },
      { name: 'b', image: 'app' },
    ],
  };
  const program = ({ name, attempt }: { name: string; attempt: number }): Program =>
    name === 'i' ? job(500) : name === 'a' ? job(3000, attempt === 0 ? 88 : 0) : server;
  return withPod(spec, { program }, 6000, async (world) => {
    const starts = calls(world, 'startContainer').map((call) => call.replace('startContainer ', ''));
    assert.deepEqual(starts, ['i 0', 'a 0', 'b 0', 'i 1', 'a 1', 'b 1']);
    const { status } = (await world.pod('web')) ?? {};
    assert.equal(status?.phase, 'Running');
    assert.ok(!status.conditions?.some((x) => x.type === 'AllContainersRestarting'));
  });
});
