import { type CustomScenario, scenario } from './custom-client.ts';
import { definition, version } from './custom-definitions.ts';
import { APPLY, base, foo, I, MERGE, S, schema, TABLE } from './foos.ts';

/** Parts, columns, selectors and versions of objects of definitions. */
export const customObjects: readonly CustomScenario[] = [
  scenario('scale', async (t, g) => {
    await t.define(
      definition(g, 'foos', 'Foo', [
        version('v1', {
          subresources: {
            status: {},
            scale: {
              specReplicasPath: '.spec.replicas',
              statusReplicasPath: '.status.replicas',
              labelSelectorPath: '.status.sel',
            },
          },
        }),
      ]),
    );
    await t.ask('GET', `/apis/${g}/v1`);
    await t.ask('POST', base(g), foo(g, 'a'));
    await t.ask('GET', `${base(g)}/a/scale`);
    await t.ask('PATCH', `${base(g)}/a/scale`, { spec: { replicas: 3 } }, MERGE);
    await t.ask('GET', `${base(g)}/a`);
    await t.ask('GET', `${base(g)}/a/scale`);
    await t.ask('PATCH', `${base(g)}/a/status`, { status: { replicas: 2, sel: 'a=b' } }, MERGE);
    await t.ask('GET', `${base(g)}/a/scale`);
    await t.ask('PATCH', `${base(g)}/a/scale`, { spec: { replicas: -3 } }, MERGE);
    await t.ask('PATCH', `${base(g)}/a/scale`, { spec: { replicas: 'x' } }, MERGE);
    await t.ask('PUT', `${base(g)}/a/scale`, {
      apiVersion: 'autoscaling/v1',
      kind: 'Scale',
      metadata: { name: 'a' },
      spec: { replicas: 6 },
    });
    await t.ask('PUT', `${base(g)}/a/scale`, {
      apiVersion: 'autoscaling/v1',
      kind: 'Scale',
      metadata: { name: 'a', resourceVersion: '1' },
      spec: { replicas: 6 },
    });
    await t.ask('PUT', `${base(g)}/a/scale`, {
      apiVersion: 'autoscaling/v1',
      kind: 'Scale',
      metadata: { name: 'b' },
      spec: { replicas: 6 },
    });
    await t.ask('PUT', `${base(g)}/zz/scale`, {
      apiVersion: 'autoscaling/v1',
      kind: 'Scale',
      metadata: { name: 'zz' },
      spec: { replicas: 6 },
    });
    await t.ask('PATCH', `${base(g)}/a`, { spec: { replicas: -1 } }, MERGE);
    await t.ask('PATCH', `${base(g)}/a`, { spec: { replicas: 'x' } }, MERGE);
    await t.ask('PATCH', `${base(g)}/a`, { spec: { replicas: 3000000000 } }, MERGE);
    await t.ask('PATCH', `${base(g)}/a/status`, { status: { replicas: -2, sel: 5 } }, MERGE);
    await t.ask('GET', `${base(g)}/a/scale`);
    await t.ask('PATCH', `${base(g)}/a`, { spec: null }, MERGE);
    await t.ask('GET', `${base(g)}/a/scale`);
    await t.ask('DELETE', `${base(g)}/a/scale`);
    await t.ask('POST', `${base(g)}/a/scale`, {});
    await t.drop(`foos.${g}`);
  }),
  scenario('columns', async (t, g) => {
    const col = (name: string, type: string, jsonPath: string, more = {}) => ({ name, type, jsonPath, ...more });
    await t.define(
      definition(g, 'foos', 'Foo', [
        version('v1', {
          additionalPrinterColumns: [
            col('S', 'string', '.spec.s'),
            col('I', 'integer', '.spec.i', { priority: 1, description: 'an int', format: 'int64' }),
            col('N', 'number', '.spec.n'),
            col('B', 'boolean', '.spec.b'),
            col('D', 'date', '.spec.d'),
            col('L', 'string', '.spec.l'),
            col('LI', 'string', '.spec.l[*]'),
            col('L0', 'string', '.spec.l[0]'),
            col('M', 'string', '.spec.m'),
            col('F', 'string', '.spec.c[?(@.type=="Ready")].status'),
            col('All', 'string', '.spec.c[*].type'),
            col('II', 'integer', '.spec.s'),
            col('SI', 'string', '.spec.i'),
            col('IS', 'integer', '.spec.n'),
            col('Esc', 'string', '.metadata.labels.a\\.b'),
            col('Br', 'string', ".metadata.annotations['x\\.y']"),
            col('Nf', 'number', '.spec.i'),
            col('Bs', 'boolean', '.spec.s'),
          ],
        }),
      ]),
    );
    await t.ask('POST', base(g), foo(g, 'empty'));
    await t.ask(
      'POST',
      base(g),
      foo(g, 'full', {
        metadata: { name: 'full', labels: { 'a.b': 'lab' }, annotations: { 'x.y': 'ann' } },
        spec: {
          s: 'str',
          i: 5,
          n: 1.5,
          b: true,
          d: '2020-01-01T00:00:00Z',
          l: ['a', 'b'],
          m: { z: 1, a: 'x' },
          c: [
            { type: 'Ready', status: 'True' },
            { type: 'Other', status: 'False' },
          ],
        },
      }),
    );
    await t.ask(
      'POST',
      base(g),
      foo(g, 'odd', { spec: { s: 7, i: 'x', n: 'y', b: 'z', d: 'bad', l: 'a', m: null, c: {} } }),
    );
    await t.ask(
      'POST',
      base(g),
      foo(g, 'odd2', { spec: { s: null, i: 2.5, n: 3, b: null, d: 5, l: [], m: [], c: [] } }),
    );
    await t.ask(
      'POST',
      base(g),
      foo(g, 'odd3', {
        spec: {
          s: true,
          i: 12345678901,
          b: false,
          d: '2999-01-01T00:00:00Z',
          l: [1, { a: 1 }],
          m: [1],
          c: [{ type: 'Ready' }, { type: 'Ready', status: 5 }],
        },
      }),
    );
    for (const x of ['empty', 'full', 'odd', 'odd2', 'odd3'])
      await t.ask('GET', `${base(g)}/${x}?includeObject=None`, undefined, TABLE);
    await t.drop(`foos.${g}`);
  }),
  scenario('selectable', async (t, g) => {
    await t.define(
      definition(g, 'foos', 'Foo', [
        version('v1', {
          ...schema({ spec: { type: 'object', properties: { s: S, i: I, b: { type: 'boolean' } } } }),
          selectableFields: [{ jsonPath: '.spec.s' }, { jsonPath: '.spec.i' }, { jsonPath: '.spec.b' }],
        }),
      ]),
    );
    await t.ask('POST', base(g), foo(g, 'a', { spec: { s: 'x', i: 5, b: true } }));
    await t.ask('POST', base(g), foo(g, 'b', {}));
    for (const q of [
      'spec.s=x',
      'spec.s=',
      'spec.s!=x',
      'spec.i=5',
      'spec.b=true',
      'spec.b=',
      'spec.nope=1',
      'metadata.name=a,spec.s=x',
      'metadata.namespace=d',
      'metadata.uid=x',
      'spec.s',
      'spec.s==x',
    ])
      await t.ask('GET', `${base(g)}?fieldSelector=${encodeURIComponent(q)}`);
    await t.ask('DELETE', `${base(g)}?fieldSelector=spec.i%3D5`);
    await t.ask('GET', base(g));
    await t.drop(`foos.${g}`);
  }),
  scenario('cluster scoped, no status', async (t, g) => {
    await t.define(definition(g, 'foos', 'Foo', [version('v1')], { spec: { scope: 'Cluster' } }));
    const b = `/apis/${g}/v1/foos`;
    await t.ask('POST', b, foo(g, 'a', { spec: { a: 1 }, status: { b: 1 } }));
    await t.ask('POST', base(g), foo(g, 'a'));
    await t.ask('PATCH', `${b}/a`, { status: { b: 2 } }, MERGE);
    await t.ask('GET', `${b}/a/status`);
    await t.ask('PUT', `${b}/a/status`, {});
    await t.ask('PATCH', `${b}/a`, { status: { b: 2 } }, MERGE);
    await t.ask('PATCH', `${b}/a`, { other: { b: 2 } }, MERGE);
    await t.ask('PATCH', `${b}/a`, { metadata: { annotations: { x: 'y' } } }, MERGE);
    await t.ask('DELETE', `${b}/a?propagationPolicy=Background`);
    await t.ask('POST', b, { apiVersion: `${g}/v1`, kind: 'Foo', metadata: { name: 'w', namespace: 'x' } });
    await t.ask('DELETE', b);
    await t.drop(`foos.${g}`);
  }),
  scenario('three versions', async (t, g) => {
    await t.define(
      definition(g, 'foos', 'Foo', [
        version('v1beta1', {
          ...schema({ spec: { type: 'object', properties: { a: S, c: { type: 'string', default: 'beta' } } } }),
          storage: false,
        }),
        version(
          'v1',
          schema({ spec: { type: 'object', properties: { a: S, b: { type: 'string', default: 'dflt' } } } }),
        ),
        version('v2alpha1', {
          ...schema({ spec: { type: 'object', properties: { a: S }, required: ['a'] } }),
          storage: false,
        }),
      ]),
    );
    await t.ask('GET', `/apis/${g}`);
    const at = (v: string) => base(g).replace('/v1/', `/${v}/`);
    await t.ask('POST', at('v1beta1'), foo(g, 'a', { spec: { a: 'x', b: 'y', c: 'z' } }, 'v1beta1'));
    for (const v of ['v1beta1', 'v1', 'v2alpha1']) {
      await t.ask('GET', `${at(v)}/a`);
      await t.ask('GET', at(v));
    }
    await t.ask('PATCH', `${at('v1beta1')}/a`, { spec: { a: 'q' } }, MERGE);
    await t.ask('GET', `${at('v1')}/a`);
    await t.ask(
      'PATCH',
      `${at('v1beta1')}/a?fieldManager=m&force=true`,
      foo(g, 'a', { spec: { a: 's' } }, 'v1beta1'),
      APPLY,
    );
    await t.ask('PATCH', `${at('v1beta1')}/a?fieldManager=other`, foo(g, 'a', { spec: { a: 't' } }, 'v1beta1'), APPLY);
    await t.ask('PUT', `${at('v2alpha1')}/a`, foo(g, 'a', {}, 'v2alpha1'));
    await t.ask('DELETE', `${at('v2alpha1')}/a`);
    await t.drop(`foos.${g}`);
  }),
];
