import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PodSpec } from '../../generated/types/core-v1.ts';
import { podLimits, podRequests, qosClassOf } from './pod-resources.ts';

test('what the sandbox takes is asked for, and adds to limits that there are', () => {
  const resources = { requests: { memory: '1Gi' }, limits: { memory: '2Gi' } };
  const spec = {
    containers: [{ name: 'c', resources }],
    overhead: { cpu: '250m', memory: '1Gi' },
  } as unknown as PodSpec;
  assert.deepEqual(podRequests(spec), { cpu: '250m', memory: '2Gi' });
  assert.deepEqual(podLimits(spec), { memory: '3Gi' });
});

test('the class of service is that of all containers, or of the pod as a whole where it says so', () => {
  const both = { cpu: '1', memory: '1Gi' };
  const of = (own: object | undefined, ...containers: readonly object[]): string =>
    qosClassOf({
      ...(own ? { resources: own } : {}),
      containers: containers.map((resources, i) => ({ name: `c${i}`, resources })),
    } as unknown as PodSpec);
  assert.deepEqual(
    [
      of(undefined, {}),
      of(undefined, { requests: { cpu: '0' } }),
      of(undefined, { requests: { cpu: '1m' } }),
      of(undefined, { requests: both, limits: { cpu: '1000m', memory: '1073741824' } }),
      of(undefined, { requests: both, limits: both }, {}),
      of({ requests: { memory: '1Mi' } }, {}),
      of({ requests: both, limits: both }, {}),
      of({ requests: { ...both, cpu: '1m' }, limits: both }, {}),
      of({ requests: both, limits: both }, { requests: { cpu: '1m' } }),
    ],
    [
      'BestEffort',
      'BestEffort',
      'Burstable',
      'Guaranteed',
      'Burstable',
      'Burstable',
      'Guaranteed',
      'Burstable',
      'Guaranteed',
    ],
  );
});
