import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Node } from '@navarch/api';
import { nodeOf, podOf } from './testing/builders.ts';
import { World } from './testing/world.ts';

const HERD = 10_000;
const PART = 1000;
/** How many of them the node has room for that they wait for. */
const ROOM = 20;
const FLUSH_MS = 5 * 60_000;

const nodeWith = (name: string, cpu: string, labels = {}): Node =>
  nodeOf(name, { allocatable: { cpu, pods: '20000' }, labels });
const waiting = (i: number) => podOf(`p-${i}`, { cpu: '100m', spec: { nodeSelector: { sort: 'big' } } });
const newcomer = (priority: number) =>
  podOf('newcomer', { cpu: '100m', spec: { priority, nodeSelector: { sort: 'small' } } });

/** A cluster in which all of the herd were tried, and none fits. */
async function herded(herd: number): Promise<World> {
  const world = new World();
  await world.showNode(nodeWith('small', '100m', { sort: 'small' }));
  for (let i = 0; i < herd; i++) world.put(waiting(i));
  await rested(world);
  await world.clock.advance(60_000);
  await rested(world);
  assert.equal(attempts(world), herd);
  world.said();
  return world;
}

/** Nothing has been said or done for a while. */
async function rested(world: World): Promise<void> {
  for (let before = -1; before !== world.log.length;) {
    before = world.log.length;
    await world.settle();
  }
}

/** By the scheduler's own count. */
const attempts = ({ metrics }: World): number =>
  metrics
    .families()
    .filter(({ name }) => name === 'scheduler_schedule_attempts_total')
    .flatMap(({ samples }) => samples)
    .reduce((sum, { value }) => sum + value, 0);

const failuresOf = (said: readonly string[]): number =>
  said.filter((line) => line.startsWith('FailedScheduling')).length;

test('10,000 pods that one node wakes are tried once each for it, and not again while nothing happens', async () => {
  await using world = await herded(HERD);
  await world.showNode(nodeWith('big', `${ROOM * 100}m`, { sort: 'big' }));
  await rested(world);
  assert.equal(attempts(world), 2 * HERD);
  assert.equal(world.said().filter((line) => line.startsWith('bind')).length, ROOM);
  await world.clock.advance(FLUSH_MS - 60_000);
  await rested(world);
  assert.deepEqual([attempts(world), world.said()], [2 * HERD, []]);
});

test('pods that wait are woken by nothing that cannot help them', async () => {
  await using world = await herded(PART);
  await world.showNode(nodeWith('other', '50m', { sort: 'other' }));
  await world.showNode(nodeWith('other', '100', { sort: 'other' }));
  await world.show(newcomer(0));
  await world.remove('default/newcomer');
  await rested(world);
  assert.equal(attempts(world), PART + 1);
});

test('a pod that comes when many were woken waits for one try of each at most, an important one for none', async () => {
  for (const [priority, most] of [
    [0, PART],
    // What is on its way is done first.
    [1, ROOM],
  ] as const) {
    await using world = await herded(PART);
    world.putNode(nodeWith('big', `${ROOM * 100}m`, { sort: 'big' }));
    world.put(newcomer(priority));
    await rested(world);
    const said = world.said();
    const before = said.slice(0, said.indexOf('bind default/newcomer small'));
    assert.ok(said.includes('bind default/newcomer small'), 'it is bound');
    assert.ok(failuresOf(before) <= most, `${failuresOf(before)} were tried in vain before it`);
    assert.equal(attempts(world), 2 * PART + 1);
  }
});
