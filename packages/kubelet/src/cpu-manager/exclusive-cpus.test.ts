import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Asking, guaranteedPod, machineOf } from '../testing/machines.ts';
import { ANYWHERE } from '../topology/hints.ts';
import { CpuLayout } from '../topology/machine.ts';
import { AdmissionError, rolesOf } from '../topology/provider.ts';
import { type CpuSet, cpuSetText, parseCpuSet } from './cpu-set.ts';
import { cpuSettings, type CpuTexts, reservedCpus } from './cpu-settings.ts';
import { ExclusiveCpus } from './exclusive-cpus.ts';

const layout = new CpuLayout(machineOf(2, 4));

function cpusWith(texts: CpuTexts = {}): ExclusiveCpus {
  const settings = cpuSettings({ cpuManagerPolicy: 'static', reservedSystemCPUs: '0', ...texts });
  return new ExclusiveCpus({ layout, reserved: reservedCpus(settings, layout, 0), options: settings.options });
}
const app = (name: string, cpu: string): Asking => ({ name, wants: { cpu } });
const refusal = (work: () => void): string => {
  try {
    work();
    return '';
  } catch (error) {
    assert.ok(error instanceof AdmissionError, String(error));
    return `${error.reason}: ${error.message}`;
  }
};
/** What each container of a pod got; `-` for none of its own. */
function given(cpus: ExclusiveCpus, uid: string, containers: readonly Asking[], nodes?: number): readonly string[] {
  const pod = guaranteedPod(uid, containers);
  for (const [container] of rolesOf(pod)) cpus.allocate(pod, container, { ...ANYWHERE, nodes });
  return containers.map(({ name }) => {
    const own = cpus.of(uid, name);
    return own ? cpuSetText(own) : '-';
  });
}

test('ExclusiveCpus gives whole cores before single processors, and leaves the reserved ones alone', () => {
  const cpus = cpusWith();
  assert.deepEqual(given(cpus, 'a', [app('c', '2')]), ['1,9']);
  assert.deepEqual(given(cpus, 'b', [app('c', '1')]), ['8']);
  assert.deepEqual(given(cpus, 'c', [app('c', '9')]), ['2,4-7,12-15']);
  assert.equal(cpuSetText(cpus.shared), '0,3,10-11');
});

test('ExclusiveCpus gives a whole node to who asks for one', () => {
  assert.deepEqual(given(cpusWith(), 'a', [app('c', '8')]), ['4-7,12-15']);
});

test('ExclusiveCpus gives nothing to parts of a processor, and to pods that are not guaranteed', () => {
  const cpus = cpusWith();
  assert.deepEqual(given(cpus, 'a', [app('c', '1500m'), app('d', '1')]), ['-', '8']);
  const pod = guaranteedPod('b', [app('c', '1')]);
  const [container] = pod.spec.containers;
  cpus.allocate({ ...pod, status: { qosClass: 'Burstable' } }, container as never, ANYWHERE);
  assert.equal(cpus.of('b', 'c'), undefined);
});

test('ExclusiveCpus hands what an init container had to those that come after it', () => {
  const cpus = cpusWith();
  const [init, sidecar, first, second] = given(cpus, 'a', [
    { ...app('init', '4'), role: 'init' },
    { ...app('side', '2'), role: 'sidecar' },
    app('first', '2'),
    app('second', '2'),
  ]);
  assert.deepEqual([init, sidecar, first, second], ['1-2,9-10', '1,9', '2,10', '3,11']);
});

test('ExclusiveCpus takes from the nodes that the hint names', () => {
  assert.deepEqual(given(cpusWith(), 'a', [app('c', '2')], 0b01), ['1,9']);
  assert.deepEqual(given(cpusWith(), 'a', [app('c', '9')], 0b01), ['1-4,8-12']);
});

test('ExclusiveCpus says why it gives nothing, in upstream’s words', () => {
  const tooMany = refusal(() => given(cpusWith(), 'a', [app('c', '16')]));
  assert.equal(
    tooMany,
    'UnexpectedAdmissionError: Allocate failed due to not enough cpus available to satisfy request: requested=16, available=15, which is unexpected',
  );
  const whole = cpusWith({ cpuManagerPolicyOptions: { 'full-pcpus-only': 'true' } });
  assert.equal(
    refusal(() => given(whole, 'a', [app('c', '3')])),
    'SMTAlignmentError: SMT Alignment Error: requested 3 cpus not multiple cpus per core = 2',
  );
  assert.equal(
    refusal(() => given(whole, 'a', [app('c', '16')])),
    'SMTAlignmentError: SMT Alignment Error: not enough free physical CPUs: available physical CPUs = 14, requested CPUs = 16, CPUs per core = 2',
  );
});

test('ExclusiveCpus spreads over nodes, keeps everyone off reserved processors, and prefers whole caches, where it is told to', () => {
  const spread = cpusWith({ cpuManagerPolicyOptions: { 'distribute-cpus-across-numa': 'true' } });
  assert.deepEqual(given(spread, 'a', [app('c', '10')]), ['1-2,4-6,8-10,12-13']);
  const byNode = layout.groups(spread.of('a', 'c') as CpuSet, 'numa');
  assert.deepEqual(
    [...byNode.values()].map((cpus) => cpus.length),
    [5, 5],
  );
  const strict = cpusWith({ cpuManagerPolicyOptions: { 'strict-cpu-reservation': 'true' } });
  assert.equal(cpuSetText(strict.shared), '1-15');
  const caches = cpusWith({ cpuManagerPolicyOptions: { 'prefer-align-cpus-by-uncorecache': 'true' } });
  given(caches, 'a', [app('c', '2')]);
  assert.deepEqual(given(caches, 'b', [app('c', '4')]), ['2-3,10-11']);
});

test('hints() names the sets of nodes that could give so many, those of fewest preferred', () => {
  const cpus = cpusWith();
  const of = (count: string): unknown => {
    const pod = guaranteedPod('x', [app('c', count)]);
    return cpus.hints(pod, pod.spec.containers[0] as never)['cpu'];
  };
  const [first, second, both] = [0b01, 0b10, 0b11];
  assert.deepEqual(of('7'), [
    { nodes: first, isPreferred: true },
    { nodes: second, isPreferred: true },
    { nodes: both, isPreferred: false },
  ]);
  assert.deepEqual(of('8'), [
    { nodes: second, isPreferred: true },
    { nodes: both, isPreferred: false },
  ]);
  assert.deepEqual(of('9'), [{ nodes: both, isPreferred: true }]);
  assert.deepEqual(of('500m'), undefined);
});

test('restore() refuses what cannot have been given out', () => {
  assert.throws(() => cpusWith().restore({ a: { c: '0' } }), /CPUs 0 cannot be given out/);
  assert.throws(() => cpusWith().restore({ a: { c: '1' }, b: { c: '1-2' } }), /given out twice/);
});

interface Step {
  readonly uid: string;
  readonly containers: readonly Asking[];
  readonly isEnd: boolean;
  readonly isRestart: boolean;
}
const roles = ['init', 'sidecar', 'app'] as const;
const asking = fc
  .record({ role: fc.constantFrom(...roles), cpu: fc.integer({ min: 1, max: 5 }) })
  .map(({ role, cpu }) => ({ role, wants: { cpu: String(cpu) } }));
const step = fc.record({
  uid: fc.constantFrom('a', 'b', 'c', 'd'),
  containers: fc
    .array(asking, { minLength: 1, maxLength: 4 })
    .map((list) => list.map((one, index): Asking => ({ ...one, name: `c${index}` }))),
  isEnd: fc.boolean(),
  isRestart: fc.boolean(),
});
const options = fc.record(
  {
    'full-pcpus-only': fc.constant('true'),
    'strict-cpu-reservation': fc.constant('true'),
    'distribute-cpus-across-numa': fc.constant('true'),
  },
  { requiredKeys: [] },
);

test('no processor is ever given to two containers that may run at once, over restarts too', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), options, (steps: readonly Step[], chosen) => {
      const texts: CpuTexts = { cpuManagerPolicyOptions: chosen as Record<string, string> };
      let cpus = cpusWith(texts);
      const running = new Map<string, readonly Asking[]>();
      for (const { uid, containers, isEnd, isRestart } of steps) {
        if (isEnd) {
          cpus.release(uid);
          running.delete(uid);
        } else if (!running.has(uid)) {
          running.set(uid, containers);
          if (refusal(() => given(cpus, uid, containers)) !== '') {
            cpus.release(uid);
            running.delete(uid);
          }
        }
        if (isRestart) {
          const kept = cpus.entries();
          cpus = cpusWith(texts);
          cpus.restore(kept);
          assert.deepEqual(cpus.entries(), kept);
        }
        hold(cpus, running);
      }
    }),
    { numRuns: 300 },
  );
});

function hold(cpus: ExclusiveCpus, running: ReadonlyMap<string, readonly Asking[]>): void {
  const everyone = new Map<number, string>();
  for (const [uid, containers] of running) {
    const ofPod = new Set<number>();
    const lasting = new Set<number>();
    const ordered = [...containers.filter((c) => c.role !== 'app'), ...containers.filter((c) => c.role === 'app')];
    for (const { name, role, wants } of ordered) {
      const own = cpus.of(uid, name) as CpuSet;
      assert.equal(own.size, Number(wants['cpu']), `${uid}/${name} has what it asked for`);
      assert.ok(own.isDisjointFrom(lasting), `${uid}/${name} shares with one that runs beside it`);
      assert.ok(own.isDisjointFrom(cpus.shared) && !own.has(0), `${uid}/${name} has what is not to give`);
      for (const cpu of own) {
        ofPod.add(cpu);
        if (role !== 'init') lasting.add(cpu);
      }
    }
    for (const cpu of ofPod) {
      assert.ok(!everyone.has(cpu), `${cpu} is of ${uid} and ${everyone.get(cpu)}`);
      everyone.set(cpu, uid);
    }
  }
  assert.equal(everyone.size + cpus.shared.size + (cpus.shared.has(0) ? 0 : 1), layout.all.size);
}

test('parseCpuSet() reads what cpuSetText() writes, and refuses what is no list', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(200)), (ids) => {
      assert.deepEqual(
        [...parseCpuSet(cpuSetText(new Set(ids)))].toSorted((a, b) => a - b),
        ids.toSorted((a, b) => a - b),
      );
    }),
  );
  for (const text of ['a', '1-', '3-1', '1,,2', '0-999999']) assert.throws(() => parseCpuSet(text), RangeError, text);
});

test('cpuSettings() refuses in upstream’s words', () => {
  const table: readonly (readonly [CpuTexts, string])[] = [
    [{ cpuManagerPolicy: 'best' }, 'unknown policy: "best"'],
    [
      { cpuManagerPolicy: 'static', cpuManagerPolicyOptions: { 'align-by-socket': 'true' } },
      'CPU Manager Policy Alpha-level Options not enabled, but option "align-by-socket" provided',
    ],
    [{ cpuManagerPolicy: 'static', cpuManagerPolicyOptions: { x: '1' } }, 'unknown CPU Manager Policy option: "x"'],
    [
      { cpuManagerPolicy: 'static', cpuManagerPolicyOptions: { 'full-pcpus-only': 'yes' } },
      'bad value for option "full-pcpus-only": strconv.ParseBool: parsing "yes": invalid syntax',
    ],
  ];
  for (const [texts, message] of table) assert.throws(() => cpuSettings(texts), { name: 'SettingError', message });
  assert.throws(
    () => cpuSettings({ reservedSystemCPUs: 'x' }),
    /unable to parse reservedSystemCPUs \(--reserved-cpus\) x/,
  );
  const none = cpuSettings({ cpuManagerPolicy: 'static' });
  assert.throws(
    () => reservedCpus(none, layout, 0),
    /requires systemreserved.cpu \+ kubereserved.cpu to be greater than zero/,
  );
  assert.equal(cpuSetText(reservedCpus(none, layout, 1500)), '0,8');
});
