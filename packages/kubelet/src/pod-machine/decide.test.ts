import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '@navarch/api';
import fc from 'fast-check';
import type { ContainerStatus } from '../cri/index.ts';
import { decide } from './decide.ts';
import type { Memory } from './memory.ts';
import { nothingObserved, type Observed, type ObservedContainer } from './observed.ts';

const NOW = Date.UTC(2026, 0, 1);
const ready: Memory = { waiting: new Map(), probes: new Map(), areVolumesReady: true };
const sandbox = { id: 's0', attempt: 0, isReady: true, createdAt: 0, ip: '10.244.0.5' };

const podOf = (spec: object = {}, metadata: object = {}): Pod => ({
  apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web', namespace: 'd', uid: 'u', resourceVersion: '1', creationTimestamp: '', ...metadata },
  spec: { containers: [{ name: 'c', image: 'i', resources: {} }], restartPolicy: 'Always', terminationGracePeriodSeconds: 30, ...spec }, status: { phase: 'Pending' },
} as unknown as Pod);

const instance = (name: string, state: 'running' | number, attempt = 0, endedSecondsAgo = 0): ObservedContainer => ({
  id: `${name}-${attempt}`, name, attempt, sandboxId: 's0', terminationMessage: '',
  status: {
    state: state === 'running' ? 'CONTAINER_RUNNING' : 'CONTAINER_EXITED', exitCode: state === 'running' ? 0 : state, createdAt: 1, imageRef: 'ref',
    startedAt: (NOW - 60_000) * 1e6, finishedAt: (NOW - endedSecondsAgo * 1000) * 1e6, reason: '', message: '', labels: {},
  } as unknown as ContainerStatus,
});
const holding = (...containers: readonly ObservedContainer[]): Observed => ({ sandboxes: [sandbox], containers });

/** `start c 1, stop s0`: what is done, in one line. */
function steps(pod: Pod, observed: Observed, memory: Memory = ready): string {
  return decide(pod, observed, memory, NOW).actions.map((action) => {
    switch (action.type) {
      case 'start-container': return `start ${action.container.name} ${action.attempt}`;
      case 'kill-containers': return `kill ${action.containers.map((c) => c.id).join('+')} in ${action.graceSeconds}`;
      case 'start-sandbox': return `sandbox ${action.attempt}`;
      case 'stop-sandbox': return `stop ${action.id}`;
      case 'remove-containers': return `remove ${action.ids.join('+')}`;
      default: return action.type;
    }
  }).join(', ');
}

const init = { initContainers: [{ name: 'i', image: 'i', resources: {} }] };
const sidecar = { initContainers: [{ name: 'side', image: 'i', resources: {}, restartPolicy: 'Always' }] };
const going = { deletionTimestamp: '2026-01-01T00:00:10Z', deletionGracePeriodSeconds: 30 };

for (const [claim, pod, observed, expected, memory] of [
  ['makes volumes before anything else', podOf(), nothingObserved, 'prepare-volumes', { ...ready, areVolumesReady: false }],
  ['then a sandbox', podOf(), nothingObserved, 'sandbox 0'],
  ['then the containers', podOf(), holding(), 'start c 0'],
  ['then nothing', podOf(), holding(instance('c', 'running')), ''],
  ['runs init containers first', podOf(init), holding(), 'start i 0'],
  ['waits for them', podOf(init), holding(instance('i', 'running')), ''],
  ['goes on when they have succeeded', podOf(init), holding(instance('i', 0)), 'start c 0'],
  ['starts a failed one again', podOf(init), holding(instance('i', 1)), 'start i 1'],
  ['does not go back to init containers once an app container has run', podOf(init), holding(instance('c', 1)), 'start c 1'],
  ['keeps sidecars beside the app containers', podOf(sidecar), holding(instance('side', 1), instance('c', 'running')), 'start side 1'],
  ['restarts at once the first time', podOf(), holding(instance('c', 1)), 'start c 1'],
  ['backs off the second time', podOf(), holding(instance('c', 1, 1, 3)), ''],
  ['and starts again when the pause is over', podOf(), holding(instance('c', 1, 1, 11)), 'start c 2'],
  ['leaves a completed OnFailure pod alone, and its sandbox goes', podOf({ restartPolicy: 'OnFailure' }), holding(instance('c', 0)), 'stop s0'],
  ['leaves a failed Never pod alone', podOf({ restartPolicy: 'Never' }), holding(instance('c', 1)), 'stop s0'],
  ['makes a new sandbox when the old one died', podOf(), { sandboxes: [{ ...sandbox, isReady: false }], containers: [instance('c', 1)] }, 'sandbox 1'],
  ['ends a pod within its grace', podOf({}, going), holding(instance('c', 'running')), 'kill c-0 in 10'],
  ['then its sandbox', podOf({}, going), holding(instance('c', 0)), 'stop s0'],
  ['then everything', podOf({}, going), { sandboxes: [{ ...sandbox, isReady: false }], containers: [instance('c', 0)] }, 'finish'],
  ['kills what its liveness probe gave up', podOf({ containers: [{ name: 'c', image: 'i', resources: {}, livenessProbe: {} }] }), holding(instance('c', 'running')), 'kill c-0 in 30',
    { ...ready, probes: new Map([['c-0', { isAlive: false }]]) }],
  ['waits out an image that cannot be pulled', podOf(), holding(), '', { ...ready, waiting: new Map([['c', { reason: 'ImagePullBackOff', message: '', retryAt: NOW + 1, failures: 2 }]]) }],
  ['keeps two instances of a container and removes older ones', podOf(), holding(instance('c', 'running', 3), instance('c', 1, 2), instance('c', 1, 1), instance('c', 1, 0)), 'remove c-1+c-0'],
] as readonly (readonly [string, Pod, Observed, string, Memory?])[]) {
  test(`decide() ${claim}`, () => assert.equal(steps(pod, observed, memory), expected));
}

test('decide() shows a crashing container as upstream does', () => {
  const { status, lookAgainAt } = decide(podOf(), holding(instance('c', 1, 2, 5)), ready, NOW);
  const [container] = status.containerStatuses ?? [];
  assert.equal(status.phase, 'Running');
  assert.deepEqual(container?.state, { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 20s restarting failed container=c pod=web_d(u)' } });
  assert.equal(container?.lastState?.terminated?.exitCode, 1);
  assert.equal(container?.restartCount, 2);
  assert.equal(lookAgainAt, NOW + 15_000);
});

test('decide() says Ready only with a ready probe, and why not', () => {
  const pod = podOf({ containers: [{ name: 'c', image: 'i', resources: {}, readinessProbe: {} }] });
  const conditions = (memory: Memory) => decide(pod, holding(instance('c', 'running')), memory, NOW).status.conditions?.find((c) => c.type === 'Ready');
  assert.deepEqual([conditions(ready)?.status, conditions(ready)?.message], ['False', 'containers with unready status: [c]']);
  assert.equal(conditions({ ...ready, probes: new Map([['c-0', { isReady: true }]]) })?.status, 'True');
});

test('decide() never starts a container of which one instance is alive, whatever else is there', () => {
  const state = fc.constantFrom<'running' | number>('running', 0, 1);
  fc.assert(fc.property(fc.array(state, { maxLength: 4 }), fc.constantFrom('Always', 'OnFailure', 'Never'), fc.boolean(), (states, restartPolicy, isGoing) => {
    const containers = states.map((s, i) => instance('c', s, states.length - 1 - i, 400));
    const { actions } = decide(podOf({ restartPolicy }, isGoing ? going : {}), holding(...containers), ready, NOW);
    const starts = actions.filter((action) => action.type === 'start-container');
    assert.ok(starts.length <= 1);
    if (states[0] === 'running' || isGoing) assert.equal(starts.length, 0);
  }));
});
