import assert from 'node:assert/strict';
import { type Container, type Pod, pod } from '@navarch/api';
import type { Draft } from '@navarch/machinery';
import { conformanceTest, type TestContext } from '../../conformance-test.ts';
import { createPod } from '../../pods.ts';
import { BUSYBOX, PAUSE } from '../../testhost.ts';
import { type Change, watching } from '../../watches.ts';

const START_MS = 300_000;
/** The third restart of a failing init container comes after 10 and 20 seconds. */
const RESTARTS = 3;

const runs = (name: string, program: string): Draft<Container> => ({ name, image: BUSYBOX, command: [program] });
const pauses: Draft<Container> = { name: 'run1', image: PAUSE, resources: { limits: { cpu: '100m' } } };

interface Arrangement {
  readonly restartPolicy: 'Never' | 'Always';
  readonly init: readonly [string, string];
  readonly app: Draft<Container>;
  /** Looks at every change, until it says that it is the last one. */
  isLast(change: Change<Pod>): boolean;
}

async function lastOf(context: TestContext, { restartPolicy, init, app, isLast }: Arrangement): Promise<Pod> {
  const made = await createPod(
    context,
    'inits',
    {
      restartPolicy,
      terminationGracePeriodSeconds: 1,
      initContainers: init.map((program, i) => runs(`init${i + 1}`, program)),
      containers: [app],
    },
    { labels: { name: 'foo', time: context.unique } },
  );
  assert.equal(made.spec.initContainers?.length, 2);
  const watch = watching(context, pod, {
    namespace: context.namespace,
    fieldSelector: 'metadata.name=inits',
    after: made.metadata.resourceVersion,
  });
  const last = await watch.next('the end of what is watched', START_MS, isLast);
  assert.equal(last.status.initContainerStatuses?.length, 2);
  return last;
}

const initialized = ({
  status,
}: Pod): { readonly status?: string; readonly reason?: string; readonly message?: string } => {
  const { status: value, reason, message } = status.conditions?.find(({ type }) => type === 'Initialized') ?? {};
  return { ...(value ? { status: value } : {}), ...(reason ? { reason } : {}), ...(message ? { message } : {}) };
};

/** Both init containers have ended well. */
function haveRun(last: Pod): void {
  assert.equal(initialized(last).status, 'True');
  for (const { ready, state } of last.status.initContainerStatuses ?? [])
    assert.deepEqual([ready, state?.terminated?.exitCode], [true, 0]);
}

/** What has not begun says so; what must not begin has not. */
function isWaiting({ status }: Pod, list: 'initContainerStatuses' | 'containerStatuses', index: number): void {
  const state = status[list]?.[index]?.state;
  assert.equal(state?.waiting?.reason, 'PodInitializing', JSON.stringify(state));
}

export const initContainerTests = [
  conformanceTest('[sig-node] InitContainer should invoke init containers on a RestartNever pod', async (context) => {
    const last = await lastOf(context, {
      restartPolicy: 'Never',
      init: ['/bin/true', '/bin/true'],
      app: runs('run1', '/bin/true'),
      isLast: ({ object }) => object.status.phase === 'Succeeded',
    });
    haveRun(last);
  }),

  conformanceTest('[sig-node] InitContainer should invoke init containers on a RestartAlways pod', async (context) => {
    const last = await lastOf(context, {
      restartPolicy: 'Always',
      init: ['/bin/true', '/bin/true'],
      app: pauses,
      isLast: ({ object }) => object.status.phase === 'Running',
    });
    haveRun(last);
  }),

  conformanceTest(
    '[sig-node] InitContainer should not start app containers if init containers fail on a RestartAlways pod',
    async (context) => {
      const last = await lastOf(context, {
        restartPolicy: 'Always',
        init: ['/bin/false', '/bin/true'],
        app: pauses,
        isLast: ({ type, object }) => {
          assert.equal(type, 'MODIFIED');
          if (!object.status.containerStatuses) return false;
          isWaiting(object, 'containerStatuses', 0);
          isWaiting(object, 'initContainerStatuses', 1);
          const first = object.status.initContainerStatuses?.[0];
          const terminated = first?.state?.terminated ?? first?.lastState?.terminated;
          if (terminated) assert.notEqual(terminated.exitCode, 0);
          return (first?.restartCount ?? 0) >= RESTARTS;
        },
      });
      assert.equal(last.status.phase, 'Pending');
      assert.deepEqual(initialized(last), {
        status: 'False',
        reason: 'ContainersNotInitialized',
        message: 'containers with incomplete status: [init1 init2]',
      });
    },
  ),

  conformanceTest(
    '[sig-node] InitContainer should not start app containers and fail the pod if init containers fail on a RestartNever pod',
    async (context) => {
      const last = await lastOf(context, {
        restartPolicy: 'Never',
        init: ['/bin/true', '/bin/false'],
        app: runs('run1', '/bin/true'),
        isLast: ({ type, object }) => {
          assert.equal(type, 'MODIFIED');
          if (!object.status.containerStatuses) return false;
          isWaiting(object, 'containerStatuses', 0);
          const terminated = object.status.initContainerStatuses?.[1]?.state?.terminated;
          if (terminated) assert.notEqual(terminated.exitCode, 0);
          return object.status.phase === 'Failed';
        },
      });
      assert.deepEqual(initialized(last), {
        status: 'False',
        reason: 'ContainersNotInitialized',
        message: 'containers with incomplete status: [init2]',
      });
      assert.equal(last.status.initContainerStatuses?.[0]?.state?.terminated?.exitCode, 0);
    },
  ),
];
