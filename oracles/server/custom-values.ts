import { type CustomScenario, scenario } from './custom-client.ts';
import { definition, version } from './custom-definitions.ts';
import { APPLY, base, foo, I, JSONP, MERGE, S, schema } from './foos.ts';

/** What objects of a definition are held to by its schema. */
export const customValues: readonly CustomScenario[] = [
  scenario('objects', async (t, g) => {
    await t.define(
      definition(g, 'foos', 'Foo', [
        version('v1', {
          ...schema({
            spec: {
              type: 'object',
              required: ['need'],
              properties: {
                need: S,
                n: { type: 'integer', minimum: 1, maximum: 10, default: 3 },
                x: { type: 'number', multipleOf: 0.5 },
                e: { type: 'string', enum: ['a', 'b'] },
                p: { type: 'string', pattern: '^a+$', maxLength: 3, minLength: 2 },
                l: { type: 'array', minItems: 1, maxItems: 2, items: S, 'x-kubernetes-list-type': 'set' },
                m: {
                  type: 'array',
                  items: { type: 'object', required: ['k'], properties: { k: S, v: I } },
                  'x-kubernetes-list-type': 'map',
                  'x-kubernetes-list-map-keys': ['k'],
                },
                ios: { 'x-kubernetes-int-or-string': true },
                nul: { type: 'string', nullable: true, default: 'd' },
                nul2: { type: 'string', nullable: true },
                am: { type: 'object', maxProperties: 1, additionalProperties: I },
                o: { type: 'object', default: { z: 1 }, properties: { z: I, y: { type: 'integer', default: 2 } } },
                emb: {
                  type: 'object',
                  'x-kubernetes-embedded-resource': true,
                  'x-kubernetes-preserve-unknown-fields': true,
                },
                any: { 'x-kubernetes-preserve-unknown-fields': true },
                one: { type: 'object', properties: { a: I, b: I }, oneOf: [{ required: ['a'] }, { required: ['b'] }] },
                not: { type: 'string', not: { enum: ['no'] } },
                b: { type: 'boolean' },
              },
            },
            status: { type: 'object', properties: { s: S, replicas: I } },
          }),
          subresources: { status: {} },
        }),
      ]),
    );
    const post = (name: string, spec: unknown, more: object = {}, q = '') =>
      t.ask('POST', base(g) + q, { ...foo(g, name, { spec }), ...more });
    await post('a', { need: 'x' }, { status: { s: 'gone' }, extra: 1 });
    await post('a', { need: 'x' });
    for (const [i, spec] of [
      {},
      { need: 1 },
      { need: 'x', n: 0 },
      { need: 'x', n: 11 },
      { need: 'x', n: 1.5 },
      { need: 'x', n: '3' },
      { need: 'x', x: 0.3 },
      { need: 'x', e: 'c' },
      { need: 'x', p: 'b' },
      { need: 'x', p: 'aaaa' },
      { need: 'x', l: [] },
      { need: 'x', l: ['a', 'a'] },
      { need: 'x', l: ['a', 'b', 'c'] },
      { need: 'x', m: [{ k: 'a' }, { k: 'a' }] },
      { need: 'x', m: [{ v: 1 }] },
      { need: 'x', ios: 1.5 },
      { need: 'x', ios: true },
      { need: 'x', ios: 5 },
      { need: 'x', nul: null, nul2: null },
      { need: null },
      { need: 'x', n: null },
      { need: 'x', am: { a: 1, b: 2 } },
      { need: 'x', am: { a: 'x' } },
      { need: 'x', o: {} },
      { need: 'x', o: { y: null } },
      { need: 'x', emb: {} },
      { need: 'x', emb: { apiVersion: 'v1', kind: 'Pod' } },
      {
        need: 'x',
        emb: {
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: { name: 'x', labels: { a: 1 }, foo: 1, creationTimestamp: 'bad' },
        },
      },
      { need: 'x', emb: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'X_', labels: { a: 'b c' }, foo: 1 } } },
      { need: 'x', emb: { apiVersion: 1, kind: 'A' } },
      { need: 'x', emb: { apiVersion: 'v1', kind: '' } },
      { need: 'x', emb: { apiVersion: 'v1', kind: 'A', metadata: [] } },
      { need: 'x', any: { a: [null] } },
      { need: 'x', any: null },
      { need: 'x', one: { a: 1, b: 1 } },
      { need: 'x', not: 'no' },
      { need: 'x', b: 'true' },
      'str',
      [],
      null,
      5,
    ].entries())
      await post(`s${i}`, spec);
    await post('u', { need: 'x', foo: 1, o: { q: 1 }, m: [{ k: 'a', z: 1 }] }, { extra: { a: 1 } });
    await post('u2', { need: 'x', foo: 1, o: { q: 1 } }, { extra: { a: 1 } }, '?fieldValidation=Strict');
    await post('u3', { need: 'x', foo: 1, o: { q: 1 } }, { extra: { a: 1 } }, '?fieldValidation=Ignore');
    await t.ask('POST', base(g), {
      ...foo(g, 'u4', { spec: { need: 'x' } }),
      metadata: { name: 'u4', foo: 1, labels: { a: 1 } },
    });
    await t.ask('POST', base(g), { ...foo(g, 'u5', { spec: { need: 'x' } }), metadata: { name: 'u5', foo: 1 } });
    await t.ask('POST', base(g), {
      ...foo(g, 'U_6', { spec: { need: 'x' } }),
      metadata: {
        name: 'U_6',
        labels: { 'a b': 'c d' },
        annotations: { 'x y': 'z' },
        finalizers: ['a b'],
        ownerReferences: [{}],
      },
    });
    await t.ask('POST', base(g), { ...foo(g, 'u7', { spec: { need: 'x' } }), kind: 'Bar' });
    await t.ask('POST', base(g), { ...foo(g, 'u7', { spec: { need: 'x' } }), apiVersion: 'x/v1' });
    await t.ask('POST', base(g), { metadata: { name: 'u7' }, spec: { need: 'x' } });
    await t.ask('POST', base(g), { kind: 'Foo', metadata: { name: 'u7' }, spec: { need: 'x' } });
    await t.ask('POST', base(g), '{"apiVersion":');
    await t.ask('POST', base(g), '[]');
    await t.ask('POST', base(g), '"x"');
    await t.ask('POST', base(g), '{}');
    await t.ask('POST', base(g), '');
    await t.ask(
      'POST',
      base(g),
      `{"apiVersion":"${g}/v1","kind":"Foo","metadata":{"name":"dup","name":"dup"},"spec":{"need":"x","need":"y"}}`,
    );
    await t.ask(
      'POST',
      base(g) + '?fieldValidation=Strict',
      `{"apiVersion":"${g}/v1","kind":"Foo","metadata":{"name":"dup2","name":"dup2"},"spec":{"need":"x","need":"y"}}`,
    );
    await t.ask('POST', base(g), {
      apiVersion: `${g}/v1`,
      kind: 'Foo',
      metadata: { namespace: 'e', name: 'q' },
      spec: { need: 'x' },
    });
    await t.ask('POST', base(g), { apiVersion: `${g}/v1`, kind: 'Foo', spec: { need: 'x' } });
    await t.ask('POST', base(g), { apiVersion: `${g}/v1`, kind: 'Foo', metadata: null, spec: { need: 'x' } });
    await t.ask('POST', base(g), { apiVersion: `${g}/v1`, kind: 'Foo', metadata: 'x', spec: { need: 'x' } });
    // updates
    const put = (path: string, body: unknown) => t.ask('PUT', path, body);
    const cur = async (): Promise<any> => (await t.get(`${base(g)}/a`)).json;
    await put(`${base(g)}/a`, foo(g, 'a', { spec: { need: 'y' } }));
    await put(`${base(g)}/a`, { ...(await cur()), spec: { need: 'y' } });
    await put(`${base(g)}/a`, { ...(await cur()), spec: { need: 'y' }, status: { s: 'x' } });
    await put(`${base(g)}/a/status`, {
      ...(await cur()),
      spec: { need: 'zz' },
      status: { s: 'x' },
      metadata: { ...(await cur()).metadata, labels: { a: 'b' } },
    });
    await put(`${base(g)}/a/status`, { ...(await cur()), status: { s: 1, t: 2 } });
    await put(`${base(g)}/a/status`, foo(g, 'a', { status: { s: 'q' } }));
    await put(`${base(g)}/a/status`, { ...(await cur()), status: 'x' });
    await put(`${base(g)}/a/status`, { ...(await cur()), status: null });
    await t.ask('GET', `${base(g)}/a/status`);
    await put(`${base(g)}/zz`, foo(g, 'zz', { spec: { need: 'y' } }));
    await put(`${base(g)}/zz`, foo(g, 'yy', { spec: { need: 'y' } }));
    await t.ask('PATCH', `${base(g)}/a`, { spec: { n: null, m: [{ k: 'a', v: 1 }] } }, MERGE);
    await t.ask('PATCH', `${base(g)}/a`, { metadata: { labels: { x: 'y' } } }, MERGE);
    await t.ask('PATCH', `${base(g)}/a`, { spec: { n: 99 } }, MERGE);
    await t.ask(
      'PATCH',
      `${base(g)}/a`,
      [
        { op: 'replace', path: '/spec/n', value: 7 },
        { op: 'test', path: '/spec/need', value: 'y' },
      ],
      JSONP,
    );
    await t.ask('PATCH', `${base(g)}/a`, [{ op: 'replace', path: '/spec/nope', value: 7 }], JSONP);
    await t.ask('PATCH', `${base(g)}/a`, [{ op: 'test', path: '/spec/need', value: 'q' }], JSONP);
    await t.ask('PATCH', `${base(g)}/a`, [{ op: 'add', path: '/spec/unknown', value: 7 }], JSONP);
    await t.ask('PATCH', `${base(g)}/a`, [{ op: 'replace', path: '/metadata/name', value: 'b' }], JSONP);
    await t.ask('PATCH', `${base(g)}/a`, { spec: {} }, { 'content-type': 'application/strategic-merge-patch+json' });
    await t.ask(
      'PATCH',
      `${base(g)}/a?fieldManager=m`,
      foo(g, 'a', { spec: { need: 'q', m: [{ k: 'b', v: 2 }] } }),
      APPLY,
    );
    await t.ask(
      'PATCH',
      `${base(g)}/a?fieldManager=m&force=true`,
      foo(g, 'a', { spec: { need: 'q', m: [{ k: 'b', v: 2 }], l: ['x'] } }),
      APPLY,
    );
    await t.ask(
      'PATCH',
      `${base(g)}/a?fieldManager=m&force=true`,
      foo(g, 'a', { spec: { need: 'q', m: [{ k: 'b', v: 2 }], l: ['x'], foo: 1 } }),
      APPLY,
    );
    await t.ask(
      'PATCH',
      `${base(g)}/a?fieldManager=m&force=true&fieldValidation=Strict`,
      foo(g, 'a', { spec: { need: 'q', m: [{ k: 'b', v: 2 }], l: ['x'], foo: 1 } }),
      APPLY,
    );
    await t.ask(
      'PATCH',
      `${base(g)}/a?fieldManager=m`,
      foo(g, 'a', { spec: { need: 'q', m: [{ k: 'b' }, { k: 'b' }] } }),
      APPLY,
    );
    await t.ask('PATCH', `${base(g)}/a?fieldManager=m`, foo(g, 'a', { spec: { need: 5 } }), APPLY);
    await t.ask('PATCH', `${base(g)}/n?fieldManager=m`, foo(g, 'n', { spec: { need: 'q' } }), APPLY);
    await t.ask('PATCH', `${base(g)}/a`, foo(g, 'a', { spec: { need: 'q' } }), APPLY);
    await t.ask('PATCH', `${base(g)}/a/status?fieldManager=m2`, foo(g, 'a', { status: { s: 'w' } }), APPLY);
    await t.ask('GET', `${base(g)}?fieldSelector=spec.need=x`);
    await t.ask('GET', `${base(g)}?fieldSelector=metadata.name=a`);
    await t.ask('DELETE', `${base(g)}?fieldSelector=spec.need=x`);
    await t.ask('GET', `${base(g)}/a/scale`);
    await t.ask('PUT', `${base(g)}/a/scale`, {});
    await t.ask('GET', `${base(g)}/a/foo`);
    await t.ask('DELETE', `${base(g)}/a`);
    await t.ask('DELETE', `${base(g)}/a`);
    await t.ask('DELETE', base(g));
    await t.ask('GET', base(g));
    await t.drop(`foos.${g}`);
  }),
];
