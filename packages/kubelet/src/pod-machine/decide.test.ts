import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '@navarch/api';
import fc from 'fast-check';
import { decide } from './decide.ts';
import type { Memory } from './memory.ts';
import { nothingObserved, type Observed } from './observed.ts';
import {
  at,
  container,
  deadSandbox,
  holding,
  instance,
  NOW,
  podOf,
  ready,
  sandbox,
  steps,
  told,
} from './testing/scene.ts';

type Case = readonly [claim: string, pod: Pod, observed: Observed, expected: string, memory?: Partial<Memory>];

function table(cases: readonly Case[]): void {
  for (const [claim, pod, observed, expected, memory] of cases)
    test(`decide() ${claim}`, () => assert.equal(steps(pod, observed, { ...ready, ...memory }), expected));
}

const init = { initContainers: [container('i')] };
const sidecar = { initContainers: [container('side', { restartPolicy: 'Always' })] };
const going = { deletionTimestamp: at(30), deletionGracePeriodSeconds: 30 };
const killBy = { killBy: NOW + 30_000 };
const withHook = { containers: [container('c', { lifecycle: { preStop: { sleep: { seconds: 5 } } } })] };

table([
  ['makes volumes before anything else', podOf(), nothingObserved, 'prepare-volumes', { volumes: 'unknown' }],
  [
    'waits before it tries volumes again',
    podOf(),
    nothingObserved,
    '',
    { volumes: 'unknown', volumesRetryAt: NOW + 1 },
  ],
  ['then makes a sandbox', podOf(), nothingObserved, 'sandbox 0'],
  ['waits before it tries a sandbox again', podOf(), nothingObserved, '', { sandboxRetryAt: NOW + 1 }],
  ['then starts the containers', podOf(), holding(), 'start c 0'],
  ['then does nothing', podOf(), holding(instance('c', 'running')), ''],
  [
    'starts containers one after the other',
    podOf({ containers: [container('a'), container('b')] }),
    holding(),
    'start a 0',
  ],
  [
    'goes on with the second while the first cannot be pulled',
    podOf({ containers: [container('a'), container('b')] }),
    holding(),
    'start b 0',
    { waiting: new Map([['a', { reason: 'ImagePullBackOff', message: '', retryAt: NOW + 1 }]]) },
  ],
  [
    'does not give up a start for one that is before it',
    podOf({ containers: [container('a'), container('b')] }),
    holding(),
    'start b 0',
    { underWay: new Set(['start-container b 0']) },
  ],
  [
    'starts nothing while a postStart hook runs',
    podOf({ containers: [container('a'), container('b')] }),
    holding(instance('a', 'running')),
    'post-start a-0',
    { postStarting: new Set(['a-0']) },
  ],
  [
    'replaces a container that was made and never started',
    podOf(),
    holding(instance('c', 'created')),
    'start c 0 for c-0',
  ],
  [
    'goes on with a start whose container has been made',
    podOf(),
    holding(instance('c', 'created')),
    'start c 0 for c-0',
    { underWay: new Set(['start-container c 0']) },
  ],
  ['ends an instance of which its runtime knows nothing', podOf(), holding(instance('c', 'unknown')), 'stop c-0 in 30'],
  [
    'waits longer each time before it starts again what could not be started',
    podOf(),
    holding(instance('c', 128, { attempt: 2, ago: 15, status: { startedAt: 0 } })),
    '',
  ],
  [
    'waits out an image that cannot be pulled',
    podOf(),
    holding(),
    '',
    { waiting: new Map([['c', { reason: 'ImagePullBackOff', message: '', retryAt: NOW + 1 }]]) },
  ],
]);

table([
  ['runs init containers first', podOf(init), holding(), 'start i 0'],
  ['waits for them', podOf(init), holding(instance('i', 'running')), ''],
  ['goes on when they have succeeded', podOf(init), holding(instance('i', 0)), 'start c 0'],
  ['starts a failed one again', podOf(init), holding(instance('i', 1)), 'start i 1'],
  [
    'fails a pod whose init container may not run again',
    podOf({ ...init, restartPolicy: 'Never' }),
    holding(instance('i', 1)),
    'stop-sandbox s0',
  ],
  [
    'does not go back to init containers once an app container has run',
    podOf(init),
    holding(instance('c', 1)),
    'start c 1',
  ],
  [
    'runs init containers again in a new sandbox',
    podOf(init),
    {
      sandboxes: [{ ...sandbox, id: 's1', attempt: 1 }, deadSandbox],
      containers: [instance('c', 1), instance('i', 0)],
    },
    'start i 1',
  ],
  [
    'starts a sidecar before what comes after it',
    podOf({ initContainers: [container('side', { restartPolicy: 'Always' }), container('i')] }),
    holding(),
    'start side 0',
  ],
  [
    'waits for the startup probe of a sidecar',
    podOf({ initContainers: [container('side', { restartPolicy: 'Always', startupProbe: {} }), container('i')] }),
    holding(instance('side', 'running')),
    '',
  ],
  [
    'keeps sidecars beside the app containers',
    podOf(sidecar),
    holding(instance('side', 1), instance('c', 'running')),
    'start side 1',
  ],
  [
    'starts ephemeral containers at once, and once',
    podOf({ ephemeralContainers: [container('debug'), container('done')] }),
    holding(instance('c', 'running'), instance('done', 1)),
    'start debug 0',
  ],
]);

const never = { restartPolicy: 'Never' };
const onFailure = { restartPolicy: 'OnFailure' };
const rule = (action: string, operator: string, values: readonly number[]): object => ({
  containers: [
    container('c', { restartPolicy: 'Never', restartPolicyRules: [{ action, exitCodes: { operator, values } }] }),
  ],
});

table([
  ['restarts at once the first time', podOf(), holding(instance('c', 1)), 'start c 1'],
  ['backs off the second time', podOf(), holding(instance('c', 1, { attempt: 1, ago: 3 })), ''],
  ['and starts again when the pause is over', podOf(), holding(instance('c', 1, { attempt: 1, ago: 11 })), 'start c 2'],
  [
    'restarts at once after ten good minutes',
    podOf(),
    holding(instance('c', 1, { attempt: 7, ran: 600 })),
    'start c 8',
  ],
  [
    'leaves a completed OnFailure pod alone, and its sandbox goes',
    podOf(onFailure),
    holding(instance('c', 0)),
    'stop-sandbox s0',
  ],
  ['leaves a failed Never pod alone', podOf(never), holding(instance('c', 1)), 'stop-sandbox s0'],
  [
    'gives back the volumes of a pod that is over',
    podOf(never),
    { sandboxes: [deadSandbox], containers: [instance('c', 1)] },
    'tear-down-volumes',
  ],
  ['does so once', podOf(never), { sandboxes: [deadSandbox], containers: [instance('c', 1)] }, '', { volumes: 'gone' }],
  [
    'never runs a pod again that the API calls over',
    podOf({}, {}, { phase: 'Succeeded' }),
    nothingObserved,
    '',
    { volumes: 'gone' },
  ],
  [
    'ends what runs of a pod that the API calls over',
    podOf({}, {}, { phase: 'Failed' }),
    holding(instance('c', 'running')),
    'stop c-0 in 30',
  ],
  [
    'does not run completed containers again though the runtime forgot them',
    podOf(
      { ...onFailure, containers: [container('c'), container('d')] },
      {},
      { containerStatuses: [told('c', { restartCount: 2, state: { terminated: { exitCode: 0 } } })] },
    ),
    holding(),
    'start d 0',
  ],
  [
    'counts on where the runtime forgot',
    podOf({}, {}, { containerStatuses: [told('c', { restartCount: 4, state: { running: {} } })] }),
    holding(),
    'start c 5',
  ],
  [
    'fails a Never pod of which the runtime forgot what ran',
    podOf(never, {}, { containerStatuses: [told('c', { state: { running: {} } })] }),
    nothingObserved,
    'tear-down-volumes',
  ],
  [
    'restarts as a rule of the container says',
    podOf({ ...never, ...rule('Restart', 'In', [42]) }),
    holding(instance('c', 42)),
    'start c 1',
  ],
  [
    'does not restart where the rule does not apply',
    podOf({ ...never, ...rule('Restart', 'NotIn', [42]) }),
    holding(instance('c', 42)),
    'stop-sandbox s0',
  ],
  [
    'keeps one dead instance beside the running one',
    podOf(),
    holding(instance('c', 'running', { attempt: 3 }), ...[2, 1, 0].map((attempt) => instance('c', 1, { attempt }))),
    'remove c-1, remove c-0',
  ],
  [
    'keeps the newest when none runs',
    podOf(),
    holding(instance('c', 1, { attempt: 2 }), instance('c', 1, { attempt: 1 })),
    'remove c-1',
  ],
]);

table([
  [
    'makes a new sandbox when the old one died',
    podOf(),
    { sandboxes: [deadSandbox], containers: [instance('c', 1)] },
    'sandbox 1',
  ],
  [
    'ends what is left in a dead sandbox first',
    podOf(),
    { sandboxes: [deadSandbox], containers: [instance('c', 'running')] },
    'stop c-0 in 30',
  ],
  [
    'does not run completed containers again in a new sandbox',
    podOf({ ...onFailure, containers: [container('c'), container('d')] }),
    {
      sandboxes: [{ ...sandbox, id: 's1', attempt: 1 }, deadSandbox],
      containers: [instance('d', 1), instance('c', 0)],
    },
    'start d 1',
  ],
  [
    'removes a sandbox that was replaced when it is empty',
    podOf(),
    {
      sandboxes: [{ ...sandbox, id: 's1', attempt: 1 }, deadSandbox],
      containers: [instance('c', 'running', { attempt: 1, sandboxId: 's1' })],
    },
    'remove-sandbox s0',
  ],
]);

table([
  ['ends a pod within its grace', podOf({}, going), holding(instance('c', 'running')), 'stop c-0 in 30', killBy],
  [
    'ends it within the rest of its grace',
    podOf({}, going),
    holding(instance('c', 'running')),
    'stop c-0 in 12',
    { killBy: NOW + 12_000 },
  ],
  [
    'leaves it two seconds at least',
    podOf({}, { ...going, deletionGracePeriodSeconds: 1 }),
    holding(instance('c', 'running')),
    'stop c-0 in 2',
    { killBy: NOW + 1000 },
  ],
  [
    'leaves it none when it was deleted by force',
    podOf(withHook, { ...going, deletionGracePeriodSeconds: 0 }),
    holding(instance('c', 'running')),
    'stop c-0 in 0',
    { killBy: NOW },
  ],
  [
    'removes what was made and never started',
    podOf({}, going),
    holding(instance('c', 'created')),
    'remove c-0, stop-sandbox s0',
    killBy,
  ],
  ['then ends its sandbox', podOf({}, going), holding(instance('c', 0)), 'stop-sandbox s0'],
  ['then leaves nothing', podOf({}, going), { sandboxes: [deadSandbox], containers: [instance('c', 0)] }, 'finish'],
  ['finishes a pod that never began', podOf({}, going), nothingObserved, 'finish', { volumes: 'unknown' }],
  ['runs the preStop hook first', podOf(withHook, going), holding(instance('c', 'running')), 'pre-stop c-0', killBy],
  [
    'stops it when the hook is over',
    podOf(withHook, going),
    holding(instance('c', 'running')),
    'stop c-0 in 21',
    { killBy: NOW + 21_000, preStopped: new Set(['c-0']) },
  ],
  [
    'gives up the hook when the grace is over',
    podOf(withHook, going),
    holding(instance('c', 'running')),
    'stop c-0 in 2',
    { killBy: NOW },
  ],
  [
    'ends sidecars after the app containers',
    podOf(sidecar, going),
    holding(instance('side', 'running'), instance('c', 'running')),
    'stop c-0 in 30',
    killBy,
  ],
  [
    'then the sidecars',
    podOf(sidecar, going),
    holding(instance('side', 'running'), instance('c', 0)),
    'stop side-0 in 30',
    killBy,
  ],
  [
    'ends sidecars in the reverse of their order',
    podOf({ initContainers: ['a', 'b'].map((name) => container(name, { restartPolicy: 'Always' })) }, going),
    holding(instance('a', 'running'), instance('b', 'running'), instance('c', 0)),
    'stop b-0 in 30',
    killBy,
  ],
  [
    'does not keep sidecars beyond the grace',
    podOf(sidecar, going),
    holding(instance('side', 'running'), instance('c', 'running')),
    'stop side-0 in 2, stop c-0 in 2',
    { killBy: NOW },
  ],
  [
    'begins the preStop hooks of sidecars with the others',
    podOf({ initContainers: [container('side', { restartPolicy: 'Always', lifecycle: { preStop: {} } })] }, going),
    holding(instance('side', 'running'), instance('c', 'running')),
    'pre-stop side-0, stop c-0 in 30',
    killBy,
  ],
  [
    'ends sidecars gracefully when the app containers are done',
    podOf({ ...never, initContainers: [container('side', { restartPolicy: 'Always', lifecycle: { preStop: {} } })] }),
    holding(instance('side', 'running'), instance('c', 0)),
    'pre-stop side-0',
  ],
  [
    'ends a pod at its deadline',
    podOf({ activeDeadlineSeconds: 60 }, {}, { startTime: at(-60) }),
    holding(instance('c', 'running')),
    'stop c-0 in 30',
  ],
  [
    'takes no pod that the node cannot run',
    podOf(),
    nothingObserved,
    '',
    { rejection: { reason: 'OutOfcpu', message: '' }, volumes: 'gone' },
  ],
]);

const probed = {
  containers: [container('c', { livenessProbe: { terminationGracePeriodSeconds: 7 }, startupProbe: {} })],
};

table([
  [
    'ends what its liveness probe gave up',
    podOf(probed),
    holding(instance('c', 'running')),
    'stop c-0 in 7',
    { probes: new Map([['c-0', { isStarted: true, isAlive: false }]]) },
  ],
  [
    'ends what never started',
    podOf(probed),
    holding(instance('c', 'running')),
    'stop c-0 in 30',
    { probes: new Map([['c-0', { isStarted: false, isAlive: false }]]) },
  ],
  [
    'does not begin the grace of an end anew',
    podOf(),
    holding(instance('c', 'running')),
    'stop c-0 in 4',
    { doomed: new Map([['c-0', 'x']]), killing: new Map([['c-0', NOW + 4000]]) },
  ],
  [
    'ends a container whose postStart hook failed',
    podOf(),
    holding(instance('c', 'running')),
    'stop c-0 in 30',
    { doomed: new Map([['c-0', 'FailedPostStartHook']]) },
  ],
]);

const all = { restartPolicyRules: [{ action: 'RestartAllContainers', exitCodes: { operator: 'In', values: [88] } }] };
const together = {
  restartPolicy: 'Never',
  initContainers: [container('i')],
  containers: [container('a', { restartPolicy: 'Never', ...all }), container('b')],
};
const ended = instance('a', 88, { ran: 60, ago: 1 });

table([
  [
    'ends all containers when one asks for all to run anew',
    podOf(together),
    holding(ended, instance('b', 'running'), instance('i', 0, { ago: 70 })),
    'stop b-0 in 30',
  ],
  [
    'then runs init containers again',
    podOf(together),
    holding(ended, instance('b', 143, { ago: 0, ran: 50 }), instance('i', 0, { ago: 70 })),
    'start i 1',
  ],
  [
    'then all others, whatever their policy',
    podOf(together),
    holding(instance('i', 0, { attempt: 1, ran: 0 }), ended, instance('b', 143, { ran: 50 })),
    'start a 1',
  ],
  [
    'one after the other',
    podOf(together),
    holding(
      instance('i', 0, { attempt: 1, ran: 0 }),
      instance('a', 'running', { attempt: 1, ran: 0 }),
      ended,
      instance('b', 143, { ran: 50 }),
    ),
    'start b 1',
  ],
  [
    'and is done',
    podOf(together),
    holding(
      instance('i', 0, { attempt: 1, ran: 0 }),
      instance('a', 'running', { attempt: 1, ran: 0 }),
      ended,
      instance('b', 'running', { attempt: 1, ran: 0 }),
    ),
    '',
  ],
]);

test('decide() looks again when the deadline comes, and when a pause is over', () => {
  const pod = podOf({ activeDeadlineSeconds: 60 }, {}, { startTime: at(0) });
  assert.equal(decide(pod, holding(instance('c', 'running')), ready, NOW).lookAgainAt, NOW + 60_000);
  assert.equal(
    decide(podOf(), holding(instance('c', 1, { attempt: 2, ago: 12 })), ready, NOW).lookAgainAt,
    NOW + 8_000,
  );
  // Earlier where another status is due: the end is shown for the first ten of the twenty seconds.
  assert.equal(decide(podOf(), holding(instance('c', 1, { attempt: 2, ago: 4 })), ready, NOW).lookAgainAt, NOW + 6_000);
});

test('decide() counts failures from the last recovery, across restarts of the kubelet', () => {
  const failures = (...ended: Parameters<typeof instance>): unknown => {
    const [action] = decide(podOf(), holding(instance(...ended)), ready, NOW).actions;
    return action?.type === 'start-container' ? action.failures : action;
  };
  assert.equal(failures('c', 1), 1);
  assert.equal(failures('c', 1, { attempt: 9, failures: 2, ago: 300 }), 3);
  assert.equal(failures('c', 1, { attempt: 9, failures: 8, ran: 700 }), 1);
});

test('decide() never starts a container of which one instance is alive, whatever else is there', () => {
  const state = fc.constantFrom<'running' | 'unknown' | 'created' | number>('running', 'unknown', 'created', 0, 1);
  fc.assert(
    fc.property(
      fc.array(state, { maxLength: 4 }),
      fc.constantFrom('Always', 'OnFailure', 'Never'),
      fc.boolean(),
      (states, restartPolicy, isGoing) => {
        const containers = states.map((s, i) => instance('c', s, { attempt: states.length - 1 - i, ago: 400 }));
        const { actions } = decide(podOf({ restartPolicy }, isGoing ? going : {}), holding(...containers), ready, NOW);
        const starts = actions.filter((action) => action.type === 'start-container');
        assert.ok(starts.length <= 1);
        if (states[0] === 'running' || states[0] === 'unknown' || isGoing) assert.equal(starts.length, 0);
      },
    ),
  );
});
