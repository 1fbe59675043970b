import assert from 'node:assert/strict';
import { conformanceTest, type TestContext } from '../../conformance-test.ts';
import { anything, define, type Defined, DEFINITIONS } from '../../custom-resources.ts';
import { getJson } from '../../requests.ts';
import { type Json, rest } from '../../rest.ts';
import { until } from '../../until.ts';

const PUBLISHED_MS = 60_000;
const PREFIX = '[sig-api-machinery] CustomResourcePublishOpenAPI';

const text = { type: 'string' };
const described = (description: string, schema: Json): Json => ({ description, ...schema });
const list = (properties: Json, rest: Json = {}): Json => ({
  type: 'array',
  items: { type: 'object', ...rest, ...(Object.keys(properties).length > 0 ? { properties } : {}) },
});

const foo = described('Foo CRD for Testing', {
  type: 'object',
  properties: {
    spec: described('Specification of Foo', {
      type: 'object',
      properties: {
        bars: described(
          'List of Bars and their specs.',
          list(
            {
              name: described('Name of Bar.', text),
              age: described('Age of Bar.', text),
              feeling: described('Whether Bar is feeling great.', { ...text, enum: ['Great', 'Down'] }),
              bazs: described('List of Bazs.', { type: 'array', items: text }),
            },
            { required: ['name'] },
          ),
        ),
      },
    }),
    status: described('Status of Foo', {
      type: 'object',
      properties: {
        bars: described(
          'List of Bars and their statuses.',
          list({
            name: described('Name of Bar.', text),
            available: described('Whether the Bar is installed.', { type: 'boolean' }),
            quxType: described('Indicates to external qux type.', { ...text, pattern: 'in-tree|out-of-tree' }),
          }),
        ),
      },
    }),
  },
});
const waldoWith = (description: string, root: Json = {}, spec: Json = {}): Json =>
  described(description, {
    ...root,
    type: 'object',
    properties: {
      spec: described('Specification of Waldo', {
        type: 'object',
        ...spec,
        properties: { dummy: described('Dummy property.', { type: 'object' }) },
      }),
      status: described('Status of Waldo', {
        type: 'object',
        properties: { bars: described('List of Bars and their statuses.', list({})) },
      }),
    },
  });
const waldo = waldoWith('Waldo CRD for Testing');
const preserve = { 'x-kubernetes-preserve-unknown-fields': true };

interface Published extends Defined {
  readonly kind: string;
  readonly plural: string;
  readonly group: string;
}

const nameOf = ({ group, kind }: Published, version: string): string =>
  [...group.split('.').toReversed(), version, kind].join('.');

async function definitions(context: TestContext): Promise<Readonly<Record<string, Json>>> {
  return (await getJson<Json>(context, '/openapi/v2')).definitions;
}

/** The schema in /openapi/v2 is what the author wrote, apart from what every object has. */
async function isPublished(context: TestContext, of: Published, version: string, expected?: Json): Promise<void> {
  const name = nameOf(of, version);
  let last: Json;
  await until(
    context,
    `${name} in /openapi/v2`,
    PUBLISHED_MS,
    async () => (last = (await definitions(context))[name]) !== undefined,
  );
  if (expected === undefined) return;
  const {
    'x-kubernetes-group-version-kind': _,
    properties: { apiVersion: __, kind: ___, metadata: ____, ...properties } = {},
    ...schema
  } = last;
  assert.deepEqual({ ...schema, ...(Object.keys(properties).length > 0 ? { properties } : {}) }, expected);
}

const isRemoved = (context: TestContext, of: Published, version: string): Promise<void> =>
  until(
    context,
    `${nameOf(of, version)} gone from /openapi/v2`,
    PUBLISHED_MS,
    async () => !(nameOf(of, version) in (await definitions(context))),
  );

/** What is said in v2 of a schema that keeps everything at its root: nothing, so that clients check nothing. */
const UNKNOWN = { type: 'object' };

/** Defines a kind and waits for its schema; absent: one that keeps everything. */
async function publish(
  context: TestContext,
  suffix: string,
  versions: readonly string[],
  schema?: Json,
  isVerified = true,
  number = '',
): Promise<Published> {
  const group = `crd-publish-openapi-test-${suffix}-${context.unique}.example.com`;
  const kind = `E2e-test-${suffix}${number}-${context.unique}-crd`;
  const made = await define(context, { group, kind, versions, schema: schema ?? anything });
  const published = { ...made, group, kind, plural: `${kind.toLowerCase()}s` };
  for (const version of versions)
    await isPublished(context, published, version, isVerified ? (schema ?? UNKNOWN) : undefined);
  return published;
}

async function unpublish(context: TestContext, of: Published, versions: readonly string[]): Promise<void> {
  await rest(context).delete(of.path);
  for (const version of versions) await isRemoved(context, of, version);
}

const bodyOf = ({ kind, group }: Published, name: string, more: Json): string =>
  JSON.stringify({ kind, apiVersion: `${group}/v1`, metadata: { name }, ...more });

/** kubectl creates and applies the object, each time anew. */
async function passes(context: TestContext, of: Published, name: string, more: Json): Promise<void> {
  for (const verb of ['create', 'apply']) {
    await context.kubectl([verb, '-f', '-'], bodyOf(of, name, more));
    await context.kubectl(['delete', of.plural, name]);
  }
}

const explains = async (context: TestContext, what: string, pattern: RegExp): Promise<void> =>
  assert.match(await context.kubectl(['explain', what]), pattern);

const kubectlTests = [
  conformanceTest(`${PREFIX} works for CRD with validation schema`, async (context) => {
    const of = await publish(context, 'foo', ['v1'], foo);
    await passes(context, of, 'test-foo', { spec: { bars: [{ name: 'test-bar' }] } });
    const refused: readonly (readonly [spec: Json, said: RegExp])[] = [
      [{ bars: [{ name: 'test-bar', feeling: 'NonExistentValue' }] }, /Unsupported value: "NonExistentValue"/],
      [{ foo: true }, /unknown field "(?:spec\.)?foo"/],
      [{ bars: [{ age: '10' }] }, /missing required field "name"|spec\.bars\[0\]\.name: Required value/],
    ];
    for (const [spec, said] of refused) {
      for (const verb of ['create', 'apply'])
        await assert.rejects(context.kubectl([verb, '-f', '-'], bodyOf(of, 'test-foo', { spec })), said);
    }
    await explains(
      context,
      of.plural,
      /DESCRIPTION:.*Foo CRD for Testing.*FIELDS:.*apiVersion.*<string>.*APIVersion defines.*spec.*<Object>.*Specification of Foo/s,
    );
    await explains(
      context,
      `${of.plural}.metadata`,
      /DESCRIPTION:.*Standard object's metadata.*FIELDS:.*creationTimestamp.*<string>.*CreationTimestamp is a timestamp/s,
    );
    await explains(
      context,
      `${of.plural}.spec`,
      /DESCRIPTION:.*Specification of Foo.*FIELDS:.*bars.*<\[\]Object>.*List of Bars and their specs/s,
    );
    await explains(
      context,
      `${of.plural}.spec.bars`,
      /(?:RESOURCE|FIELD):.*bars.*<\[\]Object>.*DESCRIPTION:.*List of Bars and their specs.*FIELDS:.*bazs.*<\[\]string>.*List of Bazs.*name.*<string>.*Name of Bar/s,
    );
    await assert.rejects(context.kubectl(['explain', `${of.plural}.spec.bars2`]), /field "bars2" does not exist/);
    await unpublish(context, of, ['v1']);
  }),

  conformanceTest(`${PREFIX} works for CRD without validation schema`, async (context) => {
    const of = await publish(context, 'empty', ['v1']);
    await passes(context, of, 'test-cr', { a: { b: [{ c: 'd' }] } });
    await explains(context, of.plural, /DESCRIPTION:.*<empty>/s);
    await unpublish(context, of, ['v1']);
  }),

  conformanceTest(`${PREFIX} works for CRD preserving unknown fields at the schema root`, async (context) => {
    const of = await publish(
      context,
      'unknown-at-root',
      ['v1'],
      waldoWith('preserve-unknown-properties at root for Testing', preserve),
      false,
    );
    await passes(context, of, 'test-cr', { a: { b: [{ c: 'd' }] } });
    await explains(context, of.plural, new RegExp(`KIND:.*${of.kind}`, 's'));
    await unpublish(context, of, ['v1']);
  }),

  conformanceTest(`${PREFIX} works for CRD preserving unknown fields in an embedded object`, async (context) => {
    const of = await publish(
      context,
      'unknown-in-nested',
      ['v1'],
      waldoWith('preserve-unknown-properties in nested field for Testing', {}, preserve),
      false,
    );
    await passes(context, of, 'test-cr', { spec: { a: null, b: [{ c: 'd' }] } });
    await explains(context, of.plural, /DESCRIPTION:.*preserve-unknown-properties in nested field for Testing/s);
    await unpublish(context, of, ['v1']);
  }),
];

/** Two definitions stand side by side, each with its schema. */
async function sideBySide(
  context: TestContext,
  first: readonly [suffix: string, version: string],
  second: readonly [suffix: string, version: string],
): Promise<void> {
  const one = await publish(context, first[0], [first[1]], foo, true, '1');
  const two = await publish(context, second[0], [second[1]], waldo, true, '2');
  await isPublished(context, two, second[1], waldo);
  await isPublished(context, one, first[1], foo);
  await unpublish(context, one, [first[1]]);
  await unpublish(context, two, [second[1]]);
}

export const openApiPublishingTests = [
  ...kubectlTests,
  conformanceTest(`${PREFIX} works for multiple CRDs of different groups`, (context) =>
    sideBySide(context, ['foo', 'v1'], ['waldo', 'v1beta1']),
  ),

  conformanceTest(`${PREFIX} works for multiple CRDs of same group but different versions`, async (context) => {
    const of = await publish(context, 'multi-ver', ['v2', 'v3'], foo);
    await unpublish(context, of, ['v2', 'v3']);
    await sideBySide(context, ['common-group', 'v4'], ['common-group', 'v5']);
  }),

  conformanceTest(`${PREFIX} works for multiple CRDs of same group and version but different kinds`, (context) =>
    sideBySide(context, ['common-group', 'v6'], ['common-group', 'v6']),
  ),

  conformanceTest(`${PREFIX} updates the published spec when one version gets renamed`, async (context) => {
    const of = await publish(context, 'multi-ver', ['v2', 'v3'], foo);
    const at = '/spec/versions/1/name';
    await rest(context).patch(`${DEFINITIONS}/${of.name}`, 'json', [
      { op: 'test', path: at, value: 'v3' },
      { op: 'replace', path: at, value: 'v4' },
    ]);
    await isPublished(context, of, 'v4', foo);
    await isRemoved(context, of, 'v3');
    await isPublished(context, of, 'v2', foo);
    await unpublish(context, of, ['v2', 'v4']);
  }),

  conformanceTest(
    `${PREFIX} removes definition from spec when one version gets changed to not be served`,
    async (context) => {
      const of = await publish(context, 'multi-to-single-ver', ['v5', 'v6alpha1'], foo);
      const { get, replace } = rest(context);
      const current = await get(of.path);
      current.spec.versions[1].served = false;
      await replace(of.path, current);
      await isRemoved(context, of, 'v6alpha1');
      await isPublished(context, of, 'v5', foo);
      await unpublish(context, of, ['v5']);
    },
  ),
];
