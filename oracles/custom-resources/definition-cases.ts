import fc from 'fast-check';

type Json = Record<string, unknown>;
/** Where in the definition, and what may be put there; undefined takes it away. */
type Fault = readonly [path: readonly (string | number)[], values: readonly unknown[]];

const VERSION = ['spec', 'versions', 0] as const;
const SCHEMA = [...VERSION, 'schema', 'openAPIV3Schema'] as const;
const SPEC = [...SCHEMA, 'properties', 'spec'] as const;

const definition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'stacks.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: {
      plural: 'stacks',
      singular: 'stack',
      kind: 'Stack',
      listKind: 'StackList',
      shortNames: ['st'],
      categories: ['all'],
    },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: {
          status: {},
          scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' },
        },
        additionalPrinterColumns: [{ name: 'A', type: 'string', jsonPath: '.spec.a' }],
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: {
                type: 'object',
                required: ['a'],
                properties: {
                  a: { type: 'string', maxLength: 5 },
                  replicas: { type: 'integer', default: 1 },
                  ports: {
                    type: 'array',
                    maxItems: 5,
                    'x-kubernetes-list-type': 'map',
                    'x-kubernetes-list-map-keys': ['name'],
                    items: {
                      type: 'object',
                      required: ['name'],
                      properties: { name: { type: 'string' }, port: { type: 'integer' } },
                    },
                  },
                  any: { type: 'object', additionalProperties: { type: 'string' } },
                  free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
                  target: { 'x-kubernetes-int-or-string': true },
                },
              },
              status: { type: 'object', properties: { replicas: { type: 'integer' } } },
            },
          },
        },
      },
      {
        name: 'v2',
        served: true,
        storage: false,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
};

const FAULTS: readonly Fault[] = [
  [
    ['metadata', 'name'],
    ['other.example.com', 'stacks'],
  ],
  [
    ['spec', 'group'],
    ['', 'example', 'Example.com', 'x.k8s.io'],
  ],
  [
    ['spec', 'scope'],
    ['', 'Other', 'Cluster'],
  ],
  [
    ['spec', 'names', 'plural'],
    ['', 'Stacks', 'stacks_'],
  ],
  [
    ['spec', 'names', 'singular'],
    ['A', 'stack.x'],
  ],
  [
    ['spec', 'names', 'kind'],
    ['', 'My-Kind', '1x'],
  ],
  [
    ['spec', 'names', 'listKind'],
    ['Stack', 'x_y'],
  ],
  [
    ['spec', 'names', 'shortNames'],
    [['A'], ['a', 'b_']],
  ],
  [
    ['spec', 'names', 'categories'],
    [['A'], ['']],
  ],
  [
    ['spec', 'preserveUnknownFields'],
    [true, false],
  ],
  [
    ['spec', 'versions'],
    [[], undefined],
  ],
  [
    [...VERSION, 'name'],
    ['', 'V1', 'v2', 'v1.x'],
  ],
  [[...VERSION, 'storage'], [false]],
  [['spec', 'versions', 1, 'storage'], [true]],
  [
    [...VERSION, 'deprecationWarning'],
    ['gone', ''],
  ],
  [[...VERSION, 'deprecated'], [true]],
  [
    [...VERSION, 'schema'],
    [undefined, {}],
  ],
  [
    [...VERSION, 'subresources', 'scale', 'specReplicasPath'],
    ['', 'spec.replicas', '.status.replicas', '.spec', '.spec.a[0]'],
  ],
  [
    [...VERSION, 'subresources', 'scale', 'statusReplicasPath'],
    ['', '.spec.replicas', '.status.a[0]'],
  ],
  [
    [...VERSION, 'subresources', 'scale', 'labelSelectorPath'],
    ['', '.metadata.x', '.status.x', '.spec.x'],
  ],
  [
    [...VERSION, 'additionalPrinterColumns', 0],
    [
      { name: '', type: 'string', jsonPath: '.a' },
      { name: 'a', type: '', jsonPath: '.a' },
      { name: 'a', type: 'x', jsonPath: '.a' },
      { name: 'a', type: 'string', jsonPath: '' },
      { name: 'a', type: 'string', format: 'x', jsonPath: '.a' },
      { name: 'a', type: 'integer', format: 'int32', jsonPath: '.a.b[*].c' },
    ],
  ],
  [
    [...VERSION, 'selectableFields'],
    [
      [{ jsonPath: '' }],
      [{ jsonPath: '.spec.a' }],
      [{ jsonPath: 'spec.a' }],
      [{ jsonPath: '.metadata.name' }],
      [{ jsonPath: '.spec.any' }],
      [{ jsonPath: '.spec.none' }],
      [{ jsonPath: '.spec.a' }, { jsonPath: '.spec.a' }],
      [{ jsonPath: '.spec.target' }],
      [{ jsonPath: '.spec.ports[0].name' }],
    ],
  ],
  [
    ['spec', 'conversion'],
    [
      { strategy: 'None' },
      { strategy: '' },
      { strategy: 'Other' },
      { strategy: 'Webhook' },
      { strategy: 'None', webhook: { conversionReviewVersions: ['v1'] } },
      ...[
        {},
        { clientConfig: {} },
        { clientConfig: { url: 'http://x' } },
        { clientConfig: { url: 'https://x/y' } },
        { clientConfig: { url: 'https://x', service: { name: 'a', namespace: 'b' } } },
        { clientConfig: { service: { name: '', namespace: '' } } },
        { clientConfig: { service: { name: 'a', namespace: 'b', path: 'x', port: 70000 } } },
      ].flatMap((webhook) =>
        [['v1'], [], ['v9'], ['v1', 'v1'], ['V_']].map((conversionReviewVersions) => ({
          strategy: 'Webhook',
          webhook: { ...webhook, conversionReviewVersions },
        })),
      ),
    ],
  ],
  [
    [...SCHEMA, 'type'],
    ['string', undefined],
  ],
  [[...SCHEMA, 'nullable'], [true]],
  [[...SCHEMA, 'default'], [{}]],
  [
    [...SCHEMA, 'x-kubernetes-preserve-unknown-fields'],
    [true, false],
  ],
  [
    [...SCHEMA, 'properties', 'metadata'],
    [
      { type: 'object' },
      { type: 'object', default: {} },
      { type: 'object', nullable: true },
      { type: 'object', properties: { name: { type: 'string', maxLength: 3 } } },
      {
        type: 'object',
        properties: { name: { type: 'string' }, generateName: { type: 'string' }, labels: { type: 'object' } },
      },
      { type: 'object', properties: { labels: { type: 'object' } } },
      { type: 'string' },
    ],
  ],
  [
    [...SCHEMA, 'properties', 'apiVersion'],
    [{ type: 'string' }, { type: 'integer' }],
  ],
  [
    [...SPEC, 'properties', 'a', 'type'],
    [undefined, 'array', 'nothing', 'null', 'integer'],
  ],
  [
    [...SPEC, 'properties', 'a', 'default'],
    ['x', 1, 'longer than five', null],
  ],
  [
    [...SPEC, 'properties', 'a', 'pattern'],
    ['^a', '(', '(?=a)', '(?i)a'],
  ],
  [
    [...SPEC, 'properties', 'a', 'format'],
    ['date', 'nonsense'],
  ],
  [
    [...SPEC, 'properties', 'a', 'enum'],
    [['a'], [1], []],
  ],
  [[...SPEC, 'properties', 'a', 'items'], [{ type: 'string' }]],
  [[...SPEC, 'properties', 'a', 'x-kubernetes-int-or-string'], [true]],
  [
    [...SPEC, 'properties', 'a', 'x-kubernetes-list-type'],
    ['set', 'other'],
  ],
  [
    [...SPEC, 'properties', 'ports', 'items'],
    [undefined, { type: 'string' }, { type: 'object' }],
  ],
  [
    [...SPEC, 'properties', 'ports', 'x-kubernetes-list-type'],
    [undefined, 'set', 'atomic', 'other'],
  ],
  [
    [...SPEC, 'properties', 'ports', 'x-kubernetes-list-map-keys'],
    [undefined, [], ['none'], ['name', 'name'], ['port']],
  ],
  [
    [...SPEC, 'properties', 'ports', 'items', 'required'],
    [undefined, ['port']],
  ],
  [
    [...SPEC, 'properties', 'ports', 'items', 'properties', 'name', 'type'],
    ['object', 'array', undefined],
  ],
  [[...SPEC, 'properties', 'ports', 'items', 'properties', 'name', 'nullable'], [true]],
  [
    [...SPEC, 'properties', 'ports', 'uniqueItems'],
    [true, false],
  ],
  [
    [...SPEC, 'properties', 'ports', 'items', 'default'],
    [{ name: 'x' }, {}],
  ],
  [
    [...SPEC, 'properties', 'any', 'additionalProperties'],
    [true, false, {}],
  ],
  [[...SPEC, 'properties', 'any', 'properties'], [{ x: { type: 'string' } }]],
  [
    [...SPEC, 'properties', 'any', 'x-kubernetes-map-type'],
    ['atomic', 'granular', 'other'],
  ],
  [[...SPEC, 'properties', 'a', 'x-kubernetes-map-type'], ['atomic']],
  [[...SPEC, 'properties', 'free', 'x-kubernetes-embedded-resource'], [true]],
  [[...SPEC, 'properties', 'free', 'x-kubernetes-preserve-unknown-fields'], [false]],
  [[...SPEC, 'properties', 'a', 'x-kubernetes-embedded-resource'], [true]],
  [
    [...SPEC, 'allOf'],
    [
      [{ required: ['a'] }],
      [{ type: 'object' }],
      [{ properties: { a: { minLength: 1 } } }],
      [{ properties: { none: { minLength: 1 } } }],
      [{ properties: { a: { type: 'string', default: 'x', description: 'd' } } }],
      [{ additionalProperties: { type: 'string' } }],
    ],
  ],
  [
    [...SPEC, 'not'],
    [{ required: ['b'] }, { nullable: true }, { 'x-kubernetes-preserve-unknown-fields': true }],
  ],
  [
    [...SPEC, 'anyOf'],
    [[{ items: { minLength: 1 } }], [{ properties: { ports: { items: { required: ['port'] } } } }]],
  ],
  [[...SPEC, '$ref'], ['#/x']],
  [[...SPEC, 'definitions'], [{ x: { type: 'string' } }]],
  [[...SPEC, 'dependencies'], [{ x: ['y'] }]],
  [[...SPEC, 'patternProperties'], [{ x: { type: 'string' } }]],
  [[...SPEC, 'id'], ['x']],
  [[...SPEC, 'additionalProperties'], [{ type: 'string' }]],
  [[...SPEC, 'externalDocs'], [{ url: 'x' }]],
  [[...SPEC, 'title'], ['x']],
  [
    [...SCHEMA, 'additionalProperties'],
    [{ type: 'string' }, true],
  ],
  [[...SCHEMA, 'x-kubernetes-embedded-resource'], [true]],
  [[...SPEC, 'properties', 'free', 'additionalProperties'], [{ type: 'string' }]],
  [[...SPEC, 'properties', 'free', 'x-kubernetes-int-or-string'], [true]],
  [[...SPEC, 'properties', 'target', 'x-kubernetes-preserve-unknown-fields'], [true]],
  [
    [...SPEC, 'properties', 'target', 'anyOf'],
    [[{ type: 'integer' }, { type: 'string' }], [{ type: 'string' }, { type: 'integer' }], [{ type: 'integer' }]],
  ],
  [[...SPEC, 'properties', 'target', 'type'], ['string']],
  [
    [...SPEC, 'properties', 'target', 'allOf'],
    [
      [{ anyOf: [{ type: 'integer' }, { type: 'string' }] }, { pattern: '^1' }],
      [{ pattern: '^1' }, { anyOf: [{ type: 'integer' }, { type: 'string' }] }],
    ],
  ],
  [[...SPEC, 'properties', 'a', 'anyOf'], [[{ type: 'integer' }, { type: 'string' }]]],
  [[...SPEC, 'properties', 'any', 'x-kubernetes-embedded-resource'], [true]],
  [[...SPEC, 'x-kubernetes-embedded-resource'], [true]],
  [
    [...SPEC, 'properties', 'apiVersion'],
    [{ type: 'string' }, { type: 'integer' }, { 'x-kubernetes-int-or-string': true }],
  ],
  [
    [...SPEC, 'properties', 'metadata'],
    [{ type: 'object', properties: { labels: { type: 'object' } } }, { type: 'string' }],
  ],
  [
    [...SPEC, 'oneOf'],
    [
      [{ properties: { metadata: { required: ['x'] } } }],
      [{ 'x-kubernetes-validations': [{ rule: 'true' }] }],
      [{ allOf: [{ anyOf: [{ type: 'integer' }, { type: 'string' }] }] }],
    ],
  ],
  [
    [...SCHEMA, 'properties', 'metadata', 'description'],
    ['d', ''],
  ],
  [[...SCHEMA, 'properties', 'metadata', 'required'], [['name']]],
  [
    [...SPEC, 'default'],
    [{}, { a: 'x' }, { a: 'x', more: 1 }, { a: 1 }],
  ],
];

const edit = fc
  .constantFrom(...FAULTS)
  .chain(([path, values]) => fc.constantFrom(...values).map((value) => ({ path, value })));

/** A definition with some faults. */
export const faultyDefinition: fc.Arbitrary<object> = fc.array(edit, { minLength: 1, maxLength: 3 }).map((edits) => {
  const made = structuredClone(definition) as unknown as Json;
  for (const { path, value } of edits) put(made, path, value);
  return made;
});

function put(root: Json, path: readonly (string | number)[], value: unknown): void {
  let at: Json = root;
  for (const step of path.slice(0, -1)) {
    const next = at[step];
    // Another fault has taken the place away.
    if (typeof next !== 'object' || next === null) return;
    at = next as Json;
  }
  const last = path.at(-1) as string;
  if (value === undefined) delete at[last];
  else at[last] = structuredClone(value);
}
