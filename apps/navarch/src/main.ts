import { enableCompileCache } from 'node:module';
import { compileCacheDir } from './compile-cache.ts';

/** The exit code of a program that a broken pipe ended: 128 and the number of SIGPIPE. */
const BROKEN_PIPE = 141;

// Node strips types at every start unless it may keep what it compiled: this halves the time to the first line.
enableCompileCache(compileCacheDir);
// Who reads no further (`navarch status | head`) ends this, as a signal would end other programs.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(BROKEN_PIPE);
  });
}
const { runCli } = await import('./cli.ts');
process.exitCode = await runCli(process.argv.slice(2));
