import { establish } from './definitions.ts';
import type { Client, Scenario } from './scenario.ts';

const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

/** Numbers as they may be written: beyond what a double holds, and in the shapes of a float. */
const LITERALS = [
  '0',
  '-0',
  '-0.0',
  '1',
  '1.0',
  '1.00',
  '1e3',
  '1E+2',
  '100e-2',
  '1.5',
  '0.10',
  '2147483647',
  '2147483648',
  '4503599627370497',
  '9007199254740991',
  '9007199254740992',
  '9007199254740993',
  '-9007199254740993',
  '9223372036854775807',
  '-9223372036854775808',
  '9223372036854775808',
  '-9223372036854775809',
  '18446744073709551616',
  '100000000000000000000000',
  '9007199254740993.0',
  '1e17',
  '1e21',
  '1e-7',
  '123456789012345678901234567890.5',
  '1e400',
  '-1e400',
  '01',
  '+1',
  '1.',
  '.5',
  '0x10',
] as const;

/** What is applied as JSON is read as YAML by upstream, to which a float without a fraction is an integer: their objects part. */
const FLOATS: ReadonlySet<string> = new Set(['9007199254740993.0', '1e17', '-9223372036854775809']);

const NAMES = { group: 'num.oracle.dev', version: 'v1', plural: 'amounts', kind: 'Amount' } as const;
const int = { type: 'integer' } as const;
const definition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${NAMES.plural}.${NAMES.group}` },
  spec: {
    group: NAMES.group,
    scope: 'Namespaced',
    names: { plural: NAMES.plural, singular: 'amount', kind: NAMES.kind, listKind: 'AmountList' },
    versions: [
      {
        name: NAMES.version,
        served: true,
        storage: true,
        subresources: { status: {} },
        additionalPrinterColumns: [
          { name: 'I', type: 'integer', jsonPath: '.spec.i' },
          { name: 'N', type: 'number', jsonPath: '.spec.n' },
          { name: 'S', type: 'string', jsonPath: '.spec.i' },
          { name: 'K', type: 'string', jsonPath: '.spec.keyed[0].k' },
        ],
        selectableFields: [{ jsonPath: '.spec.i' }],
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: {
                type: 'object',
                properties: {
                  i: int,
                  i32: { type: 'integer', format: 'int32' },
                  i64: { type: 'integer', format: 'int64' },
                  n: { type: 'number' },
                  least: { type: 'integer', minimum: 9007199254740993n, default: 9223372036854775807n },
                  most: { type: 'integer', maximum: 9007199254740991n },
                  many: { type: 'integer', multipleOf: 3 },
                  one: { type: 'integer', enum: [1, 9007199254740993n, 9223372036854775807n] },
                  mixed: { 'x-kubernetes-int-or-string': true },
                  any: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
                  set: { type: 'array', items: int, 'x-kubernetes-list-type': 'set' },
                  keyed: {
                    type: 'array',
                    'x-kubernetes-list-type': 'map',
                    'x-kubernetes-list-map-keys': ['k'],
                    items: { type: 'object', required: ['k'], properties: { k: int, v: int } },
                  },
                  ruled: {
                    type: 'integer',
                    'x-kubernetes-validations': [
                      { rule: 'self != 9007199254740993 && self + 1 > self', message: 'not that' },
                    ],
                  },
                },
              },
            },
          },
        },
      },
    ],
  },
};

const collectionOf = (namespace: string): string => `/apis/${NAMES.group}/v1/namespaces/${namespace}/${NAMES.plural}`;
const bodyOf = (spec: string): string =>
  `{"apiVersion":"${NAMES.group}/v1","kind":"${NAMES.kind}","metadata":{"name":"a"},"spec":${spec}}`;
const PLACES: readonly ((literal: string) => string)[] = [
  (n) => `{"i":${n}}`,
  (n) => `{"i32":${n}}`,
  (n) => `{"i64":${n}}`,
  (n) => `{"n":${n}}`,
  (n) => `{"least":${n}}`,
  (n) => `{"most":${n}}`,
  (n) => `{"many":${n}}`,
  (n) => `{"one":${n}}`,
  (n) => `{"mixed":${n}}`,
  (n) => `{"any":{"x":${n},"y":[${n}]}}`,
  (n) => `{"set":[1,${n}]}`,
  (n) => `{"set":[${n},${n}]}`,
  (n) => `{"keyed":[{"k":${n},"v":1},{"k":2}]}`,
  (n) => `{"ruled":${n}}`,
];

async function establishOnce(client: Client): Promise<void> {
  const { status } = await client.quietly('GET', `${DEFINITIONS}/${definition.metadata.name}`);
  if (status !== 200) await establish(client, definition);
}

async function patchAll({ ask, quietly, namespace }: Client, literal: string): Promise<void> {
  const list = collectionOf(namespace);
  await quietly('POST', list, {
    body: bodyOf('{"i":9007199254740993,"any":{"x":9007199254740995},"set":[7]}'),
  });
  const merge = { type: 'application/merge-patch+json' } as const;
  const operations = { type: 'application/json-patch+json' } as const;
  const apply = { type: 'application/apply-patch+yaml' } as const;
  await ask('PATCH', `${list}/a`, { ...merge, body: `{"spec":{"any":{"y":${literal}}}}` });
  await ask('PATCH', `${list}/a`, { ...operations, body: `[{"op":"add","path":"/spec/any/z","value":${literal}}]` });
  await ask('PATCH', `${list}/a`, { ...operations, body: `[{"op":"test","path":"/spec/any/z","value":${literal}}]` });
  await ask('PATCH', `${list}/a`, { ...operations, body: `[{"op":"test","path":"/spec/i","value":${literal}}]` });
  await ask('PATCH', `${list}/a?fieldManager=m`, {
    ...apply,
    body: bodyOf(`{"keyed":[{"k":${literal},"v":1}]}`),
  });
  await ask('PATCH', `${list}/a?fieldManager=n`, {
    ...apply,
    body: bodyOf(`{"keyed":[{"k":${literal},"v":2}],"any":{"x":${literal}}}`),
  });
  await ask('GET', `${list}/a`);
  await quietly('DELETE', list);
}

export const numbers: readonly Scenario[] = [
  {
    name: 'numbers of custom resources',
    async run(client) {
      const { ask, quietly, namespace } = client;
      await establishOnce(client);
      await ask('GET', `${DEFINITIONS}/${definition.metadata.name}`, {
        headers: { accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io' },
      });
      const list = collectionOf(namespace);
      for (const literal of LITERALS) {
        for (const place of PLACES) {
          await ask('POST', list, { body: bodyOf(place(literal)) });
          await quietly('DELETE', list);
        }
        await ask('POST', list, { body: bodyOf(`{"n":${literal}}`), type: 'application/yaml' });
        await ask('GET', list, { headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' } });
        await ask('GET', `${list}/a`, { headers: { accept: 'application/yaml' } });
        await ask('GET', `${list}?fieldSelector=spec.i%3D${encodeURIComponent(literal)}`);
        await quietly('DELETE', list);
      }
    },
  },
  {
    name: 'numbers in patches',
    async run(client) {
      await establishOnce(client);
      for (const literal of LITERALS) if (!FLOATS.has(literal)) await patchAll(client, literal);
    },
  },
  {
    name: 'numbers of what is typed',
    async run({ ask }) {
      const version = (schema: string): string =>
        `{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object","properties":{"n":${schema}}}}}`;
      const body = (metadata: string, schema: string): string =>
        `{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"xs.d.dev"${metadata}},"spec":{"group":"d.dev","scope":"Cluster","names":{"plural":"xs","kind":"X"},"versions":[${version(schema)}]}}`;
      for (const literal of LITERALS) {
        for (const sent of [
          body(`,"generation":${literal}`, '{"type":"integer"}'),
          body(`,"deletionGracePeriodSeconds":${literal}`, '{"type":"integer"}'),
          body('', `{"type":"integer","minimum":${literal}}`),
          body('', `{"type":"integer","multipleOf":${literal}}`),
          body('', `{"type":"integer","default":${literal}}`),
          body('', `{"type":"integer","enum":[${literal}]}`),
          body('', `{"type":"string","maxLength":${literal}}`),
        ])
          await ask('POST', `${DEFINITIONS}?dryRun=All`, { body: sent });
      }
    },
  },
];
