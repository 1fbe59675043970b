import type { Scenario } from './scenario.ts';

const collectionOf = (namespace: string): string => `/apis/oracle.dev/v1/namespaces/${namespace}/widgets`;
const head = { apiVersion: 'oracle.dev/v1', kind: 'Widget' } as const;
const APPLY = 'application/apply-patch+yaml';
const MERGE_PATCH = 'application/merge-patch+json';

export const applying: readonly Scenario[] = [
  {
    name: 'applies',
    async run({ namespace, ask, quietly }) {
      const list = collectionOf(namespace);
      const apply = (query: string, spec: unknown, metadata: object = {}, more: object = {}): Promise<unknown> =>
        ask('PATCH', `${list}/a?${query}`, {
          type: APPLY,
          body: { ...head, metadata: { name: 'a', ...metadata }, ...(spec === undefined ? {} : { spec }), ...more },
        });
      await apply('', { size: 1 });
      await apply('fieldManager=', { size: 1 });
      await apply(`fieldManager=${'x'.repeat(129)}`, { size: 1 });
      await apply('fieldManager=%07', { size: 1 });
      for (const metadata of [{}, { name: '' }, undefined]) {
        await ask('PATCH', `${list}/unnamed?fieldManager=one`, {
          type: APPLY,
          body: { ...head, ...(metadata ? { metadata } : {}), spec: { size: 1 } },
        });
      }
      await apply('fieldManager=one', { size: 1, parts: [{ name: 'p', weight: 1 }], set: ['a'], labels: { a: 'b' } });
      await apply('fieldManager=one', { size: 1, parts: [{ name: 'p', weight: 1 }], set: ['a'], labels: { a: 'b' } });
      await apply('fieldManager=two', {
        size: 2,
        parts: [{ name: 'p', weight: 2 }, { name: 'q' }],
        set: ['b'],
        labels: { a: 'c', d: 'e' },
      });
      await apply('fieldManager=two', { size: 2 });
      await apply('fieldManager=two&force=false', { size: 2 });
      await apply('fieldManager=two&force=x', { size: 2, name: 'forced' });
      await apply('fieldManager=two&force=true', {
        size: 2,
        parts: [{ name: 'q', weight: 3 }],
        set: ['b'],
        labels: { d: 'e' },
      });
      await apply('fieldManager=two&force=true&dryRun=All', { size: 7 });
      await apply('fieldManager=two', { parts: [{ name: 'q', weight: 4 }] });
      await apply('fieldManager=one', {});
      await apply('fieldManager=two', undefined);
      await apply('fieldManager=one', null);
      await apply('fieldManager=one', { list: ['x'] }, { labels: { a: 'b' } });
      await quietly('PATCH', `${list}/a?fieldManager=updater`, {
        type: MERGE_PATCH,
        body: { spec: { list: ['y'], name: 'u' } },
      });
      await ask('GET', `${list}/a`);
      await apply('fieldManager=one', { list: ['z'], name: 'v' }, { labels: { a: 'b' } });
      await apply('fieldManager=updater', { list: ['y'], name: 'w' });
      await apply('fieldManager=one', {}, { managedFields: [] });
      await apply('fieldManager=one', {}, { managedFields: [{ manager: 'x' }] });
      await apply('fieldManager=one', {}, { resourceVersion: '1' });
      await apply('fieldManager=one', {}, { uid: 'x' });
      await apply('fieldManager=one', {}, { name: 'b' });
      await apply('fieldManager=one', {}, { name: '' });
      await apply('fieldManager=one', {}, { namespace: 'b' });
      await apply('fieldManager=one', {}, { creationTimestamp: null });
      await apply('fieldManager=one', {}, { generation: 5, selfLink: 'x' });
      await apply('fieldManager=one', { unknown: 1 });
      await apply('fieldManager=one&fieldValidation=Strict', { unknown: 1 });
      await apply('fieldManager=one&fieldValidation=Ignore', { unknown: 1 });
      await apply('fieldManager=one', { size: 'x' });
      await apply('fieldManager=one', { parts: [{ weight: 1 }] });
      await apply('fieldManager=one', { parts: [{ name: 'a' }, { name: 'a' }] });
      await apply('fieldManager=one', { set: ['a', 'a'] });
      await apply('fieldManager=one', 'x');
      await apply('fieldManager=one', {}, {}, { status: { size: 1 } });
      await apply('fieldManager=one', {}, {}, { kind: 'Gadget' });
      await apply('fieldManager=one', {}, {}, { apiVersion: 'oracle.dev/v2' });
      await apply('fieldManager=one', {}, {}, { kind: undefined });
      await apply('fieldManager=one', {}, {}, { apiVersion: undefined });
      await ask('GET', `${list}/a`);
      await ask('PATCH', `${list}/a/status?fieldManager=s`, {
        type: APPLY,
        body: { ...head, metadata: { name: 'a' }, status: { size: 4 }, spec: { size: 9 } },
      });
      await ask('PATCH', `${list}/none/status?fieldManager=s`, {
        type: APPLY,
        body: { ...head, metadata: { name: 'none' }, status: { size: 4 } },
      });
      await ask('PATCH', `${list}/a/status?fieldManager=t`, {
        type: APPLY,
        body: { ...head, metadata: { name: 'a' }, status: { size: 5 } },
      });
      for (const body of [
        '',
        '[]',
        'x',
        'null',
        '{',
        'a: [',
        `apiVersion: oracle.dev/v1\nkind: Widget\nmetadata:\n  name: a\nspec:\n  size: 5\n  size: 6\n`,
        'apiVersion: oracle.dev/v1\nkind: Widget\nmetadata:\n  name: a\n---\nx: y\n',
        '{"apiVersion":"oracle.dev/v1","kind":"Widget","metadata":{"name":"a","name":"a"}}',
      ]) {
        for (const validation of ['Ignore', 'Warn', 'Strict'])
          await ask('PATCH', `${list}/a?fieldManager=y&fieldValidation=${validation}`, { type: APPLY, body });
      }
    },
  },
  {
    name: 'applies to what others made',
    async run({ namespace, ask, quietly }) {
      const list = collectionOf(namespace);
      const apply = (name: string, manager: string, spec: object, metadata: object = {}): Promise<unknown> =>
        ask('PATCH', `${list}/${name}?fieldManager=${manager}`, {
          type: APPLY,
          body: { ...head, metadata: { name, ...metadata }, spec },
        });
      // Nobody's record: what there was belongs to before-first-apply.
      await ask('POST', list, { body: { ...head, metadata: { name: 'a' }, spec: { name: 'x', size: 3 } } });
      await ask('PATCH', `${list}/a`, { type: MERGE_PATCH, body: { metadata: { managedFields: [{}] } } });
      await ask('PATCH', `${list}/a`, { type: MERGE_PATCH, body: { spec: { list: ['q'] } } });
      await apply('a', 'me', { name: 'y' });
      await apply('a', 'me', { name: 'x' });
      // What kubectl applied in the old way.
      const last = JSON.stringify({
        ...head,
        metadata: { name: 'b', namespace },
        spec: { name: 'x', labels: { k: 'v' } },
      });
      await ask('POST', `${list}?fieldManager=kubectl-client-side-apply`, {
        body: {
          ...head,
          metadata: { name: 'b', annotations: { 'kubectl.kubernetes.io/last-applied-configuration': last } },
          spec: { name: 'x', labels: { k: 'v' } },
        },
      });
      await apply('b', 'kubectl', { name: 'y' });
      await ask('PATCH', `${list}/b?fieldManager=kubectl`, {
        type: APPLY,
        body: {
          ...head,
          metadata: { name: 'b', annotations: { 'kubectl.kubernetes.io/last-applied-configuration': last } },
          spec: { name: 'z' },
        },
      });
      await ask('PATCH', `${list}/b?fieldManager=kubectl&force=true`, {
        type: APPLY,
        body: { ...head, metadata: { name: 'b' }, spec: { labels: { l: 'm' } } },
      });
      // The same names as an updater.
      await ask('POST', `${list}?fieldManager=me`, { body: { ...head, metadata: { name: 'c' }, spec: { name: 'x' } } });
      await apply('c', 'me', { name: 'y' });
      await apply('c', 'me', { name: 'x' });
      await quietly('PUT', `${list}/c`, { body: {} });
      // More than ten others; by name in the order in which they write, so that it does not matter in which second they do.
      for (let i = 0; i < 13; i += 1)
        await quietly('PATCH', `${list}/c?fieldManager=n${String(i).padStart(2, '0')}`, {
          type: MERGE_PATCH,
          body: { spec: { labels: { [`k${i}`]: 'v' } } },
        });
      await ask('GET', `${list}/c`);
      // Of all clusters.
      await ask('PATCH', '/apis/more.oracle.dev/v1/gadgets/applied?fieldManager=me', {
        type: APPLY,
        body: {
          apiVersion: 'more.oracle.dev/v1',
          kind: 'Gadget',
          metadata: { name: 'applied' },
          any: { thing: [1, { a: null }] },
        },
      });
      await ask('PATCH', '/apis/more.oracle.dev/v1/gadgets/applied?fieldManager=you', {
        type: APPLY,
        body: {
          apiVersion: 'more.oracle.dev/v1',
          kind: 'Gadget',
          metadata: { name: 'applied', namespace: 'x' },
          any: { thing: [2] },
        },
      });
      await ask('DELETE', '/apis/more.oracle.dev/v1/gadgets/applied');
    },
  },
];
