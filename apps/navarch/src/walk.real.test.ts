import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { eventually } from '@navarch/node/testing';
import { bundledKubectl } from './commands/kubectl.ts';

// The README's walk, on real containers with an unmodified kubectl. Needs root on Linux.

const run = promisify(execFile);
const root = join(import.meta.dirname, '../../..');
const home = mkdtempSync(join(tmpdir(), 'navarch-walk-'));
const env = {
  ...process.env,
  NAVARCH_HOME: home,
  KUBECONFIG: join(home, 'kubeconfig'),
  NAVARCH_IMAGES: process.env['NAVARCH_IMAGES'] ?? join(tmpdir(), 'navarch-images'),
};
const canRun = process.platform === 'linux' && process.getuid?.() === 0;
let kubectlPath = 'kubectl';

const navarch = async (...args: string[]): Promise<string> =>
  (
    await run(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', join(root, 'apps/navarch/src/main.ts'), ...args],
      { env, timeout: 240_000 },
    )
  ).stdout;
const kubectl = async (...args: string[]): Promise<string> =>
  (await run(kubectlPath, args, { env, timeout: 120_000 })).stdout;

/** One request on a connection of its own, as curl makes it. */
const page = (): Promise<string> =>
  new Promise((resolve, reject) => {
    const request = get('http://127.0.0.1:30080', { agent: false, timeout: 2_000 }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      response.on('end', () => resolve(text));
      response.on('error', reject);
    });
    request.on('timeout', () => request.destroy(new Error('no answer within 2 s')));
    request.on('error', reject);
  });
const pidOf = (name: string): number =>
  (JSON.parse(readFileSync(join(home, 'navarch/run', `${name}.json`), 'utf8')) as { pid: number }).pid;
const podIds = (): Promise<string> =>
  kubectl(
    'get',
    'pods',
    '-n',
    'demo',
    '-o',
    'jsonpath={range .items[*]}{.metadata.uid} {.status.containerStatuses[0].restartCount}{"\\n"}{end}',
  );

/** The names of the example's pods, once there are so many and the last of those that go is gone. */
async function remaining(count: number): Promise<readonly string[]> {
  let names: readonly string[] = [];
  await kubectl('rollout', 'status', '-n', 'demo', 'deployment/hello', '--timeout=60s');
  await eventually(`${count} pods`, async () => {
    names = (await kubectl('get', 'pods', '-n', 'demo', '-l', 'app=hello', '-o', 'name')).trim().split('\n');
    return names.length === count;
  });
  return names;
}

/** A step of the walk. One that goes wrong says what one would look at first: nobody reaches the machine afterwards. */
const step = (name: string, walk: () => Promise<void>): void =>
  void test(name, async () => {
    try {
      await walk();
    } catch (error) {
      throw new Error(`${(error as Error).message}\n${await lookAround()}`, { cause: error });
    }
  });

/** What matters most comes last: of a long output its end is what is kept. */
async function lookAround(): Promise<string> {
  const seen: string[] = [];
  for (const name of ['containerd', 'server', 'agent'])
    seen.push(`$ navarch logs ${name}`, await navarch('logs', name, '-n', '30').catch(String));
  const looks = [
    ['describe', 'nodes'],
    ['get', 'pods,deployments,replicasets,endpointslices', '-A', '-o', 'wide'],
    ['get', 'pods', '-n', 'demo', '-o', 'jsonpath={range .items[*]}{.metadata.name} {.status}{"\\n"}{end}'],
    ['get', 'events', '-A', '--sort-by=.lastTimestamp'],
  ];
  for (const args of looks) seen.push(`$ kubectl ${args.join(' ')}`, await kubectl(...args).catch(String));
  for (const [command = '', ...args] of [
    ['ip', '-br', 'addr'],
    ['ip', 'route'],
    ['ip', 'neigh'],
    ['cat', '/proc/loadavg'],
  ])
    seen.push(`$ ${command} ${args.join(' ')}`, await run(command, args).then(({ stdout }) => stdout, String));
  const pods = (await kubectl('get', 'pods', '-n', 'demo', '-o', 'name').catch(() => '')).trim().split('\n');
  for (const pod of pods) seen.push(await lookInto(pod));
  return seen.join('\n');
}

/** What a pod said, what it listens on, and what it was given to serve. */
async function lookInto(pod: string): Promise<string> {
  const inside =
    'cat /proc/net/tcp /proc/net/tcp6; ls -la /proc/1/fd /usr/share/nginx/html/; cat /proc/1/wchan /proc/1/stat';
  const looks = [
    ['logs', '-n', 'demo', pod, '--tail=8'],
    ['exec', '-n', 'demo', pod, '--', 'sh', '-c', inside],
  ];
  const seen: string[] = [];
  for (const args of looks) seen.push(`$ kubectl ${args.join(' ')}`, await kubectl(...args).catch(String));
  return seen.join('\n');
}

if (!canRun) process.stdout.write('real containers are left out: they need root on Linux\n');
else {
  before(
    async () => {
      kubectlPath = await bundledKubectl(join(home, 'bin'));
      assert.match(await navarch('up'), /Cluster navarch is ready/);
    },
    { timeout: 300_000 },
  );

  after(
    async () => {
      await navarch('down');
      rmSync(home, { recursive: true, force: true });
    },
    { timeout: 120_000 },
  );

  step('up: a second one says that the cluster runs', async () => {
    assert.match(await navarch('up'), /is running already/);
    assert.match(await navarch('status'), /1 of 1 ready/);
  });

  step('apply: the example rolls out and serves its page on the node port and by name', async () => {
    await kubectl('apply', '-f', join(root, 'examples/hello'));
    await kubectl('rollout', 'status', '-n', 'demo', 'deployment/hello', '--timeout=90s');
    await eventually('the page', async () => (await page()).includes('Hello from Navarch'), { timeoutMs: 5_000 });
    await kubectl(
      'run',
      'client',
      '-n',
      'demo',
      '--image=busybox',
      '--image-pull-policy=IfNotPresent',
      '--restart=Never',
      '--',
      'sleep',
      '3600',
    );
    await kubectl('wait', '-n', 'demo', 'pod/client', '--for=condition=Ready', '--timeout=60s');
    for (const name of ['hello', 'hello.demo', 'hello.demo.svc.cluster.local']) {
      assert.match(
        await kubectl('exec', '-n', 'demo', 'client', '--', 'wget', '-qO-', `http://${name}`),
        /Hello from Navarch/,
      );
    }
  });

  step('set image: a rolling update and its undoing lose no request', async () => {
    let [sent, lost, isOver] = [0, 0, false];
    const load = (async () => {
      while (!isOver) {
        sent += 1;
        if (!(await page().catch((error: Error) => error.message)).includes('Hello')) lost += 1;
      }
    })();
    await kubectl('set', 'image', '-n', 'demo', 'deployment/hello', 'nginx=nginx:1.28');
    await kubectl('rollout', 'status', '-n', 'demo', 'deployment/hello', '--timeout=90s');
    await kubectl('rollout', 'undo', '-n', 'demo', 'deployment/hello');
    await kubectl('rollout', 'status', '-n', 'demo', 'deployment/hello', '--timeout=90s');
    isOver = true;
    await load;
    assert.ok(sent > 50, `only ${sent} requests were sent`);
    assert.equal(lost, 0, `${lost} of ${sent} requests were lost`);
  });

  step('scale and delete: pods come and go, a deleted one is replaced', async () => {
    await kubectl('scale', '-n', 'demo', 'deployment/hello', '--replicas=4');
    // Pods of the rollouts before may still be on their way out.
    const [first = ''] = await remaining(4);
    await kubectl('delete', '-n', 'demo', first);
    await kubectl('rollout', 'status', '-n', 'demo', 'deployment/hello', '--timeout=60s');
    await kubectl('scale', '-n', 'demo', 'deployment/hello', '--replicas=3');
    await remaining(3);
  });

  step('logs, exec and port-forward reach the container', async () => {
    const [first = ''] = (await kubectl('get', 'pods', '-n', 'demo', '-l', 'app=hello', '-o', 'name')).split('\n');
    assert.match(await kubectl('logs', '-n', 'demo', first, '--tail=2'), /GET/);
    assert.equal(
      await kubectl('exec', '-n', 'demo', first, '--', 'cat', '/usr/share/nginx/html/index.html'),
      '<h1>Hello from Navarch</h1>\n',
    );
    await assert.rejects(
      kubectl('exec', '-n', 'demo', first, '--', 'sh', '-c', 'exit 3'),
      (error: { code?: number }) => error.code === 3,
    );
    const forward = spawn(kubectlPath, ['port-forward', '-n', 'demo', first, '18080:80'], { env, stdio: 'ignore' });
    try {
      await eventually(
        'the forwarded page',
        async () => (await (await fetch('http://127.0.0.1:18080')).text()).includes('Hello'),
        { timeoutMs: 15_000 },
      );
    } finally {
      forward.kill();
    }
  });

  step('a container that dies is started again and counted', async () => {
    await kubectl(
      'run',
      'dying',
      '--image=busybox',
      '--image-pull-policy=IfNotPresent',
      '--restart=Always',
      '--',
      'sh',
      '-c',
      'sleep 1; exit 1',
    );
    await eventually(
      'a counted restart',
      async () =>
        Number(await kubectl('get', 'pod', 'dying', '-o', 'jsonpath={.status.containerStatuses[0].restartCount}')) >= 1,
    );
    await eventually('a back-off', async () => (await kubectl('get', 'pod', 'dying')).includes('CrashLoopBackOff'));
    await kubectl('delete', 'pod', 'dying', '--grace-period=1');
  });

  step('kill -9 of server and agent: pods run on, and after up nothing has restarted', async () => {
    const before = await podIds();
    const pids = ['server', 'agent'].map(pidOf);
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    await eventually('their end', () => pids.every((pid) => !existsSync(`/proc/${pid}`)), { timeoutMs: 10_000 });
    assert.match(await page(), /Hello from Navarch/);
    await navarch('up');
    await eventually('the pods as they were', async () => (await podIds()) === before, { timeoutMs: 20_000 });
  });

  step('down: nothing is left on the machine', async () => {
    await navarch('down');
    assert.equal(existsSync(join(home, 'navarch')), false);
    const { stdout } = await run('sh', [
      '-c',
      `ip link show navarch0 2>/dev/null; nft list tables | grep navarch; findmnt -rn | grep ${home}; pgrep -f '[/]${home.slice(1)}/navarch' || true`,
    ]);
    assert.equal(stdout.trim(), '');
  });
}
