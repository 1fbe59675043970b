import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { invariant } from '@navarch/base';
import { makeRequest } from '@navarch/node/pki';
import { eventually as inTime } from '@navarch/node/testing';
import { buildImage } from '../../../images/build.ts';
import { SHARED_MACHINE } from './cluster/eviction-flags.ts';
import { cgroupRootOf } from './cluster/state.ts';
import { bundledKubectl } from './commands/kubectl.ts';
import { type Machine, makeNetwork, type Network } from './testing/machine.ts';

// A server on one machine, agents on two others, all by the commands that people type. Machines are namespaces.

const main = join(import.meta.dirname, 'main.ts');
const images = process.env['NAVARCH_IMAGES'] ?? '/tmp/navarch-images';
const folder = mkdtempSync('/tmp/nvj-');
const env = {
  ...process.env,
  NAVARCH_IMAGES: images,
  NAVARCH_HOME: folder,
  KUBECONFIG: join(folder, 'server/admin.kubeconfig'),
};
const SERVER = 'https://10.77.0.1:6443';

let network: Network;
let server: Machine;
let nodes: readonly Machine[] = [];
let kubectlPath = 'kubectl';
let token = '';

const dirOf = (machine: Machine): string => join(folder, machine.name);
const navarch = (machine: Machine, ...args: readonly string[]): Promise<{ stdout: string; stderr: string }> =>
  machine.run(process.execPath, '--disable-warning=ExperimentalWarning', main, ...args);
const startNavarch = (machine: Machine, ...args: readonly string[]): void =>
  machine.start(
    join(folder, `${machine.name}.log`),
    process.execPath,
    '--disable-warning=ExperimentalWarning',
    main,
    ...args,
    '--data-dir',
    dirOf(machine),
  );
const kubectl = async (...args: readonly string[]): Promise<string> => (await server.run(kubectlPath, ...args)).stdout;
const refusal = async (machine: Machine, ...args: readonly string[]): Promise<string> => {
  const error = await navarch(machine, ...args).then(
    () => assert.fail('it went through'),
    (e: { stderr: string }) => e,
  );
  assert.doesNotMatch(error.stderr, /\n\s+at /);
  return error.stderr.trim().split('\n').at(-1) ?? '';
};
/** Whoever runs the tests may have a large disk that is nearly full. */
const startAgent = (machine: Machine, ...args: readonly string[]): void =>
  startNavarch(machine, 'agent', ...SHARED_MACHINE, ...args);

const logs = (): string =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.log'))
    .map((name) => `${name}: ${readFileSync(join(folder, name), 'utf8').slice(-1500)}`)
    .join('\n');
const eventually = (what: string, isSo: () => Promise<boolean>, timeoutMs = 60_000): Promise<void> =>
  inTime(what, isSo, { timeoutMs, everyMs: 200, explain: logs });

const podAddress = (name: string): Promise<string> => kubectl('get', 'pod', name, '-o', 'jsonpath={.status.podIP}');
const pinned = (name: string, node: string, image: string, command: readonly string[]): Promise<string> =>
  kubectl(
    'run',
    name,
    `--image=${image}`,
    '--image-pull-policy=IfNotPresent',
    '--restart=Never',
    `--labels=app=${image},pod=${name}`,
    `--overrides={"spec":{"nodeSelector":{"kubernetes.io/hostname":"${node}"},"terminationGracePeriodSeconds":1}}`,
    ...(command.length > 0 ? ['--command', '--', ...command] : []),
  );

/** Mounts of this run, and control groups of its nodes: others may have nodes of the same names. */
async function leftovers(): Promise<string> {
  const groups = nodes
    .map((machine) => cgroupRootOf(machine.name, { dir: dirOf(machine) }))
    .map((path) => `/sys/fs/cgroup${path} /sys/fs/cgroup/*${path}`);
  const script = `findmnt -rn | grep ${folder}; ls -d ${groups.join(' ')} 2>/dev/null; true`;
  return (await promisify(execFile)('sh', ['-c', script])).stdout;
}

before(
  async () => {
    for (const name of ['pause', 'busybox', 'nginx'])
      if (!existsSync(join(images, `${name}.tar`))) await buildImage(name, images, new AbortController().signal);
    network = await makeNetwork(`nvj${process.pid}`, folder, env);
    server = await network.machine('server', '10.77.0.1');
    nodes = [await network.machine('one', '10.77.0.2'), await network.machine('two', '10.77.0.3')];
    kubectlPath = await bundledKubectl(join(folder, 'bin'));
    startNavarch(server, 'server');
    await eventually('the server', async () => (await kubectl('get', '--raw', '/readyz')).includes('ok'));
    token = (
      await navarch(server, 'token', 'create', '-q', '--kubeconfig', join(dirOf(server), 'admin.kubeconfig'))
    ).stdout.trim();
  },
  { timeout: 120_000 },
);

after(
  async () => {
    for (const machine of nodes) await navarch(machine, 'down', '--data-dir', dirOf(machine));
    await network[Symbol.asyncDispose]();
    assert.equal(await leftovers(), '');
    rmSync(folder, { recursive: true, force: true });
  },
  { timeout: 120_000 },
);

test('agent: what is wrong with a token is said in a sentence, and nothing is sent to a server that is not the one it names', async () => {
  const [one] = nodes as [Machine];
  const join = (...args: readonly string[]): Promise<string> =>
    refusal(one, 'agent', '--data-dir', dirOf(one), '--node-name', 'one', ...args);
  assert.match(await join(), /has not joined a cluster: give --server and --token/);
  assert.match(await join('--server', SERVER), /no identity in the cluster yet: give --token/);
  assert.match(await join('--server', SERVER, '--token', 'nonsense'), /--token does not look like one/);
  assert.match(
    await join('--server', SERVER, '--token', token.split('@')[0] ?? ''),
    /anybody could answer in its place/,
  );
  assert.match(
    await join('--server', SERVER, '--token', token.replace(/[0-9a-f]{4}$/, '0000')),
    /the certificate authority of .* is sha256:.*, not sha256:.*0000/,
  );
  assert.match(
    await join('--server', SERVER, '--token', token.replace(/\.[a-z0-9]{16}/, '.0000000000000000')),
    /is not signed with the token/,
  );
  assert.match(
    await join('--server', SERVER, '--token', token.replace(/^[a-z0-9]{6}/, 'zzzzzz')),
    /does not know the token zzzzzz, or it has expired/,
  );
  assert.match(
    await join('--server', 'https://10.77.0.1:1', '--token', token),
    /Cannot reach https:\/\/10\.77\.0\.1:1/,
  );
});

test('agent: two machines join and become ready nodes', async () => {
  for (const machine of nodes) startAgent(machine, '--server', SERVER, '--token', token, '--node-name', machine.name);
  await eventually('two ready nodes', async () => {
    const ready = await kubectl(
      'get',
      'nodes',
      '-o',
      'jsonpath={range .items[*]}{.metadata.name} {.status.conditions[?(@.type=="Ready")].status} {.status.addresses[0].address}{"\\n"}{end}',
    );
    return ready === 'one True 10.77.0.2\ntwo True 10.77.0.3\n';
  });
  for (const machine of nodes) {
    for (const name of ['busybox', 'nginx'])
      await navarch(machine, 'image', 'load', join(images, `${name}.tar`), '--data-dir', dirOf(machine));
  }
});

test("agent: a second one in the same folder, and a machine with a living node's name, are refused", async () => {
  const [one] = nodes as [Machine];
  assert.match(await refusal(one, 'agent', '--data-dir', dirOf(one)), /the agent of .* runs already \(pid \d+\)/);
  assert.match(
    await refusal(
      server,
      'agent',
      '--server',
      SERVER,
      '--token',
      token,
      '--node-name',
      'one',
      '--data-dir',
      join(folder, 'third'),
    ),
    /has a node one already, and it is alive/,
  );
});

test('pods of two nodes reach each other by address, by Service and by name; exec and logs reach both', async () => {
  for (const { name } of nodes) {
    await pinned(`web-${name}`, name, 'nginx', []);
    await pinned(`client-${name}`, name, 'busybox', ['sh', '-c', 'echo started; sleep 3600']);
  }
  await kubectl('expose', 'pod', 'web-one', '--name=web', '--port=80', '--selector=app=nginx');
  await kubectl('wait', 'pod', '--all', '--for=condition=Ready', '--timeout=60s');
  // What is looked for at the end is there now.
  assert.match(await leftovers(), /navarch-one-[^]*navarch-two-/);
  const ask = (client: string, url: string): Promise<string> =>
    kubectl('exec', client, '--', 'curl', '-sS', '--max-time', '5', url);
  for (const [client, web] of [
    ['client-one', 'web-two'],
    ['client-two', 'web-one'],
  ] as const) {
    assert.match(await ask(client, `http://${await podAddress(web)}`), /nginx|html/i);
    await eventually(
      'the Service by name',
      async () => /nginx|html/i.test(await ask(client, 'http://web.default.svc.cluster.local')),
      10_000,
    );
    assert.match(await kubectl('logs', client), /started/);
    assert.equal(await kubectl('exec', client, '--', 'hostname'), `${client}\n`);
  }
  // Each of the two endpoints of the Service is on another node: a few questions meet both.
  await kubectl(
    'exec',
    'client-one',
    '--',
    'sh',
    '-c',
    'for i in 1 2 3 4 5 6 7 8 9 10; do curl -sS --max-time 5 http://web >/dev/null || exit 1; done',
  );
  const log = async (name: string): Promise<number> =>
    (await kubectl('logs', `web-${name}`)).split('\n').filter((line) => line.includes('"GET / ')).length;
  assert.ok((await log('one')) > 0 && (await log('two')) > 0);
});

test("a node answers where kube-proxy does, balancers hear that it is about to go, and its pods see the node's own address", async () => {
  const said = async (machine: Machine, ...args: readonly string[]): Promise<string> =>
    (await machine.run('curl', '-sS', '--max-time', '5', ...args)).stdout;
  const [one] = nodes;
  invariant(one, 'a node');
  assert.equal(await said(one, 'http://127.0.0.1:10249/proxyMode'), 'nftables');
  assert.match(
    await said(one, 'http://127.0.0.1:10249/metrics'),
    /^kubeproxy_sync_full_proxy_rules_duration_seconds_count\{ip_family="IPv4"\} [1-9]/m,
  );
  const health = (path: string): Promise<string> =>
    said(server, '-o', '/dev/null', '-w', '%{http_code}', `http://10.77.0.2:10256${path}`);
  assert.equal(await health('/healthz'), '200');
  await kubectl('taint', 'node', 'one', 'ToBeDeletedByClusterAutoscaler=:PreferNoSchedule');
  await eventually('no new connections', async () => (await health('/healthz')) === '503', 10_000);
  assert.equal(await health('/livez'), '200');
  await kubectl('taint', 'node', 'one', 'ToBeDeletedByClusterAutoscaler-');
  await eventually('new connections', async () => (await health('/healthz')) === '200', 10_000);
  const address = (await kubectl('get', 'service', 'web', '-o', 'jsonpath={.spec.clusterIP}')).trim();
  // A packet to a service needs some route before it is led on, and gets its sender's address by that.
  await one.run('ip', 'route', 'add', 'default', 'via', '10.77.0.1');
  for (let i = 0; i < 20; i++) await said(one, `http://${address}/?by-one`);
  await one.run('ip', 'route', 'del', 'default');
  const askers = (await kubectl('logs', 'web-one', '--tail=50'))
    .split('\n')
    .filter((line) => line.includes('/?by-one'));
  assert.ok(askers.length > 0 && askers.every((line) => line.startsWith('10.77.0.2 ')), askers.join('\n'));
});

test('kubectl certificate approve and deny: a person gets a certificate that the API server knows them by', async () => {
  const ask = async (name: string): Promise<string> => {
    const { request, key } = makeRequest({ commonName: 'jane', organizations: ['readers'] });
    const manifest = join(folder, `${name}.json`);
    writeFileSync(
      manifest,
      JSON.stringify({
        apiVersion: 'certificates.k8s.io/v1',
        kind: 'CertificateSigningRequest',
        metadata: { name },
        spec: {
          request: Buffer.from(request).toString('base64'),
          signerName: 'kubernetes.io/kube-apiserver-client',
          expirationSeconds: 3600,
          usages: ['client auth'],
        },
      }),
    );
    await kubectl('create', '-f', manifest);
    return key;
  };
  const key = await ask('jane');
  await kubectl('certificate', 'approve', 'jane');
  await eventually(
    'the certificate',
    async () => (await kubectl('get', 'csr', 'jane')).includes('Approved,Issued'),
    10_000,
  );
  writeFileSync(
    join(folder, 'jane.crt'),
    Buffer.from(await kubectl('get', 'csr', 'jane', '-o', 'jsonpath={.status.certificate}'), 'base64'),
  );
  writeFileSync(join(folder, 'jane.key'), key);
  const whoami = await kubectl(
    'auth',
    'whoami',
    '-o',
    'json',
    '--user=',
    `--client-certificate=${join(folder, 'jane.crt')}`,
    `--client-key=${join(folder, 'jane.key')}`,
  );
  const { username, groups } = (
    JSON.parse(whoami) as { status: { userInfo: { username: string; groups: readonly string[] } } }
  ).status.userInfo;
  assert.deepEqual([username, groups], ['jane', ['readers', 'system:authenticated']]);
  await ask('joe');
  await kubectl('certificate', 'deny', 'joe');
  assert.match(await kubectl('get', 'csr', 'joe'), / 60m +Denied/);
});

test('a deployment spreads over both nodes', async () => {
  await kubectl('create', 'deployment', 'many', '--image=nginx', '--replicas=4');
  await kubectl(
    'patch',
    'deployment',
    'many',
    '-p',
    '{"spec":{"template":{"spec":{"containers":[{"name":"nginx","imagePullPolicy":"IfNotPresent"}]}}}}',
  );
  await kubectl('rollout', 'status', 'deployment/many', '--timeout=60s');
  const places = (await kubectl('get', 'pods', '-l', 'app=many', '-o', 'jsonpath={.items[*].spec.nodeName}')).split(
    ' ',
  );
  assert.deepEqual([...new Set(places)].sort(), ['one', 'two']);
});

test('agent: killed and started again without a token it is the same node, and no pod restarted', async () => {
  const [one] = nodes as [Machine];
  const uids = (): Promise<string> =>
    kubectl(
      'get',
      'pods',
      '-l',
      'pod',
      '-o',
      'jsonpath={range .items[*]}{.metadata.uid} {.status.containerStatuses[0].restartCount}{"\\n"}{end}',
    );
  const before = await uids();
  const { pid } = JSON.parse(readFileSync(join(dirOf(one), 'run/agent.json'), 'utf8')) as { pid: number };
  await one.run('kill', '-9', String(pid));
  startAgent(one);
  await eventually('logs from the node', async () => (await kubectl('logs', 'client-one')).includes('started'), 20_000);
  assert.equal(await uids(), before);
  const files = ['kubelet-client.pem', 'kubelet-serving.pem', 'kubelet.kubeconfig'].map((name) =>
    join(dirOf(one), 'identity', name),
  );
  assert.equal((await one.run('stat', '-c', '%a', ...files)).stdout, '600\n600\n600\n');
});

test('down on a machine that joined removes its containers, bridge, rules and routes', async () => {
  const [, two] = nodes as [Machine, Machine];
  assert.match((await two.run('ip', 'route')).stdout, /10\.244\.\d\.0\/24 via 10\.77\.0\.2/);
  await navarch(two, 'down', '--data-dir', dirOf(two));
  assert.doesNotMatch((await two.run('ip', 'route')).stdout, /via 10\.77/);
  assert.doesNotMatch((await two.run('ip', '-o', 'link')).stdout, /navarch0/);
  assert.equal((await two.run('nft', 'list', 'tables')).stdout.includes('navarch'), false);
  assert.equal(existsSync(dirOf(two)), false);
});
