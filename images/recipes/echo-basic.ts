import { join } from 'node:path';
import { defineRecipe } from '../recipe.ts';
import { compiledLayer } from './compiled.ts';

/** What the Gateway API's conformance suite sends requests to, under the names that it asks for. Needs Go to build. */
export const echoBasic = defineRecipe({
  name: 'echo-basic',
  repository: 'registry.k8s.io/gateway-api/echo-basic',
  tags: ['v1.5.1', 'v1.6.0-dev.2', 'v1.6.0-dev.3'],
  config: { Entrypoint: ['/echo-basic'] },
  layers: [
    compiledLayer({
      module: join(import.meta.dirname, '../../oracles/gateway'),
      importPath: 'sigs.k8s.io/gateway-api/conformance/echo-basic',
      name: 'echo-basic',
    }),
  ],
});
