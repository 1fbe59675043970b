import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '../../generated/types/core-v1.ts';
import { occupiedSpec } from './pod-occupation.ts';
import { podRequests } from './pod-resources.ts';

const pod = (cpu: string, state: object | undefined, reason?: string): Pod =>
  ({
    spec: { containers: [{ name: 'c', resources: { requests: { cpu } } }] },
    status: {
      ...(state ? { containerStatuses: [{ name: 'c', ...state }] } : {}),
      conditions: reason ? [{ type: 'PodResizePending', status: 'True', reason }] : [],
    },
  }) as unknown as Pod;

test('occupiedSpec() counts the most of what is wanted, granted and in force, and no wish that cannot be had', () => {
  const state = (granted: string, inForce: string): object => ({
    allocatedResources: { cpu: granted },
    resources: { requests: { cpu: inForce } },
  });
  const rows: readonly (readonly [Pod, string])[] = [
    [pod('1', undefined), '1'],
    [pod('1', state('2', '3')), '3'],
    [pod('1', state('2', '500m')), '2'],
    [pod('4', state('2', '3'), 'Deferred'), '4'],
    [pod('4', state('2', '3'), 'Infeasible'), '3'],
    [pod('4', { allocatedResources: { cpu: '5' } }), '4'],
  ];
  for (const [each, cpu] of rows)
    assert.equal(podRequests(occupiedSpec(each))['cpu'], cpu, JSON.stringify(each.status));
});

test('occupiedSpec() is the very spec of a pod that is not being resized', () => {
  const settled = pod('1', { allocatedResources: { cpu: '1' }, resources: { requests: { cpu: '1' } } });
  assert.equal(occupiedSpec(settled), settled.spec);
});

test('occupiedSpec() counts sidecars as containers, other init containers as they are written, and the pod itself', () => {
  const states = ['i', 's'].map((name) => ({ name, resources: { requests: { cpu: '2' } } }));
  const spec = {
    containers: [],
    initContainers: [
      { name: 'i', resources: { requests: { cpu: '1' } } },
      { name: 's', restartPolicy: 'Always', resources: { requests: { cpu: '1' } } },
    ],
  };
  const each = { spec, status: { initContainerStatuses: states } } as unknown as Pod;
  assert.equal(podRequests(occupiedSpec(each))['cpu'], '2');
  const own = {
    spec: { containers: [], resources: { requests: { cpu: '1' } } },
    status: { resources: { requests: { cpu: '3' } }, allocatedResources: { cpu: '2' } },
  } as unknown as Pod;
  assert.equal(podRequests(occupiedSpec(own))['cpu'], '3');
});
