import assert from 'node:assert/strict';
import { customResourceDefinition, type CustomResourceDefinition } from '@navarch/api';
import { hasReason } from '@navarch/machinery';
import { conformanceTest, type TestContext } from '../../conformance-test.ts';
import { watchLines } from '../../watch-lines.ts';
import { define, isEstablished } from '../../custom-resources.ts';
import { getJson } from '../../requests.ts';
import { type Json, rest } from '../../rest.ts';
import { isNotFound, until } from '../../until.ts';

const DEFAULT_MS = 30_000;

const groupOf = (context: TestContext): string => `e2e-${context.unique}.example.com`;

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

export const customResourceTests = [watchTest, ...simpleTests, defaulting, discovery];
