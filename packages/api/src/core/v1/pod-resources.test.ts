import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PodSpec } from '../../generated/types/core-v1.ts';
import { podLimits, podRequests } from './pod-resources.ts';

test('what the sandbox takes is asked for, and adds to limits that there are', () => {
  const resources = { requests: { memory: '1Gi' }, limits: { memory: '2Gi' } };
  const spec = {
    containers: [{ name: 'c', resources }],
    overhead: { cpu: '250m', memory: '1Gi' },
  } as unknown as PodSpec;
  assert.deepEqual(podRequests(spec), { cpu: '250m', memory: '2Gi' });
  assert.deepEqual(podLimits(spec), { memory: '3Gi' });
});
