import { encodeCbor, encodeCborItem } from '@navarch/machinery';
import type { Client, Scenario } from './scenario.ts';

const META = 'v=v1;g=meta.k8s.io';
const CBOR = 'application/cbor';
const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const collectionOf = (namespace: string): string => `/apis/oracle.dev/v1/namespaces/${namespace}/widgets`;

const widget = (name: string, spec: object = {}): object => ({
  apiVersion: 'oracle.dev/v1',
  kind: 'Widget',
  metadata: { name },
  spec,
});
const text = (value: unknown): unknown => ({ apiVersion: 'oracle.dev/v1', kind: 'Widget', metadata: value });

const ACCEPTS = [
  CBOR,
  `${CBOR}, application/json`,
  `application/json;q=0.5,${CBOR}`,
  `${CBOR};q=0.1,application/yaml;q=0.2`,
  'application/*',
  'application/cbor-seq',
  `${CBOR};pretty=1`,
  `${CBOR};stream=watch`,
  `${CBOR};charset=utf-8`,
  ...['Table', 'PartialObjectMetadata', 'PartialObjectMetadataList', 'Other'].map((as) => `${CBOR};as=${as};${META}`),
  `${CBOR};as=Table;v=v1beta1;g=meta.k8s.io`,
  `${CBOR};as=APIGroupDiscoveryList;v=v2;g=apidiscovery.k8s.io`,
  'text/html',
];

/** Items of a widget by hand: what no encoder of ours writes. */
const item = (...parts: readonly (string | Uint8Array)[]): Uint8Array =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'hex') : part)));
const key = encodeCborItem;
/** A widget `a` whose spec is the given item. */
const widgetOf = (spec: string, tag = 'd9d9f7'): Uint8Array =>
  item(
    `${tag}a4`,
    key('apiVersion'),
    key('oracle.dev/v1'),
    key('kind'),
    key('Widget'),
    key('metadata'),
    key({ name: 'a' }),
    key('spec'),
    spec,
  );
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const specOf = (field: string, value: string): Uint8Array => widgetOf(hex(item('a1', key(field), value)));
const anyOf = (value: string): Uint8Array => widgetOf(hex(item('a1', key('any'), 'a1', key('x'), value)));
const textString = (value: string): string =>
  hex(Buffer.concat([Buffer.from([0x60 + value.length]), Buffer.from(value)]));

const BODIES: readonly (readonly [name: string, body: Uint8Array])[] = [
  ['nothing', new Uint8Array()],
  ['a widget', encodeCbor(widget('a', { size: 2, ratio: 0.5, any: { x: [1, -1, 1.5, 'y', null, true] } }))],
  ['no tag', widgetOf('a0', '')],
  ['JSON', Buffer.from('{"apiVersion":"oracle.dev/v1","kind":"Widget","metadata":{"name":"a"}}')],
  ['the tag alone', item('d9d9f7')],
  ...['f6', 'f5', '01', '80', 'a0', '41 61', '61 61'].map((value): readonly [string, Uint8Array] => [
    `instead of an object ${value}`,
    item('d9d9f7', value.replace(' ', '')),
  ]),
  ['no kind', encodeCbor({ apiVersion: 'oracle.dev/v1', metadata: { name: 'a' } })],
  ['no version', encodeCbor({ kind: 'Widget', metadata: { name: 'a' } })],
  ['another kind', encodeCbor({ apiVersion: 'oracle.dev/v1', kind: 'Gadget', metadata: { name: 'a' } })],
  ['another version', encodeCbor({ apiVersion: 'oracle.dev/v2', kind: 'Widget', metadata: { name: 'a' } })],
  ['a kind that is a number', encodeCbor({ apiVersion: 'oracle.dev/v1', kind: 1, metadata: { name: 'a' } })],
  ['a kind that is an object', encodeCbor({ apiVersion: 'oracle.dev/v1', kind: { valueOf: 1, toString: 2 } })],
  ['a kind that is null', encodeCbor({ apiVersion: 'oracle.dev/v1', kind: null, metadata: { name: 'a' } })],
  ['a version that is a list', encodeCbor({ apiVersion: [], kind: 'Widget', metadata: { name: 'a' } })],
  ['a version of three parts', encodeCbor({ apiVersion: 'a/b/c', kind: 'Widget', metadata: { name: 'a' } })],
  ...[null, [], 'x', {}, { name: 1 }, { name: null }, { name: 'a', labels: { x: 1 } }, { name: 'a', more: 1 }].map(
    (metadata): readonly [string, Uint8Array] => [`metadata ${JSON.stringify(metadata)}`, encodeCbor(text(metadata))],
  ),
  ['unknown fields', encodeCbor({ ...widget('a', { unknown: 1, size: 2 }), more: { a: 1 } })],
  ['a wrong type', encodeCbor(widget('a', { size: 'x' }))],
  ['spec null', encodeCbor(widget('a', null as unknown as object))],
  ['a key twice', widgetOf(hex(item('a2', key('size'), '01', key('size'), '02')))],
  ['a key that is a number', widgetOf('a10102')],
  ['a key that is a text string', widgetOf(`a1${textString('size')}05`)],
  ['too short', encodeCbor(widget('a')).slice(0, -3)],
  ['too long', item(Buffer.from(encodeCbor(widget('a'))), '00')],
  ['size 1.0', specOf('size', 'f93c00')],
  ['size 1.5', specOf('size', 'f93e00')],
  ['size 2^53+1', specOf('size', '1b0020000000000001')],
  ['size int64 max', specOf('size', '1b7fffffffffffffff')],
  ['size beyond int64', specOf('size', '1b8000000000000000')],
  ['ratio 1', specOf('ratio', '01')],
  ['ratio 1.0', specOf('ratio', 'f93c00')],
  ['ratio 1.0 in 64 bits', specOf('ratio', 'fb3ff0000000000000')],
  ['name as text string', specOf('name', textString('abc'))],
  ['name with a tag for base64', specOf('name', 'd6 43 616263'.replaceAll(' ', ''))],
  ['a time', specOf('when', `c0${textString('2026-11-21T00:00:00Z')}`)],
  ['a time as a number', specOf('when', 'c11a69200000')],
  ...[
    ['int64 min', '3b7fffffffffffffff'],
    ['below int64', '3b8000000000000000'],
    ['-0', 'f98000'],
    ['1e17 as a float', 'fb4376345785d8a000'],
    ['1e300', 'fb7e37e43c8800759c'],
    ['infinity', 'f97c00'],
    ['NaN', 'f97e00'],
    ['undefined', 'f7'],
    ['a simple value', 'e0'],
    ['a big number', 'c249010000000000000000'],
    ['a list without end', '9f0102ff'],
    ['a map without end', 'bf4161 01ff'.replace(' ', '')],
    ['a text in chunks', '7f61616162ff'],
    ['bytes in chunks', '5f41614162ff'],
    ['a break', 'ff'],
    ['no UTF-8 as text', '61ff'],
    ['no UTF-8 as bytes', '41ff'],
    ['base64url', 'd543fbff01'],
    ['base64', 'd643fbff01'],
    ['base16', 'd743fbff01'],
    ['a tag nobody knows', 'd9ffff01'],
    ['a longer head than needed', '1800'],
    ['a reserved head', '1c'],
    ['deep', `${'81'.repeat(70)}01`],
  ].map(([name = '', value = '']): readonly [string, Uint8Array] => [name, anyOf(value)]),
];

const VALIDATIONS = ['', '?fieldValidation=Ignore', '?fieldValidation=Warn', '?fieldValidation=Strict'];

const TYPED: readonly unknown[] = [
  {},
  { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' },
  { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: 'x', generation: 'x' } },
  {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'x', labels: { a: 1 } },
  },
  { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: 'x' }, more: 1 },
  { apiVersion: 'apiextensions.k8s.io/v1', kind: 'Other', metadata: { name: 'x' } },
  { apiVersion: 'apiextensions.k8s.io/v1', kind: 1, metadata: { name: 'x' } },
  { kind: 'CustomResourceDefinition', metadata: { name: 'x' } },
  {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'xs.d.dev', generation: 9007199254740993n },
    spec: {
      group: 'd.dev',
      scope: 'Cluster',
      names: { plural: 'xs', kind: 'X' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: {
              type: 'object',
              properties: {
                spec: {
                  type: 'object',
                  properties: {
                    n: { type: 'integer', minimum: 1, maximum: 9007199254740993n, default: 9007199254740991n },
                  },
                },
              },
            },
          },
        },
      ],
    },
  },
];

async function fill({ namespace, quietly }: Client): Promise<void> {
  await quietly('POST', collectionOf(namespace), {
    body: widget('a', { size: 3, name: 'p', ratio: 0.25, any: { n: 9007199254740993n, f: 1.5 } }),
  });
  await quietly('POST', collectionOf(namespace), { body: widget('b') });
}

export const cbor: readonly Scenario[] = [
  {
    name: 'cbor: what is asked for',
    async run(client) {
      await fill(client);
      const { ask, namespace } = client;
      const list = collectionOf(namespace);
      for (const path of [
        list,
        `${list}/a`,
        `${list}/none`,
        `${list}/a/status`,
        `${list}/a/scale`,
        `${list}?limit=1`,
        `${list}?labelSelector=((`,
        `${list}?resourceVersion=x`,
        '/apis/oracle.dev/v1/none',
        '/apis/none',
        '/apis',
        '/apis/oracle.dev',
        '/apis/oracle.dev/v1',
        `${DEFINITIONS}/gadgets.more.oracle.dev`,
        `${DEFINITIONS}/none`,
        '/version',
        '/healthz',
      ]) {
        for (const accept of ACCEPTS) await ask('GET', path, { headers: { accept } });
      }
    },
  },
  {
    name: 'cbor: bodies of custom resources',
    async run({ ask, quietly, namespace }) {
      const list = collectionOf(namespace);
      for (const [, body] of BODIES) {
        for (const validation of VALIDATIONS) {
          await ask('POST', `${list}${validation}`, { body, type: CBOR, headers: { accept: CBOR } });
          await quietly('DELETE', list);
        }
        await ask('PUT', `${list}/a`, { body, type: CBOR });
        await ask('GET', `${list}/a`, {});
        await ask('PATCH', `${list}/a?fieldManager=m`, {
          body,
          type: 'application/apply-patch+cbor',
          headers: { accept: CBOR },
        });
        await ask('PATCH', `${list}/a?fieldManager=m&fieldValidation=Strict`, {
          body,
          type: 'application/apply-patch+cbor',
        });
        await ask('PUT', `${list}/a/status`, { body, type: CBOR });
        await quietly('DELETE', list);
      }
    },
  },
  {
    name: 'cbor: bodies of what is typed',
    async run({ ask }) {
      for (const validation of VALIDATIONS) {
        for (const value of TYPED) {
          const body = encodeCbor(value);
          const query = `${validation ? `${validation}&` : '?'}dryRun=All`;
          await ask('POST', `${DEFINITIONS}${query}`, { body, type: CBOR, headers: { accept: CBOR } });
          await ask('PUT', `${DEFINITIONS}/widgets.oracle.dev${query}`, { body, type: CBOR });
          await ask('PATCH', `${DEFINITIONS}/xs.d.dev${query}&fieldManager=m`, {
            body,
            type: 'application/apply-patch+cbor',
          });
        }
      }
    },
  },
  {
    name: 'cbor: content types',
    async run({ ask, namespace }) {
      const list = collectionOf(namespace);
      const body = encodeCbor(widget('a'));
      for (const type of [
        'application/cbor;charset=utf-8',
        'APPLICATION/CBOR',
        'application/cbor-seq',
        'application/cbor;x',
        'application/x-cbor',
      ])
        await ask('POST', list, { body, type });
      for (const type of [
        CBOR,
        'application/json-patch+cbor',
        'application/merge-patch+cbor',
        'application/strategic-merge-patch+cbor',
        'application/apply-patch+cbor;x=y',
        'application/apply-patch+yaml',
        'application/merge-patch+json',
      ]) {
        await ask('PATCH', `${list}/a?fieldManager=m`, { body, type, headers: { accept: CBOR } });
        await ask('PATCH', `${DEFINITIONS}/widgets.oracle.dev?fieldManager=m&dryRun=All`, { body, type });
      }
    },
  },
  {
    name: 'cbor: deletions and scales',
    async run(client) {
      const { ask, namespace } = client;
      const list = collectionOf(namespace);
      for (const options of [
        {},
        { apiVersion: 'v1', kind: 'DeleteOptions' },
        { apiVersion: 'v1', kind: 'DeleteOptions', gracePeriodSeconds: 0 },
        { apiVersion: 'v1', kind: 'DeleteOptions', gracePeriodSeconds: 9007199254740993n },
        { apiVersion: 'v1', kind: 'DeleteOptions', gracePeriodSeconds: 'x' },
        { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: 'X' },
        { apiVersion: 'v1', kind: 'DeleteOptions', unknown: 1 },
        { apiVersion: 'v1', kind: 'Other' },
        { kind: 1 },
        [],
      ]) {
        await fill(client);
        await ask('DELETE', `${list}/a`, { body: encodeCbor(options), type: CBOR, headers: { accept: CBOR } });
        await ask('DELETE', list, { body: encodeCbor(options), type: CBOR, headers: { accept: CBOR } });
      }
      await fill(client);
      for (const scale of [
        { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name: 'a' }, spec: { replicas: 4 } },
        { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name: 'a' }, spec: { replicas: 'x' } },
        { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name: 'a' }, spec: { replicas: 9007199254740993n } },
        { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name: 'a' }, spec: { replicas: 3000000000 } },
        { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name: 'a' }, spec: { replicas: 1.5 } },
        { kind: 'Scale', metadata: { name: 'a' }, spec: { replicas: 2 } },
      ])
        await ask('PUT', `${list}/a/scale`, { body: encodeCbor(scale), type: CBOR, headers: { accept: CBOR } });
    },
  },
  ...[
    'application/cbor-seq',
    CBOR,
    `${CBOR};as=Table;${META}`,
    `${CBOR};as=PartialObjectMetadata;${META}`,
    'application/json',
  ].map((accept): Scenario => ({
    name: `cbor: a watch of ${accept}`,
    async run(client) {
      const { namespace, watch, quietly } = client;
      const list = collectionOf(namespace);
      const { resourceVersion } = (await quietly('GET', list)).json.metadata as { readonly resourceVersion: string };
      const watching = await watch(`${list}?watch=true&resourceVersion=${resourceVersion}`, { accept });
      await fill(client);
      await quietly('PATCH', `${list}/a`, { type: 'application/merge-patch+json', body: { spec: { size: 5 } } });
      await quietly('DELETE', `${list}/a`);
      await watching.events(4);
      watching.close();
      const initial = await watch(
        `${list}?watch=true&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan`,
        {
          accept,
        },
      );
      await initial.events(2);
      initial.close();
      const late = await watch(`${list}?watch=true&resourceVersion=1000000`, { accept });
      await late.events(1, 6_000);
      late.close();
    },
  })),
];
