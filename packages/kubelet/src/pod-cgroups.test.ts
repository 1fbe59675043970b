import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '@navarch/api';
import { PodCgroups, podCgroupLimits } from './pod-cgroups.ts';
import { ORDINARY_RULES } from './pod-rules.ts';
import type { CgroupLimits, HostFacts } from './ports.ts';

const podOf = (uid: string, ...containers: readonly object[]): Pod =>
  ({
    metadata: { uid },
    spec: { containers: containers.map((resources) => ({ name: 'c', resources })) },
    status: {},
  }) as unknown as Pod;
const guaranteed = podOf('g', { requests: { cpu: '1', memory: '1Gi' }, limits: { cpu: '1', memory: '1Gi' } });
const burstable = podOf(
  'b',
  { requests: { cpu: '100m' }, limits: { cpu: '200m', memory: '64Mi' } },
  { requests: { cpu: '300m' }, limits: { memory: '64Mi' } },
);
const bestEffort = podOf('e', {});

test('podCgroupLimits() limits what every container limits', () => {
  assert.deepEqual(
    [guaranteed, burstable, bestEffort].map((pod) => podCgroupLimits(pod, ORDINARY_RULES)),
    [
      { cpuShares: 1024, cpuQuotaUs: 100_000, cpuPeriodUs: 100_000, memoryBytes: 2 ** 30 },
      { cpuShares: 409, memoryBytes: 2 ** 27 },
      { cpuShares: 2 },
    ],
  );
});

test('podCgroupLimits() holds no pod up that has processors of its own', () => {
  assert.deepEqual(podCgroupLimits(guaranteed, ORDINARY_RULES, true), { cpuShares: 1024, memoryBytes: 2 ** 30 });
});

test('podCgroupLimits() keeps to what the node has for all its pods', () => {
  const rules = { ...ORDINARY_RULES, pidsMax: 100, cpuPeriodUs: 10_000 };
  assert.deepEqual(podCgroupLimits(guaranteed, rules), {
    cpuShares: 1024,
    cpuQuotaUs: 10_000,
    cpuPeriodUs: 10_000,
    memoryBytes: 2 ** 30,
    pids: 100,
  });
  assert.deepEqual(podCgroupLimits(guaranteed, { ...ORDINARY_RULES, hasCpuQuota: false }), {
    cpuShares: 1024,
    memoryBytes: 2 ** 30,
  });
});

test('PodCgroups keeps memory for pods, their class and all of them, where the node has it so', () => {
  const groups = new Map<string, CgroupLimits>();
  const cgroups = new PodCgroups({
    root: '/nv',
    host: { cpus: 4, memoryBytes: 2 ** 33 } as HostFacts,
    rules: { ...ORDINARY_RULES, isMemoryTiered: true },
    hasOwnCpus: () => false,
    cgroups: {
      ensure: (path, limits) => void groups.set(path, { ...groups.get(path), ...limits }),
      remove: (path) => groups.delete(path),
      children: () => [],
    },
  });
  const kept = (path: string): readonly unknown[] => [
    groups.get(path)?.memoryMinBytes,
    groups.get(path)?.memoryLowBytes,
  ];
  const asking = {
    ...burstable,
    spec: { containers: [{ name: 'c', image: 'i', resources: { requests: { memory: '1Mi' } } }] },
  } as unknown as Pod;
  for (const pod of [guaranteed, asking, bestEffort]) cgroups.enter(pod);
  assert.deepEqual(kept('/nv/kubepods'), [2 ** 30, 2 ** 20]);
  assert.deepEqual(kept('/nv/kubepods/burstable'), [undefined, 2 ** 20]);
  assert.deepEqual(kept('/nv/kubepods/podg'), [2 ** 30, undefined]);
  assert.deepEqual(kept(`/nv/kubepods/burstable/pod${asking.metadata.uid}`), [undefined, 2 ** 20]);
  assert.deepEqual(kept(`/nv/kubepods/besteffort/pod${bestEffort.metadata.uid}`), [undefined, undefined]);
  cgroups.leave(asking);
  assert.deepEqual(
    [kept('/nv/kubepods'), kept('/nv/kubepods/burstable')],
    [
      [2 ** 30, 0],
      [undefined, 0],
    ],
  );
  cgroups.keep([asking]);
  assert.deepEqual(kept('/nv/kubepods'), [0, 2 ** 20]);
});

test('PodCgroups gives classes what their pods ask for, and removes groups of pods that are gone', () => {
  const groups = new Map<string, CgroupLimits>();
  const cgroups = new PodCgroups({
    root: '/nv',
    host: { cpus: 4, memoryBytes: 2 ** 33 } as HostFacts,
    rules: ORDINARY_RULES,
    aside: { cpu: 500, memory: 2 ** 30 },
    hasOwnCpus: () => false,
    cgroups: {
      ensure: (path, limits) => void groups.set(path, { ...groups.get(path), ...limits }),
      remove: (path) => groups.delete(path),
      children: (path) =>
        [...groups.keys()]
          .filter((p) => p.startsWith(`${path}/`) && !p.slice(path.length + 1).includes('/'))
          .map((p) => p.slice(path.length + 1)),
    },
  });
  for (const pod of [guaranteed, burstable, bestEffort]) cgroups.enter(pod);
  assert.deepEqual(groups.get('/nv/kubepods'), { cpuShares: 3584, memoryBytes: 7 * 2 ** 30 });
  assert.deepEqual(groups.get('/nv/kubepods/burstable'), { cpuShares: 409 });
  assert.deepEqual(groups.get('/nv/kubepods/besteffort'), { cpuShares: 2 });
  cgroups.leave(burstable);
  assert.deepEqual(groups.get('/nv/kubepods/burstable'), { cpuShares: 2 });
  cgroups.keep([guaranteed]);
  assert.deepEqual(
    [...groups.keys()].filter((path) => path.includes('/pod')),
    ['/nv/kubepods/podg'],
  );
});

test('PodCgroups touches the groups of classes only where a pod changes them, and all of them when it looks after them', () => {
  const made: string[] = [];
  const cgroups = new PodCgroups({
    root: '/nv',
    host: { cpus: 4, memoryBytes: 2 ** 33 } as HostFacts,
    rules: ORDINARY_RULES,
    hasOwnCpus: () => false,
    cgroups: { ensure: (path) => void made.push(path), remove: () => true, children: () => [] },
  });
  const since = (work: () => void): readonly string[] => {
    made.length = 0;
    work();
    return [...made];
  };
  const classes = ['/nv/kubepods', '/nv/kubepods/burstable', '/nv/kubepods/besteffort'];
  assert.deepEqual(
    since(() => cgroups.enter(bestEffort)),
    [...classes, '/nv/kubepods/besteffort/pode'],
  );
  assert.deepEqual(
    since(() => cgroups.enter(podOf('f', {}))),
    ['/nv/kubepods/besteffort/podf'],
  );
  assert.deepEqual(
    since(() => cgroups.enter(burstable)),
    [...classes, '/nv/kubepods/burstable/podb'],
  );
  assert.deepEqual(
    since(() => cgroups.leave(bestEffort)),
    [],
  );
  assert.deepEqual(
    since(() => cgroups.leave(burstable)),
    classes,
  );
  assert.deepEqual(
    since(() => cgroups.keep([bestEffort])),
    classes,
  );
});
