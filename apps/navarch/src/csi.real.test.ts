import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { readJson } from '@navarch/machinery';
import { eventually as inTime } from '@navarch/node/testing';
import { buildImage } from '../../../images/build.ts';
import { builtTool } from '../../../oracles/go.ts';
import { SHARED_MACHINE } from './cluster/eviction-flags.ts';
import { bundledKubectl } from './commands/kubectl.ts';
import { provisionOnce } from './testing/csi-provisioner.ts';
import { type Machine, makeNetwork, type Network } from './testing/machine.ts';

// An ordinary CSI driver, with upstream's attacher and resizer, on two nodes that are joined as on two machines. Upstream's
// provisioner needs modules that the Go module proxy does not give: its loop is one of ours.

const DRIVER = 'csi.navarch.dev';
const ZONE = 'topology.csi.navarch.dev/zone';
const SERVER = 'https://10.79.0.1:6443';
const main = join(import.meta.dirname, 'main.ts');
const driverProgram = join(import.meta.dirname, '../../../images/csi-driver/main.ts');
const images = process.env['NAVARCH_IMAGES'] ?? '/tmp/navarch-images';
const folder = mkdtempSync('/tmp/nvc-');
const env = {
  ...process.env,
  NAVARCH_IMAGES: images,
  NAVARCH_HOME: folder,
  KUBECONFIG: join(folder, 'server/admin.kubeconfig'),
};
const volumes = join(folder, 'volumes');
const controllerSocket = join(folder, 'controller.sock');

let network: Network;
let server: Machine;
let nodes: readonly Machine[] = [];
let kubectlPath = 'kubectl';
let token = '';
const stop = new AbortController();
let provisioning: Promise<void> = Promise.resolve();

const dirOf = (machine: Machine): string => join(folder, machine.name);
const kubeletOf = (machine: Machine): string => join(dirOf(machine), 'kubelet');
const logOf = (name: string): string => join(folder, `${name}.log`);
const node = [process.execPath, '--disable-warning=ExperimentalWarning'] as const;
const kubectl = async (...args: readonly string[]): Promise<string> => (await server.run(kubectlPath, ...args)).stdout;
const logs = (): string =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.log'))
    .map((name) => `${name}: ${readFileSync(join(folder, name), 'utf8').slice(-1500)}`)
    .join('\n');
const eventually = (what: string, isSo: () => Promise<boolean>, timeoutMs = 120_000): Promise<void> =>
  inTime(what, isSo, { timeoutMs, everyMs: 300, explain: logs });

/** kubectl with something to read. */
function asked(args: readonly string[], input: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const inside = ['-t', String(server.pid), '--net', '--mount', '--pid', '--', kubectlPath, ...args];
    const child = spawn('nsenter', inside, { env, stdio: ['pipe', 'pipe', 'pipe'] });
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    child.on('close', (code) => (code === 0 ? resolve(out) : reject(new Error(err))));
    child.stdin.end(input);
  });
}

const apply = (...objects: readonly object[]): Promise<string> =>
  asked(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));

/** That a volume is to grow is found where it is looked at: a minute would be long here. */
const config = join(folder, 'kubelet.yaml');
writeFileSync(config, 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nsyncFrequency: 5s\n');
const startAgent = (machine: Machine, ...args: readonly string[]): void => {
  const own = ['--data-dir', dirOf(machine), '--config', config, ...SHARED_MACHINE];
  machine.start(logOf(machine.name), ...node, main, 'agent', ...own, ...args);
};

/** Under a shell: what enters a namespace with a program stops with it when that is stopped, and does not go on with it. */
const UNDER_SHELL = ['sh', '-c', '"$@" & wait', 'sh'] as const;
/** As a pod that mounts the kubelet's folder where manifests have it, in both directions. */
const AS_IN_POD =
  'mount -t tmpfs none /var/lib && mkdir /var/lib/kubelet && mount --rbind "$0" /var/lib/kubelet && exec "$@"';
const inPod = (machine: Machine): readonly string[] =>
  `unshare --mount --propagation unchanged sh -c`.split(' ').concat(AS_IN_POD, kubeletOf(machine));

const startDriver = (machine: Machine, around: readonly string[], ...args: readonly string[]): void =>
  machine.start(
    logOf(`driver-${machine.name}`),
    ...UNDER_SHELL,
    ...around,
    ...node,
    driverProgram,
    '--data-dir',
    volumes,
    ...args,
  );

/** One runs beside its kubelet, the other as pods do. */
const startNodeDriver = (machine: Machine): void => {
  const isInPod = machine === nodes[1];
  const kubelet = isInPod ? '/var/lib/kubelet' : kubeletOf(machine);
  startDriver(
    machine,
    isInPod ? inPod(machine) : [],
    '--endpoint',
    join(kubelet, 'plugins', DRIVER, 'csi.sock'),
    '--registration-dir',
    join(kubelet, 'plugins_registry'),
    '--node',
    machine.name,
    '--zone',
    'z1',
    '--volumes-max',
    '7',
  );
};

const claim = (name: string, spec: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name },
  spec: {
    accessModes: ['ReadWriteOnce'],
    storageClassName: 'csi',
    resources: { requests: { storage: '1Gi' } },
    ...spec,
  },
});

/** A pod on a node that does something with its volume `v`, and then stays. */
const pod = (
  name: string,
  on: string,
  script: string,
  volume: object,
  container: object = { volumeMounts: [{ name: 'v', mountPath: '/data' }] },
): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: {
    terminationGracePeriodSeconds: 1,
    nodeSelector: { 'kubernetes.io/hostname': on },
    securityContext: { fsGroup: 4321 },
    volumes: [{ name: 'v', ...volume }],
    containers: [
      {
        name: 'c',
        image: 'busybox',
        imagePullPolicy: 'IfNotPresent',
        command: ['sh', '-c', `${script}; sleep 1000000`],
        ...container,
      },
    ],
  },
});
const claimed = (name: string): object => ({ persistentVolumeClaim: { claimName: name } });
const isRunning = async (name: string): Promise<boolean> =>
  (await kubectl('get', 'pod', name, '-o', 'jsonpath={.status.phase}')) === 'Running';
const remove = (name: string): Promise<string> => kubectl('delete', 'pod', name, '--timeout=90s');
const volumeDirs = (): readonly string[] => readdirSync(volumes).filter((name) => /^vol-\w+$/.test(name));
/** What is mounted of drivers on a node. */
const mounted = async (machine: Machine): Promise<string> =>
  (await machine.run('sh', '-c', `grep -o ' ${kubeletOf(machine)}[^ ]*csi[^ ]*' /proc/self/mountinfo; true`)).stdout;

before(
  async () => {
    for (const name of ['pause', 'busybox'])
      if (!existsSync(join(images, `${name}.tar`))) await buildImage(name, images, new AbortController().signal);
    const attacher = await builtTool('csi', 'github.com/kubernetes-csi/external-attacher/v4/cmd/csi-attacher');
    const resizer = await builtTool('csi', 'github.com/kubernetes-csi/external-resizer/v2/cmd/csi-resizer');
    network = await makeNetwork(`nvc${process.pid}`, folder, env);
    server = await network.machine('server', '10.79.0.1');
    nodes = [await network.machine('one', '10.79.0.2'), await network.machine('two', '10.79.0.3')];
    kubectlPath = await bundledKubectl(join(folder, 'bin'));
    server.start(logOf('server'), ...node, main, 'server', '--data-dir', dirOf(server));
    await eventually('the server', async () => (await kubectl('get', '--raw', '/readyz')).includes('ok'));
    const kubeconfig = join(dirOf(server), 'admin.kubeconfig');
    token = (await server.run(...node, main, 'token', 'create', '-q', '--kubeconfig', kubeconfig)).stdout.trim();
    for (const machine of nodes) startAgent(machine, '--server', SERVER, '--token', token, '--node-name', machine.name);
    await apply(
      {
        apiVersion: 'storage.k8s.io/v1',
        kind: 'CSIDriver',
        metadata: { name: DRIVER },
        spec: {
          attachRequired: true,
          podInfoOnMount: true,
          fsGroupPolicy: 'File',
          volumeLifecycleModes: ['Persistent', 'Ephemeral'],
        },
      },
      {
        apiVersion: 'storage.k8s.io/v1',
        kind: 'StorageClass',
        metadata: { name: 'csi' },
        provisioner: DRIVER,
        volumeBindingMode: 'WaitForFirstConsumer',
        allowVolumeExpansion: true,
      },
    );
    startDriver(server, [], '--endpoint', controllerSocket);
    await eventually('the controller', async () => existsSync(controllerSocket));
    for (const program of [attacher, resizer])
      server.start(
        logOf(program.slice(program.lastIndexOf('/') + 1)),
        program,
        `--csi-address=${controllerSocket}`,
        `--kubeconfig=${kubeconfig}`,
      );
    for (const machine of nodes) {
      await eventually(`a folder for plugins on ${machine.name}`, async () =>
        existsSync(join(kubeletOf(machine), 'plugins_registry')),
      );
      await machine.run(...node, main, 'image', 'load', join(images, 'busybox.tar'), '--data-dir', dirOf(machine));
      startNodeDriver(machine);
    }
    provisioning = provision();
  },
  { timeout: 300_000 },
);

async function provision(): Promise<void> {
  const deps = {
    socket: controllerSocket,
    driver: DRIVER,
    topologyKey: ZONE,
    kubectl: (args: readonly string[], input?: string) => (input === undefined ? kubectl(...args) : asked(args, input)),
  };
  while (!stop.signal.aborted) {
    // What cannot be done yet is tried again.
    await provisionOnce('csi', deps, stop.signal).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

after(
  async () => {
    stop.abort(new Error('over'));
    await provisioning;
    for (const machine of nodes) {
      const down = await machine.run(...node, main, 'down', '--data-dir', dirOf(machine));
      assert.equal(down.stderr.includes('Error'), false, down.stderr);
    }
    await network[Symbol.asyncDispose]();
    const { stdout } = await promisify(execFile)('sh', [
      '-c',
      `findmnt -rn | grep ${folder}; losetup -a | grep ${folder}; true`,
    ]);
    assert.equal(stdout, '');
    rmSync(folder, { recursive: true, force: true });
  },
  { timeout: 200_000 },
);

test('a driver registers: the node says who and where it is to it, and how many volumes it may have', async () => {
  for (const { name } of nodes) {
    await eventually(
      `the driver on ${name}`,
      async () => (await kubectl('get', 'csinode', name, '-o', 'jsonpath={.spec.drivers[*].name}')) === DRIVER,
    );
    const drivers = readJson(await kubectl('get', 'csinode', name, '-o', 'jsonpath={.spec.drivers}'));
    assert.deepEqual(drivers, [
      { name: DRIVER, nodeID: `csi-node-${name}`, topologyKeys: [ZONE], allocatable: { count: 7 } },
    ]);
    assert.match(await kubectl('get', 'node', name, '--show-labels'), new RegExp(`${ZONE}=z1`));
  }
});

test(
  'a claim gets a volume for its first pod: provisioned, attached, staged, published, written',
  { timeout: 200_000 },
  async () => {
    await apply(claim('data'), pod('a', 'one', 'echo hello > /data/file', claimed('data')));
    await eventually('pod a', () => isRunning('a'));
    const [dir = ''] = volumeDirs();
    await eventually('the file', async () => readFileSync(join(volumes, dir, 'file'), 'utf8') === 'hello\n');
    assert.match(await kubectl('exec', 'a', '--', 'stat', '-c', '%g', '/data'), /^4321$/m);
    assert.match(await kubectl('get', 'volumeattachment', '-o', 'jsonpath={.items[*].status.attached}'), /^true$/);
    const inUse = await kubectl('get', 'node', 'one', '-o', 'jsonpath={.status.volumesInUse}');
    assert.equal(inUse, `["kubernetes.io/csi/${DRIVER}^${dir}"]`);
  },
);

test('the room in a volume is what its driver says, beside its claim', { timeout: 200_000 }, async () => {
  interface Stats {
    readonly name: string;
    readonly capacityBytes?: number;
    readonly pvcRef?: object;
  }
  await eventually('statistics', async () => {
    const summary = readJson(await kubectl('get', '--raw', '/api/v1/nodes/one/proxy/stats/summary')) as {
      readonly pods: readonly { readonly podRef: { readonly name: string }; readonly volume?: readonly Stats[] }[];
    };
    const all = summary.pods.find(({ podRef }) => podRef.name === 'a')?.volume ?? [];
    const found = all.find(({ name }) => name === 'v');
    if (!found) return false;
    // Nobody walks through what a driver has mounted.
    assert.deepEqual(
      all.map(({ name }) => name).filter((name) => name.startsWith('kubernetes.io')),
      [],
    );
    assert.deepEqual(found.pvcRef, { name: 'data', namespace: 'default' });
    return (found.capacityBytes ?? 0) > 0;
  });
});

test(
  'a volume of one node is refused to another, in words, and follows its pod when it can',
  { timeout: 300_000 },
  async () => {
    await apply(pod('b', 'two', 'cat /data/file', claimed('data')));
    await eventually('a word of who has it', async () =>
      /Multi-Attach error for volume .* Volume is already used by pod\(s\) a/.test(
        await kubectl('describe', 'pod', 'b'),
      ),
    );
    await remove('a');
    await eventually('pod b', () => isRunning('b'));
    await eventually('what pod a wrote', async () => (await kubectl('logs', 'b')) === 'hello\n');
    assert.equal(await mounted(nodes[0] as Machine), '');
    await eventually(
      'nothing in use',
      async () => (await kubectl('get', 'node', 'one', '-o', 'jsonpath={.status.volumesInUse}')) === '',
    );
  },
);

test('a volume grows under a running pod', { timeout: 300_000 }, async () => {
  await kubectl('patch', 'pvc', 'data', '-p', '{"spec":{"resources":{"requests":{"storage":"2Gi"}}}}');
  await eventually(
    'the size',
    async () => (await kubectl('get', 'pvc', 'data', '-o', 'jsonpath={.status.capacity.storage}')) === '2Gi',
    240_000,
  );
  assert.equal(
    await kubectl('get', 'pvc', 'data', '-o', 'jsonpath={.status.conditions}{.status.allocatedResourceStatuses}'),
    '',
  );
  assert.match(await kubectl('describe', 'pod', 'b'), /FileSystemResizeSuccessful/);
});

test('an inline volume comes and goes with its pod', { timeout: 200_000 }, async () => {
  const inlineDirs = (): readonly string[] => readdirSync(join(volumes, 'inline-csi-node-one'));
  await apply(pod('i', 'one', 'echo inline > /data/file', { csi: { driver: DRIVER } }));
  await eventually('pod i', () => isRunning('i'));
  await eventually('its file', async () =>
    inlineDirs().some((dir) => existsSync(join(volumes, 'inline-csi-node-one', dir, 'file'))),
  );
  await remove('i');
  await eventually('nothing of it', async () => inlineDirs().length === 0);
});

test('a pod is given a volume as a device', { timeout: 200_000 }, async () => {
  await apply(
    claim('device', { volumeMode: 'Block' }),
    pod('d', 'one', 'dd if=/dev/zero of=/dev/v bs=1M count=1 && echo written', claimed('device'), {
      volumeDevices: [{ name: 'v', devicePath: '/dev/v' }],
    }),
  );
  await eventually('pod d', () => isRunning('d'));
  await eventually('what it wrote', async () => (await kubectl('logs', 'd')).includes('written'));
  await remove('d');
  await kubectl('delete', 'pvc', 'device', '--timeout=90s');
  await eventually('nothing of it', async () => {
    const { stdout } = await promisify(execFile)('losetup', ['-a']);
    return !stdout.includes(folder) && (await mounted(nodes[0] as Machine)) === '';
  });
});

test(
  'an agent that is killed while a driver stages goes on where it was, and takes away what pods left meanwhile',
  { timeout: 300_000 },
  async () => {
    const [one] = nodes as [Machine];
    const agentPid = (): string =>
      String((JSON.parse(readFileSync(join(dirOf(one), 'run/agent.json'), 'utf8')) as { readonly pid: number }).pid);
    const driverPid = (await one.run('pgrep', '-n', '-f', '[m]ain.ts --data-dir')).stdout.trim();
    await apply(claim('second'));
    await one.run('kill', '-STOP', driverPid);
    await apply(pod('s', 'one', 'echo staged > /data/file', claimed('second')));
    const staging = join(kubeletOf(one), 'plugins/kubernetes.io/csi', DRIVER);
    await eventually('a call that hangs', async () => existsSync(staging) && readdirSync(staging).length > 0);
    await one.run('kill', '-9', agentPid());
    await one.run('kill', '-CONT', driverPid);
    startAgent(one);
    await eventually('pod s', () => isRunning('s'));
    await one.run('kill', '-9', agentPid());
    await kubectl('delete', 'pod', 's', '--force', '--grace-period=0');
    startAgent(one);
    await eventually('nothing mounted', async () => (await mounted(one)) === '');
    await eventually('nothing on the disk', async () => readdirSync(staging).length === 0);
  },
);

test('a claim that goes takes its volume with it, and the nodes hold nothing', { timeout: 300_000 }, async () => {
  await remove('b');
  await kubectl('delete', 'pvc', '--all', '--timeout=90s');
  await eventually(
    'no volumes',
    async () => (await kubectl('get', 'pv,volumeattachment', '-o', 'name')) === '' && volumeDirs().length === 0,
  );
  for (const machine of nodes) assert.equal(await mounted(machine), '');
});

test('a driver that goes is taken off its node', { timeout: 100_000 }, async () => {
  const [, two] = nodes as [Machine, Machine];
  await two.run('sh', '-c', "kill $(pgrep -f '[m]ain.ts --data-dir')");
  await eventually(
    'no driver',
    async () => (await kubectl('get', 'csinode', 'two', '-o', 'jsonpath={.spec.drivers}')) === '[]',
  );
});
