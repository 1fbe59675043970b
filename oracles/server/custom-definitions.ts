export const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

/** A definition as a client sends it, whatever is wrong with it. */
export type Definition = any;

export const version = (name: string, more: object = {}): object => ({
  name,
  served: true,
  storage: true,
  schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
  ...more,
});

/** What a definition says besides what all of them say. */
export interface More {
  readonly metadata?: object;
  readonly names?: object;
  readonly spec?: object;
}

export const definition = (
  group: string,
  plural = 'foos',
  kind = 'Foo',
  versions: readonly object[] = [version('v1')],
  more: More = {},
): Definition => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${plural}.${group}`, ...more.metadata },
  spec: { group, scope: 'Namespaced', names: { plural, kind, ...more.names }, versions, ...more.spec },
});
