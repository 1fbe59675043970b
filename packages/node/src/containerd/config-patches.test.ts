import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'smol-toml';
import { containerdToml } from './config.ts';
import { patchToml } from './config-patches.ts';
import { containerdLayout } from './layout.ts';
import { snapshotterOf } from './snapshotter.ts';

const config = containerdToml(containerdLayout('/data'), {
  sandboxImage: 'pause:1',
  cniBinDir: '/usr/lib/cni',
  snapshotter: 'native',
  restrictOomScoreAdj: true,
});

interface Cri {
  readonly sandbox_image: string;
  readonly registry: Readonly<Record<string, unknown>>;
}
const criOf = (toml: string): Cri =>
  (JSON.parse(JSON.stringify(parse(toml))) as { readonly plugins: Readonly<Record<string, Cri>> }).plugins[
    'io.containerd.grpc.v1.cri'
  ] as Cri;
const merging = (...merges: readonly string[]): string => patchToml(config, { merges, json6902: [] });

test('patchToml() leaves a configuration without patches as it is', () =>
  assert.equal(patchToml(config, { merges: [], json6902: [] }), config));

test('patchToml() merges tables and leaves the rest, the snapshotter where it is looked for', () => {
  const toml = merging('[plugins."io.containerd.grpc.v1.cri".registry]\n  config_path = "/etc/containerd/certs.d"');
  assert.equal(criOf(toml).registry['config_path'], '/etc/containerd/certs.d');
  assert.equal(criOf(toml).sandbox_image, 'pause:1');
  assert.equal(snapshotterOf(toml), 'native');
  assert.deepEqual(parse(merging('')), parse(config));
});

test("patchToml() takes our folder of registries out where the patch writes registries into the file: CRI's plugin takes one of both", () =>
  assert.deepEqual(
    criOf(
      merging(
        '[plugins."io.containerd.grpc.v1.cri".registry.mirrors."localhost:5000"]\nendpoint = ["http://kind-registry:5000"]',
      ),
    ).registry,
    { mirrors: { 'localhost:5000': { endpoint: ['http://kind-registry:5000'] } } },
  ));

test("patchToml() reads the registries of containerd 2's configuration too", () =>
  assert.equal(
    criOf(merging('[plugins."io.containerd.cri.v1.images".registry]\nconfig_path = "/certs"')).registry['config_path'],
    '/certs',
  ));

test('patchToml() applies JSON patches after what is merged', () => {
  const patch = `
- op: replace
  path: /plugins/io.containerd.grpc.v1.cri/sandbox_image
  value: pause:3`;
  const merge = '[plugins."io.containerd.grpc.v1.cri"]\nsandbox_image = "pause:2"';
  assert.equal(criOf(patchToml(config, { merges: [merge], json6902: [patch] })).sandbox_image, 'pause:3');
});

test('patchToml() says which patch cannot be applied, and why', () => {
  assert.throws(() => merging('', 'a = ['), /^Error: patch 2 of containerd's configuration cannot be applied: [^\n]+$/);
  assert.throws(
    () => patchToml(config, { merges: [], json6902: ['[{"op":"remove","path":"/nowhere"}]'] }),
    /^Error: JSON patch 1 of containerd's configuration cannot be applied: [^\n]+$/,
  );
});
