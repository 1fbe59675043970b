import { type CustomScenario, scenario } from './custom-client.ts';
import { definition, DEFINITIONS, version } from './custom-definitions.ts';

const MERGE = { 'content-type': 'application/merge-patch+json' };
const APPLY = { 'content-type': 'application/apply-patch+yaml' };
const base = (g: string): string => `/apis/${g}/v1/namespaces/d/foos`;
const foo = (g: string, name: string, more: object = {}, v = 'v1'): object => ({
  apiVersion: `${g}/${v}`,
  kind: 'Foo',
  metadata: { name },
  ...more,
});
const schema = (properties: object): object => ({ schema: { openAPIV3Schema: { type: 'object', properties } } });
const S = { type: 'string' };

/** Definitions from their making to their end: names, versions, conditions, warnings. */
export const definitionLives: readonly CustomScenario[] = [
  scenario('life', async (t, g) => {
    await t.define(definition(g));
    const p = `${DEFINITIONS}/foos.${g}`;
    await t.ask('GET', p);
    await t.ask('GET', `/apis/${g}`);
    await t.ask('GET', `/apis/${g}/v1`);
    await t.ask('POST', DEFINITIONS, definition(g));
    await t.ask('GET', base(g));
    await t.ask('GET', `${base(g)}/x`);
    await t.ask('POST', base(g), foo(g, 'a', { spec: { x: 1 } }));
    await t.ask('PATCH', p, { spec: { scope: 'Cluster' } }, MERGE);
    await t.ask('PATCH', p, { spec: { names: { kind: 'Bar', listKind: 'BarList' } } }, MERGE);
    await t.ask('PATCH', p, { spec: { names: { plural: 'bars' } } }, MERGE);
    await t.ask('PATCH', p, { spec: { group: 'x.y' } }, MERGE);
    await t.ask('PATCH', p, { spec: { names: { shortNames: ['fo'], categories: ['all'] } } }, MERGE);
    await t.settle(`foos.${g}`);
    await t.ask('GET', p);
    await t.ask('GET', `/apis/${g}/v1`);
    await t.ask(
      'PATCH',
      p,
      { spec: { names: { shortNames: null, categories: null, singular: 'food', listKind: 'Foods' } } },
      MERGE,
    );
    await t.settle(`foos.${g}`);
    await t.ask('GET', p);
    await t.ask('GET', `/apis/${g}/v1`);
    await t.ask('GET', base(g));
    // versions
    await t.ask('PATCH', p, { spec: { versions: [version('v1', { storage: false }), version('v2')] } }, MERGE);
    await t.settle(`foos.${g}`);
    await t.ask('GET', p);
    await t.ask('GET', `/apis/${g}`);
    await t.ask('GET', `/apis/${g}/v2`);
    await t.ask('GET', `${base(g)}/a`);
    await t.ask('GET', `${base(g).replace('/v1/', '/v2/')}/a`);
    await t.ask('PATCH', p, { spec: { versions: [version('v2')] } }, MERGE);
    await t.ask('PATCH', `${p}/status`, { status: { storedVersions: ['v2'] } }, MERGE);
    await t.ask('PATCH', `${p}/status`, { status: { storedVersions: [] } }, MERGE);
    await t.ask('PATCH', `${p}/status`, { status: { storedVersions: ['v3'] } }, MERGE);
    await t.ask('PATCH', p, { spec: { versions: [version('v2')] } }, MERGE);
    await t.settle(`foos.${g}`);
    await t.ask('GET', p);
    await t.ask('GET', `${base(g)}/a`);
    await t.ask('GET', `/apis/${g}/v1`);
    await t.ask('PATCH', p, { spec: { versions: [version('v2', { served: false })] } }, MERGE);
    await t.settle(`foos.${g}`);
    await t.ask('GET', p);
    await t.ask('GET', `/apis/${g}`);
    await t.ask('GET', `/apis/${g}/v2`);
    await t.ask('GET', `${base(g).replace('/v1/', '/v2/')}/a`);
    await t.drop(`foos.${g}`);
    await t.ask('GET', `/apis/${g}`);
    await t.ask('GET', `/apis/${g}/v1`);
    await t.ask('GET', base(g));
    await t.ask('GET', p);
  }),
  scenario('deletion with a held object', async (t, g) => {
    await t.define(definition(g));
    await t.ask('POST', base(g), foo(g, 'a'));
    await t.ask('POST', base(g), foo(g, 'b', { metadata: { name: 'b', finalizers: ['x.y/z'] } }));
    await t.ask('DELETE', `${DEFINITIONS}/foos.${g}`);
    await t.until(`${DEFINITIONS}/foos.${g}`, ({ text }) => text.includes('InstanceDeletionInProgress'));
    await t.until(base(g), ({ json }) => json.items?.length === 1);

    await t.ask('GET', `${DEFINITIONS}/foos.${g}`);
    await t.ask('GET', base(g));
    await t.ask('POST', base(g), foo(g, 'c'));
    await t.ask('PATCH', `${base(g)}/q?fieldManager=x`, foo(g, 'q'), APPLY);
    await t.ask('PATCH', `${base(g)}/b`, { spec: { x: 1 } }, MERGE);
    await t.ask('DELETE', `${DEFINITIONS}/foos.${g}`);
    await t.ask('GET', `/apis/${g}/v1`);
    await t.ask('PATCH', `${base(g)}/b`, { metadata: { finalizers: null } }, MERGE);
    await t.until(`${DEFINITIONS}/foos.${g}`, ({ status }) => status === 404);

    await t.ask('GET', `${DEFINITIONS}/foos.${g}`);
  }),
  scenario('name conflict', async (t, g) => {
    await t.define(
      definition(g, 'foos', 'Foo', [version('v1')], { names: { shortNames: ['f', 'ff'], singular: 'foo' } }),
    );
    await t.define(
      definition(g, 'bazes', 'Baz', [version('v1')], {
        names: { shortNames: ['f', 'x', 'foos', 'ff'], singular: 'foo', listKind: 'Foo' },
      }),
    );
    await t.ask('GET', `${DEFINITIONS}/bazes.${g}`);
    await t.drop(`bazes.${g}`);
    await t.define(definition(g, 'f', 'F'));
    await t.ask('GET', `${DEFINITIONS}/f.${g}`);
    await t.drop(`f.${g}`);
    await t.define(definition(g, 'bars', 'Foo'));
    await t.ask('GET', `${DEFINITIONS}/bars.${g}`);
    await t.ask('GET', `/apis/${g}/v1`);
    await t.ask('GET', `/apis/${g}/v1/namespaces/d/bars`);
    await t.drop(`foos.${g}`);
    await t.until(`${DEFINITIONS}/bars.${g}`, ({ text }) => text.includes('InitialNamesAccepted'));
    await t.ask('GET', `${DEFINITIONS}/bars.${g}`);
    await t.drop(`bars.${g}`);
  }),
  scenario('k8s group conditions', async (t, g) => {
    const k = g.replace('example.com', 'k8s.io');
    for (const [i, a] of ['https://github.com/kubernetes/kubernetes/pull/1', 'unapproved, x', 'unapproved'].entries()) {
      const d = definition(k, `foo${i}s`, `Foo${i}`, [version('v1')], {
        metadata: { annotations: { 'api-approved.kubernetes.io': a } },
      });
      await t.define(d);
      await t.ask('GET', `${DEFINITIONS}/${d.metadata.name}`);
      await t.ask('PATCH', `${DEFINITIONS}/${d.metadata.name}`, { metadata: { annotations: null } }, MERGE);
      await t.ask(
        'PATCH',
        `${DEFINITIONS}/${d.metadata.name}`,
        { metadata: { annotations: { 'api-approved.kubernetes.io': 'bad' } } },
        MERGE,
      );
      await t.ask(
        'PATCH',
        `${DEFINITIONS}/${d.metadata.name}`,
        { metadata: { annotations: { 'api-approved.kubernetes.io': 'unapproved-y' } } },
        MERGE,
      );
      await t.ask('GET', `${DEFINITIONS}/${d.metadata.name}`);
      await t.drop(d.metadata.name);
    }
  }),
  scenario('deprecated', async (t, g) => {
    await t.define(
      definition(g, 'foos', 'Foo', [
        version('v1', { deprecated: true }),
        version('v2', { storage: false, deprecated: true, deprecationWarning: 'use v3 "now"' }),
      ]),
    );
    await t.ask('POST', base(g), foo(g, 'a'));
    await t.ask('GET', base(g));
    await t.ask('GET', base(g).replace('/v1/', '/v2/'));
    await t.ask('DELETE', `${base(g).replace('/v1/', '/v2/')}/a`);
    await t.ask('GET', `${base(g)}/nope`);
    await t.ask('GET', `/apis/${g}/v1`);
    await t.ask('GET', `/apis/${g}`);
    await t.drop(`foos.${g}`);
  }),
  scenario('warnings of formats and sets', async (t, g) => {
    await t.define(
      definition(g, 'foos', 'Foo', [
        version(
          'v1',
          schema({
            spec: {
              type: 'object',
              properties: {
                a: { type: 'string', format: 'foo' },
                b: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'array', items: S } },
                c: {
                  type: 'array',
                  'x-kubernetes-list-type': 'set',
                  items: { type: 'object', 'x-kubernetes-map-type': 'atomic' },
                },
                d: { type: 'integer', format: 'int99' },
                e: { type: 'string', format: 'date' },
                f: { type: 'number', format: 'double' },
              },
            },
          }),
        ),
      ]),
    );
    await t.ask('PATCH', `${DEFINITIONS}/foos.${g}`, { metadata: { labels: { a: 'b' } } }, MERGE);
    await t.drop(`foos.${g}`);
  }),
];
