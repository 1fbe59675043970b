import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { type Entry, file } from '../oci/entry.ts';
import { defineRecipe } from '../recipe.ts';
import { base } from './base.ts';

const MODULE = join(import.meta.dirname, '../sample-apiserver');
const PACKAGE = 'k8s.io/sample-apiserver';
/** Where Go is when it is not in the path. */
const GO = '/usr/local/go/bin';

/** Compiles the published module with the Go of this machine. Throws with what the compiler said. */
function compiled(): Entry {
  const dir = mkdtempSync(join(tmpdir(), 'navarch-sample-apiserver-'));
  try {
    const program = join(dir, 'sample-apiserver');
    execFileSync('go', ['build', '-trimpath', '-ldflags=-s -w', '-o', program, PACKAGE], {
      cwd: MODULE,
      env: {
        ...process.env,
        CGO_ENABLED: '0',
        GOFLAGS: '-mod=mod',
        PATH: `${process.env['PATH'] ?? ''}${delimiter}${GO}`,
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    return file('sample-apiserver', readFileSync(program), 0o755);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** Upstream's sample of an extension API server: what the aggregation layer is tried with. Needs Go to build. */
export const sampleApiserver = defineRecipe({
  name: 'sample-apiserver',
  tags: ['1.37', 'latest'],
  config: {
    Entrypoint: ['/sample-apiserver'],
    Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
  },
  layers: [
    base,
    {
      version: createHash('sha256')
        .update(readFileSync(join(MODULE, 'go.mod')))
        .digest('hex'),
      files: () => [compiled()],
    },
  ],
});
