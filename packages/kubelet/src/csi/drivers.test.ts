import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silent } from '@navarch/base';
import { SimClock } from '@navarch/sim';
import { memoryFiles } from '../volumes/testing/memory-files.ts';
import { Drivers } from './drivers.ts';
import { MemoryDriver } from './testing/memory-driver.ts';

const { signal } = new AbortController();
const pluginOf = (
  endpoint = '/a.sock',
  versions: readonly string[] = ['1.0.0'],
): {
  readonly name: string;
  readonly endpoint: string;
  readonly versions: readonly string[];
} => ({ name: 'd', endpoint, versions });

function setting(publish: (id: string) => void = () => undefined): {
  readonly drivers: Drivers;
  readonly driver: MemoryDriver;
  readonly clock: SimClock;
  readonly withdrawn: string[];
} {
  const driver = new MemoryDriver(memoryFiles());
  const clock = new SimClock();
  const withdrawn: string[] = [];
  const drivers = new Drivers({
    sockets: { connect: () => driver },
    clock,
    log: silent,
    publish: async (_, { nodeId }) => publish(nodeId),
    withdraw: (name) => void withdrawn.push(name),
  });
  return { drivers, driver, clock, withdrawn };
}

test('Drivers refuses versions that it does not speak, and ones lower than that of the driver that is there', async () => {
  const { drivers } = setting();
  for (const versions of [[], ['0.3.0'], ['2.0.0'], ['x']])
    assert.throws(
      () => drivers.check(pluginOf('/a.sock', versions)),
      /None of the versions specified \[.*\] are supported/,
    );
  drivers.check(pluginOf('/a.sock', ['0.3.0', '1.2.0']));
  await drivers.begin(pluginOf('/a.sock', ['1.10.0', '1.2.0']), signal);
  assert.throws(() => drivers.check(pluginOf('/b.sock', ['1.9.0'])), /higher supported version: "1.10.0"/);
});

test('Drivers asks a driver again that does not know yet who it is', async () => {
  const told: string[] = [];
  const { drivers, driver, clock } = setting((id) => told.push(id));
  let failures = 3;
  const { nodeGetInfo } = driver;
  driver.nodeGetInfo = async () => (failures-- > 0 ? Promise.reject(new Error('not yet')) : nodeGetInfo.call(driver));
  const begun = drivers.begin(pluginOf(), signal);
  await clock.advance(60_000);
  await begun;
  assert.deepEqual(told, ['node-id']);
});

test('Drivers knows no driver that cannot be made known, and withdraws it', async () => {
  const { drivers, withdrawn } = setting(() => {
    throw new Error('collision');
  });
  await assert.rejects(drivers.begin(pluginOf(), signal), /collision/);
  assert.deepEqual([drivers.has('d'), withdrawn], [false, ['d']]);
});

test('Drivers keeps a driver that came anew when its former socket goes', async () => {
  const { drivers, withdrawn } = setting();
  await drivers.begin(pluginOf('/a.sock'), signal);
  await drivers.begin(pluginOf('/b.sock'), signal);
  drivers.end(pluginOf('/a.sock'));
  assert.deepEqual([drivers.has('d'), withdrawn], [true, []]);
  drivers.end(pluginOf('/b.sock'));
  assert.deepEqual([drivers.has('d'), withdrawn], [false, ['d']]);
});
