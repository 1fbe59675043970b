import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { eventually } from '@navarch/node/testing';
import { buildImage } from '../../../images/build.ts';
import { bundledKubectl } from './commands/kubectl.ts';
import { leftovers } from './testing/leftovers.ts';
import { type Machine, makeNetwork, type Network } from './testing/machine.ts';

// Faults of `up` and `down` with containers, each on a machine of its own (namespaces): killed at any moment, rebooted,
// out of disk space, on a file system that carries no overlay.

const run = promisify(execFile);
const main = join(import.meta.dirname, 'main.ts');
const images = process.env['NAVARCH_IMAGES'] ?? '/tmp/navarch-images';
const folder = mkdtempSync('/tmp/nvr-');
const home = join(folder, 'home');
const name = `f${process.pid}`;
const env = {
  ...process.env,
  NAVARCH_IMAGES: images,
  NAVARCH_HOME: home,
  KUBECONFIG: join(folder, 'kubeconfig'),
  NAVARCH_CLUSTER: name,
};
const TIMEOUT = { timeout: 240_000 };
let kubectlPath = 'kubectl';
let network: Network;
let count = 0;

const node = (...args: readonly string[]): readonly string[] => [
  process.execPath,
  '--disable-warning=ExperimentalWarning',
  main,
  ...args,
  '--name',
  name,
];
const navarch = async (machine: Machine, ...args: readonly string[]): Promise<string> =>
  (await machine.run(...node(...args))).stdout;
const kubectl = async (machine: Machine, ...args: readonly string[]): Promise<string> =>
  (await machine.run(kubectlPath, ...args)).stdout;

/** A machine with an empty home; whatever happens on it, `down` must leave nothing. */
async function onMachine(work: (machine: Machine) => Promise<void>): Promise<void> {
  rmSync(home, { recursive: true, force: true });
  mkdirSync(home, { recursive: true });
  const machine = await network.machine(`m${(count += 1)}`, `10.78.0.${count}`);
  try {
    await work(machine);
    await navarch(machine, 'down');
    assert.equal(await leftovers(machine, home, name), '');
  } finally {
    await machine.powerOff();
  }
}

before(
  async () => {
    for (const image of ['pause', 'busybox', 'nginx'])
      if (!existsSync(join(images, `${image}.tar`))) await buildImage(image, images, new AbortController().signal);
    kubectlPath = await bundledKubectl(join(folder, 'bin'));
    network = await makeNetwork(`nvr${process.pid}`, folder, env);
  },
  { timeout: 120_000 },
);

after(async () => {
  await network[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

test('up: killed at any moment, the next one ends well and down leaves nothing', { timeout: 400_000 }, () =>
  onMachine(async (machine) => {
    for (const afterMs of [600, 1_400, 2_200, 3_200, 4_500]) {
      const up = spawn('nsenter', ['-t', String(machine.pid), '--net', '--mount', '--pid', '--', ...node('up')], {
        env,
        stdio: 'ignore',
      });
      const closed = new Promise((resolve) => up.once('close', resolve));
      await sleep(afterMs);
      await machine.run('sh', '-c', `pkill -9 -f '[m]ain.ts up --name ${name}'; true`);
      await closed;
      if (afterMs !== 2_200) assert.match(await navarch(machine, 'up'), /is ready after|is running already/);
      await navarch(machine, 'down');
      assert.equal(await leftovers(machine, home, name), '', `killed after ${afterMs} ms`);
    }
  }),
);

test(
  'up beside what is left of a cluster whose processes all died: addresses that are given anew lead to the new pods',
  TIMEOUT,
  () =>
    onMachine(async (machine) => {
      const serve = async (): Promise<string> => {
        await kubectl(machine, 'run', 'web', '--image=nginx', '--image-pull-policy=IfNotPresent');
        await kubectl(machine, 'wait', 'pod/web', '--for=condition=Ready', '--timeout=60s');
        const address = await kubectl(machine, 'get', 'pod', 'web', '-o', 'jsonpath={.status.podIP}');
        // The machine learns where the address is, and does not ask again for a while.
        const { stdout } = await machine.run('curl', '-sS', '--max-time', '5', `http://${address}`);
        assert.match(stdout, /nginx/, `nothing answers at ${address}`);
        return address;
      };
      const other = (...args: readonly string[]): ReturnType<Machine['run']> =>
        machine.run(process.execPath, '--disable-warning=ExperimentalWarning', main, ...args, '--name', `${name}b`);
      await navarch(machine, 'up');
      const address = await serve();
      // All but the first process of the machine, and this one, which has nobody else to end.
      await machine.run('sh', '-c', 'kill -9 -1');
      await other('up');
      assert.equal(await serve(), address);
      await other('down');
    }),
);

test('up after a reboot: pods run again, though every process number, mount and network is gone', TIMEOUT, () =>
  onMachine(async (first) => {
    await navarch(first, 'up');
    await kubectl(first, 'run', 'web', '--image=nginx', '--image-pull-policy=IfNotPresent');
    await kubectl(first, 'wait', 'pod/web', '--for=condition=Ready', '--timeout=60s');
    const uid = await kubectl(first, 'get', 'pod', 'web', '-o', 'jsonpath={.metadata.uid}');
    await first.powerOff();
    await run('sh', [
      '-c',
      `for d in /sys/fs/cgroup/*/navarch-${name}* /sys/fs/cgroup/navarch-${name}*; do [ -d $d ] && find $d -depth -type d -exec rmdir {} +; done; true`,
    ]);
    const second = await network.machine(`m${count}`, `10.78.0.${count}`);
    assert.match(await navarch(second, 'up'), /is ready after/);
    await kubectl(second, 'wait', 'pod/web', '--for=condition=Ready', '--timeout=60s');
    const isUp = async (): Promise<boolean> => {
      const address = await kubectl(second, 'get', 'pod', 'web', '-o', 'jsonpath={.status.podIP}');
      return /nginx|html/i.test((await second.run('curl', '-sS', '--max-time', '5', `http://${address}`)).stdout);
    };
    await eventually('the page', isUp, {
      timeoutMs: 30_000,
      everyMs: 300,
      explain: () => kubectl(second, 'describe', 'pod', 'web'),
    });
    assert.equal(await kubectl(second, 'get', 'pod', 'web', '-o', 'jsonpath={.metadata.uid}'), uid);
    await navarch(second, 'down');
    assert.equal(await leftovers(second, home, name), '');
    await second.powerOff();
    // What follows looks once more, on a machine that runs.
    const third = await network.machine(`m${count}`, `10.78.0.${count}`);
    Object.assign(first, third);
  }),
);

test('up: a disk that is too small is told before anything is made', TIMEOUT, () =>
  onMachine(async (machine) => {
    await machine.run('mount', '-t', 'tmpfs', '-o', 'size=100m', 'tmpfs', home);
    const { stderr } = await navarch(machine, 'up').then(
      () => assert.fail('it went through'),
      (error: { stderr: string }) => error,
    );
    assert.match(
      stderr,
      /navarch: there are only \d+ MiB left on the disk of .*, and a cluster needs 512: free some, or set NAVARCH_HOME/,
    );
    await navarch(machine, 'down');
  }),
);

test(
  'a disk that fills up: writes are refused in words, what was stored stays, and all goes on when there is room',
  TIMEOUT,
  () =>
    onMachine(async (machine) => {
      await machine.run('mount', '-t', 'tmpfs', '-o', 'size=96m', 'tmpfs', home);
      await navarch(machine, 'up', '--runtime', 'sim');
      await kubectl(machine, 'create', 'configmap', 'before');
      await machine.run(
        'sh',
        '-c',
        `dd if=/dev/zero of=${home}/filler bs=1M 2>/dev/null; dd if=/dev/zero of=${home}/filler2 bs=1 2>/dev/null; true`,
      );
      const big = `--from-literal=a=${'x'.repeat(100_000)}`;
      const refusals: string[] = [];
      for (let i = 0; i < 40 && refusals.length === 0; i += 1)
        await kubectl(machine, 'create', 'configmap', `big-${i}`, big).catch((error: { stderr: string }) => {
          refusals.push(error.stderr);
        });
      assert.match(refusals[0] ?? 'none was refused', /full|space/i);
      await kubectl(machine, 'get', 'configmap', 'before');
      await machine.run('sh', '-c', `rm ${home}/filler ${home}/filler2`);
      const isWritten = async (): Promise<boolean> => {
        const isTaken = await kubectl(machine, 'create', 'configmap', 'after').then(
          () => true,
          () => false,
        );
        if (!isTaken) await navarch(machine, 'up');
        return isTaken;
      };
      const explain = (): string => readFileSync(join(home, name, 'logs/server.log'), 'utf8').slice(-800);
      await eventually('a write', isWritten, { timeoutMs: 30_000, explain });
      await kubectl(machine, 'get', 'configmap', 'before');
    }),
);

test('up: where layers cannot be stacked they are copied', TIMEOUT, () =>
  onMachine(async (machine) => {
    const part = (which: string): string => {
      mkdirSync(join(folder, which), { recursive: true });
      return join(folder, which);
    };
    await machine.run(
      'mount',
      '-t',
      'overlay',
      'overlay',
      '-o',
      `lowerdir=${part('lower')},upperdir=${part('upper')},workdir=${part('work')}`,
      home,
    );
    assert.match(await navarch(machine, 'up'), /is ready after/);
    assert.match(
      (await machine.run('cat', join(home, name, 'containerd/config.toml'))).stdout,
      /^snapshotter = "native"$/m,
    );
  }),
);

test(
  'up: packages that are missing and cannot be had are told; without containers a simulated node is started',
  TIMEOUT,
  () =>
    onMachine(async (machine) => {
      const runc = (await machine.run('sh', '-c', 'command -v runc')).stdout.trim();
      const none = join(folder, 'none');
      await machine.run('touch', none);
      // As on a fresh machine without a network: no runc, nothing installed, no lists of packages.
      await machine.run('mount', '--bind', none, runc);
      await machine.run('mount', '--bind', none, '/var/lib/dpkg/status');
      for (const path of ['/var/lib/apt/lists', '/var/cache/apt'])
        await machine.run('mount', '-t', 'tmpfs', 'tmpfs', path);
      const { stderr } = await navarch(machine, 'up', '--runtime', 'containerd').then(
        () => assert.fail('it went through'),
        (error: { stderr: string }) => error,
      );
      assert.match(
        stderr,
        /^navarch: cannot install runc: .*; connect this machine to its package archive, or install them by other means\n$/,
      );
      const said = await navarch(machine, 'up');
      assert.match(said, /This machine lacks: runc \(it starts container processes\)/);
      assert.match(said, /They could not be installed: /);
      assert.match(said, /This machine cannot run containers \(runc: it starts container processes\)/);
      assert.match(said, /is ready after/);
    }),
);

test('up --node-ip: prints the line by which another machine joins, and it does', TIMEOUT, () =>
  onMachine(async (machine) => {
    const said = await navarch(machine, 'up', '--node-ip', machine.address);
    const [, server = '', token = ''] = /navarch agent --server (\S+) --token (\S+)/.exec(said) ?? [];
    assert.equal(server, `https://${machine.address}:6443`);
    const other = await network.machine('other', '10.78.0.99');
    const log = join(folder, 'other.log');
    other.start(
      log,
      process.execPath,
      '--disable-warning=ExperimentalWarning',
      main,
      'agent',
      '--server',
      server,
      '--token',
      token,
      '--node-name',
      'other',
      '--runtime',
      'sim',
      '--data-dir',
      join(folder, 'other'),
    );
    const ready = (): Promise<string> =>
      kubectl(
        machine,
        'get',
        'nodes',
        '-o',
        'jsonpath={range .items[*]}{.metadata.name} {.status.conditions[?(@.type=="Ready")].status} {end}',
      );
    await eventually('two ready nodes', async () => (await ready()) === `${name} True other True `, {
      timeoutMs: 30_000,
      everyMs: 300,
      explain: async () => `${await ready()} ${readFileSync(log, 'utf8')}`,
    });
    await other.powerOff();
  }),
);

test(
  'up --nodes 3: three nodes on one machine whose pods reach each other; a lost one comes back, image load reaches all',
  TIMEOUT,
  () =>
    onMachine(async (machine) => {
      assert.match(await navarch(machine, 'up', '--nodes', '3'), /Waiting for 3 nodes to be ready[^]*is ready after/);
      assert.match(await navarch(machine, 'status'), /nodes +3 of 3 ready/);
      const nodes = [name, `${name}-2`, `${name}-3`];
      for (const [i, on] of nodes.entries()) {
        await kubectl(
          machine,
          'run',
          `web-${i}`,
          '--image=nginx',
          '--image-pull-policy=IfNotPresent',
          '--labels=app=web',
          `--overrides={"spec":{"nodeName":"${on}"}}`,
        );
        await kubectl(
          machine,
          'run',
          `client-${i}`,
          '--image=busybox',
          '--image-pull-policy=IfNotPresent',
          `--overrides={"spec":{"nodeName":"${on}","terminationGracePeriodSeconds":1}}`,
          '--',
          'sleep',
          '3600',
        );
      }
      await kubectl(machine, 'expose', 'pod', 'web-0', '--name=web', '--port=80', '--selector=app=web');
      await kubectl(machine, 'wait', 'pod', '--all', '--for=condition=Ready', '--timeout=60s');
      for (const i of nodes.keys()) {
        const address = await kubectl(machine, 'get', 'pod', `web-${(i + 1) % 3}`, '-o', 'jsonpath={.status.podIP}');
        for (const url of [`http://${address}`, 'http://web.default', 'http://web'])
          await kubectl(machine, 'exec', `client-${i}`, '--', 'curl', '-sS', '--max-time', '5', '-o', '/dev/null', url);
      }
      const { pid } = JSON.parse(readFileSync(join(home, name, 'nodes/2/run/agent.json'), 'utf8')) as { pid: number };
      await machine.run('kill', '-9', String(pid));
      assert.match(await navarch(machine, 'up'), /is running already/);
      await kubectl(machine, 'exec', 'client-1', '--', 'true');
      assert.match(await navarch(machine, 'image', 'load', join(images, 'pause.tar')), /pause/);
      const { stderr } = await navarch(machine, 'up', '--nodes', '2').then(
        () => assert.fail('it went through'),
        (error: { stderr: string }) => error,
      );
      assert.match(stderr, /is running already, with 3 nodes, not 2/);
    }),
);
