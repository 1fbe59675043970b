import { createHash } from 'node:crypto';
import { file } from '../oci/entry.ts';
import { pauseProgram } from '../pause/program.ts';
import { defineRecipe, thisArchitecture } from '../recipe.ts';

const program = pauseProgram(thisArchitecture());

/** The process that holds a pod's namespaces. */
export const pause = defineRecipe({
  name: 'pause',
  tags: ['3.10', 'latest'],
  config: { Entrypoint: ['/pause'], User: '65535:65535', Env: ['PATH=/'] },
  layers: [
    { version: createHash('sha256').update(program).digest('hex'), files: () => [file('pause', program, 0o755)] },
  ],
});
