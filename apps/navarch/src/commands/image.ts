import { existsSync } from 'node:fs';
import { type Containerd, importIntoAll, listImageNames } from '@navarch/node/containerd';
import { localRuntimes } from '../cluster/local-nodes.ts';
import { clusterOption } from '../cluster/usual-cluster.ts';
import { UserError } from '../user-error.ts';
import type { Declare } from './declare.ts';

const HELP = `
Examples:
  docker save my/app:1 -o app.tar && ./navarch image load app.tar
  node images/build.ts nginx --out images/build && ./navarch image load images/build/nginx.tar
  ./navarch image list
A machine that joined has images of its own: run this there too.
`;

interface Flags {
  readonly name: string;
  readonly dataDir?: string;
}

export const declareImage: Declare = (program) => {
  const image = program.command('image').description('Images on the nodes of this machine').addHelpText('after', HELP);
  const shared = (name: string, description: string): ReturnType<typeof image.command> =>
    image
      .command(name)
      .description(description)
      .addOption(clusterOption())
      .option('--data-dir <folder>', 'the folder of an agent that was given one');
  shared('load', 'Put an image archive (OCI or docker) into every node of this machine')
    .argument('<file>', 'the archive, as `docker save` or `images/build.ts` writes it')
    .action(async (file: string, flags: Flags) => {
      if (!existsSync(file)) throw new UserError(`there is no file ${file}`);
      const { signal } = new AbortController();
      say(await importIntoAll(runtimesOf(flags), file, signal));
    });
  shared('list', 'Name the images that the node has').action(async (flags: Flags) =>
    say(await listImageNames(runtimesOf(flags)[0], new AbortController().signal)),
  );
};

function runtimesOf({ name, dataDir }: Flags): readonly [Containerd, ...Containerd[]] {
  const [first, ...others] = localRuntimes(name, dataDir);
  if (!first)
    throw new UserError(`cluster ${name} does not run containerd on this machine: start it with \`navarch up\``);
  return [first, ...others];
}

const say = (names: readonly string[]): void => void process.stdout.write(names.map((name) => `${name}\n`).join(''));
