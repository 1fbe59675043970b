import assert from 'node:assert/strict';
import { type Container, pod, type PodSpec } from '@navarch/api';
import type { Draft } from '@navarch/machinery';
import { conformanceTest, type TestContext } from '../../conformance-test.ts';
import { execute } from '../../exec.ts';
import { createPod, getPod, hasLines, outputOf, removePod, shell, untilPod, untilRunning } from '../../pods.ts';

/** How long a pod has that is expected to start soon. */
const START_SHORT_MS = 120_000;
const testVariable = [{ name: 'TEST_VAR', value: 'test-value' }];
const volumes = [{ name: 'work', emptyDir: {} }];
const fromAnnotation = [
  { name: 'POD_NAME', value: 'foo' },
  { name: 'ANNOTATION', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: "metadata.annotations['mysubpath']" } } },
];
const waiting: Draft<PodSpec> = {
  restartPolicy: 'Never',
  terminationGracePeriodSeconds: 1,
  volumes,
  containers: [
    {
      ...shell('tail -f /dev/null'),
      env: fromAnnotation,
      volumeMounts: [
        { name: 'work', mountPath: '/subpath_mount', subPathExpr: '$(ANNOTATION)/$(POD_NAME)' },
        { name: 'work', mountPath: '/volume_mount' },
      ],
    },
  ],
};

const only = (container: Draft<Container>): Draft<PodSpec> => ({ containers: [{ ...shell('env'), ...container }] });

const annotate = (context: TestContext, name: string, value: string): Promise<unknown> =>
  context.api.of(pod).update(`${context.namespace}/${name}`, (current) => ({
    ...current,
    metadata: { ...current.metadata, annotations: { ...current.metadata.annotations, mysubpath: value } },
  }));

/** A sub-path that may not be: the container is never made. */
async function refusesSubPath(context: TestContext, value: string): Promise<void> {
  await createPod(context, 'escaping', {
    restartPolicy: 'Never',
    volumes,
    containers: [
      {
        ...shell('true'),
        env: [{ name: 'POD_NAME', value }],
        volumeMounts: [{ name: 'work', mountPath: '/logscontainer', subPathExpr: '$(POD_NAME)' }],
      },
    ],
  });
  await untilPod(
    context,
    'escaping',
    'failing with CreateContainerConfigError',
    START_SHORT_MS,
    ({ status }) => status.containerStatuses?.[0]?.state?.waiting?.reason === 'CreateContainerConfigError',
  );
  assert.equal((await getPod(context, 'escaping')).status.phase, 'Pending');
  await removePod(context, 'escaping');
}

export const expansionTests = [
  conformanceTest(
    '[sig-node] Variable Expansion should allow composing env vars into new env vars',
    async (context) => {
      const env = [
        { name: 'FOO', value: 'foo-value' },
        { name: 'BAR', value: 'bar-value' },
        { name: 'FOOBAR', value: '$(FOO);;$(BAR)' },
      ];
      hasLines(await outputOf(context, 'composing', only({ env })), [
        'FOO=foo-value',
        'BAR=bar-value',
        'FOOBAR=foo-value;;bar-value',
      ]);
    },
  ),

  conformanceTest(
    "[sig-node] Variable Expansion should allow substituting values in a container's command",
    async (context) => {
      const command = ['sh', '-c', 'TEST_VAR=wrong echo "$(TEST_VAR)"'];
      assert.equal(await outputOf(context, 'commanded', only({ command, env: testVariable })), 'test-value\n');
    },
  ),

  conformanceTest(
    "[sig-node] Variable Expansion should allow substituting values in a container's args",
    async (context) => {
      const container = { command: ['sh', '-c'], args: ['TEST_VAR=wrong echo "$(TEST_VAR)"'], env: testVariable };
      assert.equal(await outputOf(context, 'argued', only(container)), 'test-value\n');
    },
  ),

  conformanceTest(
    '[sig-node] Variable Expansion should allow substituting values in a volume subpath',
    async (context) => {
      const output = await outputOf(context, 'mounted', {
        volumes,
        ...only({
          command: ['sh', '-c', 'test -d /testcontainer/mounted;echo $?'],
          env: [{ name: 'POD_NAME', value: 'mounted' }],
          volumeMounts: [
            { name: 'work', mountPath: '/logscontainer', subPathExpr: '$(POD_NAME)' },
            { name: 'work', mountPath: '/testcontainer' },
          ],
        }),
      });
      assert.equal(output, '0\n');
    },
  ),

  conformanceTest(
    '[sig-node] Variable Expansion should fail substituting values in a volume subpath with backticks',
    (context) => refusesSubPath(context, '..'),
  ),

  conformanceTest(
    '[sig-node] Variable Expansion should fail substituting values in a volume subpath with absolute path',
    (context) => refusesSubPath(context, '/tmp'),
  ),

  conformanceTest(
    '[sig-node] Variable Expansion should verify that a failing subpath expansion can be modified during the lifecycle of a container',
    async (context) => {
      await createPod(context, 'mended', waiting, { annotations: { notmysubpath: 'mypath' } });
      await assert.rejects(untilRunning(context, 'mended', START_SHORT_MS), /did not come about/);
      await annotate(context, 'mended', 'mypath');
      await untilRunning(context, 'mended', START_SHORT_MS);
      await removePod(context, 'mended');
    },
    420_000,
  ),

  conformanceTest('[sig-node] Variable Expansion should succeed in writing subpaths in container', async (context) => {
    await createPod(context, 'writing', waiting, { annotations: { mysubpath: 'mypath' } });
    await untilRunning(context, 'writing', START_SHORT_MS);
    assert.equal(
      (await execute(context, 'writing', ['/bin/sh', '-c', 'touch /volume_mount/mypath/foo/test.log'])).code,
      0,
    );
    assert.equal((await execute(context, 'writing', ['/bin/sh', '-c', 'test -f /subpath_mount/test.log'])).code, 0);
    await annotate(context, 'writing', 'mynewpath');
    await untilRunning(context, 'writing', START_SHORT_MS);
    await removePod(context, 'writing');
  }),
];
