import { type Container, pod, type PodSpec } from '@navarch/api';
import type { Draft } from '@navarch/machinery';
import { conformanceTest, type ConformanceTest, type TestContext } from '../../conformance-test.ts';
import { logsOf, removePod, shell, startPod } from '../../pods.ts';
import { getJson } from '../../requests.ts';
import { PAUSE, TESTHOST, testhost } from '../../testhost.ts';
import { until } from '../../until.ts';

/** A postStart hook that comes before its listener fails, and comes again with the next instance of its container. */
const HEARD_MS = { postStart: 120_000, preStop: 30_000 } as const;

type Hook = NonNullable<NonNullable<Draft<Container>['lifecycle']>['preStop']>;

/** Who acts: the container by a command, or the kubelet itself, for which it need not be able to do anything. */
const hooks: Readonly<Record<string, { readonly image: string; hook(ip: string, message: string): Hook }>> = {
  exec: {
    image: TESTHOST,
    hook: (ip, message) => ({ exec: { command: ['sh', '-c', `curl http://${ip}:8080/echo?msg=${message}`] } }),
  },
  http: { image: PAUSE, hook: (ip, message) => ({ httpGet: { path: `/echo?msg=${message}`, host: ip, port: 8080 } }) },
};

const onNode = (name: string): Draft<PodSpec>['affinity'] => ({
  nodeAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [name] }] }],
    },
  },
});

/** A pod of its own hears the hook: only what the hook itself asked is in its log. */
async function isHeard(
  context: TestContext,
  when: 'postStart' | 'preStop',
  { image, hook }: NonNullable<(typeof hooks)[string]>,
): Promise<void> {
  const secure = [
    '--http-port=9090',
    '--udp-port=9091',
    '--tls-cert-file=/localhost.crt',
    '--tls-private-key-file=/localhost.key',
  ];
  const { status, spec } = await startPod(context, 'listener', {
    terminationGracePeriodSeconds: 1,
    // A preStop hook runs once: it must find a listener that listens, for which our helper needs a moment after its start.
    containers: [
      {
        ...testhost('netexec'),
        ports: [{ containerPort: 8080 }],
        readinessProbe: { httpGet: { path: '/', port: 8080 }, periodSeconds: 1 },
      },
      { ...testhost('netexec', ...secure), name: 'secure', ports: [{ containerPort: 9090 }] },
    ],
  });
  const message = when.toLowerCase();
  const heard = (): Promise<void> =>
    until(context, `the ${when} hook being heard`, HEARD_MS[when], async () =>
      (await logsOf(context, 'listener', { container: 'main' })).includes(`GET /echo?msg=${message}`),
    );
  const affinity = onNode(spec.nodeName ?? '');
  await startPod(context, 'hooked', {
    ...(affinity ? { affinity } : {}),
    containers: [{ name: 'main', image, lifecycle: { [when]: hook(status.podIP ?? '', message) } }],
  });
  if (when === 'postStart') await heard();
  await removePod(context, 'hooked', { gracePeriodSeconds: 15 });
  if (when === 'preStop') await heard();
}

const hookTests = (['postStart', 'preStop'] as const).flatMap((when) =>
  Object.entries(hooks).map(([how, hook]) =>
    conformanceTest(
      `[sig-node] Container Lifecycle Hook when create a pod with lifecycle hook should execute ${when.toLowerCase()} ${how} hook properly`,
      (context) => isHeard(context, when, hook),
    ),
  ),
);

export const lifecycleHookTests: readonly ConformanceTest[] = [
  ...hookTests,

  conformanceTest('[sig-node] PreStop should call prestop when killing a pod', async (context) => {
    const { status } = await startPod(context, 'server', {
      terminationGracePeriodSeconds: 1,
      containers: [
        {
          ...testhost('nettest'),
          ports: [{ containerPort: 8080 }],
          readinessProbe: { httpGet: { path: '/', port: 8080 }, periodSeconds: 1 },
        },
      ],
    });
    const command = ['wget', '-O-', '--post-data={"Source": "prestop"}', `http://${status.podIP}:8080/write`];
    await startPod(context, 'tester', {
      containers: [{ ...shell('sleep 600'), lifecycle: { preStop: { exec: { command } } } }],
    });
    await context.api.of(pod).delete(`${context.namespace}/tester`);
    await until(context, 'the hook being heard', 60_000, async () => {
      const path = `/api/v1/namespaces/${context.namespace}/pods/server/proxy/read`; // Without a port: its container's first one.
      const { Received: received } = await getJson<{ readonly Received: Readonly<Record<string, number>> }>(
        context,
        path,
      );
      return (received['prestop'] ?? 0) > 0;
    });
  }),
];
