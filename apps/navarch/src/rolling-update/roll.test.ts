import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isReady, pod, replicationController, type ReplicationController } from '@navarch/api';
import type { Draft } from '@navarch/machinery';
import { SimCluster } from '@navarch/sim';
import { type Roll, roll } from './roll.ts';
import { checkApart, labelOld, withImage } from './successor.ts';

const PACE = { periodMs: 10_000, pollMs: 1000, timeoutMs: 120_000 };
const KEY = 'default/web';
const PREFIX = 'kubectl.kubernetes.io/';

const draft = (image: string): Draft<ReplicationController> => ({
  metadata: { namespace: 'default', name: 'web' },
  spec: {
    replicas: 3,
    selector: { app: 'web' },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image }] } },
  },
});

interface Rolling {
  readonly lines: readonly string[];
  readonly fewest: number;
  readonly most: number;
  readonly error: unknown;
}

/** Rolls on simulated time, and looks at the pods every half second of it. */
async function rollIn(
  cluster: SimCluster,
  what: Pick<Roll, 'old' | 'next' | 'keepsName'>,
  signal = new AbortController().signal,
): Promise<Rolling> {
  const lines: string[] = [];
  let [fewest, most, isOver] = [Infinity, 0, false];
  let error: unknown;
  const deps = { api: cluster.api, clock: cluster.clock, say: (line: string) => void lines.push(line) };
  const rolling = roll({ ...what, pace: PACE }, deps, signal)
    .catch((reason: unknown) => {
      error = reason;
    })
    .finally(() => {
      isOver = true;
    });
  for (let i = 0; i < 2000 && !isOver; i++) {
    await cluster.clock.advance(500);
    const { items } = await cluster.api.of(pod).list({ namespace: 'default' });
    const there = items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    fewest = Math.min(fewest, there.filter(isReady).length);
    most = Math.max(most, there.length);
  }
  await rolling;
  return { lines, fewest, most, error };
}

const imagesOf = async (cluster: SimCluster): Promise<readonly (string | undefined)[]> =>
  (await cluster.api.of(pod).list({ namespace: 'default' })).items
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .map(({ spec }) => spec.containers[0]?.image);

async function begun(): Promise<{ readonly cluster: SimCluster; readonly old: ReplicationController }> {
  const cluster = await SimCluster.start({ nodes: 2 });
  await cluster.api.of(replicationController).create(draft('v1'));
  await cluster.settled();
  return { cluster, old: await cluster.api.of(replicationController).get(KEY) };
}

const change = { image: 'v2', container: undefined, newName: undefined, labelKey: 'deployment' };

test('roll() replaces pods one by one, none fewer than before and one more at most, and keeps the name', async () => {
  const { cluster, old } = await begun();
  await using _ = cluster;
  const next = withImage(old, change);
  const labelled = await labelOld(cluster.api, old, 'deployment');
  checkApart(labelled, next);
  assert.deepEqual(withImage(labelled, change).metadata?.name, next.metadata?.name);
  const { lines, fewest, most, error } = await rollIn(cluster, { old: labelled, next, keepsName: true });
  assert.equal(error, undefined);
  const name = next.metadata?.name ?? '';
  assert.deepEqual(lines, [
    `Created ${name}`,
    `Scaling up ${name} from 0 to 3, scaling down web from 3 to 0 (keep 3 pods available, don't exceed 4 pods)`,
    `Scaling ${name} up to 1`,
    'Scaling web down to 2',
    `Scaling ${name} up to 2`,
    'Scaling web down to 1',
    `Scaling ${name} up to 3`,
    'Scaling web down to 0',
    'Update succeeded. Deleting web',
    `Renaming ${name} to web`,
  ]);
  assert.deepEqual([fewest, most], [3, 4]);
  await cluster.settled();
  assert.deepEqual(await imagesOf(cluster), ['v2', 'v2', 'v2']);
  const { items } = await cluster.api.of(replicationController).list({ namespace: 'default' });
  assert.deepEqual(
    items.map(({ metadata, status }) => [metadata.name, status.replicas, metadata.annotations]),
    [['web', 3, undefined]],
  );
});

test('roll() goes on where it was interrupted, and back where it came from', async () => {
  const { cluster, old } = await begun();
  await using _ = cluster;
  const next = withImage(old, { ...change, newName: 'web-2' });
  const labelled = await labelOld(cluster.api, old, 'deployment');
  const controllers = cluster.api.of(replicationController);
  const interrupt = async (what: Pick<Roll, 'old' | 'next'>): Promise<Rolling> => {
    const stop = new AbortController();
    const until = cluster.clock.sleep(15_000, new AbortController().signal).then(() => stop.abort(new Error('Ctrl-C')));
    const rolling = await rollIn(cluster, { ...what, keepsName: false }, stop.signal);
    await until;
    return rolling;
  };
  assert.match(String((await interrupt({ old: labelled, next })).error), /Ctrl-C/);
  const half = await controllers.get('default/web-2');
  assert.equal(half.metadata.annotations?.[`${PREFIX}desired-replicas`], '3');
  assert.equal(half.metadata.annotations?.[`${PREFIX}update-source-id`], `web:${old.metadata.uid}`);
  assert.ok((half.spec.replicas ?? 0) > 0 && (half.spec.replicas ?? 0) < 3);
  // The same again: some steps further.
  const again = await interrupt({ old: await controllers.get(KEY), next });
  assert.equal(again.lines[0], 'Continuing update with existing controller web-2.');
  assert.equal((await controllers.get(KEY)).metadata.annotations?.[`${PREFIX}original-replicas`], '3');
  const back = await rollIn(cluster, {
    old: await controllers.get('default/web-2'),
    next: await controllers.get(KEY),
    keepsName: false,
  });
  assert.equal(back.error, undefined);
  assert.equal(back.lines.at(-1), 'Update succeeded. Deleting web-2');
  await cluster.settled();
  assert.deepEqual(await imagesOf(cluster), ['v1', 'v1', 'v1']);
});

test('withImage() and checkApart() refuse what cannot be told apart', async () => {
  const { cluster, old } = await begun();
  await using _ = cluster;
  assert.throws(() => withImage(old, { ...change, image: 'v1' }), /web has the image v1 already/);
  assert.throws(() => withImage(old, { ...change, container: 'd' }), /web has no container d: it has c/);
  assert.throws(() => checkApart(old, draft('v2')), /must have another name than web/);
  const other = { ...draft('v2'), metadata: { namespace: 'default', name: 'other' } };
  assert.throws(() => checkApart(old, other), /a key in common with different values/);
});
