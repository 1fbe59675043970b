import { defineRecipe } from '../recipe.ts';
import { base } from './base.ts';

/** A shell, the usual small commands, curl: for looking around in a cluster. */
export const busybox = defineRecipe({
  name: 'busybox',
  tags: ['1.35', 'latest'],
  config: { Cmd: ['sh'], Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'] },
  layers: [base],
});
