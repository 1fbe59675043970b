import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { silent } from '@navarch/base';
import { runCommand } from '../host/command.ts';
import { createNetns, deleteNetns } from '../host/netns.ts';
import { containerdLayout } from './layout.ts';
import { claimBridge, type PodBridge, removeBridge } from './pod-bridge.ts';
import { writeRecord } from './record.ts';

const { signal } = new AbortController();
const folder = mkdtempSync(join(tmpdir(), 'nvb-'));
const name = `nvb${process.pid}`;
let netns = '';

const bridgeOf = (owner: string): PodBridge => ({ dir: join(folder, owner, 'containerd'), bridge: 'pods0', netns });
const claim = (owner: string, isInUse: boolean): Promise<void> =>
  claimBridge({ ...bridgeOf(owner), isInUse }, silent, signal);
const ip = async (...args: readonly string[]): Promise<string> =>
  (await runCommand(['ip', ...args], { netns }, signal)).stdout;
const addPort = async (port: string): Promise<void> => {
  await ip('link', 'add', port, 'type', 'veth', 'peer', 'name', `${port}-pod`);
  await ip('link', 'set', port, 'master', 'pods0');
};
const ports = async (): Promise<readonly string[]> =>
  [...(await ip('-o', 'link', 'show', 'master', 'pods0')).matchAll(/^\d+: ([^:@]+)/gm)].map(([, port = '']) => port);
const address = async (): Promise<string | undefined> =>
  /link\/ether (\S+)/.exec(await ip('link', 'show', 'pods0'))?.[1];

before(async () => {
  netns = await createNetns(name, signal);
});

after(async () => {
  await deleteNetns(name, signal);
  rmSync(folder, { recursive: true, force: true });
});

test('claimBridge() keeps the pods of a containerd that comes back, and the address of the bridge', async () => {
  await claim('a', false);
  const before = await address();
  await addPort('p1');
  await claim('a', true);
  assert.deepEqual([await ports(), await address()], [['p1'], before]);
});

test('claimBridge() removes what hangs on the bridge though the containerd has no pods', async () => {
  await claim('a', false);
  assert.deepEqual(await ports(), []);
});

test('claimBridge() takes over what another cluster left, and that one leaves it alone from then on', async () => {
  await addPort('p2');
  await claim('b', true);
  assert.deepEqual(await ports(), []);
  await removeBridge(bridgeOf('a'), signal);
  assert.match(await ip('link', 'show', 'pods0'), /alias pods of .*\/b\/containerd/);
});

test('claimBridge() refuses the bridge of a cluster that runs, and leaves it as it is', async () => {
  const layout = containerdLayout(bridgeOf('b').dir);
  mkdirSync(layout.dir, { recursive: true });
  writeRecord(layout, process.pid);
  await addPort('p3');
  await assert.rejects(
    claim('a', false),
    /^Error: the network device pods0 carries the pods of another cluster .*\/b: end it first/,
  );
  assert.deepEqual(await ports(), ['p3']);
});

test('removeBridge() deletes its own, and is content where there is none', async () => {
  await removeBridge(bridgeOf('b'), signal);
  await removeBridge(bridgeOf('b'), signal);
  assert.doesNotMatch(await ip('-o', 'link'), /pods0/);
});
