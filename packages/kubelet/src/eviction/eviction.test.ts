import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '@navarch/api';
import fc from 'fast-check';
import type { ObservedNode, ObservedPod } from '../server/stats/observed.ts';
import { assess, noStrain, type Strain } from './assess.ts';
import { isCritical, pressureRejection } from './critical.ts';
import { exceededLimit } from './local-limits.ts';
import { ranked } from './rank.ts';
import { type Pressure, type Readings, readingsOf, type Signal } from './signals.ts';
import { evictionSettings, type EvictionTexts } from './thresholds.ts';
import { starvedMessage } from './words.ts';

const podOf = (name: string, spec: object = {}, annotations: object = {}): Pod =>
  ({
    metadata: { name, namespace: 'default', uid: name, annotations },
    spec: { containers: [{ name: 'c', image: 'i' }], ...spec },
    status: {},
  }) as unknown as Pod;
const withResources = (name: string, resources: object, spec: object = {}): Pod =>
  podOf(name, { containers: [{ name: 'c', image: 'i', resources }], ...spec });
const using = (uid: string, bytes: number, more: object = {}): ObservedPod =>
  ({
    uid,
    usage: { at: 0, workingSetBytes: bytes, processes: bytes },
    containers: [
      {
        name: 'c',
        usage: { at: 0, workingSetBytes: bytes },
        rootfs: { at: 0, usedBytes: bytes, inodesUsed: bytes },
        logs: { at: 0, usedBytes: 0 },
      },
    ],
    volumes: [],
    ...more,
  }) as unknown as ObservedPod;
const left = (values: Partial<Record<Signal, number>>, capacity = 1000): Readings =>
  new Map(Object.entries(values).map(([signal, available]) => [signal as Signal, { available, capacity }]));

test("evictionSettings() reads what KubeletConfiguration says, upstream's defaults where it says nothing", () => {
  assert.deepEqual(
    evictionSettings({}).thresholds.map(({ signal, value, graceMs }) => [signal, value, graceMs]),
    [
      ['memory.available', { count: 100 * 2 ** 20 }, 0],
      ['nodefs.available', { part: 0.1 }, 0],
      ['nodefs.inodesFree', { part: 0.05 }, 0],
      ['imagefs.available', { part: 0.15 }, 0],
      ['imagefs.inodesFree', { part: 0.05 }, 0],
    ],
  );
  const settings = evictionSettings({
    evictionHard: { 'memory.available': '1Gi', 'nodefs.available': '0%', 'imagefs.available': '100%' },
    evictionSoft: { 'memory.available': '20%' },
    evictionSoftGracePeriod: { 'memory.available': '1m30s' },
    evictionMinimumReclaim: { 'memory.available': '500Mi' },
    evictionPressureTransitionPeriod: '30s',
    evictionMaxPodGracePeriod: 60,
  });
  const reclaim = { count: 500 * 2 ** 20 };
  assert.deepEqual(settings, {
    thresholds: [
      { signal: 'memory.available', value: { count: 2 ** 30 }, graceMs: 0, reclaim },
      { signal: 'memory.available', value: { part: 0.2 }, graceMs: 90_000, reclaim },
    ],
    transitionMs: 30_000,
    podGraceSecondsMax: 60,
  });
});

test('evictionSettings() refuses what cannot be', () => {
  const table: readonly (readonly [EvictionTexts, RegExp])[] = [
    [{ evictionHard: { 'cpu.available': '1' } }, /^unsupported eviction signal: cpu.available$/],
    [{ evictionHard: { 'memory.available': '-10%' } }, /memory.available must be >= 0%: -10%$/],
    [{ evictionHard: { 'memory.available': '110%' } }, /must be <= 100%: 110%$/],
    [{ evictionHard: { 'memory.available': '-1Gi' } }, /must be positive: -1Gi$/],
    [{ evictionHard: { 'memory.available': 'much' } }, /much/],
    [
      { evictionSoft: { 'memory.available': '1Gi' } },
      /^grace period must be specified for the soft eviction threshold memory.available$/,
    ],
    [{ evictionSoftGracePeriod: { 'memory.available': '-1m' } }, /must be a positive value/],
    [{ evictionMinimumReclaim: { 'memory.available': '0%' } }, /must be positive: 0%$/],
  ];
  for (const [texts, message] of table)
    assert.throws(() => evictionSettings({ evictionHard: {}, ...texts }), { name: 'EvictionSettingError', message });
});

/** Looks at a node one after the other; gives what each one found due, and the pressures after it. */
function looks(texts: EvictionTexts, list: readonly (readonly [atMs: number, Readings])[]): readonly string[] {
  let strain: Strain = noStrain;
  return list.map(([at, readings]) => {
    const { due, ...next } = assess(evictionSettings({ evictionHard: {}, ...texts }), readings, strain, at);
    strain = next;
    return `${due.map(({ signal, graceMs }) => (graceMs === 0 ? signal : `soft ${signal}`)).join(' ')} | ${[...next.pressures].join(' ')}`;
  });
}

test('assess() finds a hard threshold due at once, and holds the pressure for the transition period', () => {
  const texts = { evictionHard: { 'memory.available': '100' }, evictionPressureTransitionPeriod: '60s' };
  assert.deepEqual(
    looks(texts, [
      [0, left({ 'memory.available': 100 })],
      [10_000, left({ 'memory.available': 99 })],
      [20_000, left({ 'memory.available': 500 })],
      [69_000, left({ 'memory.available': 500 })],
      [70_000, left({ 'memory.available': 500 })],
    ]),
    [' | ', 'memory.available | MemoryPressure', ' | MemoryPressure', ' | MemoryPressure', ' | '],
  );
});

test('assess() gives a soft threshold its grace, which begins anew when there was enough meanwhile', () => {
  const texts = { evictionSoft: { 'nodefs.available': '10%' }, evictionSoftGracePeriod: { 'nodefs.available': '30s' } };
  const [low, enough] = [left({ 'nodefs.available': 50 }), left({ 'nodefs.available': 150 })];
  const found = looks(texts, [
    [0, low],
    [20_000, enough],
    [40_000, low],
    [60_000, low],
    [70_000, low],
  ]);
  assert.deepEqual(
    found.map((text) => text.split(' |')[0]),
    ['', '', '', '', 'soft nodefs.available'],
  );
  assert.match(found[0] ?? '', /DiskPressure/);
});

test('assess() goes on until the minimum reclaim is there too, and takes memory first', () => {
  const texts = {
    evictionHard: { 'pid.available': '10', 'memory.available': '100' },
    evictionMinimumReclaim: { 'memory.available': '50' },
  };
  const found = looks(texts, [
    [0, left({ 'pid.available': 5, 'memory.available': 120 })],
    [1, left({ 'pid.available': 5, 'memory.available': 90 })],
    [2, left({ 'pid.available': 50, 'memory.available': 149 })],
    [3, left({ 'pid.available': 50, 'memory.available': 150 })],
  ]);
  assert.deepEqual(
    found.map((text) => text.split(' |')[0]),
    ['pid.available', 'memory.available pid.available', 'memory.available', ''],
  );
});

test('assess() never finds due what has never been below its threshold', () => {
  const settings = evictionSettings({
    evictionHard: { 'memory.available': '100' },
    evictionMinimumReclaim: { 'memory.available': '100' },
  });
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 1000 })), (values) => {
      let [strain, wasBelow, isHeld]: [Strain, boolean, boolean] = [noStrain, false, false];
      for (const [at, available] of values.entries()) {
        const { due, ...next } = assess(settings, left({ 'memory.available': available }), strain, at);
        wasBelow ||= available < 100;
        isHeld = available < 100 || (isHeld && available < 200);
        assert.equal(due.length > 0, isHeld);
        assert.ok(wasBelow || next.pressures.size === 0);
        strain = next;
      }
    }),
  );
});

test('readingsOf() counts what the node has left, and no inodes where a file system has no number of them', () => {
  const disk = { at: 0, availableBytes: 5, capacityBytes: 10, inodesFree: 0, inodes: 0 };
  const node = {
    memoryBytes: 100,
    usage: { at: 0, workingSetBytes: 30 },
    disk,
    images: { ...disk, inodesFree: 2, inodes: 4 },
    processes: { at: 0, max: 50, now: 20 },
  };
  assert.deepEqual(Object.fromEntries(readingsOf(node as unknown as ObservedNode)), {
    'memory.available': { available: 70, capacity: 100 },
    'nodefs.available': { available: 5, capacity: 10 },
    'imagefs.available': { available: 5, capacity: 10 },
    'imagefs.inodesFree': { available: 2, capacity: 4 },
    'pid.available': { available: 30, capacity: 50 },
  });
});

test('ranked() takes who exceeds its request first, then who matters less, then who exceeds it most', () => {
  const of = (name: string, request: number, usage: number | undefined, priority = 0) => ({
    pod: withResources(name, { requests: { memory: String(request) } }, { priority }),
    observed: usage === undefined ? undefined : using(name, usage),
  });
  const names = (list: readonly { readonly pod: Pod }[]): string => list.map(({ pod }) => pod.metadata.name).join(' ');
  const table = [
    of('modest', 100, 90),
    of('little', 100, 110),
    of('much', 100, 300),
    of('urgent', 0, 900, 10),
    of('unknown', 0, undefined),
  ];
  assert.equal(names(ranked(table, 'memory')), 'unknown much little urgent modest');
  assert.equal(names(ranked(table.slice(0, 4), 'pids')), 'much little modest urgent');
  fc.assert(
    fc.property(
      fc.shuffledSubarray(table, { minLength: 5 }),
      (list) => names(ranked(list, 'memory')) === 'unknown much little urgent modest',
    ),
  );
});

test('starvedMessage() says what was low, by how much, and who used more than it asked for', () => {
  const candidate = { pod: withResources('p', { requests: { memory: '1Ki' } }), observed: using('p', 2048) };
  const [threshold] = evictionSettings({ evictionHard: { 'memory.available': '100Mi' } }).thresholds;
  const readings: Readings = new Map([['memory.available', { available: 1500, capacity: 2 ** 30 }]]);
  assert.equal(
    starvedMessage('memory', candidate, [threshold as never], readings),
    'The node was low on resource: memory. Threshold quantity: 100Mi, available: 1500. Container c was using 2Ki, request is 1Ki, has larger consumption of memory. ',
  );
  assert.equal(
    starvedMessage('pids', { ...candidate, observed: undefined }, [], readings),
    'The node was low on resource: pids. ',
  );
});

test('exceededLimit() finds volumes, pods and containers that wrote more than they may', () => {
  const volumes = [
    { name: 'v', emptyDir: { sizeLimit: '1Ki' } },
    { name: 'm', configMap: { name: 'm' } },
  ];
  const wrote = (bytes: number): ObservedPod => using('p', 0, { volumes: [{ name: 'v', at: 0, usedBytes: bytes }] });
  const limited = { limits: { 'ephemeral-storage': '1Ki' } };
  const table: readonly (readonly [Pod, ObservedPod | undefined, string | undefined])[] = [
    [podOf('p', { volumes }), wrote(1024), undefined],
    [podOf('p', { volumes }), wrote(1025), 'Usage of EmptyDir volume "v" exceeds the limit "1Ki". '],
    [podOf('p', { volumes }), undefined, undefined],
    [withResources('p', limited), using('p', 1024), undefined],
    [
      withResources('p', limited),
      using('p', 1025),
      'Pod ephemeral local storage usage exceeds the total limit of containers 1Ki. ',
    ],
    [
      withResources('p', limited, { volumes: [{ name: 'v', emptyDir: {} }] }),
      wrote(2000),
      'Pod ephemeral local storage usage exceeds the total limit of containers 1Ki. ',
    ],
    [withResources('p', limited, { volumes: [{ name: 'v', hostPath: { path: '/' } }] }), wrote(2000), undefined],
    [
      podOf('p', {
        containers: [
          { name: 'c', resources: limited },
          { name: 'd', resources: { limits: { 'ephemeral-storage': '9Ki' } } },
        ],
      }),
      using('p', 1025),
      'Container c exceeded its local ephemeral storage limit "1Ki". ',
    ],
  ];
  for (const [pod, observed, message] of table) assert.equal(exceededLimit({ pod, observed }), message);
});

test('pressureRejection() turns away who does not say what it needs, under other pressures everyone but the critical', () => {
  const tolerations = [{ key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' }];
  const burstable = withResources('b', { requests: { memory: '1' } });
  const critical = podOf('s', { priority: 2_000_000_000 });
  const table: readonly (readonly [Pod, readonly Pressure[], string | undefined])[] = [
    [podOf('p'), [], undefined],
    [podOf('p'), ['MemoryPressure'], 'The node had condition: [MemoryPressure]. '],
    [podOf('p', { tolerations }), ['MemoryPressure'], undefined],
    [burstable, ['MemoryPressure'], undefined],
    [burstable, ['MemoryPressure', 'DiskPressure'], 'The node had condition: [MemoryPressure DiskPressure]. '],
    [podOf('p', { tolerations }), ['PIDPressure'], 'The node had condition: [PIDPressure]. '],
    [critical, ['DiskPressure'], undefined],
  ];
  for (const [pod, pressures, message] of table)
    assert.deepEqual(pressureRejection(pod, new Set(pressures)), message && { reason: 'Evicted', message });
});

test("isCritical() spares static pods, mirrors and those of the system's classes", () => {
  assert.deepEqual(
    [
      podOf('p'),
      podOf('p', { priority: 1e9 }),
      podOf('p', { priority: 2e9 }),
      podOf('p', {}, { 'kubernetes.io/config.source': 'file' }),
      podOf('p', {}, { 'kubernetes.io/config.mirror': 'h' }),
    ].map(isCritical),
    [false, false, true, true, true],
  );
});
