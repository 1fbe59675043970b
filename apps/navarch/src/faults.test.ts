import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { configMap, isReady, pod } from '@navarch/api';
import { hasReason } from '@navarch/machinery';
import { eventually } from '@navarch/node/testing';
import { layoutOf } from './cluster/layout.ts';
import { adminClient } from './cluster/wait-ready.ts';
import { freePort } from './testing/free-port.ts';

// Every fault of `up` and `down` that needs no containers, with processes as they are: simulated nodes, any user.

const main = join(import.meta.dirname, 'main.ts');
const home = mkdtempSync(join(tmpdir(), 'nvf-'));
const env = { ...process.env, NAVARCH_HOME: home, KUBECONFIG: join(home, 'kubeconfig') };
process.env['NAVARCH_HOME'] = home;
const TIMEOUT = { timeout: 120_000 };

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function begin(
  args: readonly string[],
  environment: NodeJS.ProcessEnv = env,
): { readonly child: ChildProcess; readonly ended: Promise<Ended> } {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, ...args], {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const texts = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => {
    texts.stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    texts.stderr += chunk.toString();
  });
  return {
    child,
    ended: new Promise((resolve) =>
      child.on('close', (code, signal) => resolve({ code: code ?? (signal ? 128 : 1), ...texts })),
    ),
  };
}

const navarch = (...args: readonly string[]): Promise<Ended> => begin(args).ended;

/** Nothing of the cluster runs or is left. */
async function isGone(name: string): Promise<void> {
  assert.equal(existsSync(join(home, name)), false);
  assert.deepEqual(
    readdirSync(home).filter((file) => file.startsWith(`${name}.`)),
    [],
  );
  const { stdout } = await promisify(execFile)('sh', ['-c', `pgrep -f -- '[-]-data-dir ${join(home, name)}' || true`]);
  assert.equal(stdout.trim(), '');
}

async function withCluster(name: string, work: (port: number) => Promise<void>): Promise<void> {
  const port = await freePort();
  try {
    await work(port);
  } finally {
    const { code, stderr } = await navarch('down', '--name', name);
    assert.equal(code, 0, stderr);
    await isGone(name);
  }
}

after(() => rmSync(home, { recursive: true, force: true }));

test('up: an occupied port is told with the process that has it; another port may be given then', TIMEOUT, () =>
  withCluster('port', async (port) => {
    const taken = createServer().listen(port, '127.0.0.1');
    try {
      const { code, stderr } = await navarch('up', '--name', 'port', '--runtime', 'sim', '--port', String(port));
      assert.match(
        stderr,
        new RegExp(`port ${port} is taken by \\S+ \\(pid ${process.pid}\\): stop that, or choose another with --port`),
      );
      assert.equal(code, 1);
      const again = await navarch('up', '--name', 'port', '--runtime', 'sim', '--port', String(await freePort()));
      assert.match(again.stdout, /Cluster port is ready/);
    } finally {
      taken.close();
    }
  }),
);

test('up: two at once make one cluster, and the second says so', TIMEOUT, () =>
  withCluster('twice', async (port) => {
    const [first, second] = await Promise.all(
      [0, 1].map(() => navarch('up', '--name', 'twice', '--runtime', 'sim', '--port', String(port))),
    );
    const texts = [first, second].map((ended) => ended?.stdout ?? '');
    assert.deepEqual([first?.code, second?.code], [0, 0], `${first?.stderr} ${second?.stderr}`);
    assert.equal(texts.filter((text) => text.includes('is ready after')).length, 1, texts.join('\n---\n'));
    assert.equal(
      texts.filter(
        (text) =>
          /Waiting for another `up` of twice \(pid \d+\) to end/.test(text) && text.includes('is running already'),
      ).length,
      1,
      texts.join('\n---\n'),
    );
  }),
);

test('up: a running cluster is not changed by other flags, but told', TIMEOUT, () =>
  withCluster('flags', async (port) => {
    assert.equal((await navarch('up', '--name', 'flags', '--runtime', 'sim', '--port', String(port))).code, 0);
    const { code, stderr } = await navarch('up', '--name', 'flags', '--port', '1234');
    assert.match(
      stderr,
      new RegExp(`cluster flags is running already, with port ${port}, not 1234: run \`navarch down\` first`),
    );
    assert.equal(code, 1);
    const status = await navarch('status', '--name', 'flags');
    assert.match(
      status.stdout,
      /server +runs \(pid \d+, \d+ MiB\)[^]*agent +runs[^]*Kubernetes +v1\.37[^]*nodes +1 of 1 ready\n +flags +Ready/,
    );
    assert.equal(status.code, 0);
    const cut = await promisify(execFile)(
      'sh',
      ['-c', `"$@" status --name flags | head -n 1; true`, 'sh', process.execPath, main],
      { env },
    );
    assert.deepEqual(
      [cut.stdout, cut.stderr],
      [`Cluster flags: https://127.0.0.1:${port}\n`, ''],
      'who reads no further gets no stack trace',
    );
  }),
);

test('up --runtime sim: pods become ready on the simulated nodes', TIMEOUT, () =>
  withCluster('pods', async (port) => {
    assert.equal(
      (await navarch('up', '--name', 'pods', '--runtime', 'sim', '--nodes', '2', '--port', String(port))).code,
      0,
    );
    const { api, transport } = adminClient(layoutOf('pods'), AbortSignal.timeout(60_000));
    using _ = transport;
    for (const nodeName of ['pods', 'pods-2']) {
      await api.of(pod).create({
        metadata: { namespace: 'default', name: nodeName },
        spec: { nodeName, containers: [{ name: 'c', image: 'none' }] },
      });
      await eventually(
        `a ready pod on ${nodeName}`,
        async () => isReady(await api.of(pod).get(`default/${nodeName}`)),
        { timeoutMs: 20_000 },
      );
    }
  }),
);

test('down: ends an `up` that is at work and leaves nothing', TIMEOUT, () =>
  withCluster('during', async (port) => {
    const up = begin(['up', '--name', 'during', '--runtime', 'sim', '--port', String(port)]);
    await eventually('the folder of the cluster', () => existsSync(join(home, 'during/cluster.json')), { everyMs: 5 });
    // It stands still until it was found: on a busy machine it would be through before.
    up.child.kill('SIGSTOP');
    const down = begin(['down', '--name', 'during']);
    const found = new Promise<void>((resolve) =>
      down.child.stdout?.on('data', (chunk: Buffer) => void (chunk.includes('at work') && resolve())),
    );
    await Promise.race([found, down.ended]);
    up.child.kill('SIGCONT');
    const { code, stdout } = await down.ended;
    assert.match(stdout, /Ending `up` of during \(pid \d+\), which is at work/);
    assert.equal(code, 0);
    assert.notEqual((await up.ended).code, 0);
    await isGone('during');
  }),
);

test('up: killed at any moment, the next one ends well and down leaves nothing', { timeout: 240_000 }, () =>
  withCluster('killed', async (port) => {
    const args = ['up', '--name', 'killed', '--runtime', 'sim', '--port', String(port)];
    for (let afterMs = 200; afterMs <= 1_400; afterMs += 300) {
      const up = begin(args);
      await sleep(afterMs);
      up.child.kill('SIGKILL');
      await up.ended;
      const next = await navarch(...args);
      assert.equal(next.code, 0, `killed after ${afterMs} ms, then: ${next.stderr}`);
      const { code, stderr } = await navarch('down', '--name', 'killed');
      assert.equal(code, 0, `killed after ${afterMs} ms, down: ${stderr}`);
      await isGone('killed');
    }
  }),
);

test('up: killed at any moment, down alone leaves nothing', { timeout: 240_000 }, () =>
  withCluster('killed', async (port) => {
    for (let afterMs = 250; afterMs <= 1_300; afterMs += 350) {
      const up = begin(['up', '--name', 'killed', '--runtime', 'sim', '--port', String(port)]);
      await sleep(afterMs);
      up.child.kill('SIGKILL');
      await up.ended;
      assert.equal((await navarch('down', '--name', 'killed')).code, 0);
      await isGone('killed');
    }
  }),
);

test('down --keep-data, then up: every object is back; the server ends by itself when asked', TIMEOUT, () =>
  withCluster('kept', async (port) => {
    const args = ['up', '--name', 'kept', '--runtime', 'sim', '--nodes', '2', '--port', String(port)];
    assert.equal((await navarch(...args)).code, 0);
    const layout = layoutOf('kept');
    const write = async (): Promise<void> => {
      const { api, transport } = adminClient(layout, AbortSignal.timeout(10_000));
      using _ = transport;
      await api.of(configMap).create({ metadata: { namespace: 'default', name: 'kept' }, data: { a: 'b' } });
    };
    await write();
    const pid = (JSON.parse(readFileSync(join(layout.run, 'server.json'), 'utf8')) as { pid: number }).pid;
    process.kill(pid, 'SIGTERM');
    const asked = performance.now();
    await eventually(
      'the end of the process',
      () => !existsSync(`/proc/${pid}/stat`) || readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z'),
      { everyMs: 10 },
    );
    assert.ok(performance.now() - asked < 3_000);
    assert.equal(existsSync(join(layout.run, 'server.json')), false, 'it gave its name back, so it was not killed');
    const second = join(layout.dir, 'nodes', '2');
    const [volume, rest] = ['local-volumes/v', 'pods/p'].map((path) => join(second, 'kubelet', path));
    for (const folder of [volume, rest]) mkdirSync(folder ?? '', { recursive: true });
    assert.match((await navarch('down', '--name', 'kept', '--keep-data')).stdout, /its data is kept/);
    assert.deepEqual(
      [
        existsSync(volume ?? ''),
        existsSync(rest ?? ''),
        existsSync(join(second, 'logs')),
        existsSync(join(second, 'identity')),
      ],
      [true, false, false, true],
    );
    // The second node is known to the cluster, and was alive a moment ago: it must come back as itself.
    assert.equal((await navarch(...args)).code, 0);
    const { api, transport } = adminClient(layout, AbortSignal.timeout(10_000));
    using _ = transport;
    assert.deepEqual((await api.of(configMap).get('default/kept')).data, { a: 'b' });
    await assert.rejects(api.of(configMap).get('default/other'), (error) => hasReason(error, 'NotFound'));
  }),
);

test('up: a record of a process number that another has now does not count', TIMEOUT, () =>
  withCluster('reused', async (port) => {
    const args = ['up', '--name', 'reused', '--runtime', 'sim', '--port', String(port)];
    assert.equal((await navarch(...args)).code, 0);
    const { run } = layoutOf('reused');
    for (const name of ['server', 'agent']) {
      const file = join(run, `${name}.json`);
      process.kill((JSON.parse(readFileSync(file, 'utf8')) as { pid: number }).pid, 'SIGKILL');
      writeFileSync(file, JSON.stringify({ pid: process.pid, startTicks: '12345', bootId: 'of-an-earlier-boot' }));
    }
    assert.match((await navarch(...args)).stdout, /is ready after/);
  }),
);

if (process.getuid?.() === 0 && process.platform === 'linux') {
  test('up: an ordinary user is told what containers lack and gets a simulated node', TIMEOUT, async () => {
    const own = mkdtempSync(join(tmpdir(), 'nvu-'));
    chmodSync(own, 0o777);
    const port = await freePort();
    const as = async (...args: readonly string[]): Promise<string> => {
      const user = { HOME: own, PATH: process.env['PATH'] ?? '', KUBECONFIG: '' };
      const command = [
        '--reuid=65534',
        '--regid=65534',
        '--clear-groups',
        process.execPath,
        '--disable-warning=ExperimentalWarning',
        main,
        ...args,
      ];
      const { stdout } = await promisify(execFile)('setpriv', command, { env: user, timeout: 60_000 });
      return stdout;
    };
    try {
      const said = await as('up', '--port', String(port));
      assert.match(
        said,
        /This machine cannot run containers \(root: mounts, namespaces and control groups are root's: run it with sudo/,
      );
      assert.match(said, /Cluster navarch is ready/);
      assert.equal(existsSync(join(own, '.kube/config')), true);
      assert.match(await as('status'), /1 of 1 ready/);
    } finally {
      assert.match(await as('down'), /is gone/);
      rmSync(own, { recursive: true, force: true });
    }
  });

  test('up: a kubeconfig that cannot be written is told before anything is begun', TIMEOUT, async () => {
    const own = mkdtempSync(join(tmpdir(), 'nvu-'));
    const file = join(own, 'config');
    writeFileSync(file, '');
    chmodSync(own, 0o755);
    chmodSync(file, 0o444);
    const attempt = promisify(execFile)(
      'setpriv',
      [
        '--reuid=65534',
        '--regid=65534',
        '--clear-groups',
        process.execPath,
        '--disable-warning=ExperimentalWarning',
        main,
        'up',
        '--runtime',
        'sim',
      ],
      { env: { HOME: '/tmp', NAVARCH_HOME: join(own, 'home'), KUBECONFIG: file, PATH: process.env['PATH'] ?? '' } },
    );
    await assert.rejects(attempt, (error: { stderr?: string }) =>
      /navarch: Cannot write the kubeconfig .*: permission denied for .*; set KUBECONFIG to another file/.test(
        error.stderr ?? '',
      ),
    );
    rmSync(own, { recursive: true, force: true });
  });
}
