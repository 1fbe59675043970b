import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { createServer as createTcp, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pod } from '@navarch/api';
import { MetricRegistry, silent } from '@navarch/base';
import type { Api } from '@navarch/client';
import {
  completeConfiguration,
  type cri,
  CONTAINER_NAME,
  decodeConfiguration,
  POD_NAME,
  POD_NAMESPACE,
  POD_UID,
  type ObservedNode,
  RpcError,
} from '@navarch/kubelet';
import { failure, type Kind } from '@navarch/machinery';
import { WebSocket } from 'ws';
import { type Credentials, Pki } from '../pki/index.ts';
import { SpdyConnection } from '../streaming/spdy/connection.ts';
import { exited, type FakeRuntime, startFakeRuntime, succeeded, textOf } from '../streaming/testing/fake-runtime.ts';
import { dialUpgrade, spdyHeaders } from '../streaming/upgrade.ts';
import { systemClock } from '../system/clock.ts';
import { eventually } from '../testing/eventually.ts';
import { serveKubelet } from './kubelet-server.ts';
import { refuseDisabled, tlsOf } from './server/configured.ts';

const dir = mkdtempSync(join(tmpdir(), 'nv-kubelet-'));
const stop = new AbortController();
let [port, authority] = [0, ''];
let apiServer: Credentials;
let somebody: Credentials;
let streaming: FakeRuntime;
let served: Promise<void>;
/** Reviews that were asked for, as text. */
const asked: string[] = [];
const checkpointed: unknown[] = [];

const container = (name: string, state: string) => ({
  id: `id-${name}`,
  state,
  createdAt: 5,
  podSandboxId: 's',
  image: { image: 'busybox' },
  labels: { [POD_NAMESPACE]: 'demo', [POD_NAME]: 'web', [POD_UID]: 'u1', [CONTAINER_NAME]: name },
});

/** What the server asks of a runtime: a running container `main`, one that has exited, and addresses for streams. */
function fakeCri(): cri.ContainerRuntime {
  const all = [container('main', 'CONTAINER_RUNNING'), container('done', 'CONTAINER_EXITED')];
  const matches = (labels: Readonly<Record<string, string>>, wanted: Readonly<Record<string, string>> = {}): boolean =>
    Object.entries(wanted).every(([key, value]) => labels[key] === value);
  const url = (path: string): { url: string } => ({ url: `http://127.0.0.1:${streaming.port}${path}` });
  return {
    listContainers: async ({
      filter,
    }: {
      filter?: { labelSelector?: Record<string, string>; state?: { state: string } };
    }) => ({
      containers: all.filter(
        (c) => matches(c.labels, filter?.labelSelector) && (!filter?.state || c.state === filter.state.state),
      ),
    }),
    listPodSandbox: async ({ filter }: { filter?: { labelSelector?: Record<string, string> } }) => ({
      items: [{ id: 's', createdAt: 1, labels: all[0]?.labels ?? {} }].filter((s) =>
        matches(s.labels, filter?.labelSelector),
      ),
    }),
    exec: async ({ cmd, tty }: { cmd: readonly string[]; tty: boolean }) => {
      if (cmd[0] === 'gone') throw new RpcError('NOT_FOUND', 'no such container');
      return url(`/${cmd[0]}?streams=${tty ? 4 : 3}`);
    },
    attach: async () => url('/attach?streams=3'),
    portForward: async () => url('/forward'),
    execSync: async ({ cmd }: { cmd: readonly string[] }) => ({
      stdout: Buffer.from(`ran ${cmd.join(',')}`),
      stderr: Buffer.alloc(0),
      exitCode: cmd[0] === 'false' ? 1 : 0,
    }),
    checkpointContainer: async (request: { timeout: number }) => {
      if (request.timeout === 7) throw new RpcError('UNIMPLEMENTED', 'unknown method CheckpointContainer');
      checkpointed.push(request);
      return {};
    },
    containerStatus: async () => ({ status: { state: 'CONTAINER_EXITED', logPath: '/nonexistent' } }),
  } as unknown as cri.ContainerRuntime;
}

const web = {
  metadata: { namespace: 'demo', name: 'web', uid: 'u1' },
  spec: { containers: [{ name: 'main' }, { name: 'waits' }] },
  status: { containerStatuses: [{ name: 'waits', state: { waiting: { reason: 'ImagePullBackOff' } } }] },
};

/** An API server that knows the tokens `good` and `weak`, and lets only some do something. */
const fakeApi = {
  of: (kind: Kind<any>) => ({
    get: async (key: string) => {
      if (kind === pod && key === 'demo/web') return web;
      throw failure('NotFound', `${key} not found`);
    },
    list: async () => ({ items: [web] }),
    create: async ({
      spec,
    }: {
      spec: {
        token?: string;
        user?: string;
        groups?: readonly string[];
        resourceAttributes?: { verb: string; subresource: string; name: string };
      };
    }) => {
      if (kind.kind === 'TokenReview') {
        asked.push(`token ${spec.token}`);
        return {
          status:
            spec.token === 'good' || spec.token === 'weak'
              ? { authenticated: true, user: { username: spec.token, groups: [] } }
              : { user: {}, error: 'no' },
        };
      }
      const { verb = '', subresource = '', name = '' } = spec.resourceAttributes ?? {};
      asked.push(`${spec.user} ${verb} ${subresource} of ${name}`);
      return {
        status: {
          allowed:
            spec.groups?.includes('system:masters') === true || (spec.user === 'good' && subresource !== 'proxy'),
        },
      };
    },
  }),
} as unknown as Api;

const observed: ObservedNode = {
  name: 'n1',
  startedAt: 0,
  cpus: 2,
  memoryBytes: 1000,
  kernelVersion: '6',
  osImage: 'Linux',
  usage: { at: 2000, cpuNanoseconds: 5e9, workingSetBytes: 400 },
  system: [],
  pods: [
    {
      namespace: 'demo',
      name: 'web',
      uid: 'u1',
      cgroup: '/c',
      sandboxId: 's',
      startedAt: 1000,
      containers: [],
      volumes: [],
    },
  ],
};

let plain: { readonly healthz: number; readonly reading: number };

before(async () => {
  const pki = await Pki.open(dir);
  const own = await pki.identity('kubelet', {
    commonName: 'system:node:n1',
    organizations: ['system:nodes'],
    names: ['localhost'],
    addresses: ['127.0.0.1'],
  });
  apiServer = await pki.identity('client', {
    commonName: 'kube-apiserver-kubelet-client',
    organizations: ['system:masters'],
  });
  somebody = await pki.identity('other', { commonName: 'somebody', organizations: ['people'] });
  authority = pki.authority.certificate;
  streaming = await startFakeRuntime({
    '/exit3': async () => exited(3),
    '/hello': async ({ stdout }) => {
      stdout?.end('hello');
      return succeeded;
    },
    '/attach': async ({ stdout }) => {
      stdout?.end('attached');
      return succeeded;
    },
    '/forward': async ({ data, error }) => {
      error?.end();
      data?.pipe(data);
    },
  });
  port = await freePort();
  plain = { healthz: await freePort(), reading: await freePort() };
  const config = completeConfiguration(
    decodeConfiguration({
      apiVersion: 'kubelet.config.k8s.io/v1beta1',
      kind: 'KubeletConfiguration',
      healthzPort: plain.healthz,
      readOnlyPort: plain.reading,
      maxPods: 7,
      podPidsLimit: 100,
    }),
  );
  const statistics = {
    metrics: new MetricRegistry(),
    probeMetrics: new MetricRegistry(),
    observe: async () => observed,
    loads: async () => observed,
  };
  served = serveKubelet(
    {
      api: fakeApi,
      runtime: fakeCri(),
      log: silent,
      nodeName: 'n1',
      checkpoints: join(dir, 'checkpoints'),
      clock: { ...systemClock, now: () => Date.UTC(2026, 0, 2, 3, 4, 5) },
      address: '127.0.0.1',
      port,
      ...own,
      authority,
      statistics,
      config,
    },
    stop.signal,
  );
  await eventually('an answer', async () => (await get('/healthz')) !== undefined, { timeoutMs: 10_000, everyMs: 5 });
});

after(async () => {
  stop.abort();
  await served;
  await streaming[Symbol.asyncDispose]();
  rmSync(dir, { recursive: true });
});

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const probe = createTcp().listen(0, '127.0.0.1', () => {
      const { port: free } = probe.address() as AddressInfo;
      probe.close(() => resolve(free));
    });
  });

const tls = (who: Credentials | undefined = apiServer): RequestOptions => ({
  ca: authority,
  host: '127.0.0.1',
  port,
  ...(who ? { cert: who.certificate, key: who.key } : {}),
});

function get(path: string, options: RequestOptions = tls(apiServer)): Promise<[status: number, body: string]> {
  return new Promise((resolve, reject) => {
    const outgoing = httpsRequest({ agent: false, path, ...options }, (response) => {
      let body = '';
      response
        .on('data', (chunk: Buffer) => {
          body += chunk.toString();
        })
        .on('end', () => resolve([response.statusCode ?? 0, body]));
    });
    outgoing.on('error', reject).end();
  });
}

const webSocket = (path: string): Promise<{ refusal: string } | { messages: readonly Buffer[] }> =>
  new Promise((resolve) => {
    const socket = new WebSocket(`wss://127.0.0.1:${port}${path}`, ['v5.channel.k8s.io'], {
      ca: authority,
      cert: apiServer.certificate,
      key: apiServer.key,
    });
    const messages: Buffer[] = [];
    socket
      .on('message', (data) => messages.push(data as Buffer))
      .on('close', () => resolve({ messages }))
      .on('error', () => undefined);
    socket.on('unexpected-response', (_request, response) => {
      let body = `${response.statusCode} `;
      response
        .on('data', (chunk: Buffer) => {
          body += chunk.toString();
        })
        .on('end', () => resolve({ refusal: body }));
    });
  });

test('kubelet: nobody is let in without a certificate or a token that is good', async () => {
  assert.deepEqual(await get('/pods', { ca: authority, host: '127.0.0.1', port }), [401, 'Unauthorized']);
  const withToken = (token: string): RequestOptions => ({
    ca: authority,
    host: '127.0.0.1',
    port,
    headers: { authorization: `Bearer ${token}` },
  });
  assert.deepEqual(await get('/pods', withToken('bad')), [401, 'Unauthorized']);
  assert.equal((await get('/pods', withToken('good')))[0], 200);
});

test('kubelet: who is known may do what the API server allows on nodes, and is told what was missing', async () => {
  asked.length = 0;
  assert.deepEqual(await get('/pods', tls(somebody)), [
    403,
    'Forbidden (user=somebody, verb=get, resource=nodes, subresource(s)=[pods proxy])\n',
  ]);
  assert.deepEqual(await get('/stats/summary', tls(somebody)), [
    403,
    'Forbidden (user=somebody, verb=get, resource=nodes, subresource(s)=[stats])\n',
  ]);
  assert.deepEqual(asked, ['somebody get pods of n1', 'somebody get proxy of n1', 'somebody get stats of n1']);
  const token = { ca: authority, host: '127.0.0.1', port, headers: { authorization: 'Bearer good' } };
  assert.equal((await get('/metrics/resource', token))[0], 200);
  assert.equal((await get('/containerLogs/demo/web/main', token))[0], 403);
  const before = asked.length;
  await get('/stats/summary', tls(somebody));
  assert.equal(asked.length, before, 'an answer is kept for a while');
});

test('kubelet: a path with dots has the rights of where it leads', async () => {
  const token = { ca: authority, host: '127.0.0.1', port, headers: { authorization: 'Bearer good' } };
  for (const path of [
    '/stats/../containerLogs/demo/web/main',
    '/stats/%2e%2e/containerLogs/demo/web/main',
    '//stats/../../containerLogs/demo/web/main',
    '/metrics/..//run/demo/web/main',
  ]) {
    assert.equal((await get(path, token))[0], 403, path);
  }
});

test('kubelet: an upgrade is authorized like any request', async () => {
  const refusal = dialUpgrade(
    {
      isTls: true,
      ...tls(somebody),
      path: '/exec/demo/web/main?output=1&command=hello',
      method: 'POST',
      headers: spdyHeaders('v4.channel.k8s.io'),
    } as Parameters<typeof dialUpgrade>[0],
    stop.signal,
  );
  await assert.rejects(refusal, {
    status: 403,
    message: 'Forbidden (user=somebody, verb=create, resource=nodes, subresource(s)=[proxy])\n',
  });
});

test('kubelet: exec in WebSocket and in SPDY, with and without the uid in the path', async () => {
  for (const path of ['/exec/demo/web/main', '/exec/demo/web/u1/main']) {
    const said = await webSocket(`${path}?output=1&error=1&command=hello`);
    assert.ok('messages' in said);
    assert.equal(said.messages.map((m) => m.toString('latin1', 1)).join(' '), ` hello ${JSON.stringify(succeeded)}`);
  }
  const dial = {
    isTls: true,
    ...tls(),
    path: '/exec/demo/web/main?output=1&error=1&command=exit3',
    method: 'POST',
    headers: spdyHeaders('v4.channel.k8s.io', 'v3.channel.k8s.io'),
  };
  const { socket, head, reply } = await dialUpgrade(dial as Parameters<typeof dialUpgrade>[0], stop.signal);
  assert.equal(reply.headers['x-stream-protocol-version'], 'v4.channel.k8s.io');
  const connection = new SpdyConnection(socket, head, { role: 'client' });
  const [error, out] = [connection.open({ streamType: 'error' }), connection.open({ streamType: 'stdout' })];
  connection.open({ streamType: 'stderr' }).resume();
  out.resume();
  assert.deepEqual(JSON.parse(await textOf(error)), exited(3));
  connection.close();
});

test('kubelet: attach and port-forward find their way too', async () => {
  const attached = await webSocket('/attach/demo/web/main?output=1&error=1');
  assert.ok('messages' in attached);
  assert.match(attached.messages.map((m) => m.toString('latin1', 1)).join(' '), /attached/);
  const dial = {
    isTls: true,
    ...tls(),
    path: '/portForward/demo/web',
    method: 'POST',
    headers: spdyHeaders('portforward.k8s.io'),
  };
  const { socket, head } = await dialUpgrade(dial as Parameters<typeof dialUpgrade>[0], stop.signal);
  const connection = new SpdyConnection(socket, head, { role: 'client' });
  connection.open({ streamType: 'error', port: '80', requestID: '0' }).resume();
  const data = connection.open({ streamType: 'data', port: '80', requestID: '0' });
  data.end('ping');
  assert.equal(await textOf(data), 'ping');
  connection.close();
});

test('kubelet: what cannot be connected is refused in words before the upgrade', async () => {
  const cases: readonly (readonly [path: string, refusal: string])[] = [
    ['/exec/demo/web/done?output=1&command=x', '500 container not found ("done")'],
    ['/exec/demo/web/absent?output=1&command=x', '500 container not found ("absent")'],
    ['/attach/demo/web/done?output=1', '500 container done not found in pod web_demo'],
    ['/exec/demo/web/main?command=x', '400 you must specify at least 1 of stdin, stdout, stderr'],
    ['/exec/demo/web/main?tty=1&error=1&command=x', '400 you must specify at least 1 of stdin, stdout, stderr'],
    ['/exec/demo/web/main?output=1&command=gone', '404 rpc error: code = NotFound desc = no such container'],
    ['/exec/demo/web/main?output=1&command=unknown', '404 no such x'],
    ['/exec/demo', '404 404 page not found\n'],
    ['/exec/demo/%zz/main?output=1', '404 404 page not found\n'],
    ['/portForward/demo/absent?port=80', '404 pod does not exist'],
    ['/portForward/demo/web?port=99999', '400 unable to parse "99999" as a port: invalid syntax'],
    ['/portForward/demo/web?port=0', '400 port "0" must be > 0'],
  ];
  for (const [path, refusal] of cases) assert.deepEqual(await webSocket(path), { refusal }, path);
  assert.deepEqual(await get('/exec/demo/web/main?output=1'), [400, 'Upgrade request required']);
});

test('kubelet: logs say why there are none', async () => {
  assert.deepEqual(await get('/containerLogs/demo/absent/main'), [404, 'pod "absent" does not exist\n']);
  assert.deepEqual(await get('/containerLogs/demo/web/other'), [404, 'container "other" not found in pod "web"\n']);
  assert.deepEqual(await get('/containerLogs/demo/web/waits'), [
    400,
    'container "waits" in pod "web" is waiting to start: trying and failing to pull image',
  ]);
  assert.deepEqual(await get('/containerLogs/demo/web/main?previous=true'), [
    400,
    'previous terminated container "main" in pod "web" not found',
  ]);
});

test('kubelet: pods, statistics, settings and metrics', async () => {
  assert.equal(JSON.parse((await get('/pods'))[1]).items[0].metadata.name, 'web');
  assert.deepEqual(JSON.parse((await get('/runningpods/'))[1]).items, [
    {
      metadata: { name: 'web', namespace: 'demo', uid: 'u1' },
      spec: { containers: [{ name: 'main', image: 'busybox', resources: {} }] },
      status: {},
    },
  ]);
  assert.equal(JSON.parse((await get('/stats/summary'))[1]).node.memory.workingSetBytes, 400);
  assert.match((await get('/metrics/resource'))[1], /^node_cpu_usage_seconds_total 5 2000$/m);
  assert.match((await get('/metrics/cadvisor'))[1], /^machine_cpu_cores 2$/m);
  const [, text] = await get('/metrics');
  assert.match(text, /^kubelet_running_pods 1$/m);
  assert.match(
    text,
    /^kubelet_http_requests_total\{long_running="false",method="GET",path="pods",server_type="readwrite"\} \d+$/m,
  );
  assert.equal((await get('/metrics/probes'))[0], 200);
  const { kubeletconfig } = JSON.parse((await get('/configz'))[1]);
  assert.deepEqual(
    [kubeletconfig.authorization.mode, kubeletconfig.maxPods, kubeletconfig.podPidsLimit, kubeletconfig.syncFrequency],
    ['Webhook', 7, 100, '1m0s'],
  );
  assert.deepEqual(await get('/nothing'), [404, '404 page not found\n']);
  assert.deepEqual(await get('/pods', { ...tls(), method: 'DELETE' }), [405, '405: Method Not Allowed']);
});

test('kubelet: health and, where it is asked for, what may be read are there for everyone who reaches the ports', async () => {
  const plainly = async (where: number, path: string, method = 'GET'): Promise<number> =>
    (await fetch(`http://127.0.0.1:${where}${path}`, { method })).status;
  assert.deepEqual([await plainly(plain.healthz, '/healthz'), await plainly(plain.healthz, '/pods')], [200, 404]);
  assert.deepEqual(
    [
      await plainly(plain.reading, '/pods'),
      await plainly(plain.reading, '/metrics/resource'),
      await plainly(plain.reading, '/healthz'),
      await plainly(plain.reading, '/configz'),
      await plainly(plain.reading, '/containerLogs/demo/web/main'),
      await plainly(plain.reading, '/run/demo/web/main', 'POST'),
      await plainly(plain.reading, '/pods', 'DELETE'),
    ],
    [200, 200, 200, 404, 404, 404, 405],
  );
});

test('configured kubelets refuse what is switched off, and take suites by the names that Go has for them', () => {
  const said = (more: object) =>
    completeConfiguration(
      decodeConfiguration({ apiVersion: 'kubelet.config.k8s.io/v1beta1', kind: 'KubeletConfiguration', ...more }),
    );
  refuseDisabled(said({}), '/exec/a/b/c');
  assert.throws(
    () => refuseDisabled(said({ enableDebuggingHandlers: false }), '/exec/a/b/c'),
    /Debug endpoints are dis/,
  );
  refuseDisabled(said({ enableDebuggingHandlers: false }), '/pods');
  assert.throws(() => refuseDisabled(said({ enableSystemLogHandler: false }), '/logs/'), /logs endpoint is disabled/);
  const ciphers = tlsOf(
    said({
      tlsMinVersion: 'VersionTLS13',
      tlsCipherSuites: [
        'TLS_AES_128_GCM_SHA256',
        'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
        'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256',
      ],
    }),
  );
  assert.deepEqual(ciphers, {
    minVersion: 'TLSv1.3',
    ciphers: 'TLS_AES_128_GCM_SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305',
  });
});

test('kubelet: run executes a command to its end; a path cannot leave the log folder', async () => {
  const post = { ...tls(), method: 'POST' };
  assert.deepEqual(await get('/run/demo/web/main?cmd=ls%20-l', post), [200, 'ran ls,-l']);
  assert.deepEqual(await get('/run/demo/web/main?cmd=false', post), [500, "command 'false' exited with 1: ran false"]);
  assert.equal((await get('/run/demo/web/main?cmd=ls'))[0], 405);
  assert.equal((await get('/logs/'))[0], 200);
  for (const path of ['/logs/..%2f..%2fetc/passwd', '/logs/%2e%2e/%2e%2e/etc/passwd'])
    assert.equal((await get(path))[0], 404, path);
});

test('kubelet: checkpoint has the runtime write down a running container, and says where', async () => {
  const post = { ...tls(), method: 'POST' };
  const location = join(dir, 'checkpoints/checkpoint-web_demo-main-2026-01-02T03:04:05Z.tar');
  assert.deepEqual(await get('/checkpoint/demo/web/main?timeout=x&timeout=200', post), [
    200,
    JSON.stringify({ items: [location] }),
  ]);
  assert.deepEqual(checkpointed, [{ containerId: 'id-main', location, timeout: 200 }]);
  assert.equal(statSync(join(dir, 'checkpoints')).mode & 0o777, 0o700);
  const failed = 'checkpointing of demo/web';
  for (const [path, status, words] of [
    ['no/main', 404, 'pod does not exist'],
    ['web/no', 404, 'container no does not exist'],
    ['web/main?timeout=1s', 404, 'cannot parse value of timeout parameter'],
    ['web/main?timeout=-1', 500, `${failed}/main failed (CheckpointContainer requires the timeout value to be > 0)`],
    ['web/waits', 500, `${failed}/waits failed (container not found ("waits"))`],
    [
      'web/main?timeout=7',
      500,
      `${failed}/main failed (rpc error: code = Unimplemented desc = unknown method CheckpointContainer)`,
    ],
  ] as const)
    assert.deepEqual(await get(`/checkpoint/demo/${path}`, post), [status, words]);
  assert.equal((await get('/checkpoint/demo/web/main'))[0], 405);
});
