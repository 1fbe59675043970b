import { enableCompileCache } from 'node:module';
import { compileCacheDir } from './compile-cache.ts';

// Node strips types at every start unless it may keep what it compiled: this halves the time to the first line.
enableCompileCache(compileCacheDir);
const { runCli } = await import('./cli.ts');
process.exitCode = await runCli(process.argv.slice(2));
