import type { Recipe } from '../recipe.ts';
import { busybox } from './busybox.ts';
import { navarchTesthost } from './navarch-testhost.ts';
import { nginx } from './nginx.ts';
import { pause } from './pause.ts';

/** Every image that can be built. */
export const recipes: readonly Recipe[] = [pause, busybox, nginx, navarchTesthost];
