import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { isNodeReady, type Node, node } from '@navarch/api';
import { eventually } from '@navarch/node/testing';
import { layoutOf } from './cluster/layout.ts';
import { adminClient } from './cluster/wait-ready.ts';
import { freePort } from './testing/free-port.ts';

// Described clusters and the commands about their nodes, with simulated nodes: any user, no containers.

const MAIN = join(import.meta.dirname, 'main.ts');
const home = mkdtempSync(join(tmpdir(), 'nvn-'));
const env = { ...process.env, NAVARCH_HOME: home, KUBECONFIG: join(home, 'kubeconfig') };
process.env['NAVARCH_HOME'] = home;

const FILE = `
kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
name: simulated
nodes:
- role: control-plane
  image: kindest/node:v1.33.1
- role: worker
  labels: {tier: backend, node-role.kubernetes.io/worker: ''}
- role: worker
`;

const navarch = async (...args: readonly string[]): Promise<string> =>
  (await promisify(execFile)(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, ...args], { env }))
    .stdout;
const refusal = (...args: readonly string[]): Promise<string> =>
  navarch(...args).then(
    () => assert.fail('it went through'),
    (error: { readonly stderr: string }) => error.stderr.trim(),
  );
const named = (...args: readonly string[]): Promise<string> => navarch('node', ...args, '--name', 'simulated');

async function nodes(): Promise<readonly Node[]> {
  const { api, transport } = adminClient(layoutOf('simulated'), new AbortController().signal);
  using _ = transport;
  return (await api.of(node).list()).items;
}

after(async () => {
  await navarch('down', '--name', 'simulated');
  rmSync(home, { recursive: true, force: true });
});

test('up --config: what is wrong with the file is said in a sentence, before anything is begun', async () => {
  const path = join(home, 'wrong.yaml');
  assert.match(await refusal('up', '--config', path), /^navarch: there is no file .*wrong\.yaml$/);
  writeFileSync(path, FILE.replace('role: worker', 'rolle: worker'));
  assert.match(
    await refusal('up', '--config', path),
    /^navarch: .*wrong\.yaml cannot be used: nodes\[1\]\.rolle is no field/,
  );
  assert.match(await refusal('up', '--config', path, '--nodes', '2'), /rolle/);
  writeFileSync(path, FILE);
  assert.match(
    await refusal('up', '--config', path, '--nodes', '2'),
    /--config says which nodes there are: leave --nodes out$/,
  );
  assert.match(await refusal('node', 'list', '--name', 'simulated'), /there is no cluster simulated on this machine/);
});

test(
  'up --config --runtime sim: nodes are called, marked and tainted as the file says',
  { timeout: 120_000 },
  async () => {
    const path = join(home, 'cluster.yaml');
    writeFileSync(path, FILE);
    const said = await navarch('up', '--config', path, '--runtime', 'sim', '--port', String(await freePort()));
    assert.match(said, /^Note: nodes\[\]\.image: nodes are this very program/);
    const found = await nodes();
    assert.deepEqual(
      found.map(({ metadata: { name, labels = {} }, spec: { taints = [] } }) => [
        name,
        ...Object.keys(labels).filter((label) => /^node-role|^tier/.test(label)),
        ...taints.map(({ key, effect }) => `${key}:${effect}`),
      ]),
      [
        [
          'simulated-control-plane',
          'node-role.kubernetes.io/control-plane',
          'node-role.kubernetes.io/control-plane:NoSchedule',
        ],
        ['simulated-worker', 'node-role.kubernetes.io/worker', 'tier'],
        ['simulated-worker2'],
      ],
    );
  },
);

test('node: nodes are listed, added, deleted, stopped, paused and started', { timeout: 180_000 }, async () => {
  assert.match(await named('add', '--count', '2'), /Added simulated-worker3, simulated-worker4\.$/m);
  await named('delete', 'simulated-worker3');
  assert.deepEqual(
    (await nodes()).map(({ metadata }) => metadata.name),
    ['simulated-control-plane', 'simulated-worker', 'simulated-worker2', 'simulated-worker4'],
  );
  await named('stop', 'simulated-worker2');
  await named('pause', 'simulated-worker4');
  assert.deepEqual(
    (await named('list'))
      .trim()
      .split('\n')
      .map((line) => line.split(/\s+/))
      .map(([name, , does]) => [name, does]),
    [
      ['simulated-control-plane', 'running'],
      ['simulated-worker', 'running'],
      ['simulated-worker2', 'stopped'],
      ['simulated-worker4', 'paused'],
    ],
  );
  assert.match(await refusal('node', 'pause', 'simulated-worker2', '--name', 'simulated'), /is stopped: nothing of it/);
  assert.match(
    await refusal('node', 'stop', 'other', '--name', 'simulated'),
    /has no node other on this machine: it has sim/,
  );
  assert.match(
    await refusal('node', 'delete', 'simulated-control-plane', '--name', 'simulated'),
    /has the control plane: `navarch down` takes the whole cluster away$/,
  );
  // The control plane comes back with its node, and nodes that were stopped are who they were.
  await named('stop', 'simulated-control-plane');
  await named('start', 'simulated-worker2');
  await named('start', 'simulated-control-plane');
  await named('unpause', 'simulated-worker4');
  await eventually('four ready nodes', async () => (await nodes()).filter(isNodeReady).length === 4, {
    timeoutMs: 60_000,
  });
  assert.doesNotMatch(await named('list'), /stopped|paused/);
});
