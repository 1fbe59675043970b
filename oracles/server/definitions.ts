import type { Client, Scenario } from './scenario.ts';

/** A custom resource with something of everything that the wire shows: status, scale, columns, selectable fields, defaults. */
export const widgets = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.oracle.dev' },
  spec: {
    group: 'oracle.dev',
    scope: 'Namespaced',
    names: {
      plural: 'widgets',
      singular: 'widget',
      kind: 'Widget',
      listKind: 'WidgetList',
      shortNames: ['wd'],
      categories: ['all'],
    },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: {
          status: {},
          scale: {
            specReplicasPath: '.spec.size',
            statusReplicasPath: '.status.size',
            labelSelectorPath: '.status.selector',
          },
        },
        additionalPrinterColumns: [
          { name: 'Size', type: 'integer', jsonPath: '.spec.size' },
          { name: 'Wide', type: 'string', jsonPath: '.spec.name', priority: 1, description: 'its name' },
        ],
        selectableFields: [{ jsonPath: '.spec.name' }, { jsonPath: '.spec.size' }],
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: {
                type: 'object',
                properties: {
                  size: { type: 'integer', minimum: 0, default: 1 },
                  name: { type: 'string', pattern: '^[a-z]+$', maxLength: 20 },
                  on: { type: 'boolean' },
                  ratio: { type: 'number' },
                  labels: { type: 'object', additionalProperties: { type: 'string' } },
                  list: { type: 'array', items: { type: 'string' } },
                  set: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
                  parts: {
                    type: 'array',
                    'x-kubernetes-list-type': 'map',
                    'x-kubernetes-list-map-keys': ['name'],
                    items: {
                      type: 'object',
                      required: ['name'],
                      properties: { name: { type: 'string' }, weight: { type: 'integer' } },
                    },
                  },
                  any: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
                  mixed: { 'x-kubernetes-int-or-string': true },
                  when: { type: 'string', format: 'date-time', nullable: true },
                },
              },
              status: {
                type: 'object',
                properties: { size: { type: 'integer' }, selector: { type: 'string' }, phase: { type: 'string' } },
              },
            },
          },
        },
      },
    ],
  },
};

/** A cluster-wide kind without subresources and columns. */
export const gadgets = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'gadgets.more.oracle.dev' },
  spec: {
    group: 'more.oracle.dev',
    scope: 'Cluster',
    names: { plural: 'gadgets', singular: 'gadget', kind: 'Gadget', listKind: 'GadgetList' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
};

/** Makes a definition and waits until it is served. */
export async function establish(
  client: Client,
  definition: {
    readonly metadata: { readonly name: string };
    readonly spec: {
      readonly group: string;
      readonly names: { readonly plural: string };
      readonly versions: readonly { readonly name: string; readonly served: boolean }[];
    };
  },
): Promise<void> {
  await client.quietly('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', { body: definition });
  const { group, names, versions } = definition.spec;
  for (const { name, served } of versions) {
    if (served) await client.until(`/apis/${group}/${name}/${names.plural}`, (reply) => reply.status === 200);
  }
}

/** What every other scenario finds served: run once on either server, before all. */
export const definitions: Scenario = {
  name: 'definitions',
  async run(client) {
    for (const definition of [widgets, gadgets]) await establish(client, definition);
  },
};
