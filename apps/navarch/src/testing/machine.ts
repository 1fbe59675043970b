import { execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** What stands in for a machine: a network, mounts and processes of its own on this one. Its first process is its life. */
export interface Machine {
  readonly name: string;
  readonly address: string;
  /** The number of its first process, as this machine sees it. */
  readonly pid: number;
  /** Runs a program in it to the end; rejects with what it wrote when it fails. */
  run(...command: readonly string[]): Promise<{ readonly stdout: string; readonly stderr: string }>;
  /** Starts a program in it that goes on; what it writes goes into a file. */
  start(log: string, ...command: readonly string[]): void;
  /** Runs a program in it to the end, on this terminal, however long it takes. Resolves to its exit code. */
  show(...command: readonly string[]): Promise<number>;
  /** Ends everything in it at once, as when the power fails. */
  powerOff(): Promise<void>;
}

/** Machines that are joined by one network. Everything is gone when it is disposed of. */
export interface Network extends AsyncDisposable {
  /** A machine whose folder is that of an earlier one is that machine after a reboot: nothing runs, nothing is mounted. */
  machine(name: string, address: string): Promise<Machine>;
}

/** The switch lives in a network namespace of its own: this machine's network is not touched. */
export async function makeNetwork(prefix: string, folder: string, env: NodeJS.ProcessEnv): Promise<Network> {
  const hub = `${prefix}-hub`;
  const machines: Machine[] = [];
  await run('ip', ['netns', 'add', hub]);
  await run('ip', ['-n', hub, 'link', 'add', 'switch', 'type', 'bridge']);
  await run('ip', ['-n', hub, 'link', 'set', 'switch', 'up']);
  return {
    async machine(name, address) {
      const machine = await begin(name, address, join(folder, name), env);
      machines.push(machine);
      const port = `port${machines.length}`;
      await run('ip', [
        '-n',
        hub,
        'link',
        'add',
        port,
        'type',
        'veth',
        'peer',
        'name',
        'eth0',
        'netns',
        String(machine.pid),
      ]);
      await run('ip', ['-n', hub, 'link', 'set', port, 'master', 'switch', 'up']);
      for (const words of [
        ['link', 'set', 'lo', 'up'],
        ['address', 'add', `${address}/24`, 'dev', 'eth0'],
        ['link', 'set', 'eth0', 'up'],
      ])
        await machine.run('ip', ...words);
      return machine;
    },
    async [Symbol.asyncDispose]() {
      for (const machine of machines) await machine.powerOff();
      await run('ip', ['netns', 'delete', hub]);
    },
  };
}

/** CNI and the shims keep things in folders that all nodes of a machine would share: each machine has its own. */
const OWN_FOLDERS = ['/var/lib/cni', '/run/containerd', '/run/netns'];

async function begin(name: string, address: string, folder: string, env: NodeJS.ProcessEnv): Promise<Machine> {
  const own = OWN_FOLDERS.map((path, i) => [join(folder, `own-${i}`), path] as const);
  for (const [source, path] of own) for (const needed of [source, path]) mkdirSync(needed, { recursive: true });
  // Its first process only lives, and buries those whose parents have gone.
  const boot = join(folder, 'boot-id');
  writeFileSync(boot, `${randomUUID()}\n`);
  const life = [
    ...own.map(([source, path]) => `mount --bind ${source} ${path}`),
    `mount --bind ${boot} /proc/sys/kernel/random/boot_id`,
    'echo up',
    'while :; do sleep 1; done',
  ].join('; ');
  const first = spawn(
    'setpriv',
    [
      '--pdeathsig',
      'SIGKILL',
      'unshare',
      '--net',
      '--mount',
      '--propagation',
      'private',
      '--pid',
      '--fork',
      '--kill-child=SIGKILL',
      '--mount-proc',
      'sh',
      '-c',
      life,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  await new Promise((resolve, reject) => {
    first.stdout.once('data', resolve);
    first.on('error', reject);
  });
  const pid = Number(readFileSync(`/proc/${first.pid}/task/${first.pid}/children`, 'utf8').trim());
  const inside = ['-t', String(pid), '--net', '--mount', '--pid', '--'];
  return {
    name,
    address,
    pid,
    run: (...command) =>
      run('nsenter', [...inside, ...command], { env, timeout: 120_000, maxBuffer: 16 * 1024 * 1024 }),
    start: (log, ...command) =>
      void spawn('nsenter', [...inside, 'sh', '-c', 'log=$1; shift; exec "$@" >>"$log" 2>&1', 'sh', log, ...command], {
        env,
        stdio: 'ignore',
        detached: true,
      }),
    show: (...command) =>
      new Promise((resolve, reject) =>
        spawn('nsenter', [...inside, ...command], { env, stdio: ['ignore', 'inherit', 'inherit'] })
          .on('error', reject)
          .on('close', (code) => resolve(code ?? 1)),
      ),
    async powerOff() {
      const ended =
        first.exitCode !== null || first.signalCode !== null
          ? undefined
          : new Promise((resolve) => first.once('close', resolve));
      first.kill('SIGKILL');
      await ended;
    },
  };
}
