import { existsSync } from 'node:fs';
import { findContainerd, importImages, listImageNames } from '@navarch/node';
import { layoutOf } from '../cluster/layout.ts';
import { UserError } from '../user-error.ts';
import type { Declare } from './index.ts';

export const declareImage: Declare = (program) => {
  const image = program.command('image').description('Images on the nodes of the cluster');
  const nodeOf = (name: string): NonNullable<ReturnType<typeof findContainerd>> => {
    const containerd = findContainerd(layoutOf(name).containerd);
    if (!containerd) throw new UserError(`cluster ${name} does not run containerd: start it with \`navarch up\``);
    return containerd;
  };
  image.command('load').description('Put an image archive (OCI or docker) into every node')
    .argument('<file>', 'the archive, as `docker save` or `images/build.ts` writes it')
    .option('--name <cluster>', 'name of the cluster', 'navarch')
    .action(async (file: string, options: { name: string }) => {
      if (!existsSync(file)) throw new UserError(`there is no file ${file}`);
      const names = await importImages(nodeOf(options.name), file, new AbortController().signal);
      process.stdout.write(names.map((name) => `${name}\n`).join(''));
    });
  image.command('list').description('Name the images that the nodes have')
    .option('--name <cluster>', 'name of the cluster', 'navarch')
    .action(async (options: { name: string }) => {
      const names = await listImageNames(nodeOf(options.name), new AbortController().signal);
      process.stdout.write(names.map((name) => `${name}\n`).join(''));
    });
};
