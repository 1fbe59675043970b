import assert from 'node:assert/strict';
import { customResourceDefinition, type CustomResourceDefinition } from '@navarch/api';
import { hasReason } from '@navarch/machinery';
import { conformanceTest, type TestContext } from '../../conformance-test.ts';
import { define, isEstablished } from '../../custom-resources.ts';
import { getJson } from '../../requests.ts';
import { type Json, rest } from '../../rest.ts';
import { isNotFound, until } from '../../until.ts';

const DEFAULT_MS = 30_000;

const groupOf = (context: TestContext): string => `e2e-${context.unique}.example.com`;

/** A watch of one kind's objects, read line by line as JSON. */
function watchLines(context: TestContext, path: string): { readonly events: readonly Json[] } {
  const stop = new AbortController();
  context.cleanup(async () => stop.abort(new Error('the test is over')));
  const events: Json[] = [];
  const read = async (): Promise<void> => {
    const { body } = await context.transport.send(
      { method: 'GET', path, headers: { accept: 'application/json' }, isStream: true },
      AbortSignal.any([stop.signal, context.signal]),
    );
    let rest = '';
    for await (const chunk of body) {
      const lines = (rest + Buffer.from(chunk).toString()).split('\n');
      rest = lines.pop() ?? '';
      events.push(...lines.map((line) => JSON.parse(line) as Json));
    }
  };
  read().catch(() => undefined); // Whoever waits for an event is told that it did not come.
  return { events };
}

const watchTest = conformanceTest(
  '[sig-api-machinery] CustomResourceDefinition Watch CustomResourceDefinition Watch watch on custom resource definition objects',
  async (context) => {
    const { objects } = await define(context, {
      group: groupOf(context),
      kind: 'WishIHadChosenNoxu',
      scope: 'Cluster',
    });
    const { create, delete: remove } = rest(context);
    const { events } = watchLines(context, `${objects()}?watch=true`);
    const make = (name: string): Promise<Json> =>
      create(objects(), {
        apiVersion: `${groupOf(context)}/v1`,
        kind: 'WishIHadChosenNoxu',
        metadata: { name },
        content: { key: 'value' },
        num: { num1: 1, num2: 2 },
      });
    for (const name of ['name1', 'name2']) {
      const made = await make(name);
      await until(context, `${name} in the watch`, DEFAULT_MS, async () =>
        events.some(
          (event) =>
            event.type === 'ADDED' && event.object.metadata.uid === made.metadata.uid && event.object.num.num2 === 2,
        ),
      );
      const changed = await rest(context).replace(`${objects()}/${name}`, { ...made, dummy: 'test' });
      await until(context, `the change of ${name}`, DEFAULT_MS, async () =>
        events.some(
          (event) =>
            event.type === 'MODIFIED' &&
            event.object.dummy === 'test' &&
            event.object.metadata.resourceVersion === changed.metadata.resourceVersion,
        ),
      );
    }
    for (const name of ['name1', 'name2']) {
      await remove(`${objects()}/${name}`);
      await until(context, `the end of ${name}`, DEFAULT_MS, async () =>
        events.some((event) => event.type === 'DELETED' && event.object.metadata.name === name),
      );
    }
    assert.deepEqual(
      events.map((event) => event.type),
      ['ADDED', 'MODIFIED', 'ADDED', 'MODIFIED', 'DELETED', 'DELETED'],
    );
  },
);

const simple = '[sig-api-machinery] CustomResourceDefinition resources Simple CustomResourceDefinition';

const simpleTests = [
  conformanceTest(`${simple} creating/deleting custom resource definition objects works`, async (context) => {
    const { path } = await define(context, { group: groupOf(context), kind: 'Simple' });
    await rest(context).delete(path);
    await until(context, 'the end of the definition', DEFAULT_MS, () => isNotFound(rest(context).get(path)));
  }),

  conformanceTest(`${simple} listing custom resource definition objects works`, async (context) => {
    const api = context.api.of(customResourceDefinition);
    const labels = { 'e2e-list-test-uuid': context.unique };
    const labelSelector = `e2e-list-test-uuid=${context.unique}`;
    const names: string[] = [];
    for (let i = 0; i < 10; i++)
      names.push((await define(context, { group: groupOf(context), kind: `Listed${i}`, labels })).name);
    const { items } = await api.list({ labelSelector });
    assert.deepEqual(items.map((item) => item.metadata.name).sort(), names.sort());
    for (const item of items) assert.equal(item.spec.group, groupOf(context));
    await api.deleteCollection({ labelSelector });
    await until(
      context,
      'the end of all',
      DEFAULT_MS,
      async () => (await api.list({ labelSelector })).items.length === 0,
    );
  }),

  conformanceTest(
    `${simple} getting/updating/patching custom resource definition status sub-resource works`,
    async (context) => {
      const { path, name } = await define(context, { group: groupOf(context), kind: 'Stated' });
      const { get, replace, patch } = rest(context);
      assert.ok(isEstablished(await get(`${path}/status`)));
      const condition = { type: 'StatusUpdate', status: 'True', reason: 'E2E', message: 'Set from an e2e test' };
      await until(context, 'the update of the status', DEFAULT_MS, async () => {
        const current = await get(`${path}/status`);
        try {
          const updated = await replace(`${path}/status`, {
            ...current,
            status: { ...current.status, conditions: [...current.status.conditions, condition] },
          });
          return updated.status.conditions.some(
            (one: Json) => one.type === 'StatusUpdate' && one.message === condition.message,
          );
        } catch (error) {
          if (hasReason(error, 'Conflict')) return false;
          throw error;
        }
      });
      const patched: CustomResourceDefinition = await patch(`${path}/status`, 'merge', {
        spec: { names: { categories: ['nope'] } },
        status: { conditions: [{ type: 'StatusPatched', status: 'True', reason: 'E2E', message: 'Set by patch' }] },
      });
      assert.equal(patched.metadata.name, name);
      assert.ok((patched as Json).status.conditions.some((one: Json) => one.type === 'StatusPatched'));
      assert.equal((patched as Json).spec.names.categories, undefined, 'what is not status stays as it was');
    },
  ),
];

const defaulted = (value: string): Json => ({ type: 'string', default: value });

const defaulting = conformanceTest(
  '[sig-api-machinery] CustomResourceDefinition resources custom resource defaulting for requests and from storage works',
  async (context) => {
    const { path, objects } = await define(context, {
      group: groupOf(context),
      kind: 'Defaulted',
      scope: 'Cluster',
      schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true, properties: { a: { type: 'string' } } },
    });
    const { create, get, patch, delete: remove } = rest(context);
    const make = (name: string): Promise<Json> =>
      create(objects(), { apiVersion: `${groupOf(context)}/v1`, kind: 'Defaulted', metadata: { name } });
    const first = await make('one');
    assert.deepEqual([first.a, first.b], [undefined, undefined]);
    const schemaAt = '/spec/versions/0/schema/openAPIV3Schema/properties';
    await patch(path, 'json', [{ op: 'add', path: `${schemaAt}/a/default`, value: 'A' }]);
    await until(
      context,
      'the default of a in what is stored',
      DEFAULT_MS,
      async () => (await get(`${objects()}/one`)).a === 'A',
    );
    assert.equal((await make('two')).a, 'A');
    await patch(path, 'json', [
      { op: 'add', path: `${schemaAt}/b`, value: defaulted('B') },
      { op: 'remove', path: `${schemaAt}/a/default` },
    ]);
    await until(
      context,
      'the default of b in what is stored',
      DEFAULT_MS,
      async () => (await get(`${objects()}/two`)).b === 'B',
    );
    const [one, two] = [await get(`${objects()}/one`), await get(`${objects()}/two`)];
    assert.equal(one.a, undefined, 'a default that was only shown was never stored');
    assert.equal(two.a, 'A', 'a default of a request was stored');
    for (const name of ['one', 'two']) await remove(`${objects()}/${name}`);
  },
);

const discovery = conformanceTest(
  '[sig-api-machinery] CustomResourceDefinition resources should include custom resource definition resources in discovery documents',
  async (context) => {
    const { groups } = await getJson<Json>(context, '/apis');
    const listed = groups.find((group: Json) => group.name === 'apiextensions.k8s.io');
    assert.ok(listed, 'apiextensions.k8s.io in /apis');
    assert.ok(
      listed.versions.some(
        (version: Json) => version.groupVersion === 'apiextensions.k8s.io/v1' && version.version === 'v1',
      ),
    );
    const group = await getJson<Json>(context, '/apis/apiextensions.k8s.io');
    assert.equal(group.name, 'apiextensions.k8s.io');
    assert.ok(group.versions.some((version: Json) => version.groupVersion === 'apiextensions.k8s.io/v1'));
    const { resources } = await getJson<Json>(context, '/apis/apiextensions.k8s.io/v1');
    assert.ok(resources.some((resource: Json) => resource.name === 'customresourcedefinitions'));
  },
);

const fields = conformanceTest(
  '[sig-api-machinery] CustomResourceFieldSelectors CustomResourceFieldSelectors MUST list and watch custom resources matching the field selector',
  async (context) => {
    const group = groupOf(context);
    const text = { type: 'string' };
    const shirt = {
      openAPIV3Schema: {
        type: 'object',
        properties: { spec: { type: 'object', properties: { color: text, size: text } } },
      },
    };
    const { objects } = await define(context, {
      group,
      kind: 'Shirt',
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: shirt,
          selectableFields: [{ jsonPath: '.spec.color' }, { jsonPath: '.spec.size' }],
        },
        { name: 'v2', served: true, storage: false, schema: shirt, selectableFields: [{ jsonPath: '.spec.color' }] },
      ],
    });
    const { create, get, patch, delete: remove } = rest(context);
    const query = (selector: string): string => `?fieldSelector=${encodeURIComponent(selector)}`;
    const watches = Object.fromEntries(
      ['spec.color=blue', 'spec.color=blue,spec.size=S'].map((selector) => [
        selector,
        watchLines(context, `${objects('v1')}${query(selector)}&watch=true`),
      ]),
    );
    const ofV2 = watchLines(context, `${objects('v2')}${query('spec.color=blue')}&watch=true`);
    const made: Json[] = [];
    for (const [name, color, size] of [
      ['small-blue', 'blue', 'S'],
      ['medium-blue', 'blue', 'M'],
      ['small-green', 'green', 'S'],
    ] as const) {
      made.push(
        await create(objects('v1'), {
          apiVersion: `${group}/v1`,
          kind: 'Shirt',
          metadata: { name },
          spec: { color, size },
        }),
      );
    }
    const names = async (version: string, selector: string): Promise<readonly string[]> =>
      (await get(objects(version) + query(selector))).items.map((item: Json) => item.metadata.name).sort();
    assert.deepEqual(await names('v1', 'spec.color=blue'), ['medium-blue', 'small-blue']);
    assert.deepEqual(await names('v1', 'spec.color=blue,spec.size=S'), ['small-blue']);
    assert.deepEqual(await names('v1', 'spec.color!=blue'), ['small-green']);
    assert.deepEqual(await names('v2', 'spec.color=blue'), ['medium-blue', 'small-blue']);
    await assert.rejects(
      get(objects('v2') + query('spec.size=S')),
      /field label not supported/,
      'not selectable in this version',
    );

    const events = (watch: { readonly events: readonly Json[] } | undefined): readonly string[] =>
      watch?.events.map((event) => `${event.type} ${event.object.metadata.name}`) ?? [];
    const seen = (watch: { readonly events: readonly Json[] } | undefined, all: readonly string[]): Promise<void> =>
      until(
        context,
        `${all.join(', ')} in a watch that has ${events(watch).join(', ')}`,
        DEFAULT_MS,
        async () => events(watch).length >= all.length,
      ).then(() => assert.deepEqual(events(watch), all));
    await seen(watches['spec.color=blue'], ['ADDED small-blue', 'ADDED medium-blue']);
    await seen(watches['spec.color=blue,spec.size=S'], ['ADDED small-blue']);
    await seen(ofV2, ['ADDED small-blue', 'ADDED medium-blue']);
    await remove(`${objects('v1')}/small-blue`);
    await patch(`${objects('v1')}/medium-blue`, 'merge', { spec: { color: 'red' } });
    await seen(watches['spec.color=blue'], [
      'ADDED small-blue',
      'ADDED medium-blue',
      'DELETED small-blue',
      'DELETED medium-blue',
    ]);
    await seen(watches['spec.color=blue,spec.size=S'], ['ADDED small-blue', 'DELETED small-blue']);
    await seen(ofV2, ['ADDED small-blue', 'ADDED medium-blue', 'DELETED small-blue', 'DELETED medium-blue']);
  },
);

export const customResourceTests = [watchTest, ...simpleTests, defaulting, discovery, fields];
