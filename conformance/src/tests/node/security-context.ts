import assert from 'node:assert/strict';
import type { Container, PodSpec } from '@navarch/api';
import { type Draft, hasReason, StatusError } from '@navarch/machinery';
import { conformanceTest, type ConformanceTest, type TestContext } from '../../conformance-test.ts';
import { createPod, outputOf, shell } from '../../pods.ts';
import { testhost } from '../../testhost.ts';

const runs = (
  context: TestContext,
  script: string,
  securityContext: Draft<Container>['securityContext'],
  spec: Omit<Draft<PodSpec>, 'containers'> = {},
): Promise<string> =>
  outputOf(context, 'secured', {
    ...spec,
    containers: [{ ...shell(script), ...(securityContext ? { securityContext } : {}) }],
  });

const userTests = [
  conformanceTest(
    '[sig-node] Security Context When creating a container with runAsUser should run the container with uid 65534',
    async (context) => {
      await runs(context, 'test "$(id -u)" -eq 65534', { runAsUser: 65534 });
    },
  ),

  conformanceTest(
    '[sig-node] Security Context When creating a pod with privileged should run the container as unprivileged when false',
    async (context) => {
      const output = await runs(context, 'ip link add dummy0 type dummy 2>&1 || true', { privileged: false });
      assert.match(output, /Operation not permitted/);
    },
  ),

  conformanceTest(
    '[sig-node] Security Context When creating a pod with readOnlyRootFilesystem should run the container with writable rootfs when readOnlyRootFilesystem=false',
    async (context) => {
      await runs(context, 'touch checkfile', { readOnlyRootFilesystem: false });
    },
  ),

  conformanceTest(
    '[sig-node] Security Context should support pod.Spec.SecurityContext.RunAsUser And pod.Spec.SecurityContext.RunAsGroup',
    async (context) => {
      const output = await runs(context, 'id', undefined, { securityContext: { runAsUser: 1001, runAsGroup: 2002 } });
      assert.match(output, /^uid=1001\b.* gid=2002\b/);
    },
  ),

  conformanceTest(
    '[sig-node] Security Context should support container.SecurityContext.RunAsUser And container.SecurityContext.RunAsGroup',
    async (context) => {
      const output = await runs(
        context,
        'id',
        { runAsUser: 1001, runAsGroup: 2002 },
        { securityContext: { runAsUser: 1000 } },
      );
      assert.match(output, /^uid=1001\b.* gid=2002\b/);
    },
  ),

  conformanceTest(
    '[sig-node] Security Context when creating containers with AllowPrivilegeEscalation should not allow privilege escalation when false',
    async (context) => {
      // The program is owned by root and has its set-user-ID bit: what it prints is its effective user.
      const securityContext = { runAsUser: 1000, allowPrivilegeEscalation: false };
      const output = await outputOf(context, 'secured', {
        containers: [{ ...testhost(), command: ['/usr/local/bin/setuid-id', '-u'], securityContext }],
      });
      assert.equal(output, '1000\n');
    },
  ),
];

const withSysctls = (
  sysctls: readonly { readonly name: string; readonly value: string }[],
  container: Draft<Container> & { readonly name: string },
): Draft<PodSpec> => ({ restartPolicy: 'Never', securityContext: { sysctls: [...sysctls] }, containers: [container] });

const sysctlTests = [
  conformanceTest('[sig-node] Sysctls should support sysctls', async (context) => {
    const container = { ...shell(''), command: ['sysctl', 'kernel.shm_rmid_forced'] };
    const output = await outputOf(
      context,
      'sysctl',
      withSysctls([{ name: 'kernel.shm_rmid_forced', value: '1' }], container),
    );
    assert.match(output, /kernel\.shm_rmid_forced = 1/);
  }),

  conformanceTest('[sig-node] Sysctls should reject invalid sysctls', async (context) => {
    const sysctls = [
      { name: 'foo-', value: 'bar' },
      { name: 'kernel.shmmax', value: '100000000' },
      { name: 'safe-and-unsafe', value: '100000000' },
      { name: 'bar..', value: '42' },
    ];
    await assert.rejects(createPod(context, 'sysctl', withSysctls(sysctls, shell('true'))), (error) => {
      assert.ok(hasReason(error, 'Invalid') && error instanceof StatusError);
      for (const name of ['foo-', 'bar..'])
        assert.ok(error.message.includes(`Invalid value: "${name}"`), error.message);
      for (const name of ['safe-and-unsafe', 'kernel.shmmax']) assert.ok(!error.message.includes(name), error.message);
      return true;
    });
  }),
];

export const securityContextTests: readonly ConformanceTest[] = [...userTests, ...sysctlTests];
