import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { eventually as inTime } from '@navarch/node/testing';
import { bundledKubectl } from '../commands/kubectl.ts';
import { type Machine, makeNetwork, type Network } from '../testing/machine.ts';

// A cluster of three nodes as a file of kind's describes it, on a machine of its own: what the file says is asked of it.

const MAIN = join(import.meta.dirname, '../main.ts');
const folder = mkdtempSync('/tmp/nvk-');
const env = {
  ...process.env,
  NAVARCH_IMAGES: process.env['NAVARCH_IMAGES'] ?? '/tmp/navarch-images',
  NAVARCH_HOME: join(folder, 'home'),
  KUBECONFIG: join(folder, 'kubeconfig'),
};
const TIMEOUT = { timeout: 180_000 };

const FILE = `
kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
name: kd
networking:
  ipFamily: dual
  podSubnet: 10.50.0.0/16,fd00:50::/56
  serviceSubnet: 10.51.0.0/16,fd00:51::/112
containerdConfigPatches:
- |-
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "${folder}/certs.d"
nodes:
- role: control-plane
  kubeadmConfigPatches:
  - |
    kind: InitConfiguration
    nodeRegistration:
      kubeletExtraArgs:
        node-labels: "ingress-ready=true"
  extraPortMappings:
  - containerPort: 30080
    hostPort: 8088
- role: worker
  labels:
    tier: backend
    node-role.kubernetes.io/worker: ""
  extraMounts:
  - hostPath: ${folder}/shared
    containerPath: /shared
    readOnly: true
- role: worker
`;

const APPLICATION = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      affinity:
        podAntiAffinity:
          requiredDuringSchedulingIgnoredDuringExecution:
          - topologyKey: kubernetes.io/hostname
            labelSelector: {matchLabels: {app: web}}
      containers:
      - name: web
        image: nginx
        imagePullPolicy: IfNotPresent
        readinessProbe: {httpGet: {port: 80, path: /}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {type: NodePort, selector: {app: web}, ports: [{port: 80, nodePort: 30080}]}
---
apiVersion: v1
kind: Pod
metadata: {name: reader}
spec:
  nodeSelector: {tier: backend}
  restartPolicy: Never
  containers:
  - name: reader
    image: busybox
    imagePullPolicy: IfNotPresent
    command: [sh, -c, 'cat /in/word; touch /in/x 2>&1; sleep 0']
    volumeMounts: [{name: v, mountPath: /in}]
  volumes: [{name: v, hostPath: {path: /shared, type: Directory}}]
`;

/** Brings a network for pods as others do: a pod in each node's own network that leaves a configuration there. */
const NETWORK = `
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: net, namespace: kube-system}
spec:
  selector: {matchLabels: {app: net}}
  template:
    metadata: {labels: {app: net}}
    spec:
      hostNetwork: true
      terminationGracePeriodSeconds: 1
      tolerations: [{operator: Exists}]
      containers:
      - name: net
        image: busybox
        imagePullPolicy: IfNotPresent
        command: [sh, -c, 'test -x /programs/bridge && cp /given/own.conflist /net/10-own.conflist; sleep 3600']
        volumeMounts: [{name: net, mountPath: /net}, {name: programs, mountPath: /programs}, {name: given, mountPath: /given}]
      volumes:
      - {name: net, hostPath: {path: /etc/cni/net.d}}
      - {name: programs, hostPath: {path: /opt/cni/bin}}
      - {name: given, configMap: {name: net}}
`;
const BRIDGE = {
  cniVersion: '0.4.0',
  name: 'own',
  plugins: [
    {
      type: 'bridge',
      bridge: 'own0',
      isGateway: true,
      ipam: { type: 'host-local', ranges: [[{ subnet: '10.66.0.0/24' }]], routes: [{ dst: '0.0.0.0/0' }] },
    },
  ],
};

let network: Network;
let machine: Machine;
let kubectlPath = 'kubectl';

const navarch = async (...args: readonly string[]): Promise<string> =>
  (await machine.run(process.execPath, '--disable-warning=ExperimentalWarning', MAIN, ...args)).stdout;
const kubectl = async (...args: readonly string[]): Promise<string> => (await machine.run(kubectlPath, ...args)).stdout;
const eventually = (what: string, isSo: () => Promise<boolean>, timeoutMs = 90_000): Promise<void> =>
  inTime(what, isSo, { timeoutMs, everyMs: 200 });
const page = async (): Promise<string> => {
  const { stdout } = await machine.run('curl', '-s', '-m', '3', 'http://localhost:8088/').catch(() => ({ stdout: '' }));
  return stdout;
};

before(async () => {
  for (const name of ['home', 'shared']) mkdirSync(join(folder, name));
  writeFileSync(join(folder, 'shared/word'), 'from the machine\n');
  writeFileSync(join(folder, 'cluster.yaml'), FILE);
  writeFileSync(join(folder, 'application.yaml'), APPLICATION);
  kubectlPath = await bundledKubectl(join(folder, 'bin'));
  network = await makeNetwork(`nvk${process.pid}`, folder, env);
  machine = await network.machine('m1', '10.79.0.1');
}, TIMEOUT);

after(async () => {
  for (const name of ['kd', 'kn']) await navarch('down', '--name', name);
  await network[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
}, TIMEOUT);

test('up --config: nodes have the names, labels, taints and ranges that the file says', TIMEOUT, async () => {
  const said = await navarch('up', '--config', join(folder, 'cluster.yaml'));
  assert.match(said, /Waiting for 3 nodes to be ready[^]*Cluster kd is ready after/);
  const nodes = await kubectl(
    'get',
    'nodes',
    '-o',
    'jsonpath={range .items[*]}{.metadata.name} {.spec.podCIDR} {.spec.taints[*].key}{"\\n"}{end}',
  );
  assert.match(nodes, /^kd-control-plane 10\.50\.\d+\.0\/24 node-role\.kubernetes\.io\/control-plane$/m);
  assert.match(nodes, /^kd-worker 10\.50\.\d+\.0\/24 $/m);
  assert.match(nodes, /^kd-worker2 10\.50\.\d+\.0\/24 $/m);
  const having = (label: string): Promise<string> =>
    kubectl('get', 'nodes', '-l', label, '-o', 'jsonpath={.items[*].metadata.name}');
  assert.equal(await having('ingress-ready=true'), 'kd-control-plane');
  assert.equal(await having('tier=backend,node-role.kubernetes.io/worker'), 'kd-worker');
  assert.match(await kubectl('get', 'service', 'kubernetes'), /10\.51\.0\.1/);
  const { stdout } = await machine.run('grep', 'config_path', join(folder, 'home/kd/nodes/2/containerd/config.toml'));
  assert.equal(stdout.trim(), `config_path = "${folder}/certs.d"`);
});

test('up --config: pods are spread over workers, mapped ports lead to them, mounts are shown', TIMEOUT, async () => {
  await kubectl('apply', '-f', join(folder, 'application.yaml'));
  await kubectl('rollout', 'status', 'deployment/web', '--timeout=90s');
  const on = await kubectl('get', 'pods', '-l', 'app=web', '-o', 'jsonpath={.items[*].spec.nodeName}');
  assert.deepEqual(on.split(' ').toSorted(), ['kd-worker', 'kd-worker2']);
  await eventually('an answer at the mapped port', async () => (await page()).includes('nginx'));
  await eventually(
    'a reader that has ended',
    async () => (await kubectl('get', 'pod', 'reader', '-o', 'jsonpath={.status.phase}')) === 'Succeeded',
  );
  assert.match(await kubectl('logs', 'reader'), /^from the machine\n.*Read-only file system/);
});

test(
  'up --config: what is described otherwise, or has a port that another has, is refused in a sentence',
  TIMEOUT,
  async () => {
    const refusal = async (...args: readonly string[]): Promise<string> =>
      navarch(...args).then(
        () => assert.fail('it went through'),
        (error: { readonly stderr: string }) => error.stderr.trim(),
      );
    writeFileSync(join(folder, 'other.yaml'), FILE.replace('8088', '8089'));
    assert.match(
      await refusal('up', '--config', join(folder, 'other.yaml')),
      /is running already, with another description/,
    );
    writeFileSync(join(folder, 'second.yaml'), FILE.replace('name: kd', 'name: second'));
    assert.match(
      await refusal('up', '--config', join(folder, 'second.yaml')),
      /port 8088 is taken by another cluster on this machine: stop that, or choose another in extraPortMappings$/,
    );
    await navarch('down', '--name', 'second');
    assert.match(await navarch('up', '--config', join(folder, 'cluster.yaml')), /is running already\. Try/);
  },
);

test('node stop, start: nobody reaches the node, and what was on it runs again', TIMEOUT, async () => {
  const podOn = (node: string): Promise<string> =>
    kubectl(
      'get',
      'pods',
      '-l',
      'app=web',
      `--field-selector=spec.nodeName=${node}`,
      '-o',
      'jsonpath={.items[0].metadata.name}',
    );
  const ready = (name: string): Promise<string> =>
    kubectl(
      'get',
      'pod',
      name,
      '-o',
      'jsonpath={.status.conditions[?(@.type=="Ready")].status} {.status.containerStatuses[0].restartCount}',
    );
  const kubelet = (): Promise<unknown> =>
    machine.run('curl', '-sk', '-m', '2', '-o', '/dev/null', 'https://10.95.1.4:10250/');
  await kubelet();
  const name = await podOn('kd-worker2');
  await navarch('node', 'stop', 'kd-worker2', '--name', 'kd');
  assert.match(await navarch('node', 'list', '--name', 'kd'), /^kd-worker2 .* stopped$/m);
  await assert.rejects(kubelet());
  assert.match(await navarch('node', 'start', 'kd-worker2', '--name', 'kd'), /^kd-worker2 is started\.$/m);
  await eventually('the same pod, started once more', async () => (await ready(name)) === 'True 1');
  await kubelet();
  const addresses = await kubectl('get', 'pods', '-l', 'app=web', '-o', 'jsonpath={.items[*].status.podIPs[*].ip}');
  // From one node to pods of both.
  const inNode = (...command: readonly string[]): Promise<{ readonly stdout: string }> =>
    machine.run('nsenter', '--net=/run/netns/navarch-kd-2', ...command);
  for (const address of addresses.split(' ')) {
    const { stdout } = await inNode(
      'curl',
      '-gsI',
      '-m',
      '3',
      `http://${address.includes(':') ? `[${address}]` : address}/`,
    );
    assert.match(stdout, /200 OK/, address);
  }
  assert.equal(addresses.split(' ').length, 4);
});

test('down --keep-data: names, addresses and objects are there again', TIMEOUT, async () => {
  const shown = (): Promise<string> =>
    kubectl(
      'get',
      'nodes',
      '-o',
      'jsonpath={range .items[*]}{.metadata.name} {.spec.podCIDR} {.status.addresses[*].address} {.metadata.uid}{"\\n"}{end}',
    );
  const before = await shown();
  await navarch('down', '--keep-data', '--name', 'kd');
  await navarch('up', '--name', 'kd');
  assert.equal(await shown(), before);
  await eventually('the same answer', async () => (await page()).includes('nginx'));
});

test(
  'up --config: without a network for pods nodes wait until somebody brings one, beside another cluster',
  TIMEOUT,
  async () => {
    const file = join(folder, 'own-network.yaml');
    const networking = 'networking: {disableDefaultCNI: true}';
    writeFileSync(
      file,
      `kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nname: kn\n${networking}\nnodes: [{role: control-plane}, {role: worker}]\n`,
    );
    assert.match(await navarch('up', '--config', file), /Nodes become ready once a network for pods is there/);
    const ready = (): Promise<string> =>
      kubectl(
        'get',
        'nodes',
        '-o',
        'jsonpath={range .items[*]}{.status.conditions[?(@.type=="Ready")].status}: {.status.conditions[?(@.type=="Ready")].message}{"\\n"}{end}',
      );
    const waits =
      'False: container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized\n';
    assert.equal(await ready(), waits + waits);
    writeFileSync(join(folder, 'own.conflist'), JSON.stringify(BRIDGE));
    writeFileSync(join(folder, 'network.yaml'), NETWORK);
    await kubectl('create', 'configmap', 'net', '-n', 'kube-system', `--from-file=${join(folder, 'own.conflist')}`);
    await kubectl('apply', '-f', join(folder, 'network.yaml'));
    await eventually(
      'two ready nodes',
      async () => (await ready()) === 'True: kubelet is posting ready status\n'.repeat(2),
    );
    await kubectl('run', 'web', '--image=nginx', '--image-pull-policy=IfNotPresent');
    await kubectl('wait', '--for=condition=Ready', 'pod/web', '--timeout=60s');
    assert.match(await kubectl('get', 'pod', 'web', '-o', 'jsonpath={.status.podIP}'), /^10\.66\.0\./);
    assert.match(await kubectl('--context', 'kd', 'get', 'nodes'), /kd-worker2 /);
  },
);
