import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { compileCacheDir } from '../compile-cache.ts';
import { runApiServer } from '../envtest/api-server.ts';
import { runEtcd } from '../envtest/etcd.ts';
import { UserError } from '../user-error.ts';
import { bundledKubectl } from './kubectl.ts';
import type { Declare } from './declare.ts';

const HELP = `
Go projects that test with controller-runtime's envtest run on Navarch's API server unchanged.

Examples:
  ./navarch envtest /tmp/assets
  KUBEBUILDER_ASSETS=/tmp/assets go test ./...
`;
const PROGRAMS: Readonly<Record<string, (args: readonly string[], say: (text: string) => void) => Promise<void>>> = {
  'kube-apiserver': runApiServer,
  etcd: runEtcd,
};

export const declareEnvtest: Declare = (program) => {
  program
    .command('envtest')
    .description("Write kube-apiserver, etcd and kubectl for controller-runtime's envtest into a folder")
    .argument('<folder>', 'where to write them; KUBEBUILDER_ASSETS names it afterwards')
    .addHelpText('after', HELP)
    .action(async (folder: string) => {
      await writeExecutables(resolve(folder));
      process.stdout.write(
        `Wrote kube-apiserver, etcd and kubectl. Use them with KUBEBUILDER_ASSETS=${resolve(folder)}\n`,
      );
    });
  program
    .command('envtest-run', { hidden: true })
    .description('What the written executables run')
    .argument('<program>')
    .argument('[args...]')
    .allowUnknownOption()
    .helpOption(false)
    .passThroughOptions()
    .action(async (name: string, args: string[]) => {
      const run = PROGRAMS[name];
      if (!run) throw new UserError(`there is no program ${name}: there are ${Object.keys(PROGRAMS).join(' and ')}`);
      await run(args, (text) => process.stdout.write(text));
    });
};

async function writeExecutables(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const main = join(import.meta.dirname, '..', 'main.ts');
  const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
  const write = (name: string, line: string): void =>
    writeFileSync(join(folder, name), `#!/bin/sh\n${line} "$@"\n`, { mode: 0o755 });
  for (const name of Object.keys(PROGRAMS)) {
    write(
      name,
      `NODE_COMPILE_CACHE=${quoted(compileCacheDir)} exec ${quoted(process.execPath)} --disable-warning=ExperimentalWarning ${quoted(main)} envtest-run ${name}`,
    );
  }
  write('kubectl', `exec ${quoted(await bundledKubectl(join(folder, '.bin')))}`);
}
