import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Asked, asked, settled } from '../testing/ask.ts';

const WIDGETS = '/apis/x.io/v1/namespaces/d/widgets';
const version = {
  name: 'v1',
  served: true,
  storage: true,
  subresources: { status: {} },
  schema: {
    openAPIV3Schema: {
      type: 'object',
      properties: {
        spec: { type: 'object', properties: { size: { type: 'integer' } } },
        status: { type: 'object', properties: { size: { type: 'integer' } } },
      },
    },
  },
};
const widget = (name?: string): object => ({
  apiVersion: 'x.io/v1',
  kind: 'Widget',
  metadata: name === undefined ? {} : { name },
  spec: { size: 1 },
});
const [JSON_PATCH, MERGE_PATCH, APPLY] = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/apply-patch+yaml',
].map((type) => ({ 'content-type': type }));

async function withWidgets(): Promise<Asked> {
  const server = await asked();
  const made = await server.ask('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'widgets.x.io' },
    spec: {
      group: 'x.io',
      scope: 'Namespaced',
      names: { plural: 'widgets', kind: 'Widget' },
      versions: [version],
    },
  });
  assert.equal(made.status, 201, made.text);
  await settled();
  assert.equal((await server.ask('POST', WIDGETS, widget('a'))).status, 201);
  return server;
}

for (const [claim, patch, type, status, message] of [
  ['another kind', { kind: 'Gadget' }, MERGE_PATCH, 422, /^Gadget\.x\.io "a" is invalid: kind: .*: must be Widget$/],
  ['no kind', { kind: null }, MERGE_PATCH, 422, /: Object 'Kind' is missing in '\{"apiVersion":"x\.io\/v1","metadata"/],
  [
    'another group',
    { apiVersion: 'v9' },
    MERGE_PATCH,
    422,
    /^Widget "a" is invalid: apiVersion: .*: must be x\.io\/v1$/,
  ],
  [
    'another uid, found twice',
    [{ op: 'replace', path: '/metadata/uid', value: 'x' }],
    JSON_PATCH,
    422,
    /^Widget\.x\.io "a" is invalid: metadata\.uid: Invalid value: "x": field is immutable$/,
  ],
  ['nothing', 'null', MERGE_PATCH, 400, /^Invalid JSON Patch$/],
  [
    'a path that is no text',
    [{ op: 'add', path: 1 }],
    JSON_PATCH,
    400,
    /^error decoding patch: json: cannot unmarshal number into Go struct field jsonPatchOp\.path of type string$/,
  ],
] as const) {
  test(`a patch to ${claim} is refused`, async () => {
    const { ask } = await withWidgets();
    const answer = await ask('PATCH', `${WIDGETS}/a`, patch, type);
    assert.equal(answer.status, status, answer.text);
    assert.match(answer.body.message, message);
    const causes: readonly unknown[] = answer.body.details?.causes ?? [];
    if (claim.includes('twice')) assert.equal(causes.length, 2);
  });
}

test('a version that there is not loses what nobody knows of it, and is warned of before it is refused', async () => {
  const { ask } = await withWidgets();
  const answer = await ask(
    'PATCH',
    `${WIDGETS}/a`,
    [{ op: 'replace', path: '/apiVersion', value: 'x.io/v2' }],
    JSON_PATCH,
  );
  assert.deepEqual(
    [answer.status, answer.body.message, answer.headers['warning']],
    [
      422,
      'Widget.x.io "a" is invalid: apiVersion: Invalid value: "x.io/v2": must be x.io/v1',
      '299 - "unknown field \\"spec\\""',
    ],
  );
});

test('writers of a status may say that the object is something else: only the status is taken', async () => {
  const { ask } = await withWidgets();
  const answer = await ask('PATCH', `${WIDGETS}/a/status`, { kind: 'Gadget', status: { size: 3 } }, MERGE_PATCH);
  assert.deepEqual([answer.status, answer.body.kind, answer.body.status], [200, 'Widget', { size: 3 }], answer.text);
});

test('a JSON patch of nothing changes nothing', async () => {
  const { ask } = await withWidgets();
  assert.equal((await ask('PATCH', `${WIDGETS}/a`, 'null', JSON_PATCH)).status, 200);
});

for (const [claim, config, message] of [
  ['another kind', { ...widget('a'), kind: 'Gadget' }, 'invalid object type: x.io/v1, Kind=Gadget'],
  ['no version', { ...widget('a'), apiVersion: undefined }, 'invalid object type: /, Kind=Widget'],
  ['nothing', 'null', 'invalid object type: /, Kind='],
  [
    'a list',
    '[]',
    'error decoding patch: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go value of type map[string]interface {}',
  ],
  ['an empty name', widget(''), 'the name of the object (a based on URL) was undeterminable: name must be provided'],
] as const) {
  test(`an apply of ${claim} is refused`, async () => {
    const { ask } = await withWidgets();
    const answer = await ask('PATCH', `${WIDGETS}/a?fieldManager=me`, config, APPLY);
    assert.deepEqual([answer.status, answer.body.message], [400, message]);
  });
}

test('an apply without a name is one to what is there, and none to what is not', async () => {
  const { ask } = await withWidgets();
  assert.equal((await ask('PATCH', `${WIDGETS}/a?fieldManager=me&force=true`, widget(), APPLY)).status, 200);
  assert.equal((await ask('PATCH', `${WIDGETS}/b?fieldManager=me`, widget(), APPLY)).status, 400);
});

test('finalizers that come are warned of when nobody sees whose they are, those that stay are not', async () => {
  const { ask } = await withWidgets();
  const asks = (finalizers: readonly string[]): ReturnType<Asked['ask']> =>
    ask('PATCH', `${WIDGETS}/a`, { metadata: { finalizers } }, MERGE_PATCH);
  const words = (kept: string): string => `to avoid accidental conflicts with other finalizer writers${kept}`;
  assert.equal(
    (await asks(['x', 'y.z', 'orphan', 'a.b/c'])).headers['warning'],
    '299 - "metadata.finalizers: \\"x\\": prefer a domain-qualified finalizer name ' +
      words(
        '", 299 - "metadata.finalizers: \\"y.z\\": prefer a domain-qualified finalizer name including a path (/) ',
      ) +
      words('"'),
  );
  assert.equal((await asks(['x', 'a.b/c'])).headers['warning'], undefined);
});

test('without strictness a body that does not say what it is is refused as what it was to be', async () => {
  const { ask } = await withWidgets();
  const asks = (query: string): ReturnType<Asked['ask']> => ask('POST', `${WIDGETS}${query}`, { a: 'b' });
  assert.deepEqual(
    [(await asks('')).body.message, (await asks('?fieldValidation=Ignore')).body.message],
    [
      `the object provided is unrecognized (must be of type Widget): Object 'Kind' is missing in '{"a":"b"}' ({"a":"b"})`,
      `Widget in version "v1" cannot be handled as a Widget: Object 'Kind' is missing in '{"a":"b"}'`,
    ],
  );
});

test('whoever updates or patches no object in particular is told to name one', async () => {
  const { ask } = await withWidgets();
  const answer = await ask('PATCH', WIDGETS, {}, MERGE_PATCH);
  assert.deepEqual([answer.status, answer.body.message], [400, 'name must be provided']);
});
