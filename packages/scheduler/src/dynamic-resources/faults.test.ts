import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deviceClass, pod, type Pod, resourceClaim, resourceClaimTemplate, resourceSlice } from '@navarch/api';
import { SimCluster } from '@navarch/sim';
import type { Claim, DeviceSpec } from './devices.ts';
import { keyOfDevice } from './devices.ts';
import { classOf, deviceOf, one, sliceOf } from './testing/builders.ts';

// Claims on a bad network, with components that crash between any two writes.

const FAULTS = { refuse: 0.04, loseAnswer: 0.06, conflict: 0.06, breakWatch: 0.05, repeatEvents: 0.05 };
const NODES = ['node-1', 'node-2', 'node-3'];
/** Two devices a node, one card between them: one of them at a time. On node-3 there is room on the card for both. */
const half = (name: string): DeviceSpec =>
  deviceOf(name, { consumesCounters: [{ counterSet: 'card', counters: { slices: { value: '2' } } }] });
const slicesOf = (node: string): readonly object[] => {
  const card = [{ name: 'card', counters: { slices: { value: node === 'node-3' ? '4' : '3' } } }];
  return [
    sliceOf(node, { name: `${node}-devices`, count: 2, devices: [half('a'), half('b')] }),
    sliceOf(node, { name: `${node}-card`, count: 2, spec: { sharedCounters: card, devices: undefined } as never }),
  ];
};
const ROOM: Readonly<Record<string, number>> = { 'node-1': 1, 'node-2': 1, 'node-3': 2 };

/** What must never be seen, whatever fails. */
function wrong(claims: ReadonlyMap<string, Claim>): string | undefined {
  const given = [...claims.values()].flatMap(({ status }) => status.allocation?.devices?.results ?? []);
  const keys = given.map(keyOfDevice);
  const twice = keys.find((key, i) => keys.indexOf(key) !== i);
  if (twice) return `${twice} was given twice`;
  const over = NODES.find((node) => given.filter(({ pool }) => pool === node).length > (ROOM[node] ?? 0));
  return over && `the card of ${over} is overdrawn`;
}

async function play(seed: number): Promise<void> {
  await using cluster = await SimCluster.start({ nodes: NODES.length, seed, faults: FAULTS });
  await cluster.advance('10s');
  const claims = new Map<string, Claim>();
  const faults: string[] = [];
  const stop = new AbortController();
  const { items, resourceVersion } = await cluster.api.of(resourceClaim).list();
  assert.equal(items.length, 0);
  const watching = (async () => {
    for await (const batch of cluster.api.of(resourceClaim).watch({ after: resourceVersion }, stop.signal))
      for (const event of batch) {
        if (event.type === 'BOOKMARK') continue;
        const { uid } = event.object.metadata;
        if (event.type === 'DELETED') claims.delete(uid);
        else claims.set(uid, event.object);
        const found = wrong(claims);
        if (found) faults.push(found);
      }
  })().catch((error: unknown) => {
    if (!stop.signal.aborted) throw error;
  });
  await cluster.api.of(deviceClass).create(classOf('gpu') as never);
  for (const node of NODES)
    for (const slice of slicesOf(node)) await cluster.api.of(resourceSlice).create(slice as never);
  await cluster.api.of(resourceClaimTemplate).create({
    metadata: { name: 'one', namespace: 'default' },
    spec: { spec: { devices: { requests: [one('gpu')] } } },
  } as never);
  const container = { name: 'c', image: 'i', resources: { requests: { cpu: '10m' }, claims: [{ name: 'gpu' }] } };
  const create = (name: string): Promise<Pod> =>
    cluster.api.of(pod).create({
      metadata: { name, namespace: 'default' },
      spec: {
        containers: [container],
        terminationGracePeriodSeconds: 1,
        resourceClaims: [{ name: 'gpu', resourceClaimTemplateName: 'one' }],
      },
    } as never);
  for (let i = 0; i < 7; i++) await create(`p${i}`);
  for (let round = 0; round < 4; round++) {
    await cluster.advance(700 + 350 * round);
    if (round % 2 === 0) await cluster.crashComponents();
    await cluster.api.of(pod).delete(`default/p${round}`);
    await create(`q${round}`);
  }
  await cluster.settled();
  stop.abort(new Error('Over'));
  await watching;
  assert.deepEqual([seed, faults], [seed, []]);
  const pods = (await cluster.api.of(pod).list()).items;
  const bound = pods.filter(({ spec }) => spec.nodeName);
  assert.deepEqual(
    bound.map(({ spec }) => spec.nodeName).toSorted(),
    ['node-1', 'node-2', 'node-3', 'node-3'],
    `seed ${seed}`,
  );
  for (const { metadata, spec } of bound) {
    const own = [...claims.values()].find((claim) => claim.status.reservedFor?.some(({ uid }) => uid === metadata.uid));
    assert.equal(own?.status.allocation?.devices?.results?.[0]?.pool, spec.nodeName);
  }
}

test('no device is given twice and no card overdrawn on a bad network, and none lies idle while a pod waits', async () => {
  for (let seed = 1; seed <= 8; seed++) await play(seed);
});
