import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connect } from 'node:tls';
import { promisify } from 'node:util';
import { Pki } from '@navarch/node/pki';
import { eventually } from '@navarch/node/testing';
import { openTokenKeys } from '@navarch/node/token-keys';
import { freePort } from '../testing/free-port.ts';

// The executables as controller-runtime's envtest starts, asks and stops them.

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'navarch-envtest-'));
const assets = join(folder, 'assets');
const certs = join(folder, 'certs');
const main = join(import.meta.dirname, '..', 'main.ts');
const started: ChildProcess[] = [];
let admin: { readonly certificate: string; readonly key: string };
let etcdPort = 0;
let port = 0;

function ask(
  path: string,
  asAdmin: boolean,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        host: '127.0.0.1',
        port,
        path,
        rejectUnauthorized: false,
        agent: false,
        headers,
        ...(asAdmin ? { cert: admin.certificate, key: admin.key } : {}),
      },
      (reply) => {
        let text = '';
        reply.on('data', (chunk: Buffer) => {
          text += chunk.toString();
        });
        reply.on('end', () => resolve({ status: reply.statusCode ?? 0, text }));
      },
    );
    asked.on('error', reject).end();
  });
}

/** What the server speaks with a client that would speak either. */
async function protocolOf(at: number): Promise<string | false | null> {
  const socket = connect({ host: '127.0.0.1', port: at, rejectUnauthorized: false, ALPNProtocols: ['h2', 'http/1.1'] });
  await once(socket, 'secureConnect');
  socket.destroy();
  return socket.alpnProtocol;
}

/** What the server makes of a client that speaks TLS 1.2 alone. */
async function suiteOf(at: number): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port: at, rejectUnauthorized: false, maxVersion: 'TLSv1.2' });
  await once(socket, 'secureConnect');
  const { name } = socket.getCipher();
  socket.destroy();
  return name;
}

function start(name: string, ...args: string[]): ChildProcess {
  const child = spawn(join(assets, name), args, { stdio: ['ignore', 'ignore', 'inherit'] });
  started.push(child);
  return child;
}

const startApiServer = (...more: readonly string[]): ChildProcess =>
  start(
    'kube-apiserver',
    '--allow-privileged=true',
    '--authorization-mode=RBAC',
    '--bind-address=127.0.0.1',
    `--cert-dir=${certs}`,
    `--client-ca-file=${join(certs, 'ca.crt')}`,
    '--disable-admission-plugins=ServiceAccount',
    `--etcd-servers=http://127.0.0.1:${etcdPort}`,
    `--secure-port=${port}`,
    `--service-account-issuer=https://127.0.0.1:${port}/`,
    `--service-account-key-file=${join(certs, 'sa.key')}`,
    `--service-account-signing-key-file=${join(certs, 'sa.key')}`,
    '--service-cluster-ip-range=10.0.0.0/24',
    '--runtime-config=api/all=true',
    '--feature-gates=ComponentStatusz=false',
    '--feature-gates=kube:WatchList=false',
    ...more,
  );

before(async () => {
  await run(process.execPath, ['--disable-warning=ExperimentalWarning', main, 'envtest', assets]);
  const pki = await Pki.open(certs);
  const own = await pki.identity('apiserver', {
    commonName: 'kube-apiserver',
    names: ['localhost'],
    addresses: ['127.0.0.1'],
  });
  admin = await pki.identity('admin', { commonName: 'admin', organizations: ['system:masters'] });
  await openTokenKeys(certs);
  assert.ok(new X509Certificate(own.certificate).checkIP('127.0.0.1'));
  [etcdPort, port] = [await freePort(), await freePort()];
});

after(async () => {
  for (const child of started) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

test('--help exits 0 and lists the flags', async () => {
  for (const name of ['kube-apiserver', 'etcd'])
    assert.match((await run(join(assets, name), ['--help'])).stdout, /^ {6}--[a-z-]+/m);
  assert.doesNotMatch((await run(join(assets, 'kube-apiserver'), ['--help'])).stdout, /--insecure-port/);
});

test('--version says which release each stands for', async () => {
  assert.equal((await run(join(assets, 'kube-apiserver'), ['--version'])).stdout, 'Kubernetes v1.37.0\n');
  assert.match((await run(join(assets, 'etcd'), ['--version'])).stdout, /^etcd Version: 3\.\d+\.\d+\n$/);
});

test('an unknown flag is refused in one sentence', async () => {
  await assert.rejects(
    run(join(assets, 'kube-apiserver'), ['--nonsense=1']),
    (error: { code?: number; stderr?: string }) =>
      error.code === 1 && /^navarch: unknown flag: --nonsense\n$/.test(error.stderr ?? ''),
  );
});

test('features and versions that are not there are refused in one sentence', async () => {
  const etcd = '--etcd-servers=http://127.0.0.1:1';
  for (const [flag, told] of [
    ['--enable-admission-plugins=Nonsense', 'enable-admission-plugins plugin "Nonsense" is unknown'],
    [
      '--enable-admission-plugins=AlwaysPullImages',
      '--enable-admission-plugins=AlwaysPullImages cannot be followed: there is no such plugin here',
    ],
    ['--feature-gates=NoSuchThing=true', '--feature-gates: unrecognized feature gate: NoSuchThing'],
    ['--runtime-config=v1=true', '--runtime-config: runtime-config invalid key v1'],
  ] as const) {
    const refused = run(join(assets, 'kube-apiserver'), [
      `--cert-dir=${certs}`,
      '--secure-port=1',
      '--service-account-issuer=x',
      etcd,
      flag,
    ]);
    await assert.rejects(
      refused,
      (error: { code?: number; stderr?: string }) => error.code === 1 && error.stderr === `navarch: ${told}\n`,
    );
  }
});

test(
  'the pair is ready for everyone, serves its admin, keeps what it has over a restart, and ends by SIGTERM',
  { timeout: 90_000 },
  async () => {
    // It waits for an etcd that comes later.
    const server = startApiServer();
    const etcd = start(
      'etcd',
      `--advertise-client-urls=http://127.0.0.1:${etcdPort}`,
      `--data-dir=${join(folder, 'etcd')}`,
      `--listen-client-urls=http://127.0.0.1:${etcdPort}`,
      '--listen-peer-urls=http://127.0.0.1:1',
      '--unsafe-no-fsync=true',
    );
    await eventually('etcd', async () => (await fetch(`http://127.0.0.1:${etcdPort}/health`)).status === 200);
    assert.deepEqual(await (await fetch(`http://127.0.0.1:${etcdPort}/navarch/store`)).json(), {
      folder: join(folder, 'etcd'),
      isSynced: false,
    });
    await eventually('the API server', async () => (await ask('/healthz', false)).status === 200);
    assert.equal((await ask('/api/v1/namespaces/default', true)).status, 200);
    assert.equal(await protocolOf(port), 'h2');
    assert.equal((await ask('/api/v1/secrets', false)).status, 403);
    assert.equal((await ask('/apis/resource.k8s.io/v1beta2/resourceslices', true)).status, 200);
    assert.equal((await ask('/statusz', true)).status, 404);
    assert.match(
      (await ask('/flagz', true)).text,
      /^feature-gates=ComponentStatusz=false,kube:WatchList=false$[^]*^runtime-config=api\/all=true$/m,
    );
    const kubeconfig = join(folder, 'kubeconfig');
    writeFileSync(
      kubeconfig,
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Config',
        'current-context': 'c',
        contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
        clusters: [
          {
            name: 'c',
            cluster: {
              server: `https://127.0.0.1:${port}`,
              'certificate-authority-data': readFileSync(join(certs, 'ca.crt')).toString('base64'),
            },
          },
        ],
        users: [
          {
            name: 'u',
            user: {
              'client-certificate-data': Buffer.from(admin.certificate).toString('base64'),
              'client-key-data': Buffer.from(admin.key).toString('base64'),
            },
          },
        ],
      }),
    );
    await run(join(assets, 'kubectl'), ['--kubeconfig', kubeconfig, 'create', 'namespace', 'kept']);
    server.kill('SIGTERM');
    await once(server, 'close');
    const people = join(folder, 'people.csv');
    writeFileSync(people, 'secret,ann,1,"system:masters"\n');
    const again = startApiServer(
      '--anonymous-auth=false',
      `--token-auth-file=${people}`,
      '--disable-http2-serving',
      '--tls-cipher-suites=TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256',
    );
    await eventually('the API server', async () => (await ask('/healthz', true)).status === 200);
    assert.equal((await ask('/api/v1/namespaces/kept', true)).status, 200);
    assert.equal((await ask('/healthz', false)).status, 401);
    assert.equal(await protocolOf(port), 'http/1.1');
    assert.equal(await suiteOf(port), 'ECDHE-ECDSA-CHACHA20-POLY1305');
    assert.equal((await ask('/api/v1/secrets', false, { authorization: 'Bearer secret' })).status, 200);
    for (const child of [again, etcd]) {
      child.kill('SIGTERM');
      await once(child, 'close');
    }
    assert.ok(existsSync(join(folder, 'etcd', 'navarch', 'store.db')));
  },
);
