import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseCapabilities } from './capabilities.ts';
import { removeAbandoned } from './cgroup/abandoned.ts';
import { cgroupLayout, missingControllers } from './cgroup/layout.ts';
import { cgroupsV1 } from './cgroup/v1.ts';
import { cgroupsV2, weightOfShares } from './cgroup/v2.ts';
import { CommandError, runCommand } from './command.ts';
import { packagesFor } from './install-packages.ts';
import { mountsBelow, parseMounts } from './mounts.ts';
import { identityOf, isAlive } from './process-identity.ts';

const never = new AbortController().signal;

test('parseCapabilities() finds that CAP_SYS_RESOURCE has been taken away', () => {
  const without = parseCapabilities('CapPrm:\t000001fffeffffff\nCapEff:\t000001fffeffffff\n');
  assert.deepEqual([without.has('CAP_SYS_RESOURCE'), without.has('CAP_SYS_ADMIN')], [false, true]);
  assert.equal(parseCapabilities('CapEff:\t000001ffffffffff\n').has('CAP_SYS_RESOURCE'), true);
  assert.equal(parseCapabilities('').size, 0);
});

test('mountsBelow() gives the innermost and latest first, unescaped, and no neighbours', () => {
  const line = (path: string): string => `36 35 98:0 / ${path} rw,noatime shared:1 - tmpfs tmpfs rw,size=1k\n`;
  const mounts = parseMounts(['/a', '/a/b', '/a/b\\040c/d', '/ab', '/a/b'].map(line).join(''));
  assert.deepEqual(mountsBelow('/a', mounts), ['/a/b c/d', '/a/b', '/a/b', '/a']);
  assert.deepEqual(mounts[0]?.superOptions, ['rw', 'size=1k']);
});

const v1Mounts = parseMounts(
  ['cpu,cpuacct', 'memory', 'cpuset', 'devices', 'freezer', 'pids', 'name=systemd']
    .map((name) => `1 1 0:1 / /sys/fs/cgroup/${name.replace('name=', '')} rw - cgroup cgroup rw,${name}\n`)
    .join(''),
);
const v2Mounts = parseMounts('1 1 0:1 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate\n');
const emptyUnified = parseMounts('1 1 0:1 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n');

test('cgroupLayout() is v1 where v1 controllers are mounted, also beside an empty unified tree', () => {
  const layout = cgroupLayout([...v1Mounts, ...emptyUnified]);
  assert.equal(layout?.version, 1);
  assert.ok(layout.version === 1);
  assert.equal(layout.controllers.get('cpuacct'), '/sys/fs/cgroup/cpu,cpuacct');
  assert.equal(layout.controllers.get('name=unified'), '/sys/fs/cgroup/unified');
  assert.deepEqual(missingControllers(layout), []);
});

test('cgroupLayout() is v2 where only the unified tree is mounted, and nothing where none is', () => {
  assert.deepEqual(cgroupLayout(v2Mounts), { version: 2, tree: '/sys/fs/cgroup' });
  assert.equal(cgroupLayout([]), undefined);
});

test('missingControllers() names what a v1 host has not mounted', () => {
  const layout = cgroupLayout(v1Mounts.filter((mount) => !mount.path.endsWith('pids')));
  assert.deepEqual(layout && missingControllers(layout), ['pids']);
});

test('cgroupsV1() makes the group in every tree, hands cpusets down and sets limits', () =>
  withFolder((root) => {
    const folder = (name: string): string => {
      mkdirSync(join(root, name));
      return join(root, name);
    };
    const trees = new Map([
      ['cpu', folder('cpu')],
      ['cpuset', folder('cpuset')],
      ['memory', folder('memory')],
      ['pids', folder('pids')],
    ]);
    mkdirSync(join(root, 'cpuset/pods/a'), { recursive: true });
    for (const path of ['', 'pods', 'pods/a'])
      for (const file of ['cpus', 'mems'])
        writeFileSync(join(root, 'cpuset', path, `cpuset.${file}`), path === '' ? '0-1' : '');
    mkdirSync(join(root, 'cpu/pods/a'), { recursive: true });
    writeFileSync(join(root, 'cpu/pods/a/cpu.cfs_quota_us'), '-1');
    const cgroups = cgroupsV1(trees);
    cgroups.ensure('/pods/a', { cpuShares: 1, cpuQuotaUs: 5000, memoryBytes: 4096, pids: -1 });
    const read = (path: string): string => readFileSync(join(root, path), 'utf8');
    assert.deepEqual(
      [
        read('cpuset/pods/a/cpuset.cpus'),
        read('cpu/pods/a/cpu.shares'),
        read('cpu/pods/a/cpu.cfs_quota_us'),
        read('memory/pods/a/memory.limit_in_bytes'),
        read('pids/pods/a/pids.max'),
      ],
      ['0-1', '2', '5000', '4096', 'max'],
    );
  }));

test('cgroupsV2() hands controllers down to every level, sets limits and reads usage', () =>
  withFolder((root) => {
    const group = join(root, 'pods/a');
    mkdirSync(group, { recursive: true });
    for (const folder of [root, join(root, 'pods')])
      writeFileSync(join(folder, 'cgroup.controllers'), 'cpu memory rdma');
    writeFileSync(join(root, 'cgroup.subtree_control'), 'cpu');
    writeFileSync(join(group, 'memory.current'), '100');
    writeFileSync(join(group, 'memory.stat'), 'anon 7\ninactive_file 30\npgfault 3\n');
    writeFileSync(join(group, 'cpu.stat'), 'usage_usec 12\n');
    const cgroups = cgroupsV2(root);
    cgroups.ensure('/pods/a', { cpuShares: 1024, cpuQuotaUs: 50_000, memoryBytes: -1, pids: 10 });
    const read = (path: string): string => readFileSync(join(root, path), 'utf8');
    assert.deepEqual(
      [read('cgroup.subtree_control'), read('pods/cgroup.subtree_control')],
      ['+memory', '+cpu +memory'],
    );
    assert.deepEqual(
      [read('pods/a/cpu.weight'), read('pods/a/cpu.max'), read('pods/a/memory.max')],
      ['39', '50000 100000', 'max'],
    );
    assert.deepEqual(cgroups.usage('/pods/a'), {
      cpuNanoseconds: 12_000,
      memoryBytes: 100,
      workingSetBytes: 70,
      rssBytes: 7,
      pageFaults: 3,
    });
    assert.deepEqual(cgroups.load('/pods/a'), { cpuNanoseconds: 12_000, memoryBytes: 100, workingSetBytes: 70 });
    assert.deepEqual([cgroups.usage('/pods/none'), cgroups.load('/pods/none')], [undefined, undefined]);
  }));

test('weightOfShares() keeps the ends of the scales', () => {
  assert.deepEqual([0, 2, 1024, 262_144, 1e9].map(weightOfShares), [1, 1, 39, 10_000, 10_000]);
});

test("runCommand() gives output, throws the program's last words, and ends with its signal", async () => {
  assert.equal((await runCommand(['cat'], { input: 'x' }, never)).stdout, 'x');
  await assert.rejects(
    runCommand(['sh', '-c', 'echo bad >&2; exit 3'], {}, never),
    (error) => error instanceof CommandError && error.exitCode === 3 && /bad/.test(error.message),
  );
  await assert.rejects(runCommand(['no-such-program'], {}, never), CommandError);
  const abort = new AbortController();
  const slow = runCommand(['sleep', '60'], {}, abort.signal);
  abort.abort(new Error('enough'));
  await assert.rejects(slow, /^Error: enough$/);
});

test('isAlive() knows a process from another that has its number', () => {
  const self = identityOf(process.pid);
  assert.ok(self && isAlive(self));
  assert.equal(isAlive({ ...self, startTicks: '1' }), false);
  assert.equal(isAlive({ ...self, bootId: 'another' }), false);
});

test('packagesFor() names each package once', () => {
  const missing = [
    { what: 'ctr', why: '', package: 'containerd' },
    { what: 'root', why: '' },
    { what: 'containerd', why: '', package: 'containerd' },
  ];
  const report = {
    canRunContainers: false,
    missing,
    cgroupVersion: 1 as const,
    canLowerOomScore: false,
    hasOverlay: false,
    cniBinDir: undefined,
  };
  assert.deepEqual(packagesFor(report), ['containerd']);
});

function withFolder(work: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'host-'));
  try {
    work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test('removeAbandoned() removes groups of nodes that have said nothing for long, and none that is in use or is not ours', () =>
  withFolder((root) => {
    const cgroups = cgroupsV2(root);
    const names = [
      'navarch-old-0123abcd',
      'navarch-new-0123abcd',
      'navarch-used-0123abcd',
      'navarch-other',
      'system.slice',
    ];
    for (const name of names) mkdirSync(join(root, name, 'kubepods'), { recursive: true });
    // The kernel refuses to remove a group with processes; here a file stands for them.
    writeFileSync(join(root, 'navarch-used-0123abcd', 'kubepods', 'cgroup.procs'), '1');
    const now = Date.now();
    for (const name of names) utimesSync(join(root, name), 0, 0);
    cgroups.touch('/navarch-new-0123abcd');
    assert.deepEqual(removeAbandoned(cgroups, now), ['navarch-old-0123abcd']);
    assert.deepEqual(readdirSync(root).sort(), names.filter((name) => name !== 'navarch-old-0123abcd').sort());
    assert.deepEqual(removeAbandoned(cgroups, now + 16 * 60_000), ['navarch-new-0123abcd']);
  }));
