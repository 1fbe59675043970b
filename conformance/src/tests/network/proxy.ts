import assert from 'node:assert/strict';
import { isReady, type Pod, pod, replicationController, service } from '@navarch/api';
import { conformanceTest, type TestContext } from '../../conformance-test.ts';
import { createPod, untilRunning } from '../../pods.ts';
import { type RawRequest, request } from '../../requests.ts';
import { testhost } from '../../testhost.ts';
import { until } from '../../until.ts';
import { slicesOf } from './endpoints.ts';
import { createService } from './reach.ts';

const ATTEMPTS = 20;
const CALL_MAX_MS = 30_000;

const served = {
  SERVE_PORT_80: '<a href="/rewriteme">test</a>',
  SERVE_PORT_1080: '<a href="/rewriteme">test</a>',
  SERVE_PORT_160: 'foo',
  SERVE_PORT_162: 'bar',
  SERVE_TLS_PORT_443: '<a href="/tlsrewriteme">test</a>',
  SERVE_TLS_PORT_460: 'tls baz',
  SERVE_TLS_PORT_462: 'tls qux',
};

const target = (scheme: string, name: string, port: string): string =>
  [...(scheme ? [scheme] : []), name, ...(scheme || port ? [port] : [])].join(':');

/** What a path of the proxy gives: by service and by pod, plain and over TLS, by names and numbers of ports. */
function expectations(namespace: string, serviceName: string, podName: string): ReadonlyMap<string, string> {
  const at =
    (resource: string, name: string) =>
    (scheme: string, port: string): string =>
      `/api/v1/namespaces/${namespace}/${resource}/${target(scheme, name, port)}/proxy`;
  const [svc, direct] = [at('services', serviceName), at('pods', podName)];
  const link = (prefix: string, path: string): readonly [string, string] => [
    `${prefix}/`,
    `<a href="${prefix}/${path}">test</a>`,
  ];
  return new Map([
    [`${svc('', 'portname1')}/`, 'foo'],
    [`${svc('http', 'portname1')}/`, 'foo'],
    [`${svc('', 'portname2')}/`, 'bar'],
    [`${svc('http', 'portname2')}/`, 'bar'],
    [`${svc('https', 'tlsportname1')}/`, 'tls baz'],
    [`${svc('https', 'tlsportname2')}/`, 'tls qux'],
    link(direct('', ''), 'rewriteme'),
    link(direct('', '1080'), 'rewriteme'),
    link(direct('http', '1080'), 'rewriteme'),
    link(direct('https', '443'), 'tlsrewriteme'),
    [`${direct('', '160')}/`, 'foo'],
    [`${direct('http', '160')}/`, 'foo'],
    [`${direct('', '162')}/`, 'bar'],
    [`${direct('http', '162')}/`, 'bar'],
    [`${direct('https', '460')}/`, 'tls baz'],
    [`${direct('https', '462')}/`, 'tls qux'],
  ]);
}

async function startPorter(context: TestContext, name: string, labels: Readonly<Record<string, string>>): Promise<Pod> {
  const named = Object.entries({ dest1: 160, dest2: 162, tlsdest1: 460, tlsdest2: 462 }).map(
    ([portName, containerPort]) => ({ name: portName, containerPort }),
  );
  const container = {
    ...testhost('porter'),
    env: Object.entries(served).map(([key, value]) => ({ name: key, value })),
    ports: [{ containerPort: 80 }, ...named],
    readinessProbe: { httpGet: { port: 80 }, initialDelaySeconds: 1, timeoutSeconds: 5, periodSeconds: 10 },
  };
  await context.api.of(replicationController).create({
    metadata: { name, namespace: context.namespace },
    spec: {
      replicas: 1,
      selector: labels,
      template: { metadata: { labels }, spec: { terminationGracePeriodSeconds: 0, containers: [container] } },
    },
  });
  let found: Pod | undefined;
  await until(context, 'the porter being ready', 120_000, async () => {
    [found] = (await context.api.of(pod).list({ namespace: context.namespace })).items;
    return found !== undefined && isReady(found);
  });
  if (!found) throw new Error('no porter');
  return found;
}

async function throughServiceAndPod(context: TestContext): Promise<void> {
  const labels = { 'proxy-service-target': 'true' };
  const {
    metadata: { name },
  } = await context.api.of(service).create({
    metadata: { generateName: 'proxy-service-', namespace: context.namespace },
    spec: {
      selector: labels,
      ports: [
        { name: 'portname1', port: 80, targetPort: 'dest1' },
        { name: 'portname2', port: 81, targetPort: 162 },
        { name: 'tlsportname1', port: 443, targetPort: 'tlsdest1' },
        { name: 'tlsportname2', port: 444, targetPort: 462 },
      ],
    },
  });
  const porter = await startPorter(context, name, labels);
  await until(context, 'an endpoint of the service', 120_000, async () =>
    (await slicesOf(context, name)).some(({ endpoints }) => endpoints?.some(({ conditions }) => conditions?.ready)),
  );
  const wrong: string[] = [];
  const attempt = async (path: string, wanted: string): Promise<void> => {
    const start = context.clock.monotonic();
    const { status, text } = await request(context, { path, accept: '*/*' });
    const tookMs = context.clock.monotonic() - start;
    if (status !== 200 || text !== wanted || tookMs > CALL_MAX_MS)
      wrong.push(`${path} gave ${status} ${JSON.stringify(text)} after ${tookMs} ms`);
  };
  const cases = expectations(context.namespace, name, porter.metadata.name);
  for (let i = 0; i < ATTEMPTS; i += 1) await Promise.all([...cases].map(([path, wanted]) => attempt(path, wanted)));
  assert.deepEqual(wrong, []);
}

type Verb = NonNullable<RawRequest['method']>;

/** A pod and a service to it that say by which verb they were asked, and the paths of their proxies. */
async function startEcho(context: TestContext): Promise<readonly string[]> {
  const labels = { test: 'response' };
  await createPod(
    context,
    'agnhost',
    {
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 0,
      containers: [{ ...testhost('porter', '--json-response'), env: [{ name: 'SERVE_PORT_80', value: 'foo' }] }],
    },
    { labels },
  );
  await untilRunning(context, 'agnhost', 60_000);
  await createService(context, 'e2e-proxy-test-service', {
    selector: labels,
    ports: [{ port: 80, targetPort: 80, protocol: 'TCP' }],
  });
  return ['pods/agnhost', 'services/e2e-proxy-test-service'].map(
    (part) => `/api/v1/namespaces/${context.namespace}/${part}/proxy`,
  );
}

/** Asked with that verb, the path answers well within a minute of tries. */
const untilEchoed = (context: TestContext, path: string, method: Verb): Promise<void> =>
  until(context, `${method} ${path} answered`, 60_000, async () => {
    const { status, text } = await request(context, { method, path, accept: '*/*' });
    if (status !== 200) {
      context.log(`${method} ${path}: ${status} ${text}`);
      return false;
    }
    if (method === 'HEAD') return text === '';
    const { Method, Body } = JSON.parse(text) as { readonly Method: string; readonly Body: string };
    return Method === method && Body === 'foo';
  });

const untilMoved = (context: TestContext, path: string, method: Verb): Promise<void> =>
  until(
    context,
    `${method} ${path} redirected`,
    60_000,
    async () => (await request(context, { method, path, accept: '*/*' })).status === 301,
  );

export const proxyTests = [
  conformanceTest('[sig-network] Proxy version v1 should proxy through a service and a pod', throughServiceAndPod),

  conformanceTest(
    '[sig-network] Proxy version v1 A set of valid responses are returned for both pod and service Proxy',
    async (context) => {
      for (const path of await startEcho(context)) {
        for (const verb of ['DELETE', 'OPTIONS', 'PATCH', 'POST', 'PUT'] as const)
          await untilEchoed(context, `${path}?method=${verb}`, verb);
        for (const verb of ['GET', 'HEAD'] as const) await untilMoved(context, `${path}?method=${verb}`, verb);
      }
    },
  ),

  conformanceTest(
    '[sig-network] Proxy version v1 A set of valid responses are returned for both pod and service ProxyWithPath',
    async (context) => {
      for (const path of await startEcho(context)) {
        for (const verb of ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'] as const)
          await untilEchoed(context, `${path}/some/path/with/${verb}`, verb);
      }
    },
  ),
];
