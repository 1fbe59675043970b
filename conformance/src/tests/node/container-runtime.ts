import assert from 'node:assert/strict';
import { type Container, isReady, type Pod } from '@navarch/api';
import type { Draft } from '@navarch/machinery';
import { conformanceTest, type ConformanceTest, type TestContext } from '../../conformance-test.ts';
import { createPod, logsOf, outputOf, removePod, shell, untilPod, untilRunning } from '../../pods.ts';
import { testhost } from '../../testhost.ts';
import { until } from '../../until.ts';

/** Fails the first time it runs, succeeds the second, stays the third: it counts in a volume. */
const THRICE = `f=/restart-count/restartCount
echo hello >> $f
count=$(wc -l < $f)
if [ $count -eq 1 ]; then exit 1; fi
if [ $count -eq 2 ]; then exit 0; fi
while true; do sleep 1; done`;

const endings = [
  { restartPolicy: 'Always', phase: 'Running', state: 'running', restarts: 2, isReady: true },
  { restartPolicy: 'OnFailure', phase: 'Succeeded', state: 'terminated', restarts: 1, isReady: false },
  { restartPolicy: 'Never', phase: 'Failed', state: 'terminated', restarts: 0, isReady: false },
] as const;

const STATUS_MS = 300_000;

async function endsAs(
  context: TestContext,
  { restartPolicy, phase, state, restarts, isReady: ready }: (typeof endings)[number],
): Promise<void> {
  const name = `terminate-${restartPolicy.toLowerCase()}`;
  await createPod(context, name, {
    restartPolicy,
    terminationGracePeriodSeconds: 1,
    volumes: [{ name: 'restart-count', emptyDir: { medium: 'Memory' } }],
    containers: [{ ...shell(THRICE), volumeMounts: [{ name: 'restart-count', mountPath: '/restart-count' }] }],
  });
  const first = ({ status }: Pod): NonNullable<Pod['status']['containerStatuses']>[number] | undefined =>
    status.containerStatuses?.[0];
  await untilPod(context, name, `with ${restarts} restarts`, STATUS_MS, (pod) => first(pod)?.restartCount === restarts);
  await untilPod(context, name, phase, STATUS_MS, ({ status }) => status.phase === phase);
  await untilPod(context, name, ready ? 'being Ready' : 'not being Ready', STATUS_MS, (pod) => isReady(pod) === ready);
  const last = await untilPod(
    context,
    name,
    `having a container that is ${state}`,
    STATUS_MS,
    (pod) => first(pod)?.state?.[state] !== undefined,
  );
  assert.deepEqual(Object.keys(first(last)?.state ?? {}), [state]);
  await removePod(context, name);
}

interface Message {
  readonly title: string;
  readonly script: string;
  readonly container?: Draft<Container>;
  readonly phase: 'Succeeded' | 'Failed';
  readonly message: string | undefined;
}

const toLogs: Draft<Container> = {
  terminationMessagePath: '/dev/termination-log',
  terminationMessagePolicy: 'FallbackToLogsOnError',
};
const messages: readonly Message[] = [
  {
    title: 'if TerminationMessagePath is set as non-root user and at a non-default path',
    phase: 'Succeeded',
    message: 'DONE',
    script: '/bin/echo -n DONE > /dev/termination-custom-log',
    container: { terminationMessagePath: '/dev/termination-custom-log', securityContext: { runAsUser: 10000 } },
  },
  {
    title: 'from log output if TerminationMessagePolicy FallbackToLogsOnError is set',
    phase: 'Failed',
    message: 'DONE',
    script: '/bin/echo -n DONE; /bin/false',
    container: toLogs,
  },
  {
    title: 'as empty when pod succeeds and TerminationMessagePolicy FallbackToLogsOnError is set',
    phase: 'Succeeded',
    message: undefined,
    script: '/bin/echo -n DONE; /bin/true',
    container: toLogs,
  },
  {
    title: 'from file when pod succeeds and TerminationMessagePolicy FallbackToLogsOnError is set',
    phase: 'Succeeded',
    message: 'OK',
    container: toLogs,
    script: '/bin/echo -n OK > /dev/termination-log; /bin/echo DONE; /bin/true',
  },
];

const messageTests = messages.map(({ title, script, container, phase, message }) =>
  conformanceTest(
    `[sig-node] Container Runtime blackbox test on terminated container should report termination message ${title}`,
    async (context) => {
      await createPod(context, 'saying', { restartPolicy: 'Never', containers: [{ ...shell(script), ...container }] });
      const { status } = await untilPod(context, 'saying', phase, STATUS_MS, (pod) => pod.status.phase === phase);
      assert.equal(status.containerStatuses?.[0]?.state?.terminated?.message, message);
    },
  ),
);

const SECOND = '/testhost-2';
const overrides: readonly (readonly [title: string, container: Draft<Container>, printed: string])[] = [
  [
    'arguments (container cmd)',
    { args: ['entrypoint-tester', 'override', 'arguments'] },
    '[/testhost entrypoint-tester override arguments]\n',
  ],
  ['command (container entrypoint)', { command: [SECOND, 'entrypoint-tester'] }, '[/testhost-2 entrypoint-tester]\n'],
  [
    'command and arguments',
    { command: [SECOND], args: ['entrypoint-tester', 'override', 'arguments'] },
    '[/testhost-2 entrypoint-tester override arguments]\n',
  ],
];

const commandTests = [
  conformanceTest(
    '[sig-node] Containers should use the image defaults if command and args are blank',
    async (context) => {
      await createPod(context, 'default', { terminationGracePeriodSeconds: 1, containers: [testhost()] });
      await untilRunning(context, 'default');
      await until(context, 'the default output', 60_000, async () => (await logsOf(context, 'default')) === 'Paused\n');
    },
  ),

  ...overrides.map(([title, container, printed]) =>
    conformanceTest(
      `[sig-node] Containers should be able to override the image's default ${title}`,
      async (context) => {
        assert.equal(await outputOf(context, 'overridden', { containers: [{ ...testhost(), ...container }] }), printed);
      },
    ),
  ),
];

export const containerRuntimeTests: readonly ConformanceTest[] = [
  conformanceTest(
    '[sig-node] Container Runtime blackbox test when starting a container that exits should run with the expected status',
    async (context) => {
      for (const ending of endings) await endsAs(context, ending);
    },
  ),
  ...messageTests,
  ...commandTests,
];
