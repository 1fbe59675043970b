import { join } from 'node:path';
import { defineRecipe } from '../recipe.ts';
import { base } from './base.ts';
import { compiledLayer } from './compiled.ts';

/** Upstream's sample of an extension API server: what the aggregation layer is tried with. Needs Go to build. */
export const sampleApiserver = defineRecipe({
  name: 'sample-apiserver',
  tags: ['1.37', 'latest'],
  config: {
    Entrypoint: ['/sample-apiserver'],
    Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
  },
  layers: [
    base,
    compiledLayer({
      module: join(import.meta.dirname, '../sample-apiserver'),
      importPath: 'k8s.io/sample-apiserver',
      name: 'sample-apiserver',
    }),
  ],
});
