import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configMap, pod, secret } from '@navarch/api';
import type { WatchOptions } from '@navarch/client';
import { KubeletWorld, type KubeletWorldOptions } from '../testing/kubelet-world.ts';

const SEEDS = [1, 2, 3, 4, 5];

/** Each in a volume of its own: `m` a ConfigMap, `s` a Secret, `p` both of them, `o` a ConfigMap that may be absent. */
const volumes = [
  { name: 'm', configMap: { name: 'settings' } },
  { name: 's', secret: { secretName: 'password' } },
  { name: 'p', projected: { sources: [{ configMap: { name: 'settings' } }, { secret: { name: 'password' } }] } },
  { name: 'o', configMap: { name: 'maybe', optional: true } },
];

async function fileOf(world: KubeletWorld, name: string, path: string): Promise<string | undefined> {
  const uid = (await world.pod(name))?.metadata.uid;
  return world.machine.files.readText(`/var/lib/kubelet/pods/${uid}/volumes/${path}`);
}

const setSettings = (world: KubeletWorld, key: string, more: object = {}): Promise<unknown> =>
  world.api.of(configMap).patch('default/settings', { type: 'merge', body: { data: { key }, ...more } });

/** A pod `web` with these volumes has run for some seconds; `watched` names every object for which a watch was begun. */
async function withPod(
  options: KubeletWorldOptions,
  work: (world: KubeletWorld, watched: string[]) => Promise<void>,
): Promise<void> {
  const watched: string[] = [];
  const refusal = (verb: string, [scope]: readonly unknown[]): undefined => {
    const { fieldSelector = '' } = (verb === 'watch' ? scope : {}) as WatchOptions;
    const [, name] = /^metadata.name=(?!node)(.*)/.exec(fieldSelector) ?? [];
    if (name) watched.push(name);
  };
  await using world = await KubeletWorld.start({ ...options, refusal });
  await world.api.of(configMap).create({ metadata: { namespace: 'default', name: 'settings' }, data: { key: 'old' } });
  await world.api
    .of(secret)
    .create({ metadata: { namespace: 'default', name: 'password' }, data: { word: btoa('old') } });
  await world.run('web', { volumes });
  await world.advance(5000);
  assert.equal((await world.pod('web'))?.status.phase, 'Running');
  await work(world, watched);
}

test('kubelet: files follow what they are made from within a second, and what may be absent appears and goes', () =>
  withPod({}, async (world) => {
    await setSettings(world, 'new');
    await world.api.of(secret).patch('default/password', { type: 'merge', body: { data: { word: btoa('secret') } } });
    await world.api.of(configMap).create({ metadata: { namespace: 'default', name: 'maybe' }, data: { is: 'there' } });
    await world.advance(1000);
    const files = (): Promise<readonly (string | undefined)[]> =>
      Promise.all(['m/key', 's/word', 'p/key', 'p/word', 'o/is'].map((path) => fileOf(world, 'web', path)));
    assert.deepEqual(await files(), ['new', 'secret', 'new', 'secret', 'there']);
    await world.api.of(configMap).delete('default/maybe');
    await world.advance(1000);
    assert.deepEqual(await files(), ['new', 'secret', 'new', 'secret', undefined]);
    assert.deepEqual(world.warnings, []);
  }));

test('kubelet: a pod starts at once when what its volume is made from comes to be', async () => {
  await using world = await KubeletWorld.start();
  await world.run('late', { volumes: [{ name: 'm', configMap: { name: 'settings' } }] });
  // By then the next try would be a minute away.
  await world.advance(70_000);
  assert.equal((await world.pod('late'))?.status.phase, 'Pending');
  await world.api.of(configMap).create({ metadata: { namespace: 'default', name: 'settings' }, data: { key: 'v' } });
  await world.advance(3000);
  assert.equal((await world.pod('late'))?.status.phase, 'Running');
});

test('kubelet: what nobody names any more, or cannot change, is not watched', () =>
  withPod({}, async (world, watched) => {
    /** Every watch is asked for again every five to ten minutes. */
    const passes = async (): Promise<readonly string[]> => {
      watched.length = 0;
      await world.advance(11 * 60_000);
      return [...new Set(watched)].sort();
    };
    assert.deepEqual(await passes(), ['maybe', 'password', 'settings']);
    await setSettings(world, 'for ever', { immutable: true });
    await world.advance(1000);
    assert.equal(await fileOf(world, 'web', 'm/key'), 'for ever');
    assert.deepEqual(await passes(), ['maybe', 'password']);
    await world.api.of(pod).delete('default/web');
    await world.advance(60_000);
    assert.deepEqual(await passes(), []);
  }));

for (const changeDetection of ['Cache', 'Get'] as const)
  test(`kubelet: with ${changeDetection} nothing is watched, and files follow when the pod is looked at again`, () =>
    withPod({ changeDetection }, async (world, watched) => {
      await setSettings(world, 'new');
      await world.advance(10_000);
      assert.equal(await fileOf(world, 'web', 'm/key'), 'old');
      await world.advance(120_000);
      assert.deepEqual([await fileOf(world, 'web', 'm/key'), watched], ['new', []]);
    }));

for (const seed of SEEDS)
  test(`kubelet: files are as they should be whatever the connection does (seed ${seed})`, () =>
    withPod(
      { seed, faults: { latencyMs: 50, watchLagMs: 200, refuse: 0.05, loseAnswer: 0.05, breakWatch: 0.1 } },
      async (world) => {
        for (let i = 0; i < 40; i++) {
          await setSettings(world, String(i));
          if (i % 10 === 5) world.machine.crash();
          await world.advance(700);
          world.machine.start();
        }
        await world.advance(10_000);
        assert.deepEqual([await fileOf(world, 'web', 'm/key'), await fileOf(world, 'web', 'p/key')], ['39', '39']);
      },
    ));
