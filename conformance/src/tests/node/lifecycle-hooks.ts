import assert from 'node:assert/strict';
import { type Container, pod } from '@navarch/api';
import type { Draft } from '@navarch/machinery';
import { conformanceTest, type ConformanceTest, type TestContext } from '../../conformance-test.ts';
import { logsOf, removePod, shell, startPod } from '../../pods.ts';
import { getJson } from '../../requests.ts';
import { testhost } from '../../testhost.ts';
import { until } from '../../until.ts';

const HEARD_MS = 30_000;

type Hook = NonNullable<NonNullable<Draft<Container>['lifecycle']>['preStop']>;

const hooks: Readonly<Record<string, (ip: string, message: string) => Hook>> = {
  exec: (ip, message) => ({ exec: { command: ['sh', '-c', `curl http://${ip}:8080/echo?msg=${message}`] } }),
  http: (ip, message) => ({ httpGet: { path: `/echo?msg=${message}`, host: ip, port: 8080 } }),
};

/** A pod of its own hears the hook: only what the hook itself asked is in its log. */
async function isHeard(context: TestContext, when: 'postStart' | 'preStop', hook: (ip: string, message: string) => Hook): Promise<void> {
  const { status } = await startPod(context, 'listener', { terminationGracePeriodSeconds: 1, containers: [{ ...testhost('netexec', '--http-port=8080', '--udp-port=-1'), ports: [{ containerPort: 8080 }] }] });
  const message = when.toLowerCase();
  const heard = (): Promise<void> => until(context, `the ${when} hook being heard`, HEARD_MS, async () => (await logsOf(context, 'listener')).includes(`GET /echo?msg=${message}`));
  await startPod(context, 'hooked', { containers: [{ ...testhost(), lifecycle: { [when]: hook(status.podIP ?? '', message) } }] });
  if (when === 'postStart') await heard();
  await removePod(context, 'hooked', { gracePeriodSeconds: 15 });
  if (when === 'preStop') await heard();
}

const hookTests = (['postStart', 'preStop'] as const).flatMap((when) => Object.entries(hooks).map(([how, hook]) =>
  conformanceTest(`[sig-node] Container Lifecycle Hook when create a pod with lifecycle hook should execute ${when.toLowerCase()} ${how} hook properly`,
    (context) => isHeard(context, when, hook))));

export const lifecycleHookTests: readonly ConformanceTest[] = [
  ...hookTests,

  conformanceTest('[sig-node] PreStop should call prestop when killing a pod', async (context) => {
    const { status } = await startPod(context, 'server', { terminationGracePeriodSeconds: 1, containers: [{ ...testhost('nettest'), ports: [{ containerPort: 8080 }] }] });
    const command = ['wget', '-O-', '--post-data={"Source": "prestop"}', `http://${status.podIP}:8080/write`];
    await startPod(context, 'tester', { containers: [{ ...shell('sleep 600'), lifecycle: { preStop: { exec: { command } } } }] });
    await context.api.of(pod).delete(`${context.namespace}/tester`);
    await until(context, 'the hook being heard', 60_000, async () => {
      const path = `/api/v1/namespaces/${context.namespace}/pods/server:8080/proxy/read`;
      const { Received: received } = await getJson<{ readonly Received: Readonly<Record<string, number>> }>(context, path);
      return (received['prestop'] ?? 0) > 0;
    });
    assert.ok(await logsOf(context, 'server'));
  }),
];
