import assert from 'node:assert/strict';
import { type Pod, pod } from '@navarch/api';
import { conformanceTest, type TestContext } from '../../conformance-test.ts';
import { outputOfExec } from '../../exec.ts';
import { logsOf, shell, startPod, untilPod } from '../../pods.ts';
import { BUSYBOX } from '../../testhost.ts';
import { until } from '../../until.ts';

type Ephemeral = NonNullable<Pod['spec']['ephemeralContainers']>[number];
const START_MS = 120_000;

const debugger_ = (name: string, script: string): Pick<Ephemeral, 'name' | 'image' | 'command' | 'stdin' | 'tty'> => ({
  name,
  image: BUSYBOX,
  command: ['/bin/sh', '-c', script],
  stdin: true,
  tty: true,
});

const untilDebugging = (context: TestContext, name: string): Promise<Pod> =>
  untilPod(
    context,
    'debugged',
    `running ${name}`,
    START_MS,
    ({ status }) =>
      status.ephemeralContainerStatuses?.some((s) => s.name === name && s.state?.running !== undefined) ?? false,
  );

export const ephemeralContainerTests = [
  conformanceTest(
    '[sig-node] Ephemeral Containers will start an ephemeral container in an existing pod',
    async (context) => {
      await startPod(context, 'debugged', {
        terminationGracePeriodSeconds: 1,
        containers: [{ ...shell('trap exit TERM; while true; do sleep 1; done'), name: 'test-container-1' }],
      });
      const body = {
        spec: { ephemeralContainers: [debugger_('debugger', 'while true; do echo polo; sleep 2; done')] },
      };
      await context.api
        .of(pod)
        .patch(`${context.namespace}/debugged`, { type: 'strategic', body }, { subresource: 'ephemeralcontainers' });
      await untilDebugging(context, 'debugger');
      await until(context, 'the first line of the debugger', 60_000, async () =>
        (await logsOf(context, 'debugged', { container: 'debugger' })).includes('polo'),
      );
      assert.equal(await outputOfExec(context, 'debugged', ['/bin/echo', 'marco'], 'debugger'), 'marco\n');
    },
  ),

  conformanceTest(
    '[sig-node] Ephemeral Containers should update the ephemeral containers in an existing pod',
    async (context) => {
      const [pods, key] = [context.api.of(pod), `${context.namespace}/debugged`];
      await startPod(context, 'debugged', {
        terminationGracePeriodSeconds: 1,
        containers: [{ ...shell('trap exit TERM; while true; do sleep 1; done'), name: 'test-container-1' }],
      });
      const first = debugger_('debugger', 'while true; do echo polo; sleep 2; done');
      await pods.patch(
        key,
        { type: 'strategic', body: { spec: { ephemeralContainers: [first] } } },
        { subresource: 'ephemeralcontainers' },
      );
      await untilDebugging(context, 'debugger');
      const second = debugger_('debugger2', 'while true; do echo marco; sleep 2; done');
      const updated = await pods.update(
        key,
        (current) => ({
          ...current,
          spec: {
            ...current.spec,
            ephemeralContainers: [...(current.spec.ephemeralContainers ?? []), second as Ephemeral],
          },
        }),
        { subresource: 'ephemeralcontainers' },
      );
      assert.deepEqual(
        updated.spec.ephemeralContainers?.map(({ name }) => name),
        ['debugger', 'debugger2'],
      );
      await untilDebugging(context, 'debugger2');
      assert.deepEqual(
        (await pods.get(key)).spec.ephemeralContainers?.map(({ name, command }) => [name, command]),
        [first, second].map(({ name, command }) => [name, command]),
      );
    },
  ),
];
