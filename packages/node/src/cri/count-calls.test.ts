import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MetricRegistry } from '@navarch/base';
import type { cri } from '@navarch/kubelet';
import { systemClock } from '../system/clock.ts';
import { countCalls } from './count-calls.ts';

test('countCalls() counts calls and failures by upstream’s names, and changes no answer', async () => {
  const registry = new MetricRegistry();
  const answer = { containers: [] };
  const runtime = Object.freeze({
    listContainers: async () => answer,
    runPodSandbox: async () => {
      throw new Error('no');
    },
    features: () => ({ runtimeName: 'x' }),
  });
  const counted = countCalls(runtime as unknown as cri.ContainerRuntime, registry, systemClock);
  const signal = new AbortController().signal;
  assert.equal(await counted.listContainers({}, signal), answer);
  await assert.rejects(counted.runPodSandbox({}, signal), /no/);
  assert.equal(counted.features().runtimeName, 'x');
  const text = registry.text();
  assert.match(text, /^kubelet_runtime_operations_total\{operation_type="list_containers"\} 1$/m);
  assert.match(text, /^kubelet_runtime_operations_errors_total\{operation_type="run_podsandbox"\} 1$/m);
  assert.match(text, /^kubelet_runtime_operations_duration_seconds_count\{operation_type="list_containers"\} 1$/m);
  assert.doesNotMatch(text, /features/);
});
