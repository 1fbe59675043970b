import assert from 'node:assert/strict';
import { deployment, endpoints, node, pod, service } from '@navarch/api';
import { conformanceTest, type TestContext } from '../../conformance-test.ts';
import { getPod, startPod, untilPod, untilRunning } from '../../pods.ts';
import { BUSYBOX, NGINX, PAUSE, testhost } from '../../testhost.ts';
import { until } from '../../until.ts';
import { manifest, primaryService, startPrimary } from './controllers.ts';

const client = '[sig-cli] Kubectl client';
const POD = 'e2e-test-httpd-pod';
const imageOf = async (context: TestContext, name: string): Promise<string | undefined> =>
  (await getPod(context, name)).spec.containers[0]?.image;

/** For each: a line that begins with the first word and goes on with the others. */
function describes(output: string, expected: readonly (readonly string[])[]): void {
  const lines = output.split('\n').map((line) => line.trim());
  for (const [head = '', ...rest] of expected) {
    assert.ok(
      lines.some((line) => line.startsWith(head) && rest.every((word) => line.includes(word))),
      `${[head, ...rest].join(' ')} is not described:\n${output}`,
    );
  }
}

async function describe(context: TestContext): Promise<void> {
  const {
    metadata: { name },
    spec: { nodeName = '' },
  } = await startPrimary(context, primaryService);
  const { namespace } = context;
  const image = testhost().image ?? '';
  describes(await context.kubectl(['describe', 'pod', name]), [
    ['Name:', 'agnhost-primary-'],
    ['Namespace:', namespace],
    ['Node:'],
    ['Labels:', 'app=agnhost'],
    ['role=primary'],
    ['Annotations:'],
    ['Status:', 'Running'],
    ['IP:'],
    ['Controlled By:', 'ReplicationController/agnhost-primary'],
    ['Image:', image],
    ['State:', 'Running'],
    ['QoS Class:', 'BestEffort'],
  ]);
  await until(context, 'the controller counting its pod', 60_000, async () =>
    (await context.kubectl(['describe', 'rc', 'agnhost-primary'])).includes('1 current'),
  );
  describes(await context.kubectl(['describe', 'rc', 'agnhost-primary']), [
    ['Name:', 'agnhost-primary'],
    ['Namespace:', namespace],
    ['Selector:', 'app=agnhost,role=primary'],
    ['Labels:', 'app=agnhost'],
    ['role=primary'],
    ['Annotations:'],
    ['Replicas:', '1 current', '1 desired'],
    ['Pods Status:', '1 Running', '0 Waiting', '0 Succeeded', '0 Failed'],
    ['Pod Template:'],
    ['Image:', image],
    ['Events:'],
  ]);
  describes(await context.kubectl(['describe', 'service', 'agnhost-primary']), [
    ['Name:', 'agnhost-primary'],
    ['Namespace:', namespace],
    ['Labels:', 'app=agnhost'],
    ['role=primary'],
    ['Annotations:'],
    ['Selector:', 'app=agnhost', 'role=primary'],
    ['Type:', 'ClusterIP'],
    ['IP:'],
    ['Port:', '<unset>', '6379/TCP'],
    ['Endpoints:'],
    ['Session Affinity:', 'None'],
  ]);
  assert.ok((await context.api.of(node).list()).items.some(({ metadata }) => metadata.name === nodeName));
  describes(await context.kubectl(['describe', 'node', nodeName]), [
    ['Name:', nodeName],
    ['Labels:'],
    ['Annotations:'],
    ['CreationTimestamp:'],
    ['Conditions:'],
    ['Type', 'Status', 'LastHeartbeatTime', 'LastTransitionTime', 'Reason', 'Message'],
    ['Addresses:'],
    ['Capacity:'],
    ['Kubelet Version:'],
    ['Non-terminated Pods:'],
  ]);
  describes(await context.kubectl(['describe', 'namespace', namespace]), [
    ['Name:', namespace],
    ['Labels:'],
    ['Annotations:'],
    ['Status:', 'Active'],
  ]);
}

/** The service leads from that port to the only pod. */
async function leads(context: TestContext, name: string, port: number): Promise<void> {
  await until(context, `endpoints of ${name}`, 120_000, async () => {
    try {
      const { subsets = [] } = await context.api.of(endpoints).get(`${context.namespace}/${name}`);
      return subsets.length === 1 && subsets[0]?.addresses?.length === 1 && subsets[0].ports?.[0]?.port === 6379;
    } catch (error) {
      context.log(String(error));
      return false;
    }
  });
  const {
    spec: { ports = [] },
  } = await context.api.of(service).get(`${context.namespace}/${name}`);
  assert.deepEqual(
    ports.map((one) => [one.port, one.targetPort]),
    [[port, 6379]],
  );
}

export const commandTests = [
  conformanceTest(`${client} Kubectl api-versions should check if v1 is in available api versions`, async (context) =>
    assert.ok((await context.kubectl(['api-versions'])).split('\n').includes('v1')),
  ),

  conformanceTest(
    `${client} Kubectl cluster-info should check if Kubernetes control plane services is included in cluster-info`,
    async (context) => assert.match(await context.kubectl(['cluster-info']), /Kubernetes control plane.*is running at/),
  ),

  conformanceTest(`${client} Kubectl version should check is all data is printed`, async (context) => {
    const output = await context.kubectl(['version']);
    for (const item of ['Client Version: ', 'Server Version: ']) assert.ok(output.includes(item), output);
    assert.doesNotMatch(output, /Server Version: v0|<unknown>/);
  }),

  conformanceTest(
    `${client} Kubectl describe should check if kubectl describe prints relevant information for rc and pods`,
    describe,
  ),

  conformanceTest(
    `${client} Kubectl diff should check if kubectl diff finds a difference for Deployments`,
    async (context) => {
      const labels = { app: 'httpd' };
      const text = (image: string): string =>
        manifest({
          apiVersion: 'apps/v1',
          kind: 'Deployment',
          metadata: { name: 'httpd-deployment', labels },
          spec: {
            replicas: 2,
            selector: { matchLabels: labels },
            template: {
              metadata: { labels },
              spec: { containers: [{ name: 'httpd', image, ports: [{ containerPort: 80 }] }] },
            },
          },
        });
      await context.kubectl(['create', '-f', '-'], text(NGINX));
      await until(
        context,
        'the pods of the deployment',
        120_000,
        async () =>
          (await context.api.of(deployment).get(`${context.namespace}/httpd-deployment`)).status.replicas === 2,
      );
      assert.equal(await context.kubectl(['diff', '-f', '-'], text(NGINX)), '');
      await assert.rejects(context.kubectl(['diff', '-f', '-'], text(BUSYBOX)), (error: Error) => {
        assert.match(error.message, /ended with 1/);
        for (const [sign, image] of [
          ['-', NGINX],
          ['+', BUSYBOX],
        ] as const) {
          assert.ok(
            error.message.split('\n').some((line) => line.startsWith(`${sign} `) && line.endsWith(`image: ${image}`)),
            error.message,
          );
        }
        return true;
      });
      await context.kubectl(['delete', '-f', '-'], text(NGINX));
    },
  ),

  conformanceTest(`${client} Kubectl expose should create services for rc`, async (context) => {
    await startPrimary(context);
    await context.kubectl(['expose', 'rc', 'agnhost-primary', '--name=rm2', '--port=1234', '--target-port=6379']);
    await leads(context, 'rm2', 1234);
    await context.kubectl(['expose', 'service', 'rm2', '--name=rm3', '--port=2345', '--target-port=6379']);
    await leads(context, 'rm3', 2345);
  }),

  conformanceTest(`${client} Kubectl label should update the label on a resource`, async (context) => {
    await context.kubectl(
      ['create', '-f', '-'],
      manifest({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'pause', labels: { name: 'pause' } },
        spec: {
          terminationGracePeriodSeconds: 0,
          containers: [
            {
              name: 'pause',
              image: PAUSE,
              resources: { requests: { cpu: '1m', memory: '10Mi' }, limits: { cpu: '100m', memory: '50Mi' } },
            },
          ],
        },
      }),
    );
    await untilPod(
      context,
      'pause',
      'ready',
      300_000,
      ({ status }) => status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true,
    );
    await context.kubectl(['label', 'pods', 'pause', 'testing-label=testing-label-value']);
    assert.match(await context.kubectl(['get', 'pod', 'pause', '-L', 'testing-label']), /testing-label-value/);
    await context.kubectl(['label', 'pods', 'pause', 'testing-label-']);
    assert.doesNotMatch(await context.kubectl(['get', 'pod', 'pause', '-L', 'testing-label']), /testing-label-value/);
    await context.kubectl(['delete', '--grace-period=0', '--force', 'pod', 'pause']);
  }),

  conformanceTest(`${client} Kubectl patch should add annotations for pods in rc`, async (context) => {
    await startPrimary(context);
    const pods = async () =>
      (await context.api.of(pod).list({ namespace: context.namespace, labelSelector: 'app=agnhost' })).items;
    for (const {
      metadata: { name },
    } of await pods())
      await context.kubectl(['patch', 'pod', name, '-p', '{"metadata":{"annotations":{"x":"y"}}}']);
    for (const { metadata } of await pods()) assert.equal(metadata.annotations?.['x'], 'y');
  }),

  conformanceTest(`${client} Kubectl replace should update a single-container pod's image`, async (context) => {
    await context.kubectl(['run', POD, `--image=${NGINX}`, '--labels=run=e2e-test-httpd-pod']);
    await untilRunning(context, POD);
    assert.equal(await imageOf(context, POD), NGINX);
    const object = await context.kubectl(['get', 'pod', POD, '-o', 'json']);
    await context.kubectl(['replace', '-f', '-'], object.replaceAll(`"${NGINX}"`, `"${BUSYBOX}"`));
    assert.equal(await imageOf(context, POD), BUSYBOX);
    await context.kubectl(['delete', 'pods', POD]);
  }),

  conformanceTest(
    `${client} Kubectl run pod should create a pod from an image when restart is Never`,
    async (context) => {
      await context.kubectl(['run', POD, '--restart=Never', `--image=${NGINX}`]);
      const { spec } = await getPod(context, POD);
      assert.deepEqual([spec.containers[0]?.image, spec.restartPolicy], [NGINX, 'Never']);
      await context.kubectl(['delete', 'pods', POD]);
    },
  ),

  conformanceTest(
    `${client} Kubectl server-side dry-run should check if kubectl can dry-run update Pods`,
    async (context) => {
      await context.kubectl(['run', POD, `--image=${NGINX}`, '--labels=run=e2e-test-httpd-pod']);
      const patch = JSON.stringify({ spec: { containers: [{ name: POD, image: BUSYBOX }] } });
      await context.kubectl(['patch', 'pod', POD, '-p', patch, '--dry-run=server']);
      assert.equal(await imageOf(context, POD), NGINX);
      await context.kubectl(['delete', 'pods', POD]);
    },
  ),

  conformanceTest('[sig-cli] Kubectl logs logs should be able to retrieve and filter logs', async (context) => {
    const name = 'logs-generator';
    await startPod(context, name, {
      restartPolicy: 'Never',
      containers: [{ ...testhost(name, '--log-lines-total', '100', '--run-duration', '20s'), name }],
    });
    const read = (...options: readonly string[]): Promise<string> => context.kubectl(['logs', name, name, ...options]);
    const linesOf = (text: string): readonly string[] => text.split('\n').filter((line) => line !== '');
    await until(context, 'the first lines', 60_000, async () => (await read()).includes('/api/v1/namespaces'));
    const last = await read('--tail=1');
    assert.equal(linesOf(last).length, 1);
    assert.equal((await read('--limit-bytes=1')).length, 1);
    const [stamped = '', ...more] = linesOf(await read('--tail=1', '--timestamps'));
    assert.deepEqual(more, []);
    assert.match(stamped, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d) /);
    await context.clock.sleep(2500, context.signal);
    const [recent, older] = [linesOf(await read('--since=1s')).length, linesOf(await read('--since=24h')).length];
    assert.ok(recent < older, `${recent} lines of the last second, ${older} of the last day`);
    await context.kubectl(['delete', 'pod', name]);
  }),
];
