import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Cgroups } from '../host/cgroup/port.ts';
import { identityOf, isAlive, type ProcessIdentity } from '../host/process-identity.ts';
import { eventually } from '../testing/index.ts';
import { containerdLayout } from './layout.ts';
import { belongings, type Stray } from './strays.ts';
import { oldLeases, Pace, Suspicion, unreleased } from './sweep.ts';

const { signal } = new AbortController();
const [known, lost] = ['a'.repeat(64), 'b'.repeat(64)];

/** Groups by path, with the processes in them. */
function memoryGroups(paths: readonly string[]): Cgroups & { readonly paths: Set<string> } {
  const groups = new Set(paths);
  return {
    paths: groups,
    version: 2,
    ensure: (path) => void groups.add(path),
    exists: (path) => groups.has(path),
    usage: () => undefined,
    load: () => undefined,
    processes: () => [],
    someProcess: () => undefined,
    touch: () => undefined,
    touched: () => undefined,
    children: (path) => [...groups].flatMap((one) => new RegExp(`^${path}/([^/]+)$`).exec(one)?.[1] ?? []),
    remove: (path) => {
      groups.delete(path);
      return true;
    },
  };
}

async function looked(times: number, found: () => readonly Stray[]): Promise<readonly Stray[]> {
  const suspicion = new Suspicion();
  let strays: readonly Stray[] = [];
  for (let look = 0; look < times; look++)
    strays = await suspicion.confirm(found(), new Set(), async () => new Set([known]));
  return strays;
}

test('what belongs to no container goes at the second look: a shim with its program, a task, a group, an address', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'nvs-'));
  const layout = containerdLayout(dir);
  // Only its command line makes it a shim.
  const shim = spawn('sh', ['-c', 'sleep 60; true', '-address', layout.socket, '-id', lost], {
    argv0: 'containerd-shim-test',
    stdio: 'ignore',
  });
  try {
    await once(shim, 'spawn');
    const tasks = join(layout.state, 'io.containerd.runtime.v2.task/k8s.io');
    for (const id of [known, lost]) mkdirSync(join(tasks, id), { recursive: true });
    mkdirSync(join(layout.cniStateDir, 'net'), { recursive: true });
    writeFileSync(join(layout.cniStateDir, 'net/10.0.0.2'), `${known}\r\neth0`);
    writeFileSync(join(layout.cniStateDir, 'net/10.0.0.3'), `${lost}\r\neth0`);
    writeFileSync(join(layout.cniStateDir, 'net/last_reserved_ip.0'), '10.0.0.3');
    const cgroups = memoryGroups([`/r/kubepods/podU`, `/r/kubepods/podU/${known}`, `/r/kubepods/podU/${lost}`]);
    const found = (): readonly Stray[] => belongings(layout, cgroups, '/r');
    const child = shim.pid ?? 0;
    await eventually('its program', () => found().some(({ what }) => what === 'shim'), {
      timeoutMs: 5_000,
      everyMs: 10,
    });
    assert.deepEqual(await looked(1, found), []);
    const strays = await looked(2, found);
    assert.deepEqual(strays.map(({ what, id }) => `${what} ${id === lost}`).sort(), [
      'address true',
      'control group true',
      'shim true',
      'task true',
    ]);
    const identity = identityOf(child) as ProcessIdentity;
    for (const stray of strays) await stray.remove(signal);
    await eventually('the end of the shim', () => !isAlive(identity), { timeoutMs: 5_000, everyMs: 10 });
    assert.deepEqual(
      [
        join(tasks, known),
        join(tasks, lost),
        join(layout.cniStateDir, 'net/10.0.0.2'),
        join(layout.cniStateDir, 'net/10.0.0.3'),
      ].map(existsSync),
      [true, false, true, false],
    );
    assert.deepEqual([...cgroups.paths], ['/r/kubepods/podU', `/r/kubepods/podU/${known}`]);
  } finally {
    shim.kill('SIGKILL');
    rmSync(dir, { recursive: true, force: true });
  }
});

test('a network namespace that no process is in goes after a minute', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'nvs-'));
  try {
    const layout = containerdLayout(dir);
    const folder = join(layout.state, 'io.containerd.grpc.v1.cri/netns');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'cni-1'), '');
    const found = (): readonly Stray[] => belongings(layout, memoryGroups([]), '/r');
    assert.deepEqual(await looked(5, found), []);
    for (const stray of await looked(6, found)) await stray.remove(signal);
    assert.equal(existsSync(join(folder, 'cni-1')), false);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});

test('a container that goes leaves a stray, one that CRI does not show yet is none, and who shows all is not asked again', async () => {
  const suspicion = new Suspicion();
  const found: readonly Stray[] = [{ key: 'task', what: 'task', id: known, remove: async () => undefined }];
  let asked = 0;
  const look = async (listed: readonly string[], all: readonly string[]): Promise<number> => {
    const strays = await suspicion.confirm(found, new Set(listed), async () => {
      asked += 1;
      return new Set(all);
    });
    return strays.length;
  };
  assert.deepEqual([await look([], [known]), await look([], [known]), asked], [0, 0, 2]);
  assert.deepEqual([await look([known], []), await look([known], []), asked], [0, 0, 2]);
  assert.deepEqual([await look([], []), await look([], []), asked], [0, 1, 4]);
});

test('a sandbox that has ended and still has an address is stopped at the second look', async () => {
  const stopped: string[] = [];
  const runtime = {
    async stopPodSandbox({ podSandboxId = '' }: { readonly podSandboxId?: string | undefined }) {
      stopped.push(podSandboxId);
      return {};
    },
  };
  const address = (id: string): Stray => ({
    key: id,
    what: 'address',
    id,
    remove: async () => assert.fail('it is held'),
  });
  const found = [address(known), address(lost)];
  const suspicion = new Suspicion();
  for (let look = 0; look < 2; look++) {
    const held = unreleased(found, new Set([lost]), runtime);
    const strays = await suspicion.confirm([...found, ...held], new Set([known, lost]), async () => new Set());
    for (const stray of strays) await stray.remove(signal);
    assert.deepEqual(stopped, look === 0 ? [] : [lost]);
  }
});

test('looks are taken for two minutes after a containerd began, while something is suspected, and once in five minutes', () => {
  const pace = new Pace();
  const due = (looks: number, pid: number, isAnySuspected = false): number =>
    Array.from({ length: looks }, () => pace.isDue(pid, isAnySuspected)).filter(Boolean).length;
  assert.deepEqual([due(12, 1), due(17, 1), due(30, 1), due(5, 1, true)], [12, 0, 1, 5]);
  assert.deepEqual([due(12, 2), due(17, 2)], [12, 0]);
});

test('oldLeases() names leases of an earlier containerd, and none of a mounted image', () => {
  const table = [
    'ID                            CREATED AT           LABELS',
    '123-abc                       2026-01-01T00:00:00Z containerd.io/gc.expire=2026-01-02T00:00:00Z',
    '/data/pods/x/volumes/image    2026-01-01T00:00:00Z -',
    '456-def                       2026-01-01T02:00:00Z -',
    '',
  ].join('\n');
  assert.deepEqual(oldLeases(table, Date.parse('2026-01-01T01:00:00Z')), ['123-abc']);
});
