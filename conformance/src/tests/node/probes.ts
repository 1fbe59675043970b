import assert from 'node:assert/strict';
import { type Container, isReady, type Pod } from '@navarch/api';
import type { Draft } from '@navarch/machinery';
import { conformanceTest, type ConformanceTest, type TestContext } from '../../conformance-test.ts';
import { createPod, getPod, shell, untilPod } from '../../pods.ts';
import { testhost } from '../../testhost.ts';

type Probe = NonNullable<Draft<Container>['livenessProbe']>;

/** How long a container is watched that must not be restarted, or that must be. */
const OBSERVED_MS = 240_000;
const POLL_MS = 2_000;
const catHealth = { exec: { command: ['cat', '/tmp/health'] } };

const restartsOf = ({ status }: Pod): number => status.containerStatuses?.[0]?.restartCount ?? 0;

interface Liveness {
  readonly name: string;
  readonly container: Draft<Container>;
  readonly probe: Probe;
  /** 0: none within the time. */
  readonly restarts: number;
  readonly observedMs?: number;
}

/** Runs the pod and counts its restarts: at least so many, never fewer than before. */
async function countsRestarts(
  context: TestContext,
  { container, probe, restarts, observedMs = OBSERVED_MS }: Liveness,
): Promise<void> {
  await createPod(context, 'probed', {
    terminationGracePeriodSeconds: 5,
    containers: [{ ...testhost(), ...container, livenessProbe: probe }],
  });
  const started = await untilPod(
    context,
    'probed',
    'having left Pending',
    300_000,
    ({ status }) => status.phase !== 'Pending',
  );
  const initial = restartsOf(started);
  const end = context.clock.monotonic() + observedMs;
  let last = initial;
  while (context.clock.monotonic() < end && !(restarts > 0 && last - initial >= restarts)) {
    const now = restartsOf(await getPod(context, 'probed'));
    assert.ok(now >= last, `the restart count went from ${last} to ${now}`);
    if (now !== last) context.log(`restart ${now} seen`);
    last = now;
    await context.clock.sleep(POLL_MS, context.signal);
  }
  if (restarts === 0) assert.equal(last - initial, 0, 'restarts');
  else assert.ok(last - initial >= restarts, `${last - initial} restarts, not ${restarts}`);
}

const livenesses: readonly Liveness[] = [
  {
    name: 'should be restarted with a exec "cat /tmp/health" liveness probe',
    restarts: 1,
    container: shell('echo ok >/tmp/health; sleep 10; rm -rf /tmp/health; sleep 600'),
    probe: { ...catHealth, initialDelaySeconds: 15, timeoutSeconds: 5, failureThreshold: 1 },
  },
  {
    name: 'should *not* be restarted with a exec "cat /tmp/health" liveness probe',
    restarts: 0,
    container: shell('echo ok >/tmp/health; sleep 600'),
    probe: { ...catHealth, initialDelaySeconds: 15, timeoutSeconds: 5, failureThreshold: 1 },
  },
  {
    name: 'should be restarted with a /healthz http liveness probe',
    restarts: 1,
    container: testhost('liveness'),
    probe: { httpGet: { path: '/healthz', port: 8080 }, initialDelaySeconds: 15, failureThreshold: 1 },
  },
  {
    name: 'should *not* be restarted with a /healthz http liveness probe',
    restarts: 0,
    container: testhost('test-webserver'),
    probe: { httpGet: { path: '/', port: 80 }, initialDelaySeconds: 15, timeoutSeconds: 5, failureThreshold: 5 },
  },
  {
    name: 'should *not* be restarted with a tcp:8080 liveness probe',
    restarts: 0,
    // After ten seconds it answers that it is not well, but it answers.
    container: testhost('liveness'),
    probe: { tcpSocket: { port: 8080 }, initialDelaySeconds: 15, failureThreshold: 1 },
  },
  {
    name: 'should have monotonically increasing restart count',
    restarts: 5,
    observedMs: 840_000,
    container: testhost('liveness'),
    probe: { httpGet: { path: '/healthz', port: 8080 }, initialDelaySeconds: 5, failureThreshold: 1 },
  },
  {
    name: 'should *not* be restarted with a GRPC liveness probe',
    restarts: 0,
    container: { ...testhost('grpc-health-checking'), ports: [{ containerPort: 5000 }, { containerPort: 8080 }] },
    probe: { grpc: { port: 5000 }, initialDelaySeconds: 5, timeoutSeconds: 5, failureThreshold: 1 },
  },
  {
    // Nothing listens where the probe asks.
    name: 'should be restarted with a GRPC liveness probe',
    restarts: 1,
    container: { ...testhost('grpc-health-checking'), ports: [{ containerPort: 5000 }, { containerPort: 8080 }] },
    probe: { grpc: { port: 2333 }, initialDelaySeconds: 5, timeoutSeconds: 5, failureThreshold: 1 },
  },
];

const livenessTests = livenesses.map((liveness) =>
  conformanceTest(
    `[sig-node] Probing container ${liveness.name}`,
    (context) => countsRestarts(context, liveness),
    (liveness.observedMs ?? OBSERVED_MS) + 300_000,
  ),
);

const READINESS_DELAY_S = 30;

const readinessTests = [
  conformanceTest(
    '[sig-node] Probing container with readiness probe should not be ready before initial delay and never restart',
    async (context) => {
      const readinessProbe = { httpGet: { path: '/', port: 80 }, initialDelaySeconds: READINESS_DELAY_S };
      await createPod(context, 'slow', {
        terminationGracePeriodSeconds: 1,
        containers: [{ ...testhost('test-webserver'), readinessProbe }],
      });
      const ready = await untilPod(context, 'slow', 'being Ready', 300_000, isReady);
      const readyAt = ready.status.conditions?.find(({ type }) => type === 'Ready')?.lastTransitionTime ?? '';
      const startedAt = ready.status.containerStatuses?.[0]?.state?.running?.startedAt ?? '';
      context.log(`started at ${startedAt}, ready at ${readyAt}`);
      assert.ok(Date.parse(readyAt) - Date.parse(startedAt) >= READINESS_DELAY_S * 1000);
      assert.equal(restartsOf(ready), 0);
    },
  ),

  conformanceTest(
    '[sig-node] Probing container with readiness probe that fails should never be ready and never restart',
    async (context) => {
      const readinessProbe = { exec: { command: ['/bin/false'] }, initialDelaySeconds: READINESS_DELAY_S };
      await createPod(context, 'never', {
        terminationGracePeriodSeconds: 1,
        containers: [{ ...testhost('test-webserver'), readinessProbe }],
      });
      const end = context.clock.monotonic() + 60_000;
      while (context.clock.monotonic() < end) {
        assert.equal(isReady(await getPod(context, 'never')), false);
        await context.clock.sleep(1000, context.signal);
      }
      assert.equal(restartsOf(await getPod(context, 'never')), 0);
    },
  ),
];

export const probeTests: readonly ConformanceTest[] = [...livenessTests, ...readinessTests];
