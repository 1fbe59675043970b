import { schemas } from '@navarch/api';
import { META } from './definitions.ts';
import { JSON_TYPE, type Operation, operationId, type Place, type SchemaOf, tagOf } from './operation.ts';

const metaOf =
  (name: string): SchemaOf =>
  (definitions) =>
    definitions.object(schemas.object(`${META}${name}`));
const text: SchemaOf = () => ({ type: 'string' });

interface Asked extends Pick<Operation, 'path' | 'id' | 'tags' | 'description'> {
  readonly schema: SchemaOf;
  readonly forms: readonly string[];
}

const read = ({ schema, forms, ...asked }: Asked): Operation => ({
  ...asked,
  method: 'get',
  parameters: [],
  consumes: forms,
  produces: forms,
  responses: [{ status: 200, schema }],
});

/** `/api/`, `/apis/`, `/apis/GROUP/` and `/apis/GROUP/VERSION/`: what discovery answers. */
export const discoveryOperations = {
  core: (forms: readonly string[]): Operation =>
    read({
      path: '/api/',
      id: 'getCoreAPIVersions',
      tags: ['core'],
      description: 'get available API versions',
      schema: metaOf('APIVersions'),
      forms,
    }),
  groups: (forms: readonly string[]): Operation =>
    read({
      path: '/apis/',
      id: 'getAPIVersions',
      tags: ['apis'],
      description: 'get available API versions',
      schema: metaOf('APIGroupList'),
      forms,
    }),
  group: (group: string, forms: readonly string[]): Operation =>
    read({
      path: `/apis/${group}/`,
      id: operationId('get', { group }, 'APIGroup'),
      tags: [tagOf({ group })],
      description: 'get information of a group',
      schema: metaOf('APIGroup'),
      forms,
    }),
  version: (place: Required<Place>, forms: readonly string[]): Operation =>
    read({
      path: place.group === '' ? `/api/${place.version}/` : `/apis/${place.group}/${place.version}/`,
      id: operationId('get', place, 'APIResources'),
      tags: [tagOf(place)],
      description: 'get available resources',
      schema: metaOf('APIResourceList'),
      forms,
    }),
} as const;

/** What else of the server has a schema, by the name of its document. */
export const serverOperations: Readonly<Record<string, Operation>> = {
  version: read({
    path: '/version/',
    id: 'getCodeVersion',
    tags: ['version'],
    description: 'get the code version',
    forms: [JSON_TYPE],
    schema: (definitions) => definitions.object(schemas.object('io.k8s.apimachinery.pkg.version.Info')),
  }),
  '.well-known/openid-configuration': {
    ...read({
      path: '/.well-known/openid-configuration/',
      id: 'getServiceAccountIssuerOpenIDConfiguration',
      tags: ['WellKnown'],
      description: "get service account issuer OpenID configuration, also known as the 'OIDC discovery doc'",
      schema: text,
      forms: [JSON_TYPE],
    }),
    consumes: [],
  },
  'openid/v1/jwks': {
    ...read({
      path: '/openid/v1/jwks/',
      id: 'getServiceAccountIssuerOpenIDKeyset',
      tags: ['openid'],
      description: 'get service account issuer OpenID JSON Web Key Set (contains public token verification keys)',
      schema: text,
      forms: ['application/jwk-set+json'],
    }),
    consumes: [],
  },
};
