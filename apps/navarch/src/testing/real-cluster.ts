import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildImage } from '../../../../images/build.ts';
import { FIRST_IMAGES } from '../cluster/bring-images.ts';
import { bundledKubectl } from '../commands/kubectl.ts';
import { type Machine, makeNetwork } from './machine.ts';

const MAIN = join(import.meta.dirname, '../main.ts');

/** A cluster with real containers on a machine of its own (namespaces), asked by the kubectl that `up` brings. */
export interface RealCluster extends AsyncDisposable {
  readonly name: string;
  readonly machine: Machine;
  readonly kubectlPath: string;
  /** A folder for what a test writes; it goes with the cluster. */
  readonly folder: string;
  /** Where it keeps everything. */
  readonly home: string;
  /** Runs a command of ours about this cluster. Resolves to its standard output. */
  navarch(...args: readonly string[]): Promise<string>;
  kubectl(...args: readonly string[]): Promise<string>;
}

export interface RealClusterOptions {
  /** A letter of the test's own, which tells its folders and namespaces from those of others. */
  readonly mark: string;
  /** Images beside the first ones, by name. */
  readonly images?: readonly string[];
  /** Flags of `up`. */
  readonly flags?: readonly string[];
}

/** Builds the images that are not built yet, and starts the cluster. What was begun is taken away when that fails. */
export async function startRealCluster({ mark, images = [], flags = [] }: RealClusterOptions): Promise<RealCluster> {
  const archives = process.env['NAVARCH_IMAGES'] ?? '/tmp/navarch-images';
  const folder = mkdtempSync(`/tmp/nv${mark}-`);
  const name = `${mark}${process.pid}`;
  const env = {
    ...process.env,
    NAVARCH_IMAGES: archives,
    NAVARCH_HOME: join(folder, 'home'),
    KUBECONFIG: join(folder, 'kubeconfig'),
    NAVARCH_CLUSTER: name,
  };
  await using made = new AsyncDisposableStack();
  made.defer(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(env.NAVARCH_HOME);
  for (const image of [...FIRST_IMAGES, ...images])
    if (!existsSync(join(archives, `${image}.tar`))) await buildImage(image, archives, new AbortController().signal);
  const kubectlPath = await bundledKubectl(join(folder, 'bin'));
  const machine = await made.use(await makeNetwork(`nv${mark}${process.pid}`, folder, env)).machine('m1', '10.78.0.1');
  const run = async (...command: readonly string[]): Promise<string> => (await machine.run(...command)).stdout;
  const navarch = (...args: readonly string[]): Promise<string> =>
    run(process.execPath, '--disable-warning=ExperimentalWarning', MAIN, ...args, '--name', name);
  made.defer(() => navarch('down').then(() => undefined));
  await navarch('up', ...flags);
  for (const image of images) await navarch('image', 'load', join(archives, `${image}.tar`));
  const all = made.move();
  return {
    name,
    machine,
    kubectlPath,
    folder,
    home: env.NAVARCH_HOME,
    navarch,
    kubectl: (...args) => run(kubectlPath, ...args),
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}
