import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type ContainerStatus, node, pod } from '@navarch/api';
import { buildImage } from '../../../../images/build.ts';
import { probeHost } from '../host/probe-host.ts';
import { type RealKubelet, startRealKubelet } from '../kubelet/testing/real-kubelet.ts';
import { eventually } from '../testing/eventually.ts';
import { startDevicePlugin, type TestDevicePlugin } from './testing/device-plugin.ts';

// Device plugins and processors of their own, on a real runtime.

const images = process.env['NAVARCH_IMAGES'] ?? mkdtempSync(join(tmpdir(), 'nvi-'));
const report = await probeHost(tmpdir(), AbortSignal.timeout(30_000));

if (report.canRunContainers) withContainers();
else
  console.log(
    `left out, this host cannot run containers: ${report.missing.map(({ what, why }) => `${what} (${why})`).join('; ')}`,
  );

const CLOCK = 'example.com/clock';
const shell = (line: string, amounts: object, more: object = {}): object => ({
  name: 'c',
  image: 'busybox:1.35',
  command: ['sh', '-c', line],
  terminationMessagePolicy: 'FallbackToLogsOnError',
  resources: { requests: amounts, limits: amounts },
  ...more,
});
const asks = (count: number): object => ({ [CLOCK]: String(count) });

function withContainers(): void {
  let kubelet: RealKubelet;
  const dirOf = (): string => join(kubelet.dir, 'kubelet', 'device-plugins');
  const plugin = (...ids: readonly string[]): Promise<TestDevicePlugin> =>
    startDevicePlugin({
      dir: dirOf(),
      resource: CLOCK,
      devices: ids.map((id) => ({ id })),
      answer: (given) => ({
        envs: { CLOCKS: given.join(',') },
        mounts: [{ containerPath: '/etc/of-node', hostPath: '/etc/hostname', readOnly: true }],
        devices: [{ containerPath: '/dev/clock', hostPath: '/dev/null', permissions: 'rw' }],
        annotations: { clocks: given.join(',') },
      }),
    });
  const amounts = async (): Promise<string> => {
    const { capacity, allocatable } = (await kubelet.api.of(node).get('here')).status;
    return `${allocatable?.[CLOCK]} of ${capacity?.[CLOCK]}`;
  };
  const offers = (wanted: string): Promise<unknown> =>
    eventually(`the node offers ${wanted}`, async () => (await amounts()) === wanted, { explain: amounts });

  before(
    async () => {
      const signal = AbortSignal.timeout(280_000);
      kubelet = await startRealKubelet(
        [(await buildImage('pause', images, signal)).archive, (await buildImage('busybox', images, signal)).archive],
        {},
        signal,
        { cpuManagerPolicy: 'static', reservedSystemCPUs: '0' },
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
    'a container gets devices, mounts and variables of a plugin; another is turned away',
    { timeout: 90_000 },
    async () => {
      await using clocks = await plugin('one', 'two');
      await offers('2 of 2');
      const line = 'echo $CLOCKS; test -c /dev/clock && test -s /etc/of-node && echo x > /dev/clock && echo all';
      assert.match(await kubelet.outcome('clocks', { containers: [shell(`${line} >&2; exit 1`, asks(2))] }), /one,two/);
      await kubelet.run('holder', { containers: [shell('sleep 1000', asks(1))] });
      const held = await kubelet.until('holder', (p) => p.status.phase === 'Running', 'running');
      const [status] = held.status.containerStatuses as [ContainerStatus];
      assert.deepEqual(status.allocatedResourcesStatus, [
        { name: CLOCK, resources: [{ resourceID: 'one', health: 'Healthy' }] },
      ]);
      await kubelet.run('too-many', { containers: [shell('true', asks(2))] });
      const refused = await kubelet.until('too-many', (p) => p.status.phase === 'Failed', 'refused');
      assert.deepEqual(
        [refused.status.reason, refused.status.message],
        [
          'UnexpectedAdmissionError',
          `Pod was rejected: Allocate failed due to requested number of devices unavailable for ${CLOCK}. Requested: 2, Available: 1, which is unexpected`,
        ],
      );
      clocks.tell([{ id: 'one', isHealthy: false }, { id: 'two' }]);
      await offers('1 of 2');
      await kubelet.until(
        'holder',
        (p) => p.status.containerStatuses?.[0]?.allocatedResourcesStatus?.[0]?.resources?.[0]?.health === 'Unhealthy',
        'the device unwell',
      );
      assert.deepEqual(clocks.asked.slice(-2), ['allocate one', 'start one']);
    },
  );

  test('what was given survives the kubelet and the plugin', { timeout: 90_000 }, async () => {
    await offers('0 of 2');
    await kubelet.restart();
    await offers('0 of 0');
    await using clocks = await plugin('one', 'two');
    await offers('2 of 2');
    await kubelet.run('second', { containers: [shell('sleep 1000', asks(1))] });
    await kubelet.until('second', (p) => p.status.phase === 'Running', 'running');
    assert.deepEqual(clocks.asked, ['allocate two', 'start two']);
    assert.equal((await kubelet.api.of(pod).get('default/holder')).status.phase, 'Running');
    await kubelet.remove('holder');
    await kubelet.run('third', { containers: [shell('sleep 1000', asks(1))] });
    await kubelet.until('third', (p) => p.status.phase === 'Running', 'running');
    for (const name of ['second', 'third']) await kubelet.remove(name);
  });

  test(
    'a guaranteed container has processors of its own, and the others are moved off them',
    { timeout: 90_000 },
    async () => {
      const whole = { cpu: '1', memory: '32Mi' };
      const allowed = 'grep Cpus_allowed_list /proc/self/status';
      await kubelet.run('sharing', {
        containers: [shell('while :; do sleep 0.2; done', {})],
      });
      await kubelet.until('sharing', (p) => p.status.phase === 'Running', 'running');
      const where = async (name: string): Promise<string> => {
        const [status] = (await kubelet.api.of(pod).get(`default/${name}`)).status.containerStatuses as [
          ContainerStatus,
        ];
        const containerId = status.containerID?.replace('containerd://', '') ?? '';
        const request = { containerId, cmd: ['sh', '-c', allowed], timeout: 10 };
        const { stdout } = await kubelet.host.runtime.execSync(request, AbortSignal.timeout(20_000));
        return Buffer.from(stdout).toString();
      };
      const before = await where('sharing');
      assert.match(before, /0-\d|0,1/);
      await kubelet.run('own', { containers: [shell('while :; do sleep 0.2; done', whole)] });
      await kubelet.until('own', (p) => p.status.phase === 'Running', 'running');
      assert.match(await where('own'), /:\s1$/m);
      await eventually('others are moved off it', async () => !/1$|-/m.test(await where('sharing')));
      await kubelet.restart();
      assert.match(await where('own'), /:\s1$/m);
      await kubelet.remove('own');
      await eventually('others have it back', async () => (await where('sharing')) === before);
    },
  );
}
