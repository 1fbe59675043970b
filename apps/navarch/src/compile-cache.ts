import { join } from 'node:path';

/** Where Node keeps what it compiled: with the packages, so that who may change the one may change the other, and nobody else. */
export const compileCacheDir = join(import.meta.dirname, '../../../node_modules/.cache/navarch');
