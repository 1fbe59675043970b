import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pki } from '@navarch/node/pki';
import { buildSync } from 'esbuild';
import { directory, type Entry, file, symlink, type Tree } from '../oci/entry.ts';
import { defineRecipe } from '../recipe.ts';
import { base, installOnly } from './base.ts';

/** The helper as one script for Node. Bundled at once: its text is what tells whether the image is up to date. */
function bundle(): string {
  const result = buildSync({
    entryPoints: [join(import.meta.dirname, '../testhost/main.ts')],
    bundle: true,
    write: false,
    platform: 'node',
    target: 'node26',
    format: 'esm',
    banner: { js: '#!/usr/bin/node' },
    logLevel: 'silent',
  });
  return result.outputFiles[0]?.text ?? '';
}

const program = bundle();

/** What the helper shows of itself over TLS where a test brings no certificate. Nobody trusts it: proxies and probes do not ask. */
async function localhost(): Promise<readonly Entry[]> {
  const dir = mkdtempSync(join(tmpdir(), 'navarch-localhost-'));
  try {
    const authority = await Pki.open(dir);
    const { certificate, key } = await authority.issue({
      commonName: 'localhost',
      names: ['localhost', 'example.com'],
      addresses: ['127.0.0.1', '::1'],
    });
    return [file('localhost.crt', certificate), file('localhost.key', key)];
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** Says whose rights it has: root's, as root owns it and its bit is set, unless the container forbids that. */
function setuidId(tree: Tree): Entry {
  const id = tree.get('usr/bin/id');
  if (id?.kind !== 'file') throw new Error('the coreutils package brought no usr/bin/id');
  return file('usr/local/bin/setuid-id', id.content, 0o4755);
}

/** What tests run in pods: a real userland, and a program that can be many things. */
export const navarchTesthost = defineRecipe({
  name: 'navarch-testhost',
  tags: ['1.0', 'latest'],
  config: {
    Entrypoint: ['/testhost'],
    Cmd: ['pause'],
    Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
  },
  layers: [
    base,
    {
      packages: [
        'bash',
        'coreutils',
        'netcat-openbsd',
        'bind9-dnsutils',
        'iproute2',
        'libstdc++6',
        'libatomic1',
        'procps',
      ],
      without: installOnly,
      version: '3',
      files: (tree) => [symlink('usr/bin/nc', '/usr/bin/nc.openbsd'), directory('uploads', 0o1777), setuidId(tree)],
    },
    {
      // The Node that runs us: the script is made for it.
      version: `node ${process.version}`,
      files: () => [file('usr/bin/node', readFileSync(process.execPath), 0o755)],
    },
    {
      version: 'localhost 1',
      files: localhost,
    },
    {
      version: createHash('sha256').update(`2 ${program}`).digest('hex'),
      files: () => [
        file('testhost', program, 0o755),
        symlink('testhost-2', 'testhost'),
        file('package.json', '{"type":"module"}\n'),
      ],
    },
  ],
});
