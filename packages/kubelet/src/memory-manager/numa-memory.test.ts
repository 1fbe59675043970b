import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Asking, guaranteedPod, machineOf } from '../testing/machines.ts';
import { ANYWHERE } from '../topology/hints.ts';
import { AdmissionError, rolesOf } from '../topology/provider.ts';
import { checkReservedMemory, memorySettings, type MemoryTexts } from './memory-settings.ts';
import { NumaMemory } from './numa-memory.ts';

const GI = 2 ** 30;
const machine = machineOf(2, 2, 4 * GI);
const reserved = memorySettings({
  memoryManagerPolicy: 'Static',
  reservedMemory: [{ numaNode: 0, limits: { memory: '1Gi' } }],
}).reserved;
const memoryOf = (): NumaMemory => new NumaMemory({ numaNodes: machine.numaNodes, reserved });
const app = (memory: string, name = 'c'): Asking => ({ name, wants: { memory } });

function give(memory: NumaMemory, uid: string, containers: readonly Asking[], nodes?: number): string {
  const pod = guaranteedPod(uid, containers);
  try {
    for (const [container] of rolesOf(pod)) memory.allocate(pod, container, { ...ANYWHERE, nodes });
    return containers.map(({ name }) => memory.of(uid, name)?.nodes.join('+') ?? '-').join(' ');
  } catch (error) {
    if (!(error instanceof AdmissionError)) throw error;
    memory.release(uid);
    return error.message;
  }
}

test('NumaMemory gives of one node where one has enough, less what is reserved of it', () => {
  const memory = memoryOf();
  assert.equal(give(memory, 'a', [app('3Gi')]), '0');
  assert.equal(give(memory, 'b', [app('3Gi')]), '1');
  assert.equal(
    give(memory, 'c', [app('2Gi')]),
    'Allocate failed due to [memorymanager] failed to get the default NUMA affinity, no NUMA nodes with enough memory is available, which is unexpected',
  );
  assert.equal(memory.release('a'), true);
  assert.equal(give(memory, 'c', [app('2Gi')]), '0');
});

test('NumaMemory gives nodes together to some, and then not alone to others', () => {
  const memory = memoryOf();
  assert.equal(give(memory, 'a', [app('5Gi')]), '0+1');
  assert.match(give(memory, 'b', [app('1Gi')], 0b01), /^0\+1|failed to find/);
  memory.release('a');
  memory.release('b');
  assert.equal(give(memory, 'b', [app('1Gi')]), '0');
  assert.match(give(memory, 'a', [app('5Gi')]), /no NUMA nodes with enough memory/);
});

test('NumaMemory widens a hint that has not enough, but not one that was promised to be the best', () => {
  const memory = memoryOf();
  assert.equal(give(memory, 'a', [app('5Gi')], 0b01), '0+1');
});

test('NumaMemory counts what init containers had for those that come after them', () => {
  const memory = memoryOf();
  const containers: readonly Asking[] = [{ ...app('3Gi', 'i'), role: 'init' }, app('2Gi', 'c'), app('1Gi', 'd')];
  assert.equal(give(memory, 'a', containers, 0b01), '0 0 0');
  assert.match(give(memory, 'b', [app('1Gi')], 0b01), /failed to find/);
});

test('memory settings are refused in upstream’s words', () => {
  const table: readonly (readonly [MemoryTexts, string])[] = [
    [{ memoryManagerPolicy: 'static' }, 'unknown policy: "static"'],
    [
      { reservedMemory: [{ numaNode: 0, limits: { cpu: '1' } }] },
      'invalid configuration: the limit type "cpu" for NUMA node 0 is not supported, only [memory hugepages-<HugePageSize>] is accepted',
    ],
    [
      { reservedMemory: [{ numaNode: 1, limits: { memory: '0' } }] },
      'invalid configuration: reserved memory may not be zero for NUMA node 1 and resource "memory"',
    ],
    [
      { reservedMemory: [1, 1].map((numaNode) => ({ numaNode, limits: { memory: '1Gi' } })) },
      'invalid configuration: the reserved memory has a duplicate value for NUMA node 1 and resource "memory"',
    ],
  ];
  for (const [texts, message] of table) assert.throws(() => memorySettings(texts), { name: 'SettingError', message });
  const settings = { policy: 'Static', reserved } as const;
  assert.throws(() => checkReservedMemory(settings, machine, { memory: 100 * 2 ** 20 }), {
    message:
      'the total amount "1Gi" of type "memory" is not equal to the value "100Mi" determined by Node Allocatable feature',
  });
  checkReservedMemory(settings, machine, { memory: GI });
});

const asking = fc.record({ role: fc.constantFrom('init', 'sidecar', 'app'), gi: fc.integer({ min: 1, max: 6 }) });
const step = fc.record({
  uid: fc.constantFrom('a', 'b', 'c', 'd'),
  containers: fc.array(asking, { minLength: 1, maxLength: 3 }),
  hint: fc.constantFrom(undefined, 1, 2, 3),
  isEnd: fc.boolean(),
});

test('no memory is promised twice, and no node is in two groups, over restarts too', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      let memory = memoryOf();
      const pods = new Map<string, readonly Asking[]>();
      for (const { uid, containers, hint, isEnd } of steps) {
        if (isEnd) {
          memory.release(uid);
          pods.delete(uid);
        } else if (!pods.has(uid)) {
          const wants = containers.map(({ role, gi }, i): Asking => ({
            name: `c${i}`,
            role: role as 'app',
            wants: { memory: `${gi}Gi` },
          }));
          if (/^[\d+ ]+$/.test(give(memory, uid, wants, hint))) pods.set(uid, wants);
        }
        const kept = memory.entries();
        memory = memoryOf();
        memory.restore(kept);
        assert.deepEqual(memory.entries(), kept);
        hold(memory, pods);
      }
    }),
    { numRuns: 300 },
  );
});

/** At its hungriest each pod has what its containers ask for, of what the nodes have less what is reserved. */
function hold(memory: NumaMemory, pods: ReadonlyMap<string, readonly Asking[]>): void {
  const used = new Map<string, number>();
  for (const [uid, containers] of pods) {
    const byGroup = Map.groupBy(containers, ({ name }) => memory.of(uid, name)?.nodes.join('+') ?? '');
    for (const [group, own] of byGroup) {
      const sum = (...roles: readonly string[]): number =>
        own
          .filter((c) => roles.includes(c.role ?? ''))
          .reduce((all, c) => all + Number.parseInt(c.wants['memory'] ?? '', 10), 0);
      const init = Math.max(
        0,
        ...own.filter((c) => c.role === 'init').map((c) => Number.parseInt(c.wants['memory'] ?? '', 10)),
      );
      used.set(group, (used.get(group) ?? 0) + Math.max(sum('sidecar', 'app'), init));
    }
  }
  const groups = [...used.keys()].map((group) => group.split('+').map(Number));
  assert.ok(new Set(groups.flat()).size === groups.flat().length, `${groups.join(' ')} overlap`);
  for (const [group, gi] of used) assert.ok(gi <= { '0': 3, '1': 4, '0+1': 7 }[group]!, `${gi} of ${group}`);
}
