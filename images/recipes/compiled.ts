import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { file } from '../oci/entry.ts';
import type { LayerRecipe } from '../recipe.ts';

/** Where Go is when it is not in the path. */
const GO = '/usr/local/go/bin';

export interface GoProgram {
  /** The folder of a go.mod that says of which version it is. */
  readonly module: string;
  /** What is compiled, by its import path. */
  readonly importPath: string;
  /** What it is called in the image's root. */
  readonly name: string;
}

/** A layer with a program of a published module, compiled by the Go of this machine. Throws with what the compiler said. */
export const compiledLayer = ({ module, importPath, name }: GoProgram): LayerRecipe => ({
  version: createHash('sha256')
    .update(readFileSync(join(module, 'go.mod')))
    .digest('hex'),
  files: () => {
    const dir = mkdtempSync(join(tmpdir(), 'navarch-compiled-'));
    try {
      const program = join(dir, name);
      execFileSync('go', ['build', '-trimpath', '-ldflags=-s -w', '-o', program, importPath], {
        cwd: module,
        env: {
          ...process.env,
          CGO_ENABLED: '0',
          GOFLAGS: '-mod=mod',
          PATH: `${process.env['PATH'] ?? ''}${delimiter}${GO}`,
        },
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      return [file(name, readFileSync(program), 0o755)];
    } finally {
      rmSync(dir, { recursive: true });
    }
  },
});
