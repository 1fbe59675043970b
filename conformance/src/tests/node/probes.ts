import assert from 'node:assert/strict';
import { isReady } from '@navarch/api';
import { conformanceTest, type TestContext } from '../../conformance-test.ts';
import { createPod, getPod, shell, startPod } from '../../pods.ts';
import { until } from '../../until.ts';

const healthFile = { exec: { command: ['cat', '/tmp/health'] }, initialDelaySeconds: 5, failureThreshold: 1 };
/** Long enough for several probes to have failed, were they to. */
const OBSERVED_MS = 30_000;

const restarts = async (context: TestContext, name: string): Promise<number> =>
  (await getPod(context, name)).status.containerStatuses?.[0]?.restartCount ?? 0;

export const probeTests = [
  conformanceTest('[sig-node] Probing container should be restarted with a exec "cat /tmp/health" liveness probe', async (context) => {
    await startPod(context, 'ailing', {
      terminationGracePeriodSeconds: 1,
      containers: [{ ...shell('touch /tmp/health; sleep 10; rm -f /tmp/health; sleep 600'), livenessProbe: healthFile }],
    });
    await until(context, 'a restart', 120_000, async () => (await restarts(context, 'ailing')) > 0);
  }),

  conformanceTest('[sig-node] Probing container should *not* be restarted with a exec "cat /tmp/health" liveness probe', async (context) => {
    await startPod(context, 'healthy', {
      terminationGracePeriodSeconds: 1, containers: [{ ...shell('touch /tmp/health; sleep 600'), livenessProbe: healthFile }],
    });
    await context.clock.sleep(OBSERVED_MS, context.signal);
    assert.equal(await restarts(context, 'healthy'), 0);
  }),

  conformanceTest('[sig-node] Probing container with readiness probe that fails should never be ready and never restart', async (context) => {
    await createPod(context, 'never', {
      terminationGracePeriodSeconds: 1,
      containers: [{ ...shell('sleep 600'), readinessProbe: { exec: { command: ['false'] }, initialDelaySeconds: 1 } }],
    });
    await until(context, 'the pod running', 60_000, async () => (await getPod(context, 'never')).status.phase === 'Running');
    const end = context.clock.monotonic() + OBSERVED_MS;
    while (context.clock.monotonic() < end) {
      assert.equal(isReady(await getPod(context, 'never')), false);
      await context.clock.sleep(1000, context.signal);
    }
    assert.equal(await restarts(context, 'never'), 0);
  }),
];
