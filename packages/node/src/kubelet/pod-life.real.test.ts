import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type ContainerStatus, isReady, type Pod, pod } from '@navarch/api';
import { buildImage } from '../../../../images/build.ts';
import { probeHost } from '../host/probe-host.ts';
import { eventually } from '../testing/eventually.ts';
import { type RealKubelet, startRealKubelet } from './testing/real-kubelet.ts';

// How pods live and end, on a real runtime. What holds in the simulation is tried here once.

const images = process.env['NAVARCH_IMAGES'] ?? mkdtempSync(join(tmpdir(), 'nvi-'));
const report = await probeHost(tmpdir(), AbortSignal.timeout(30_000));

if (report.canRunContainers) withContainers();
else
  console.log(
    `left out, this host cannot run containers: ${report.missing.map(({ what, why }) => `${what} (${why})`).join('; ')}`,
  );

/** A container that runs lines of shell. `trap` ends it as soon as it is asked. */
const shell = (name: string, line: string, more: object = {}): object => ({
  name,
  image: 'busybox:1.35',
  command: ['sh', '-c', line],
  terminationMessagePolicy: 'FallbackToLogsOnError',
  ...more,
});
const polite = 'trap "exit 0" TERM; while :; do sleep 0.1; done';
/** Writes down when it ends, on a volume that all share. */
const notes = { volumeMounts: [{ name: 'notes', mountPath: '/notes' }] };
const shared = { volumes: [{ name: 'notes', emptyDir: {} }] };

function withContainers(): void {
  let kubelet: RealKubelet;
  const status = async (name: string): Promise<ContainerStatus | undefined> =>
    (await kubelet.api.of(pod).get(`default/${name}`)).status.containerStatuses?.[0];

  before(
    async () => {
      const signal = AbortSignal.timeout(280_000);
      kubelet = await startRealKubelet(
        [(await buildImage('pause', images, signal)).archive, (await buildImage('busybox', images, signal)).archive],
        {},
        signal,
      );
    },
    { timeout: 300_000 },
  );
  after(
    async () => {
      await kubelet[Symbol.asyncDispose]();
      if (!process.env['NAVARCH_IMAGES']) rmSync(images, { recursive: true, force: true });
    },
    { timeout: 120_000 },
  );

  test(
    'a pod has users of its own where the runtime can map them, and is refused in words where not',
    { timeout: 60_000 },
    async () => {
      const line =
        'touch /notes/own; read first host count < /proc/self/uid_map; echo $host $count $(stat -c %u /notes/own /etc/hosts); exit 1';
      const spec = { hostUsers: false, containers: [shell('c', line, notes)], ...shared };
      if (
        kubelet.host.runtime.features().handlers.some(({ name, hasUserNamespaces }) => name === '' && hasUserNamespaces)
      )
        assert.match(await kubelet.outcome('users', spec), /65536 65536 0 0/);
      else {
        await kubelet.run('users', spec);
        const refused =
          "FailedCreatePodSandBox: Failed to create pod sandbox: can't set `spec.hostUsers: false`, runtime does not support user namespaces";
        await eventually('the refusal', async () => (await kubelet.events('users')).includes(refused));
      }
    },
  );

  test('a crash is counted, waited out, and its last words are kept', { timeout: 60_000 }, async () => {
    await kubelet.run('crash', { restartPolicy: 'Always', containers: [shell('c', 'echo goodbye; exit 7')] });
    const looping = await kubelet.until(
      'crash',
      (p) => p.status.containerStatuses?.[0]?.state.waiting?.reason === 'CrashLoopBackOff',
      'a crash loop',
    );
    const [c] = looping.status.containerStatuses ?? [];
    assert.deepEqual(
      [
        c?.restartCount,
        c?.lastState.terminated?.exitCode,
        c?.lastState.terminated?.reason,
        c?.lastState.terminated?.message,
      ],
      [1, 7, 'Error', 'goodbye\n'],
    );
    await kubelet.restart();
    await kubelet.until('crash', (p) => p.status.containerStatuses?.[0]?.restartCount === 2, 'a second restart');
    await kubelet.remove('crash');
  });

  test('sidecars run before and after the others, and end last', { timeout: 60_000 }, async () => {
    const sidecar = (name: string): object =>
      shell(name, `trap "echo ${name} >> /notes/order; exit 0" TERM; while :; do sleep 0.1; done`, {
        ...notes,
        restartPolicy: 'Always',
      });
    const teller = shell('teller', 'trap "cat /notes/order; exit 1" TERM; while :; do sleep 0.1; done', {
      ...notes,
      restartPolicy: 'Always',
    });
    await kubelet.run('sidecars', {
      ...shared,
      terminationGracePeriodSeconds: 20,
      initContainers: [teller, sidecar('first'), sidecar('second')],
      containers: [shell('main', 'echo main >> /notes/order; sleep 1', notes)],
    });
    const over = await kubelet.until('sidecars', (p) => p.status.phase === 'Succeeded', 'its end');
    assert.equal(over.status.initContainerStatuses?.[0]?.state.terminated?.message, 'main\nsecond\nfirst\n');
  });

  test('hooks run, and a deletion waits for preStop as long as its grace', { timeout: 60_000 }, async () => {
    const lifecycle = {
      postStart: { exec: { command: ['sh', '-c', 'sleep 1; echo started > /tmp/hook'] } },
      preStop: { exec: { command: ['sleep', '60'] } },
    };
    await kubelet.run('hooked', {
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 3,
      containers: [
        shell('c', polite, {
          lifecycle,
          readinessProbe: { exec: { command: ['cat', '/tmp/hook'] }, periodSeconds: 1 },
        }),
      ],
    });
    await kubelet.until('hooked', isReady, 'readiness');
    const begun = Date.now();
    await kubelet.remove('hooked');
    const took = Date.now() - begun;
    assert.ok(took > 2500 && took < 9000, `${took} ms`);
  });

  test('a deletion by force does not wait for a deaf container', { timeout: 60_000 }, async () => {
    await kubelet.run('deaf', {
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 600,
      containers: [shell('c', 'trap "" TERM; while :; do sleep 0.1; done')],
    });
    await kubelet.until('deaf', isReady, 'readiness');
    await kubelet.api.of(pod).delete('default/deaf', { gracePeriodSeconds: 0 });
    const isGone = async (): Promise<boolean> =>
      !(await kubelet.host.runtime.listPodSandbox({}, AbortSignal.timeout(10_000))).items.some(
        (s) => s.metadata?.name === 'deaf',
      );
    await eventually('the end of its sandbox', isGone, { timeoutMs: 10_000, everyMs: 50 });
  });

  test('a pod is ready and alive as its probes say', { timeout: 60_000 }, async () => {
    const probe = (file: string): object => ({
      exec: { command: ['cat', file] },
      periodSeconds: 1,
      failureThreshold: 1,
    });
    await kubelet.run('probed', {
      restartPolicy: 'Always',
      containers: [
        shell('c', 'touch /tmp/alive; sleep 1; touch /tmp/ready; sleep 4; rm /tmp/alive; while :; do sleep 1; done', {
          readinessProbe: probe('/tmp/ready'),
          livenessProbe: { ...probe('/tmp/alive'), initialDelaySeconds: 1 },
        }),
      ],
    });
    await kubelet.until('probed', isReady, 'readiness');
    const restarted = await kubelet.until(
      'probed',
      (p) => p.status.containerStatuses?.[0]?.restartCount === 1,
      'a restart',
    );
    assert.equal(restarted.status.containerStatuses?.[0]?.lastState.terminated?.exitCode, 137);
    assert.ok(
      (await kubelet.events('probed')).includes('Killing: Container c failed liveness probe, will be restarted'),
    );
    await kubelet.remove('probed');
  });

  test('a restart of the kubelet changes nothing', { timeout: 60_000 }, async () => {
    await kubelet.run('steady', {
      restartPolicy: 'Always',
      containers: [
        shell('c', polite, {
          readinessProbe: { exec: { command: ['sh', '-c', 'echo >> /tmp/asked'] }, periodSeconds: 1 },
        }),
      ],
    });
    const before: Pod = await kubelet.until('steady', isReady, 'readiness');
    const containerId = before.status.containerStatuses?.[0]?.containerID?.split('//')[1];
    const timesAsked = async (): Promise<number> => {
      const { stdout } = await kubelet.host.runtime.execSync(
        { containerId, cmd: ['cat', '/tmp/asked'], timeout: 5 },
        AbortSignal.timeout(10_000),
      );
      return stdout?.length ?? 0;
    };
    await kubelet.restart();
    // By then it has looked at the pod more than once.
    const enough = (await timesAsked()) + 3;
    await eventually('three probes after the restart', async () => (await timesAsked()) >= enough, {
      timeoutMs: 20_000,
    });
    const after_ = await kubelet.api.of(pod).get('default/steady');
    assert.deepEqual(after_.status, before.status);
    await kubelet.remove('steady');
  });

  test('a sandbox that dies is replaced, with what runs in it', { timeout: 60_000 }, async () => {
    await kubelet.run('moved', { restartPolicy: 'OnFailure', containers: [shell('done', 'true'), shell('c', polite)] });
    await kubelet.until(
      'moved',
      (p) => p.status.phase === 'Running' && p.status.containerStatuses?.[0]?.state.terminated !== undefined,
      'one done and one running',
    );
    const { items } = await kubelet.host.runtime.listPodSandbox({}, AbortSignal.timeout(10_000));
    const sandbox = items.find((s) => s.metadata?.name === 'moved' && s.state === 'SANDBOX_READY');
    await kubelet.host.runtime.stopPodSandbox({ podSandboxId: sandbox?.id }, AbortSignal.timeout(20_000));
    const again = await kubelet.until(
      'moved',
      (p) =>
        // Newer runtimes tell of the process's end first: an instance may have failed to start in what was left.
        (p.status.containerStatuses?.[1]?.restartCount ?? 0) >= 1 &&
        p.status.containerStatuses?.[1]?.state.running !== undefined,
      'a restart',
    );
    assert.equal(again.status.podIPs?.length, 1);
    assert.equal((await status('moved'))?.restartCount, 0);
    await kubelet.remove('moved');
  });

  test('what exceeds its memory says so, and what cannot start too', { timeout: 60_000 }, async () => {
    await kubelet.run('greedy', {
      containers: [shell('c', 'head -c 200m /dev/zero | tail', { resources: { limits: { memory: '16Mi' } } })],
    });
    await kubelet.run('absent', { containers: [{ name: 'c', image: 'busybox:1.35', command: ['/no/such/program'] }] });
    const greedy = await kubelet.until('greedy', (p) => p.status.phase === 'Failed', 'its end');
    const absent = await kubelet.until('absent', (p) => p.status.phase === 'Failed', 'its end');
    assert.equal(greedy.status.containerStatuses?.[0]?.state.terminated?.reason, 'OOMKilled');
    assert.deepEqual(
      [
        absent.status.containerStatuses?.[0]?.state.terminated?.reason,
        absent.status.containerStatuses?.[0]?.state.terminated?.exitCode,
      ],
      ['StartError', 128],
    );
    // In the runtime's own words, without those of gRPC.
    const failed = (await kubelet.events('absent')).find((said) => said.startsWith('Failed: '));
    assert.match(failed ?? '', /^Failed: Error: failed to create containerd task: .*\/no\/such\/program/);
  });

  test('a container grows where it runs', { timeout: 60_000 }, async () => {
    const resources = (cpu: string): object => ({ requests: { cpu }, limits: { cpu, memory: '64Mi' } });
    await kubelet.run('grown', {
      restartPolicy: 'Always',
      containers: [shell('c', polite, { resources: resources('250m') })],
    });
    const {
      status: { containerStatuses: [c] = [] },
    } = await kubelet.until('grown', isReady, 'readiness');
    const quota = async (): Promise<string> => {
      const cmd = ['sh', '-c', 'cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us /sys/fs/cgroup/cpu.max 2>/dev/null'];
      const { stdout } = await kubelet.host.runtime.execSync(
        { containerId: c?.containerID?.split('//')[1], cmd, timeout: 5 },
        AbortSignal.timeout(10_000),
      );
      return new TextDecoder().decode(stdout).trim().split(' ')[0] ?? '';
    };
    assert.equal(await quota(), '25000');
    await kubelet.api
      .of(pod)
      .patch(
        'default/grown',
        { type: 'strategic', body: { spec: { containers: [{ name: 'c', resources: resources('500m') }] } } },
        { subresource: 'resize' },
      );
    const grown = await kubelet.until(
      'grown',
      (p) => p.status.containerStatuses?.[0]?.resources?.limits?.['cpu'] === '500m',
      'the new limit',
    );
    assert.equal(await quota(), '50000');
    assert.equal(grown.status.containerStatuses?.[0]?.restartCount, 0);
    await kubelet.remove('grown');
  });
}
