import assert from 'node:assert/strict';
import { createReadStream, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { extract } from 'tar-stream';
import { parsePlan } from '../debian/fetch.ts';
import { writeArchive } from './archive.ts';
import { directory, type Entry, file, symlink } from './entry.ts';
import { blobOf, bytesOf, layerOf } from './layer.ts';

const tree = (entries: readonly Entry[]): ReadonlyMap<string, Entry> =>
  new Map(entries.map((entry) => [entry.path, entry]));
const signal = new AbortController().signal;

test('layerOf() gives the same bytes whatever the order, with every parent and no time', async () => {
  const entries = [file('usr/bin/tool', 'x', 0o755), symlink('bin', 'usr/bin'), directory('tmp', 0o1777)];
  const layer = await layerOf(tree(entries));
  assert.equal((await layerOf(tree(entries.toReversed()))).digest, layer.digest);
  const names: string[] = [];
  const unpacked = extract();
  unpacked.end(layer.bytes);
  for await (const entry of unpacked) {
    names.push(`${entry.header.name} ${(entry.header.mode ?? 0).toString(8)} ${entry.header.mtime?.getTime()}`);
    entry.resume();
  }
  assert.deepEqual(names, ['bin 777 0', 'tmp/ 1777 0', 'usr/ 755 0', 'usr/bin/ 755 0', 'usr/bin/tool 755 0']);
});

test('writeArchive() writes an OCI layout in which everything is there under its digest, and every name has its own id', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'oci-'));
  try {
    const layers = [await layerOf(tree([file('a', 'a')]))];
    const content = {
      names: ['docker.io/library/x:1', 'docker.io/library/x:2'],
      architecture: 'amd64',
      config: { Cmd: ['/a'] },
      layers,
    } as const;
    const images = await writeArchive(join(folder, 'x.tar'), content, signal);
    await writeArchive(join(folder, 'y.tar'), content, signal);
    assert.deepEqual(readFileSync(join(folder, 'x.tar')), readFileSync(join(folder, 'y.tar')));
    const files = new Map<string, Buffer>();
    for await (const entry of createReadStream(join(folder, 'x.tar')).pipe(extract()))
      files.set(entry.header.name, await bytesOf(entry));
    for (const [name, bytes] of files)
      if (name.startsWith('blobs/')) assert.equal(`sha256:${name.split('/')[2]}`, blobOf(bytes).digest);
    const manifests = images.map(
      ({ digest }) => JSON.parse(String(files.get(`blobs/${digest.replace(':', '/')}`))) as Manifest,
    );
    assert.equal(new Set(manifests.map((manifest) => manifest.config.digest)).size, 2);
    assert.deepEqual(
      manifests.map((manifest) => manifest.layers[0]?.digest),
      [layers[0]?.digest, layers[0]?.digest],
    );
    assert.ok(manifests.every((manifest) => files.has(`blobs/${manifest.config.digest.replace(':', '/')}`)));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('parsePlan() reads what apt would install', () => {
  const text =
    'Reading...\nInst zlib1g (1:1.2.13.dfsg-1 Debian:12.15/oldstable [amd64]) []\nInst base-x [1.0] (2.0 Debian:12/stable [all])\nConf zlib1g (1:1 Debian [amd64])\n';
  assert.deepEqual(parsePlan(text), [
    { name: 'base-x', version: '2.0', architecture: 'all' },
    { name: 'zlib1g', version: '1:1.2.13.dfsg-1', architecture: 'amd64' },
  ]);
});

interface Manifest {
  readonly config: { readonly digest: string };
  readonly layers: readonly { readonly digest: string }[];
}
