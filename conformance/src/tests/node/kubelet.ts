import assert from 'node:assert/strict';
import { type Container, pod, type PodSpec } from '@navarch/api';
import type { Draft } from '@navarch/machinery';
import { conformanceTest, type TestContext } from '../../conformance-test.ts';
import { outputOfExec } from '../../exec.ts';
import { createPod, logsOf, outputOf, shell, startPod, untilPod, untilRunning } from '../../pods.ts';
import { testhost } from '../../testhost.ts';
import { until } from '../../until.ts';

const LOG_MS = 120_000;

const isLogged = (
  context: TestContext,
  name: string,
  text: string,
  query: Readonly<Record<string, string>> = {},
): Promise<void> =>
  until(
    context,
    `the log of ${name} being ${JSON.stringify(text)}`,
    LOG_MS,
    async () => (await logsOf(context, name, query)) === text,
  );

const failing: Draft<PodSpec> = {
  restartPolicy: 'Never',
  terminationGracePeriodSeconds: 1,
  containers: [{ ...shell(''), command: ['/bin/false'] }],
};

const commandTests = [
  conformanceTest(
    '[sig-node] Kubelet when scheduling a busybox command in a pod should print the output to logs',
    async (context) => {
      await createPod(context, 'printing', {
        restartPolicy: 'Never',
        terminationGracePeriodSeconds: 1,
        containers: [shell("echo 'Hello World' ; sleep 240")],
      });
      await untilRunning(context, 'printing');
      const sinceTime = new Date(context.clock.now() - 3_600_000).toISOString().replace(/\.\d+Z$/, 'Z');
      await isLogged(context, 'printing', 'Hello World\n', { sinceTime });
    },
  ),

  conformanceTest(
    '[sig-node] Kubelet when scheduling a busybox command that always fails in a pod should have an terminated reason',
    async (context) => {
      await createPod(context, 'false', failing);
      const { status } = await untilPod(
        context,
        'false',
        'being terminated',
        300_000,
        ({ status: { containerStatuses } }) => containerStatuses?.[0]?.state?.terminated !== undefined,
      );
      const [only, ...others] = status.containerStatuses ?? [];
      assert.deepEqual(others, []);
      assert.notEqual(only?.state?.terminated?.exitCode, 0);
      assert.ok(only?.state?.terminated?.reason);
    },
  ),

  conformanceTest(
    '[sig-node] Kubelet when scheduling a busybox command that always fails in a pod should be possible to delete',
    async (context) => {
      await createPod(context, 'false', failing);
      await context.api.of(pod).delete(`${context.namespace}/false`);
    },
  ),

  conformanceTest(
    '[sig-node] Kubelet when scheduling a read only busybox container should not write to root filesystem',
    async (context) => {
      const container: Draft<Container> = {
        ...shell(''),
        command: ['/bin/sh', '-c', 'echo test > /file; sleep 240'],
        securityContext: { readOnlyRootFilesystem: true },
      };
      await createPod(context, 'read-only', {
        restartPolicy: 'Never',
        terminationGracePeriodSeconds: 1,
        containers: [container],
      });
      await untilRunning(context, 'read-only');
      await isLogged(context, 'read-only', "/bin/sh: can't create /file: Read-only file system\n");
    },
  ),

  conformanceTest(
    '[sig-node] Kubelet when scheduling an agnhost Pod with hostAliases should write entries to /etc/hosts',
    async (context) => {
      const output = await outputOf(context, 'aliased', {
        hostAliases: [{ ip: '123.45.67.89', hostnames: ['foo', 'bar'] }],
        containers: [testhost('etc-hosts')],
      });
      assert.match(output, /^123\.45\.67\.89\tfoo\tbar$/m);
    },
  ),
];

/** How a hosts file begins that the kubelet wrote; the one of a pod on the host's network begins otherwise. */
const MANAGED = '# Kubernetes-managed hosts file.';
const hostsMount = (mountPath: string): { readonly name: string; readonly mountPath: string } => ({
  name: 'host-etc-hosts',
  mountPath,
});
const looksAt = (name: string, ...more: readonly string[]): Draft<Container> & { readonly name: string } => ({
  ...shell('sleep 900'),
  name,
  volumeMounts: ['/etc/hosts-original', ...more].map(hostsMount),
});
const volumes = [{ name: 'host-etc-hosts', hostPath: { path: '/etc/hosts', type: 'File' as const } }];

async function isManaged(context: TestContext, name: string, container: string, wanted: boolean): Promise<void> {
  await until(
    context,
    `/etc/hosts of ${container} in ${name} being ${wanted ? '' : 'not '}the kubelet's`,
    120_000,
    async () => (await outputOfExec(context, name, ['cat', '/etc/hosts'], container)).includes(MANAGED) === wanted,
  );
  assert.ok(!(await outputOfExec(context, name, ['cat', '/etc/hosts-original'], container)).includes(MANAGED));
}

export const kubeletTests = [
  ...commandTests,

  conformanceTest('[sig-node] KubeletManagedEtcHosts should test kubelet managed /etc/hosts file', async (context) => {
    const rest: Draft<PodSpec> = { terminationGracePeriodSeconds: 1, volumes };
    await startPod(context, 'test-pod', {
      ...rest,
      hostNetwork: false,
      containers: [looksAt('busybox-1'), looksAt('busybox-2'), looksAt('busybox-3', '/etc/hosts')],
    });
    await startPod(context, 'test-host-network-pod', {
      ...rest,
      hostNetwork: true,
      containers: [looksAt('busybox-1'), looksAt('busybox-2')],
    });
    await isManaged(context, 'test-pod', 'busybox-1', true);
    await isManaged(context, 'test-pod', 'busybox-2', true);
    await isManaged(context, 'test-pod', 'busybox-3', false);
    await isManaged(context, 'test-host-network-pod', 'busybox-1', false);
    await isManaged(context, 'test-host-network-pod', 'busybox-2', false);
  }),
];
