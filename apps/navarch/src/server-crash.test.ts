import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { configMap } from '@navarch/api';
import { type Api, httpApi, type KindApi } from '@navarch/client';
import { httpTransport, loadAccess } from '@navarch/node/client';
import { systemClock } from '@navarch/node/system';
import { eventually } from '@navarch/node/testing';
import { freePort } from './testing/free-port.ts';

// The server killed with SIGKILL under load, again and again: nothing acknowledged is lost, no watch has a gap.

const CRASHES = 5;
const WRITERS = 16;
const main = join(import.meta.dirname, 'main.ts');
const folder = mkdtempSync(join(tmpdir(), 'navarch-server-crash-'));
const stop = new AbortController();
let port = 0;
let server: ChildProcess;
let configMaps: KindApi<any>;

/** Starts the server and waits until it answers. */
async function startServer(): Promise<void> {
  const args = [
    'server',
    '--data-dir',
    folder,
    '--port',
    String(port),
    '--advertise-address',
    '192.0.2.1',
    '--node-name',
    'crash',
  ];
  server = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, ...args], { stdio: 'ignore' });
  await eventually(
    'an answer of the server',
    () =>
      clientApi()
        .of(configMap)
        .list({ namespace: 'default' })
        .then(() => true),
    { timeoutMs: 30_000, everyMs: 50 },
  );
}

async function kill(): Promise<void> {
  const closed = once(server, 'close');
  server.kill('SIGKILL');
  await closed;
}

let api: Api | undefined;
function clientApi(): Api {
  return (api ??= httpApi(
    {
      transport: httpTransport(loadAccess(join(folder, 'admin.kubeconfig'))),
      clock: systemClock,
      userAgent: 'crash-test',
    },
    stop.signal,
  ));
}

before(async () => {
  port = await freePort();
  await startServer();
  configMaps = clientApi().of(configMap);
});

after(async () => {
  stop.abort();
  await kill();
  rmSync(folder, { recursive: true, force: true });
});

/** Creates objects of new names until told to stop; notes the version of each that was acknowledged. */
async function write(writer: number, acknowledged: Map<string, number>, signal: AbortSignal): Promise<void> {
  for (let n = 0; !signal.aborted; n++) {
    const name = `w${writer}-${n}`;
    try {
      const made = await configMaps.create({ metadata: { name, namespace: 'default' }, data: { name } });
      acknowledged.set(name, Number(made.metadata.resourceVersion));
    } catch {
      await sleep(20); // The server is down: what became of this one nobody knows.
    }
  }
}

/** Follows every change from one version on, over as many connections as it takes. Never lists again. */
async function watch(after: string, seen: Map<string, number>, signal: AbortSignal): Promise<void> {
  let last = Number(after);
  while (!signal.aborted) {
    try {
      for await (const events of configMaps.watch({ namespace: 'default', after: String(last) }, signal)) {
        for (const event of events) {
          if (event.type === 'BOOKMARK') continue;
          const { name, resourceVersion } = event.object.metadata;
          // The cluster has ConfigMaps of its own.
          if (!event.object.data?.['name']) continue;
          assert.equal(event.type, 'ADDED');
          assert.ok(Number(resourceVersion) > last, `${name} came at ${resourceVersion}, after ${last}`);
          assert.ok(!seen.has(name), `${name} came twice`);
          last = Number(resourceVersion);
          seen.set(name, last);
        }
      }
    } catch (error) {
      if (signal.aborted) return;
      const reason = (error as { status?: { reason?: string } }).status?.reason;
      if (error instanceof assert.AssertionError || reason === 'Expired' || reason === 'Gone') throw error;
      await sleep(20);
    }
  }
}

test(
  'the server loses nothing acknowledged and leaves no gap in a watch when it is killed under load',
  { timeout: 120_000 },
  async () => {
    const { resourceVersion } = await configMaps.list({ namespace: 'default' });
    const [acknowledged, seen] = [new Map<string, number>(), new Map<string, number>()];
    const [writing, watching] = [new AbortController(), new AbortController()];
    const watcher = watch(resourceVersion, seen, watching.signal);
    const writers = Array.from({ length: WRITERS }, (_, i) => write(i, acknowledged, writing.signal));
    for (let crash = 0; crash < CRASHES; crash++) {
      const before = acknowledged.size;
      await eventually('150 more writes', () => acknowledged.size >= before + 150, { timeoutMs: 30_000, everyMs: 10 });
      await kill();
      await startServer();
    }
    writing.abort();
    await Promise.all(writers);
    const { items } = await configMaps.list({ namespace: 'default' });
    const kept = new Map(
      items
        .filter(({ data }) => data?.['name'])
        .map(({ metadata }) => [metadata.name, Number(metadata.resourceVersion)]),
    );
    for (const [name, version] of acknowledged)
      assert.equal(kept.get(name), version, `${name} was acknowledged at ${version}`);
    await eventually('the watch catching up', () => seen.size >= kept.size, { timeoutMs: 10_000, everyMs: 20 });
    watching.abort();
    await watcher;
    assert.deepEqual(seen.size, kept.size);
    for (const [name, version] of kept) assert.equal(seen.get(name), version, `the watch saw ${name} otherwise`);
    assert.ok(acknowledged.size >= CRASHES * 150);
  },
);
