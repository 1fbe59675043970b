import { type CustomObject, customResourceDefinition } from '@navarch/api';
import { invariant } from '@navarch/base';
import type { Draft, Kind } from '@navarch/machinery';
import { named } from '../drafts.ts';
import type { View } from '../view.ts';
import type { World } from '../world.ts';

export const DEFINITION = 'apps.example.com';

/** Apps of two versions, of which one is stored. */
export const versionsOf = (stored: 'v1' | 'v2') =>
  (['v1', 'v2'] as const).map((name) => ({
    name,
    served: true,
    storage: name === stored,
    subresources: { scale: { specReplicasPath: '.spec.size', statusReplicasPath: '.status.size' } },
    schema: {
      openAPIV3Schema: {
        type: 'object',
        properties: { spec: { type: 'object', properties: { size: { type: 'integer' } } } },
      },
    },
  }));

const definition = {
  metadata: { name: DEFINITION },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'apps', kind: 'App' },
    versions: versionsOf('v1'),
  },
};

/** Has apps defined, and waits until they are served. */
export async function defineApps(world: World): Promise<Kind<CustomObject>> {
  await world.create(customResourceDefinition, definition as never);
  const kind = (): Kind<CustomObject> | undefined => world.kind('example.com/v1', 'apps');
  await world.until('apps are served', () => kind() !== undefined);
  const found = kind();
  invariant(found, 'what was waited for is there');
  return found;
}

export const makeApp = (world: World, kind: Kind<CustomObject>, name: string, more: object = {}) =>
  world.create(kind, { metadata: { ...named(name), ...more }, spec: { size: 8 } } as Draft<CustomObject>);

/** What apps own says so. */
export const appOwner = ({ metadata }: CustomObject, more: object = {}) => ({
  apiVersion: 'example.com/v1',
  kind: 'App',
  name: metadata.name,
  uid: metadata.uid,
  ...more,
});

/** However they are defined now: the place stays. */
export const appsIn = (view: View): readonly CustomObject[] => view.listAt<CustomObject>('example.com/apps');
