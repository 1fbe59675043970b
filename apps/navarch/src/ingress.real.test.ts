import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { programPath, runCommand } from '@navarch/node/host';
import { Pki } from '@navarch/node/pki';
import { eventually } from '@navarch/node/testing';
import { type RealCluster, startRealCluster } from './testing/real-cluster.ts';

// Ingress on one machine, as a person uses it: by name on localhost, with TLS, through changes of everything behind it.

const TIMEOUT = { timeout: 240_000 };
let cluster: RealCluster;
let pki: Pki;
const kubectl = (...args: readonly string[]): Promise<string> => cluster.kubectl(...args);

let files = 0;
async function apply(...items: readonly object[]): Promise<void> {
  const path = join(cluster.folder, `objects-${++files}.json`);
  writeFileSync(path, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  await kubectl('apply', '-f', path);
}

const application = (name: string, replicas: number): readonly object[] => [
  {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: {
          containers: [
            {
              name,
              image: 'nginx',
              imagePullPolicy: 'IfNotPresent',
              readinessProbe: { httpGet: { path: '/', port: 80 }, periodSeconds: 1 },
              lifecycle: { preStop: { sleep: { seconds: 1 } } },
            },
          ],
        },
      },
    },
  },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name },
    spec: { selector: { app: name }, ports: [{ name: 'http', port: 80 }] },
  },
];

const path = (name: string, more: object = {}): object => ({
  path: '/',
  pathType: 'Prefix',
  backend: { service: { name, port: { name: 'http' } } },
  ...more,
});
const ingress = (name: string, spec: object, annotations: object = {}): object => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'Ingress',
  metadata: { name, annotations },
  spec,
});

async function keepCertificate(name: string, commonName: string): Promise<void> {
  const { certificate, key } = await pki.issue({ commonName, names: ['secure.test'], isForPeople: true });
  const data = { 'tls.crt': btoa(certificate), 'tls.key': btoa(key) };
  await apply({ apiVersion: 'v1', kind: 'Secret', type: 'kubernetes.io/tls', metadata: { name }, data });
}

/** `200`, or `308 https://…`, or `000` where nobody listens. */
async function ask(url: string): Promise<string> {
  const flags = `-sk --max-time 10 -o /dev/null -w '%{http_code} %{redirect_url}'`;
  const names = `--resolve '*:80:127.0.0.1' --resolve '*:443:127.0.0.1'`;
  return (await cluster.machine.run('sh', '-c', `curl ${flags} ${names} '${url}' || true`)).stdout.trim();
}
const becomes = (url: string, wanted: string): Promise<void> =>
  eventually(`${wanted} from ${url}`, async () => (await ask(url)) === wanted);

async function shown(): Promise<string> {
  const { stdout } = await cluster.machine.run(
    'sh',
    '-c',
    'openssl s_client -connect 127.0.0.1:443 -servername secure.test </dev/null 2>/dev/null | grep subject=',
  );
  return stdout.trim();
}

before(
  async () => {
    cluster = await startRealCluster({ mark: 'g' });
    pki = await Pki.open(join(cluster.folder, 'pki'));
    await apply(...application('web', 3));
    await kubectl('rollout', 'status', 'deployment/web', '--timeout=90s');
  },
  { timeout: 240_000 },
);

after(() => cluster?.[Symbol.asyncDispose](), { timeout: 120_000 });

test('an Ingress without a class is served on localhost, with TLS, and says where', TIMEOUT, async () => {
  await keepCertificate('secure', 'first');
  await apply(
    ingress('web', {
      tls: [{ hosts: ['secure.test'], secretName: 'secure' }],
      rules: [
        { host: 'plain.test', http: { paths: [path('web')] } },
        { host: 'secure.test', http: { paths: [path('web')] } },
      ],
    }),
  );
  await becomes('http://plain.test/', '200');
  assert.equal(await ask('https://secure.test/'), '200');
  assert.equal(await ask('http://secure.test/x'), '308 https://secure.test/x');
  assert.equal(await ask('http://other.test/'), '404');
  assert.match(await shown(), /first/);
  await eventually('an address', async () => /\b10\.95\.0\.1\b/.test(await kubectl('get', 'ingress', 'web')));
});

test('what is wrong is told by an event, and everything else is served', TIMEOUT, async () => {
  await apply({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'broken' }, data: { 'tls.crt': btoa('no') } });
  await apply(
    ingress(
      'wrong',
      {
        tls: [{ hosts: ['fine.test'], secretName: 'broken' }],
        rules: [
          { host: 'plain.test', http: { paths: [path('gone')] } },
          { host: 'fine.test', http: { paths: [path('web'), path('gone', { path: '/gone' })] } },
        ],
      },
      { 'nginx.ingress.kubernetes.io/server-snippet': 'x' },
    ),
    ingress(
      'refused',
      {
        rules: [
          { host: 'refused.test', http: { paths: [path('web', { path: '/(', pathType: 'ImplementationSpecific' })] } },
        ],
      },
      { 'nginx.ingress.kubernetes.io/use-regex': 'true' },
    ),
  );
  await becomes('https://fine.test/', '200');
  assert.equal(await ask('http://plain.test/'), '200');
  assert.equal(await ask('https://fine.test/gone'), '503');
  const events = async (): Promise<string> =>
    kubectl(
      'get',
      'events',
      '-o',
      'jsonpath={range .items[*]}{.involvedObject.name} {.reason}: {.message}{"\\n"}{end}',
    );
  for (const wanted of [
    /^wrong Conflict: host "plain.test" path "\/" is served by Ingress default\/web already$/m,
    /^wrong InvalidCertificate: secret "default\/broken": it has no tls.crt, or no tls.key; the default certificate is shown instead$/m,
    /^wrong ServiceNotFound: service "default\/gone" not found$/m,
    /^wrong UnsupportedAnnotation: .*server-snippet is not supported$/m,
    /^refused Refused: HAProxy does not accept what this asks for: .*regex/m,
  ])
    await eventually(String(wanted), async () => wanted.test(await events()), { explain: events });
});

test('no request fails while pods, certificates and Ingresses change', TIMEOUT, async () => {
  const result = join(cluster.folder, 'answers');
  const loop = join(import.meta.dirname, 'testing/request-loop.ts');
  cluster.machine.start(result, process.execPath, loop, 'plain.test', 'secure.test');
  await kubectl('rollout', 'restart', 'deployment/web');
  await keepCertificate('secure', 'second');
  await kubectl('rollout', 'status', 'deployment/web', '--timeout=90s');
  assert.match(await shown(), /second/);
  await apply(ingress('more', { rules: [{ host: 'more.test', http: { paths: [path('web')] } }] }));
  await becomes('http://more.test/', '200');
  await kubectl('scale', 'deployment/web', '--replicas=6');
  await kubectl('rollout', 'status', 'deployment/web', '--timeout=90s');
  await kubectl('delete', 'ingress', 'more');
  await kubectl('scale', 'deployment/web', '--replicas=2');
  await becomes('http://more.test/', '404');
  await kubectl('rollout', 'restart', 'deployment/web');
  await kubectl('rollout', 'status', 'deployment/web', '--timeout=90s');
  await cluster.machine.run('pkill', '-TERM', '-f', loop);
  await eventually('what the loop says', () => existsSync(result) && readFileSync(result, 'utf8').includes('answers'));
  const { answers, others } = JSON.parse(readFileSync(result, 'utf8')) as { answers: number; others: string[] };
  assert.deepEqual(others, []);
  assert.ok(answers > 500, String(answers));
});

test('requests are answered while the server is killed, and by a HAProxy that was', TIMEOUT, async () => {
  await cluster.machine.run('pkill', '-KILL', '-f', 'main.ts server ');
  assert.equal(await ask('http://plain.test/'), '200');
  await cluster.navarch('up');
  await cluster.machine.run('pkill', '-KILL', '-x', 'haproxy');
  await becomes('http://plain.test/', '200');
});

/** The official definitions, from their Go module. */
async function installGatewayApi(): Promise<void> {
  writeFileSync(join(cluster.folder, 'go.mod'), 'module gateways\n');
  const module = 'sigs.k8s.io/gateway-api@v1.4.0';
  const { stdout } = await runCommand(
    ['go', 'mod', 'download', '-json', module],
    { cwd: cluster.folder, env: { PATH: `${programPath()}:/usr/local/go/bin` } },
    AbortSignal.timeout(120_000),
  );
  const { Dir } = JSON.parse(stdout) as { readonly Dir: string };
  await kubectl('apply', '--server-side', '-f', join(Dir, 'config/crd/standard'));
}

const gatewayApi = (kind: string, name: string, spec: object): object => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind,
  metadata: { name },
  spec,
});

test('a Gateway is served beside Ingresses once its definitions are there', TIMEOUT, async () => {
  await installGatewayApi();
  const match = (value: string, more: object): object => ({
    matches: [{ path: { type: 'PathPrefix', value } }],
    ...more,
  });
  const redirect = { scheme: 'https', path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/new' } };
  await apply(
    gatewayApi('GatewayClass', 'navarch', { controllerName: 'navarch.dev/gateway' }),
    gatewayApi('Gateway', 'gateway', {
      gatewayClassName: 'navarch',
      listeners: [
        { name: 'http', port: 80, protocol: 'HTTP' },
        { name: 'https', port: 443, protocol: 'HTTPS', tls: { certificateRefs: [{ name: 'secure' }] } },
        { name: 'other', port: 8080, protocol: 'HTTP' },
      ],
    }),
    gatewayApi('HTTPRoute', 'route', {
      parentRefs: [{ name: 'gateway', sectionName: 'http' }],
      hostnames: ['*.gateway.test'],
      rules: [
        match('/', { backendRefs: [{ name: 'web', port: 80 }] }),
        match('/gone', { backendRefs: [{ name: 'gone', port: 80 }] }),
        match('/old', { filters: [{ type: 'RequestRedirect', requestRedirect: redirect }] }),
      ],
    }),
  );
  await kubectl('wait', '--for=condition=Programmed', 'gateway/gateway', '--timeout=30s');
  await becomes('http://a.gateway.test/', '200');
  assert.equal(await ask('http://a.b.gateway.test/'), '200');
  assert.equal(await ask('http://a.gateway.test/gone'), '500');
  assert.equal(await ask('http://a.gateway.test/old/x'), '302 https://a.gateway.test/new/x');
  assert.equal(await ask('https://a.gateway.test/'), '404');
  assert.equal(await ask('http://plain.test/'), '200');
  const why = `{.status.parents[0].conditions[?(@.type=="ResolvedRefs")].reason}`;
  assert.equal(await kubectl('get', 'httproute', 'route', '-o', `jsonpath=${why}`), 'BackendNotFound');
  await kubectl('delete', 'gateway', 'gateway');
  await becomes('http://a.gateway.test/', '404');
});

test('without an Ingress nothing listens', TIMEOUT, async () => {
  await kubectl('delete', 'ingress', '--all');
  await becomes('http://plain.test/', '000');
});
