import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deviceClass, node as nodeKind, pod as podKind, resourceClaim, resourceSlice } from '@navarch/api';
import { claimOf, classOf, deviceOf, one, sliceOf } from '../dynamic-resources/testing/builders.ts';
import { defaultProfile } from '../profile.ts';
import { nodeOf, objectsOf, podOf } from '../testing/builders.ts';
import { explain } from './explain.ts';
import { nearMiss } from './near-miss.ts';
import { WhatIf } from './what-if.ts';

test('explain() knows which devices there are, and where', () => {
  const pod = podOf('p', { spec: { resourceClaims: [{ name: 'gpu', resourceClaimName: 'gpu' }] } });
  const told = (slices: readonly object[]) => {
    const objects = objectsOf(
      [nodeKind, [nodeOf('a'), nodeOf('b')]],
      [podKind, [pod]],
      [resourceSlice, slices],
      [resourceClaim, [claimOf('gpu')]],
      [deviceClass, [classOf('gpu')]],
    );
    const { state, nodes } = explain(pod, WhatIf.of(objects), [defaultProfile]);
    return [state, ...nodes.map(({ name, fits }) => `${name} ${fits}`)];
  };
  assert.deepEqual(told([sliceOf('b', { devices: [deviceOf('gpu-0')] })]), ['Fits', 'b true', 'a false']);
  assert.deepEqual(told([]), ['Unfit', 'a false', 'b false']);
});

test('explain() tells how the devices of a node run out, and what would help', () => {
  const expression = 'device.attributes["gpu.example.com"].model == "a10"';
  const pod = podOf('p', { spec: { resourceClaims: [{ name: 'gpu', resourceClaimName: 'gpu' }] } });
  const device = (name: string, model: string) => deviceOf(name, { attributes: { model: { string: model } } });
  const objects = objectsOf(
    [nodeKind, [nodeOf('a'), nodeOf('b')]],
    [podKind, [pod]],
    [resourceSlice, [sliceOf('a', { devices: [device('gpu-0', 'a100'), device('gpu-1', 'h100')] })]],
    [resourceClaim, [claimOf('gpu', { requests: [one('gpu', { selectors: [{ cel: { expression } }] })] })]],
    [deviceClass, [classOf('gpu')]],
  );
  const { nodes, fixes } = explain(pod, WhatIf.of(objects), [defaultProfile]);
  assert.deepEqual(
    nodes.map(({ name, misfits }) => [name, misfits[0]?.detail]),
    [
      ['a', `claim default/gpu, request gpu wants 1: of 2 in pool gpu.example.com/a 0 with ${expression}`],
      ['b', 'claim default/gpu, request gpu: no driver offers devices to this node'],
    ],
  );
  assert.match(fixes[0]?.summary ?? '', /did you mean "a100" instead of "a10"\?\)$/);
});

test('explain() says whose scheduler a pod waits for', () => {
  const pod = podOf('p', { spec: { schedulerName: 'defualt-scheduler' } });
  const whatIf = WhatIf.of(objectsOf([nodeKind, [nodeOf('a')]], [podKind, [pod]]));
  const { state, fixes } = explain(pod, whatIf, [defaultProfile]);
  assert.equal(state, 'Foreign');
  assert.match(fixes[0]?.summary ?? '', /^ask for default-scheduler \(did you mean that/);
});

test('nearMiss() takes slips for what was meant, and nothing else', () => {
  const names = ['eu-west-1a', 'eu-west-1b', 'ssd', 'a', 'spinning'];
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['eu-wst-1a', 'eu-west-1a'],
    ['ue-west-1b', 'eu-west-1b'],
    ['EU-WEST-1A', 'eu-west-1a'],
    ['sdd', 'ssd'],
    ['b', undefined],
    ['spin', undefined],
    ['us-east-2', undefined],
  ];
  for (const [typed, meant] of rows) assert.equal(nearMiss(typed, names), meant, typed);
});
