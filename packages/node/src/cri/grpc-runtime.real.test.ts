import assert from 'node:assert/strict';
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { RpcError } from '@navarch/kubelet';
import { buildImage } from '../../../../images/build.ts';
import { ctr } from '../containerd/ctr.ts';
import { containerdImageMounts } from '../containerd/image-mounts.ts';
import { importImages, importMissing } from '../containerd/import-images.ts';
import { snapshotterOf } from '../containerd/snapshotter.ts';
import { startContainerd } from '../containerd/start.ts';
import { teardownContainerd } from '../containerd/stop.ts';
import { openCgroups } from '../host/cgroup/layout.ts';
import { endProcess } from '../host/end-process.ts';
import { probeHost } from '../host/probe-host.ts';
import { isAlive, signalProcess } from '../host/process-identity.ts';
import { findShims, socketOf } from '../containerd/shims.ts';
import { connectRuntime } from './grpc-runtime.ts';
import { serveRegistry, type TestRegistry } from './testing/registry.ts';
import {
  leftovers,
  type PrivateRuntime,
  sandboxConfig,
  sandboxImage,
  startPrivateRuntime,
} from './testing/private-runtime.ts';

const images = mkdtempSync(join(tmpdir(), 'nvi-'));
const report = await probeHost(images, AbortSignal.timeout(30_000));
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

if (report.canRunContainers) withContainers();
else
  console.log(
    `left out, this host cannot run containers: ${report.missing.map(({ what, why }) => `${what} (${why})`).join('; ')}`,
  );

function withContainers(): void {
  let host: PrivateRuntime;
  let registry: TestRegistry;
  let signal: AbortSignal;

  before(async () => {
    signal = AbortSignal.timeout(180_000);
    const archives = [
      (await buildImage('pause', images, signal)).archive,
      (await buildImage('busybox', images, signal)).archive,
    ];
    registry = await serveRegistry(archives[0] ?? '', 'team/pause');
    host = await startPrivateRuntime(archives, { 'registry.example': [{ url: registry.url }] }, signal);
  });
  after(async () => {
    host.runtime[Symbol.dispose]();
    await registry[Symbol.asyncDispose]();
    await teardownContainerd(host.teardown, AbortSignal.timeout(60_000));
    rmSync(images, { recursive: true, force: true });
  });

  test(
    'importImages() gives what pods can use at once: CRI hears of an image later than it is there',
    { timeout: 60_000 },
    async () => {
      const { archive } = await buildImage('busybox', images, signal);
      for (let round = 0; round < 3; round++) {
        for (const image of await importImages(host.containerd, archive, signal)) {
          assert.ok((await host.runtime.imageStatus({ image: { image } }, signal)).image, `${image} in round ${round}`);
          await host.runtime.removeImage({ image: { image } }, signal);
        }
      }
      await importImages(host.containerd, archive, signal);
    },
  );

  test(
    'a container runs, answers exec, writes its log, is counted, and says how it ended',
    { timeout: 60_000 },
    async () => {
      const { runtime } = host;
      const pod = await startPod(
        host,
        'whole',
        'echo hello; trap "exit 3" TERM; while true; do sleep 0.05; done',
        signal,
      );
      const answer = await runtime.execSync(
        { containerId: pod.containerId, cmd: ['sh', '-c', 'hostname; echo no >&2; exit 4'], timeout: 10 },
        signal,
      );
      assert.deepEqual([text(answer.stdout), text(answer.stderr), answer.exitCode], ['whole\n', 'no\n', 4]);

      const { status } = await runtime.podSandboxStatus({ podSandboxId: pod.podSandboxId }, signal);
      assert.match(status?.network?.ip ?? '', /^10\.213\.\d+\.\d+$/);
      assert.equal(status?.state, 'SANDBOX_READY');
      const usage = openCgroups().usage(`${host.cgroupRoot}/kubepods/whole`);
      assert.ok((usage?.cpuNanoseconds ?? 0) > 0 && (usage?.workingSetBytes ?? 0) > 0, JSON.stringify(usage));

      await runtime.stopContainer({ containerId: pod.containerId, timeout: 5 }, signal);
      const { status: ended } = await runtime.containerStatus({ containerId: pod.containerId }, signal);
      assert.deepEqual([ended?.state, ended?.exitCode, ended?.reason], ['CONTAINER_EXITED', 3, 'Error']);
      assert.match(readFileSync(ended?.logPath ?? '', 'utf8'), /^\S+ stdout F hello\n/);

      await runtime.stopPodSandbox({ podSandboxId: pod.podSandboxId }, signal);
      await runtime.removePodSandbox({ podSandboxId: pod.podSandboxId }, signal);
      const listed = await runtime.listPodSandbox({ filter: { id: pod.podSandboxId } }, signal);
      assert.deepEqual(listed.items, []);
      assert.equal(openCgroups().remove(`${host.cgroupRoot}/kubepods/whole`), true);
    },
  );

  test('a mounted image is there for as long as it is mounted, lease or none', { timeout: 60_000 }, async () => {
    const { containerd } = host;
    const mounts = containerdImageMounts(containerd, signal);
    const path = join(containerd.layout.dir, 'shown');
    mkdirSync(path);
    const snapshots = async (): Promise<string> =>
      (await ctr(containerd, ['snapshots', ...snapshotter, 'list'], signal)).stdout;
    const snapshotter = ['--snapshotter', snapshotterOf(readFileSync(containerd.layout.config, 'utf8')) ?? 'overlayfs'];
    await mounts.mount('docker.io/library/busybox:latest', path);
    // As a day later: what was made with the lease has nothing else that keeps it.
    await ctr(containerd, ['leases', 'delete', '--sync', path], signal);
    assert.ok(existsSync(join(path, 'bin/busybox')));
    assert.ok((await snapshots()).includes(path));
    await mounts.unmount(path);
    assert.ok(!existsSync(join(path, 'bin')));
    assert.ok(!(await snapshots()).includes(path));
    rmdirSync(path);
  });

  test('pods reach each other, and themselves, over the bridge', { timeout: 60_000 }, async () => {
    const { runtime } = host;
    const served = await startPod(
      host,
      'server',
      'mkdir /w && echo found > /w/index.html && exec busybox httpd -f -p 8080 -h /w',
      signal,
    );
    const asking = await startPod(host, 'client', 'exec sleep 1000', signal);
    const { status } = await runtime.podSandboxStatus({ podSandboxId: served.podSandboxId }, signal);
    for (const { containerId } of [asking, served]) {
      const url = `http://${status?.network?.ip}:8080/index.html`;
      const answer = await runtime.execSync(
        { containerId, cmd: ['curl', '-s', '--retry', '5', '--retry-connrefused', url], timeout: 20 },
        signal,
      );
      assert.equal(text(answer.stdout), 'found\n', text(answer.stderr));
    }
    for (const { podSandboxId } of [served, asking]) {
      await runtime.stopPodSandbox({ podSandboxId }, signal);
      await runtime.removePodSandbox({ podSandboxId }, signal);
    }
  });

  test('a refusal is a RpcError with its code', { timeout: 30_000 }, async () => {
    const isNotFound = (error: unknown): boolean => RpcError.is(error, 'NOT_FOUND');
    await assert.rejects(host.runtime.containerStatus({ containerId: 'none' }, signal), isNotFound);
    // Nothing listens there: an answer comes at once on every host, with a network or without.
    const missing = host.runtime.pullImage({ image: { image: '127.0.0.1:1/no/such:1' } }, signal);
    await assert.rejects(missing, (error) => RpcError.is(error) && /connection refused/.test(error.details));
  });

  test('a call ends with the reason of its signal', { timeout: 30_000 }, async () => {
    const pod = await startPod(host, 'slow', 'exec sleep 1000', signal);
    const abort = new AbortController();
    const call = host.runtime.execSync({ containerId: pod.containerId, cmd: ['sleep', '60'] }, abort.signal);
    abort.abort(new Error('enough'));
    await assert.rejects(call, /^Error: enough$/);
    await host.runtime.stopPodSandbox({ podSandboxId: pod.podSandboxId }, signal);
    await host.runtime.removePodSandbox({ podSandboxId: pod.podSandboxId }, signal);
  });

  test(
    'imported images are there under their full names, and a short name finds them',
    { timeout: 30_000 },
    async () => {
      const { image } = await host.runtime.imageStatus({ image: { image: 'busybox' } }, signal);
      assert.deepEqual(image?.repoTags, ['docker.io/library/busybox:latest']);
      const built = await buildImage('busybox', images, signal);
      assert.deepEqual(await importMissing(host.containerd, [built], signal), []);
      const other = { ...built, images: built.images.map((known) => ({ ...known, digest: 'sha256:other' })) };
      assert.deepEqual(
        await importMissing(host.containerd, [other], signal),
        built.images.map((known) => known.name),
      );
      assert.equal((await host.runtime.imageStatus({ image: { image: 'nothing:1' } }, signal)).image, undefined);
    },
  );

  test(
    'an image is pulled from the mirror of its registry, and what the mirror lacks is refused',
    { timeout: 30_000 },
    async () => {
      const image = 'registry.example/team/pause:3.10';
      const { imageRef } = await host.runtime.pullImage({ image: { image } }, signal);
      const { image: pulled } = await host.runtime.imageStatus({ image: { image } }, signal);
      assert.equal(pulled?.id, imageRef);
      assert.ok(registry.asked.includes('/v2/team/pause/manifests/3.10'));
      await assert.rejects(
        host.runtime.pullImage({ image: { image: 'registry.example/team/none:1' } }, signal),
        RpcError,
      );
    },
  );

  test(
    'pods outlive a killed containerd, are found by the next, and leave nothing behind at teardown',
    { timeout: 90_000 },
    async () => {
      const pod = await startPod(host, 'survivor', 'exec sleep 1000', signal);
      host.runtime[Symbol.dispose]();
      signalProcess(host.containerd.process, 'SIGKILL');
      await endProcess(host.containerd.process, 5_000, signal);
      const containerd = await startContainerd({ dir: host.containerd.layout.dir, sandboxImage }, signal);
      assert.equal(containerd.wasRunning, false);
      using runtime = await connectRuntime({ socketPath: containerd.socketPath }, signal);
      const { status } = await runtime.containerStatus({ containerId: pod.containerId }, signal);
      assert.equal(status?.state, 'CONTAINER_RUNNING');
      const adopted = await startContainerd({ dir: host.containerd.layout.dir, sandboxImage }, signal);
      assert.deepEqual([adopted.wasRunning, adopted.process], [true, containerd.process]);

      // By force: containerd is gone, its pods are not.
      const shims = findShims(containerd.layout);
      // They lie where those of all containerds of the machine do.
      const bundles = globSync(join(containerd.layout.state, 'io.containerd.runtime.v2.task/k8s.io/*'));
      const sockets = bundles.flatMap((bundle) => socketOf(bundle) ?? []);
      assert.ok(sockets.length > 0 && sockets.every(existsSync), sockets.join());
      signalProcess(containerd.process, 'SIGKILL');
      await endProcess(containerd.process, 5_000, signal);
      assert.ok(shims.length > 0 && shims.every(isAlive));
      await teardownContainerd(host.teardown, signal);
      assert.deepEqual(await leftovers(host.teardown, signal), []);
      assert.deepEqual(sockets.filter(existsSync), []);
      await teardownContainerd(host.teardown, signal); // Again, with nothing there.
    },
  );
}

async function startPod(
  host: PrivateRuntime,
  name: string,
  script: string,
  signal: AbortSignal,
): Promise<{ readonly podSandboxId: string; readonly containerId: string }> {
  const { runtime } = host;
  const config = sandboxConfig(host, name);
  const { podSandboxId } = await runtime.runPodSandbox({ config }, signal);
  const { containerId } = await runtime.createContainer(
    {
      podSandboxId,
      sandboxConfig: config,
      config: {
        metadata: { name: 'main', attempt: 0 },
        image: { image: 'docker.io/library/busybox:latest' },
        command: ['sh', '-c', script],
        logPath: 'main/0.log',
        linux: { resources: { cpuShares: 102, memoryLimitInBytes: 64 * 1024 * 1024 } },
      },
    },
    signal,
  );
  await runtime.startContainer({ containerId }, signal);
  return { podSandboxId, containerId };
}
