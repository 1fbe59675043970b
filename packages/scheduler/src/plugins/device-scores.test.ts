import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deviceClass, type Pod, resourceClaim, resourceSlice } from '@navarch/api';
import { seededRandom } from '@navarch/base';
import { composeProfile } from '../config/compose-profile.ts';
import { mergePlugins } from '../config/merge-plugins.ts';
import type { Claim } from '../dynamic-resources/devices.ts';
import { claimOf, classOf, deviceOf, DRIVER, sliceOf } from '../dynamic-resources/testing/builders.ts';
import { objectChanged } from '../object-changed.ts';
import { place } from '../place.ts';
import type { Profile, SchedulerPlugin } from '../plugin.ts';
import { nodeOf, objectsOf, podOf, snapshotOf } from '../testing/builders.ts';
import { Memory } from '../verdicts.ts';
import type { ScoringStrategy } from './allocation-score.ts';
import { balancedAllocationBy, deviceBalanceBy } from './balanced-allocation.ts';
import { deviceFitBy, nodeResourcesFitBy } from './node-resources-fit.ts';

// Scores by resources that devices stand behind (KEP-5004): of all of a node's devices of the class, how many would be in use.

const GPU = 'example.com/gpu';
const gpus = classOf('gpu', {
  extendedResourceName: GPU,
  selectors: [{ cel: { expression: `device.attributes["${DRIVER}"].sort == "gpu"` } }],
});
const device = (name: string, sort = 'gpu') => deviceOf(name, { attributes: { sort: { string: sort } } });
const four = ['w', 'x', 'y', 'z'].map((name) => device(name));

const holding = (name: string, node: string, devices: readonly string[]): Claim => {
  const results = devices.map((each) => ({ request: 'gpu', driver: DRIVER, pool: node, device: each }));
  return claimOf(name, undefined, { status: { allocation: { devices: { results } } } });
};

const wanting = (gpu: string): Pod =>
  podOf('p', {
    spec: { containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: '1', [GPU]: gpu } } }] },
  } as never);

/** Of four devices of the class and one of another, `busy` has two in use. */
function cluster() {
  const claims = [holding('two', 'busy', ['w', 'x'])];
  const slices = ['busy', 'idle'].map((node) => sliceOf(node, { devices: [...four, device('other', 'fpga')] }));
  const objects = objectsOf([resourceClaim, claims], [resourceSlice, slices], [deviceClass, [gpus]]);
  return { claims, snapshot: snapshotOf([nodeOf('busy'), nodeOf('idle')], {}, objects) };
}

const strategyOf = (type: ScoringStrategy['type'], resource = GPU): ScoringStrategy => ({
  type,
  resources: [{ name: resource, weight: 1 }],
});

const scoresOf = (plugin: SchedulerPlugin<any, any> | undefined, pod: Pod): readonly (number | undefined)[] => {
  const { snapshot } = cluster();
  const weighed: unknown = plugin?.weigh?.(pod, snapshot, new Int32Array(0));
  return snapshot.nodes.map((node) => (weighed === undefined ? undefined : plugin?.score?.(pod, node, weighed)));
};

test('nodes are scored by the devices behind an extended resource, and not twice', () => {
  for (const [type, scores] of [
    ['MostAllocated', [75, 25]],
    ['LeastAllocated', [25, 75]],
  ] as const) {
    const args = { scoringStrategy: strategyOf(type) };
    assert.deepEqual(scoresOf(deviceFitBy(args), wanting('1')), scores);
    assert.deepEqual(scoresOf(nodeResourcesFitBy(args), wanting('1')), [undefined, undefined]);
    assert.deepEqual(scoresOf(deviceFitBy(args), podOf('p')), [undefined, undefined]);
  }
  const implicit = { scoringStrategy: strategyOf('MostAllocated', 'deviceclass.resource.kubernetes.io/gpu') };
  assert.deepEqual(scoresOf(deviceFitBy(implicit), wanting('1')), [undefined, undefined]);
  assert.equal(deviceFitBy({ scoringStrategy: strategyOf('MostAllocated', 'memory') }), undefined);
});

test('a balance of resources counts devices among them', () => {
  const args = { resources: ['cpu', GPU].map((name) => ({ name, weight: 1 })) };
  // A quarter of the CPU, and half of the devices: 13 less even than before, where two are in use as where none is.
  assert.deepEqual(scoresOf(deviceBalanceBy(args), wanting('2')), [68, 68]);
  assert.deepEqual(scoresOf(deviceBalanceBy(args), wanting('1')), [75, 75]);
  assert.deepEqual(scoresOf(balancedAllocationBy(args), wanting('1')), [undefined, undefined]);
});

const composed = (type: ScoringStrategy['type']): Profile =>
  composeProfile({
    schedulerName: 'default-scheduler',
    plugins: mergePlugins(),
    args: new Map([['NodeResourcesFit', { scoringStrategy: strategyOf(type) }]]),
  });

test('place() hears of devices that somebody gets, though no node has changed', () => {
  const { snapshot, claims } = cluster();
  const [memory, profile] = [new Memory(), composed('MostAllocated')];
  const placed = (by: Profile = profile): string | undefined =>
    place(wanting('1'), snapshot, by, { random: seededRandom(1), memory }).node;
  assert.deepEqual([placed(), placed(composed('LeastAllocated'))], ['busy', 'idle']);
  const three = holding('three', 'idle', ['w', 'x', 'y']);
  claims.push(three);
  objectChanged(resourceClaim, snapshot, three, undefined);
  assert.deepEqual([placed(), placed(composed('LeastAllocated'))], ['idle', 'busy']);
});
