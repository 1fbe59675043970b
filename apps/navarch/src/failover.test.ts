import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { systemUser } from '@navarch/apiserver';
import { deployment, lease, node, pod, type Pod } from '@navarch/api';
import { MetricRegistry, silent } from '@navarch/base';
import type { Api } from '@navarch/client';
import { eventually } from '@navarch/node/testing';
import { apiSwitches } from './compose/api-switches.ts';
import { type RunningServer, startServer } from './compose/server.ts';
import { freePort } from './testing/free-port.ts';

// Controllers and schedulers of several servers, as processes, over one store: one of them works, another takes over when
// it is killed or stopped, and nothing is done twice.

/** Upstream's lease (15 s), and two attempts of who waits, each 2 s and up to 1.2 times that more; the rest is this machine's. */
const TAKEN_OVER_MS = 15_000 + 2 * 4_400 + 15_000;
const LEASES = ['kube-controller-manager', 'kube-scheduler'];
const folder = mkdtempSync(join(tmpdir(), 'navarch-failover-'));
const stop = new AbortController();
const candidates = new Map<string, ChildProcess>();
/** By Deployment, the names of all pods that were ever made for it. */
const made = new Map<string, Set<string>>();
let server: RunningServer;
let api: Api;

before(async () => {
  server = await startServer(
    {
      dataDir: folder,
      bindAddresses: ['127.0.0.1'],
      port: await freePort(),
      advertiseAddress: '192.0.2.1',
      alternativeNames: [],
      serviceCidr: '10.96.0.0/16',
      nodePorts: [30_000, 32_767],
      nodeName: 'failover',
      switches: apiSwitches(),
      admission: {},
      log: silent,
      metrics: new MetricRegistry(),
    },
    stop.signal,
  );
  api = server.as(systemUser);
  const capacity = { cpu: '100', memory: '100Gi', pods: '500' };
  await api.of(node).create({ metadata: { name: 'n' } });
  await api.of(node).update('n', (n) => ({ ...n, status: { ...n.status, capacity, allocatable: capacity } }), {
    subresource: 'status',
  });
  void follow();
});

after(async () => {
  for (const child of candidates.values()) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const closed = once(child, 'close');
    child.kill('SIGKILL');
    await closed;
  }
  stop.abort();
  await server?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** Every pod, from the first on, misses none: the server is in this process. */
async function follow(): Promise<void> {
  const note = ({ metadata: { name, labels = {} } }: Pod): void => {
    const of = labels['app'] ?? '';
    made.set(of, (made.get(of) ?? new Set()).add(name));
  };
  const { resourceVersion } = await api.of(pod).list({});
  try {
    for await (const events of api.of(pod).watch({ after: resourceVersion }, stop.signal))
      for (const event of events) if (event.type === 'ADDED') note(event.object);
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  }
}

function begin(identity: string): void {
  const program = join(import.meta.dirname, 'testing/candidate.ts');
  candidates.set(
    identity,
    spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program, folder, identity], {
      stdio: ['ignore', 'ignore', 'inherit'],
    }),
  );
}

const holder = async (name: string): Promise<string> =>
  (
    await api
      .of(lease)
      .get(`kube-system/${name}`)
      .catch(() => undefined)
  )?.spec.holderIdentity ?? '';

/** Resolves to who leads, once each of them is led by one of these. */
async function leaders(among: readonly string[], timeoutMs: number): Promise<readonly string[]> {
  let now: string[] = [];
  await eventually(
    `leaders among ${among.join(', ')}`,
    async () => {
      now = [];
      for (const name of LEASES) now.push(await holder(name));
      return now.every((one) => among.includes(one));
    },
    { timeoutMs, everyMs: 100, explain: () => now.join(', ') },
  );
  return now;
}

const deploy = (app: string, replicas: number): Promise<unknown> =>
  api.of(deployment).create({
    metadata: { namespace: 'default', name: app },
    spec: {
      replicas,
      selector: { matchLabels: { app } },
      template: {
        metadata: { labels: { app } },
        spec: { containers: [{ name: 'c', image: 'i' }], tolerations: [{ operator: 'Exists' }] },
      },
    },
  });

/** That many pods, all of them on the node, and never another. */
async function untilPlaced(app: string, count: number): Promise<void> {
  let placed = 0;
  await eventually(
    `${count} pods of ${app} on the node`,
    async () => {
      const { items } = await api.of(pod).list({ labelSelector: `app=${app}` });
      placed = items.filter(({ spec }) => spec.nodeName === 'n').length;
      return placed === count;
    },
    { timeoutMs: 60_000, everyMs: 200, explain: () => `${placed} are` },
  );
  assert.equal(made.get(app)?.size, count, 'a pod was made twice');
}

test(
  'another server takes over from a killed leader within the lease, and goes on with what it had begun',
  {
    timeout: 150_000,
  },
  async () => {
    begin('first');
    assert.deepEqual(await leaders(['first'], 30_000), ['first', 'first']);
    begin('second');
    await deploy('begun', 200);
    await eventually('some pods, not all', () => (made.get('begun')?.size ?? 0) >= 20, {
      timeoutMs: 30_000,
      everyMs: 5,
    });
    candidates.get('first')?.kill('SIGKILL');
    const killedAt = performance.now();
    await leaders(['second'], TAKEN_OVER_MS + 5_000);
    const tookMs = performance.now() - killedAt;
    assert.ok(tookMs > 5_000, `it did not wait for the lease: ${tookMs} ms`);
    assert.ok(tookMs < TAKEN_OVER_MS, `it took ${tookMs} ms`);
    await untilPlaced('begun', 200);
  },
);

test(
  'a leader that was stopped for longer than its lease does nothing more when it goes on',
  {
    timeout: 150_000,
  },
  async () => {
    begin('third');
    const stopped = candidates.get('second');
    await eventually('the third waiting', async () => (await holder('kube-scheduler')) === 'second');
    stopped?.kill('SIGSTOP');
    await leaders(['third'], TAKEN_OVER_MS);
    await deploy('after', 50);
    await untilPlaced('after', 50);
    await deploy('during', 100);
    stopped?.kill('SIGCONT');
    await untilPlaced('during', 100);
    assert.deepEqual(await leaders(['third'], 1_000), ['third', 'third']);
  },
);
