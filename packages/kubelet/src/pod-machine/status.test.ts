import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod, PodStatus } from '@navarch/api';
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
  statusOf,
  told,
} from './testing/scene.ts';

/** `c: Waiting(CrashLoopBackOff) ready=false started=false restarts=2 last=Error(1)`: one line a container. */
const shown = (status: PodStatus): readonly string[] =>
  [
    ...(status.initContainerStatuses ?? []),
    ...(status.containerStatuses ?? []),
    ...(status.ephemeralContainerStatuses ?? []),
  ].map((c) => {
    const ended = c.state.terminated;
    const state = c.state.running
      ? 'Running'
      : ended
        ? `${ended.reason}(${ended.exitCode})`
        : `Waiting(${c.state.waiting?.reason})`;
    const last = c.lastState.terminated
      ? ` last=${c.lastState.terminated.reason}(${c.lastState.terminated.exitCode})`
      : '';
    return `${c.name}: ${state}${c.ready ? ' ready' : ''}${c.started ? ' started' : ''} ${c.restartCount}${last}`;
  });

const conditions = (status: PodStatus): readonly string[] =>
  (status.conditions ?? []).map(
    (c) => `${c.type}=${c.status}${c.reason ? ` ${c.reason}` : ''}${c.message ? `: ${c.message}` : ''}`,
  );

type Case = readonly [
  claim: string,
  pod: Pod,
  observed: Observed,
  phase: string,
  containers: readonly string[],
  memory?: Partial<Memory>,
];

const init = { initContainers: [container('i')] };
const side = { initContainers: [container('s', { restartPolicy: 'Always' })] };
const two = { containers: [container('a'), container('b')] };
const going = { deletionTimestamp: at(30), deletionGracePeriodSeconds: 30 };
const probed = { containers: [container('c', { readinessProbe: {}, startupProbe: {} })] };
const waits = (reason: string): Partial<Memory> => ({
  waiting: new Map([['c', { reason, message: 'why', retryAt: NOW + 1 }]]),
});

for (const [claim, pod, observed, phase, containers, memory] of [
  ['a new pod', podOf(), nothingObserved, 'Pending', ['c: Waiting(ContainerCreating) 0']],
  [
    'a container that was made',
    podOf(),
    holding(instance('c', 'created')),
    'Pending',
    ['c: Waiting(ContainerCreating) 0'],
  ],
  ['a running one', podOf(), holding(instance('c', 'running')), 'Running', ['c: Running ready started 0']],
  [
    'a new pod with init containers',
    podOf(init),
    nothingObserved,
    'Pending',
    ['i: Waiting(PodInitializing) 0', 'c: Waiting(PodInitializing) 0'],
  ],
  [
    'an init container at work',
    podOf(init),
    holding(instance('i', 'running')),
    'Pending',
    ['i: Running started 0', 'c: Waiting(PodInitializing) 0'],
  ],
  [
    'an init container that is done',
    podOf(init),
    holding(instance('i', 0)),
    'Pending',
    ['i: Completed(0) ready 0', 'c: Waiting(PodInitializing) 0'],
  ],
  [
    'an init container that crashes',
    podOf(init),
    holding(instance('i', 1, { attempt: 1, ago: 5 })),
    'Pending',
    ['i: Waiting(CrashLoopBackOff) 1 last=Error(1)', 'c: Waiting(PodInitializing) 0'],
  ],
  [
    'one of two that runs',
    podOf(two),
    holding(instance('a', 'running')),
    'Pending',
    ['a: Running ready started 0', 'b: Waiting(ContainerCreating) 0'],
  ],
  [
    'a job that is half done',
    podOf({ ...two, restartPolicy: 'Never' }),
    holding(instance('a', 0), instance('b', 'running')),
    'Running',
    ['a: Completed(0) 0', 'b: Running ready started 0'],
  ],
  [
    'a job that is done',
    podOf({ restartPolicy: 'Never' }),
    holding(instance('c', 0)),
    'Succeeded',
    ['c: Completed(0) 0'],
  ],
  [
    'a job that failed',
    podOf({ ...two, restartPolicy: 'Never' }),
    holding(instance('a', 0), instance('b', 2)),
    'Failed',
    ['a: Completed(0) 0', 'b: Error(2) 0'],
  ],
  [
    'a job whose sidecar still runs',
    podOf({ ...side, restartPolicy: 'Never' }),
    holding(instance('s', 'running'), instance('c', 0)),
    'Running',
    ['s: Running ready started 0', 'c: Completed(0) 0'],
  ],
  [
    'a job whose sidecar was ended',
    podOf({ ...side, restartPolicy: 'Never' }),
    holding(instance('s', 143), instance('c', 0)),
    'Succeeded',
    ['s: Error(143) 0', 'c: Completed(0) 0'],
  ],
  [
    'a job whose init container failed',
    podOf({ ...init, restartPolicy: 'Never' }),
    holding(instance('i', 1)),
    'Failed',
    ['i: Error(1) 0', 'c: Waiting(PodInitializing) 0'],
  ],
  ['a crash that is restarted at once', podOf(), holding(instance('c', 1)), 'Running', ['c: Error(1) 0']],
  [
    'a crash, before the pause that follows',
    podOf(),
    holding(instance('c', 1, { attempt: 1, ago: 4 })),
    'Running',
    ['c: Error(1) 1'],
  ],
  [
    'what could not be started, before the pause that follows',
    podOf(),
    holding(instance('c', 128, { attempt: 1, ago: 4, status: { startedAt: 0, reason: 'StartError' } })),
    'Running',
    ['c: Waiting(RunContainerError) 1 last=StartError(128)'],
    { waiting: new Map([['c', { reason: 'RunContainerError', message: '', retryAt: NOW }]]) },
  ],
  [
    'a short pause for its second half',
    podOf(),
    holding(instance('c', 1, { attempt: 1, ago: 5 })),
    'Running',
    ['c: Waiting(CrashLoopBackOff) 1 last=Error(1)'],
  ],
  [
    'a crash, before a longer pause',
    podOf(),
    holding(instance('c', 1, { attempt: 3, ago: 9 })),
    'Running',
    ['c: Error(1) 3'],
  ],
  [
    'a crash loop',
    podOf(),
    holding(instance('c', 1, { attempt: 3, ago: 10 })),
    'Running',
    ['c: Waiting(CrashLoopBackOff) 3 last=Error(1)'],
  ],
  [
    'a restarted container',
    podOf(),
    holding(instance('c', 'running', { attempt: 1 }), instance('c', 7)),
    'Running',
    ['c: Running ready started 1 last=Error(7)'],
  ],
  [
    'a container killed for its memory',
    podOf({ restartPolicy: 'Never' }),
    holding(instance('c', 137, { status: { reason: 'OOMKilled' } })),
    'Failed',
    ['c: OOMKilled(137) 0'],
  ],
  ['a pull that failed', podOf(), holding(), 'Pending', ['c: Waiting(ImagePullBackOff) 0'], waits('ImagePullBackOff')],
  [
    'a restart that failed',
    podOf(),
    holding(instance('c', 1)),
    'Running',
    ['c: Waiting(RunContainerError) 0 last=Error(1)'],
    waits('RunContainerError'),
  ],
  [
    'a deleted pod that still runs',
    podOf({}, going),
    holding(instance('c', 'running')),
    'Running',
    ['c: Running ready started 0'],
  ],
  [
    'a deleted pod that has ended well',
    podOf({}, going),
    holding(instance('c', 0)),
    'Succeeded',
    ['c: Completed(0) 0'],
  ],
  ['a deleted pod that was ended', podOf({}, going), holding(instance('c', 143)), 'Failed', ['c: Error(143) 0']],
  ['a deleted pod that never ran', podOf({}, going), nothingObserved, 'Failed', ['c: ContainerStatusUnknown(137) 0']],
  [
    'an overdue pod whose image never came',
    podOf(
      { activeDeadlineSeconds: 1 },
      {},
      { startTime: at(-10), containerStatuses: [told('c', { state: { waiting: { reason: 'ImagePullBackOff' } } })] },
    ),
    nothingObserved,
    'Failed',
    ['c: ContainerStatusUnknown(137) 0'],
    waits('ImagePullBackOff'),
  ],
  [
    'a deleted pod of which the first init container never ran',
    podOf({ initContainers: [container('i'), container('j')] }, going),
    nothingObserved,
    'Failed',
    ['i: ContainerStatusUnknown(137) 0', 'j: Waiting(PodInitializing) 0', 'c: Waiting(PodInitializing) 0'],
  ],
  [
    'a startup probe that has not said anything',
    podOf(probed),
    holding(instance('c', 'running')),
    'Running',
    ['c: Running 0'],
  ],
  [
    'a readiness probe that has not said anything',
    podOf(probed),
    holding(instance('c', 'running')),
    'Running',
    ['c: Running started 0'],
    { probes: new Map([['c-0', { isStarted: true }]]) },
  ],
  [
    'probes that are content',
    podOf(probed),
    holding(instance('c', 'running')),
    'Running',
    ['c: Running ready started 0'],
    { probes: new Map([['c-0', { isStarted: true, isReady: true }]]) },
  ],
  [
    'a container whose hook still runs',
    podOf(),
    holding(instance('c', 'running')),
    'Running',
    ['c: Running 0'],
    { postStarting: new Set(['c-0']) },
  ],
  [
    'a container whose hook failed',
    podOf(),
    holding(instance('c', 'running')),
    'Running',
    ['c: Running 0'],
    { doomed: new Map([['c-0', 'FailedPostStartHook']]) },
  ],
  [
    'what the API knew before the kubelet restarted',
    podOf(
      probed,
      {},
      {
        containerStatuses: [
          told('c', { containerID: 'memory://c-0', ready: true, started: true, state: { running: {} } }),
        ],
      },
    ),
    holding(instance('c', 'running')),
    'Running',
    ['c: Running ready started 0'],
  ],
  [
    'but nothing of another instance',
    podOf(
      probed,
      {},
      {
        containerStatuses: [
          told('c', { containerID: 'memory://c-7', ready: true, started: true, state: { running: {} } }),
        ],
      },
    ),
    holding(instance('c', 'running')),
    'Running',
    ['c: Running 0'],
  ],
  [
    'a container that its runtime forgot',
    podOf({ restartPolicy: 'Never' }, {}, { containerStatuses: [told('c', { state: { running: {} } })] }),
    nothingObserved,
    'Failed',
    ['c: ContainerStatusUnknown(137) 0'],
  ],
  [
    'an ended container that its runtime forgot',
    podOf(
      {},
      {},
      {
        phase: 'Succeeded',
        containerStatuses: [
          told('c', { restartCount: 2, state: { terminated: { exitCode: 0, reason: 'Completed' } } }),
        ],
      },
    ),
    nothingObserved,
    'Succeeded',
    ['c: Completed(0) 2'],
  ],
  [
    'the end before the last, which is removed by now',
    podOf(
      {},
      {},
      {
        containerStatuses: [
          told('c', {
            containerID: 'memory://c-1',
            lastState: { terminated: { exitCode: 7, reason: 'Error', containerID: 'memory://c-0' } },
          }),
        ],
      },
    ),
    holding(instance('c', 'running', { attempt: 1 })),
    'Running',
    ['c: Running ready started 1 last=Error(7)'],
  ],
  [
    'ephemeral containers',
    podOf({ ephemeralContainers: [container('d')] }),
    holding(instance('c', 'running'), instance('d', 3)),
    'Running',
    ['c: Running ready started 0', 'd: Error(3) 0'],
  ],
  [
    'a pod at its deadline',
    podOf({ activeDeadlineSeconds: 5 }, {}, { startTime: at(-5) }),
    holding(instance('c', 137)),
    'Failed',
    ['c: Error(137) 0'],
  ],
] as readonly Case[]) {
  test(`statusOf() shows ${claim}`, () => {
    const status = statusOf(pod, observed, { ...ready, ...memory });
    assert.deepEqual([status.phase, ...shown(status)], [phase, ...containers]);
  });
}

test('statusOf() says why a container is not restarted yet', () => {
  const [crashing] = statusOf(podOf(), holding(instance('c', 1, { attempt: 4, ago: 15 }))).containerStatuses ?? [];
  assert.deepEqual(crashing?.state, {
    waiting: { reason: 'CrashLoopBackOff', message: 'back-off 1m20s restarting failed container=c pod=web_d(u)' },
  });
});

test('statusOf() gives an ended container its times, last words and id', () => {
  const [ended] =
    statusOf(
      podOf({ restartPolicy: 'Never' }),
      holding(instance('c', 1, { ago: 10, ran: 5, message: 'bye', status: { message: 'oh' } })),
    ).containerStatuses ?? [];
  assert.deepEqual(ended?.state, {
    terminated: {
      exitCode: 1,
      reason: 'Error',
      message: 'oh: bye',
      startedAt: '2025-12-31T23:59:45Z',
      finishedAt: '2025-12-31T23:59:50Z',
      containerID: 'memory://c-0',
    },
  });
});

test('statusOf() cuts the last words of many containers', () => {
  const containers = Array.from({ length: 6 }, (_, i) => container(`c${i}`));
  const status = statusOf(
    podOf({ containers, restartPolicy: 'Never' }),
    holding(...containers.map((_, i) => instance(`c${i}`, 1, { message: 'é'.repeat(2048) }))),
  );
  assert.deepEqual(
    status.containerStatuses?.map((c) => new TextEncoder().encode(c.state.terminated?.message).length),
    Array(6).fill(2048),
  );
});

test('statusOf() says what holds of a pod, and why not', () => {
  const scheduled = 'PodScheduled=True';
  const check = (pod: Pod, observed: Observed, expected: readonly string[], memory: Partial<Memory> = {}): void =>
    assert.deepEqual(conditions(statusOf(pod, observed, { ...ready, ...memory })), [...expected, scheduled]);
  const unready = 'ContainersNotReady: containers with unready status: [c]';
  check(podOf(), nothingObserved, [
    'PodReadyToStartContainers=False',
    'Initialized=True',
    `Ready=False ${unready}`,
    `ContainersReady=False ${unready}`,
  ]);
  check(podOf(init), holding(), [
    'PodReadyToStartContainers=True',
    'Initialized=False ContainersNotInitialized: containers with incomplete status: [i]',
    `Ready=False ${unready}`,
    `ContainersReady=False ${unready}`,
  ]);
  check(podOf(), holding(instance('c', 'running')), [
    'PodReadyToStartContainers=True',
    'Initialized=True',
    'Ready=True',
    'ContainersReady=True',
  ]);
  check(podOf({ restartPolicy: 'Never' }), { sandboxes: [deadSandbox], containers: [instance('c', 0)] }, [
    'PodReadyToStartContainers=False',
    'Initialized=True PodCompleted',
    'Ready=False PodCompleted',
    'ContainersReady=False PodCompleted',
  ]);
  check(podOf({ restartPolicy: 'Never' }), { sandboxes: [deadSandbox], containers: [instance('c', 1)] }, [
    'PodReadyToStartContainers=False',
    'Initialized=True',
    'Ready=False PodFailed',
    'ContainersReady=False PodFailed',
  ]);
});

test('statusOf() lets readiness gates have their say, and keeps what others say', () => {
  const gated = podOf(
    { readinessGates: [{ conditionType: 'a/b' }, { conditionType: 'c/d' }] },
    { generation: 3 },
    { conditions: [{ type: 'c/d', status: 'False' }] },
  );
  const { conditions: all = [] } = statusOf(gated, holding(instance('c', 'running')));
  const readiness = all.find((c) => c.type === 'Ready');
  assert.deepEqual(
    [readiness?.status, readiness?.reason, readiness?.observedGeneration],
    ['False', 'ReadinessGatesNotReady', 3],
  );
  assert.equal(
    readiness?.message,
    'corresponding condition of pod readiness gate "a/b" does not exist., the status of pod readiness gate "c/d" is not "True", but False',
  );
  assert.equal(all.find((c) => c.type === 'ContainersReady')?.status, 'True');
  assert.deepEqual(
    all.find((c) => c.type === 'c/d'),
    { type: 'c/d', status: 'False' },
  );
});

test('statusOf() changes the time of a condition only when it flips', () => {
  const before = {
    conditions: [
      { type: 'Ready', status: 'True', lastTransitionTime: at(-99) },
      { type: 'Initialized', status: 'False', lastTransitionTime: at(-99) },
    ],
  };
  const { conditions: all = [] } = statusOf(podOf({}, {}, before), holding(instance('c', 'running')));
  assert.deepEqual(
    ['Ready', 'Initialized'].map((type) => all.find((c) => c.type === type)?.lastTransitionTime),
    [at(-99), '2026-01-01T00:00:00Z'],
  );
});

test('statusOf() says where the pod is, also when it is over', () => {
  const running = statusOf(podOf(), { sandboxes: [{ ...sandbox, additionalIps: ['fd00::5'] }], containers: [] });
  assert.deepEqual(
    [running.hostIP, running.podIP, running.podIPs, running.startTime, running.qosClass],
    ['10.0.0.1', '10.244.0.5', [{ ip: '10.244.0.5' }, { ip: 'fd00::5' }], '2026-01-01T00:00:00Z', 'BestEffort'],
  );
  const over = statusOf(
    podOf({ restartPolicy: 'Never' }),
    { sandboxes: [deadSandbox], containers: [instance('c', 0)] },
    { ...ready, podIPs: ['10.244.0.9'] },
  );
  assert.equal(over.podIP, '10.244.0.9');
  assert.equal(
    statusOf(podOf({ hostNetwork: true }), { sandboxes: [{ ...sandbox, ip: '' }], containers: [] }).podIP,
    '10.0.0.1',
  );
});

test('statusOf() explains a deadline and a refusal', () => {
  const { reason, message } = statusOf(podOf({ activeDeadlineSeconds: 5 }, {}, { startTime: at(-5) }), nothingObserved);
  assert.deepEqual(
    [reason, message],
    ['DeadlineExceeded', 'Pod was active on the node longer than the specified deadline'],
  );
  const refused = statusOf(podOf(), nothingObserved, {
    ...ready,
    rejection: { reason: 'OutOfcpu', message: 'no room' },
  });
  assert.deepEqual(
    [refused.phase, refused.reason, refused.message, refused.containerStatuses],
    ['Failed', 'OutOfcpu', 'Pod was rejected: no room', undefined],
  );
});

test('statusOf() shows what a container was given', () => {
  const resources = { requests: { cpu: '1' }, limits: { cpu: '2' } };
  const [given] =
    statusOf(
      podOf({
        containers: [container('c', { resources, volumeMounts: [{ name: 'v', mountPath: '/v', readOnly: true }] })],
      }),
      holding(instance('c', 'running', { status: { user: { linux: { uid: 5, gid: 6, supplementalGroups: [7] } } } })),
    ).containerStatuses ?? [];
  assert.deepEqual(
    [given?.allocatedResources, given?.resources, given?.user, given?.volumeMounts],
    [
      { cpu: '1' },
      { limits: { cpu: '2' }, requests: { cpu: '1' } },
      { linux: { uid: 5, gid: 6, supplementalGroups: [7] } },
      [{ name: 'v', mountPath: '/v', readOnly: true, recursiveReadOnly: 'Disabled' }],
    ],
  );
});

test('statusOf() tells whether all below a volume is read-only, by what the runtime does (KEP-3857)', () => {
  const told = (recursiveReadOnly: string, hasRecursiveReadOnlyMounts: boolean): string | undefined => {
    const volumeMounts = [{ name: 'v', mountPath: '/v', readOnly: true, recursiveReadOnly }];
    const [given] =
      statusOf(podOf({ containers: [container('c', { volumeMounts })] }), holding(instance('c', 'running')), {
        ...ready,
        node: { ...ready.node, hasRecursiveReadOnlyMounts },
      }).containerStatuses ?? [];
    return given?.volumeMounts?.[0]?.recursiveReadOnly;
  };
  assert.deepEqual(
    ['Disabled', 'IfPossible', 'Enabled'].map((mode) => told(mode, true)),
    ['Disabled', 'Enabled', 'Enabled'],
  );
  assert.equal(told('IfPossible', false), 'Disabled');
});

test('statusOf() tells every address of a node of two families, also as those of a pod in its network', () => {
  const inHostNetwork = { sandboxes: [{ ...sandbox, ip: '' }], containers: [] };
  const node = { hostIP: '192.0.2.1', otherHostIPs: ['2001:db8::1'], runtimeName: 'containerd' };
  const { hostIP, hostIPs, podIP, podIPs } = statusOf(podOf({ hostNetwork: true }), inHostNetwork, { ...ready, node });
  const both = [{ ip: '192.0.2.1' }, { ip: '2001:db8::1' }];
  assert.deepEqual([hostIP, hostIPs, podIP, podIPs], ['192.0.2.1', both, '192.0.2.1', both]);
});
