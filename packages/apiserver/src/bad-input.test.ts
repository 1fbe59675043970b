import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Answer, startedServer } from './testing/started-server.ts';

const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';
const json = 'application/json';
const bytes = (...values: readonly number[]): Uint8Array => Uint8Array.from(values);
const deep = (open: string, close: string, depth: number): string => open.repeat(depth) + close.repeat(depth);
const config = (metadata: object = {}, data: object = {}): string =>
  JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', ...metadata }, data });
const record = (count: number, of: (i: number) => readonly [string, string]): object =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => of(i)));

interface Case {
  readonly claim: string;
  readonly method?: string;
  readonly path?: string;
  readonly body?: string | Uint8Array;
  readonly type?: string;
  readonly accept?: string;
  readonly status: number;
  readonly says?: RegExp;
}

const cases: readonly Case[] = [
  { claim: 'no body', body: '', status: 400 },
  {
    claim: 'an event without a name',
    path: '/apis/events.k8s.io/v1/namespaces/default/events',
    body: '{}',
    status: 422,
  },
  {
    claim: 'an integer that is written as a float',
    body: '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","generation":1.0}}',
    status: 400,
    says: /cannot unmarshal number 1\.0 into Go struct field ObjectMeta\.metadata\.generation of type int64/,
  },
  { claim: 'null', body: 'null', status: 422 },
  { claim: 'a number', body: '1', status: 400 },
  { claim: 'a list', body: '[]', status: 400 },
  { claim: 'half of an object', body: '{"apiVersion":"v1","ki', status: 400, says: /unexpected end of JSON input/ },
  { claim: 'bytes that are no UTF-8', body: bytes(0x7b, 0xff, 0xfe, 0x7d), status: 400 },
  { claim: 'a zero byte', body: '{"a":"b"}\u0000', status: 400 },
  { claim: 'lists in lists without end', body: deep('[', ']', 500_000), status: 400 },
  {
    claim: 'objects in objects without end',
    body: `{"metadata":${deep('{"a":', '', 200_000)}1${'}'.repeat(200_000)}}`,
    status: 400,
  },
  {
    claim: 'managedFields without end',
    body: `{"metadata":{"name":"a","managedFields":[{"manager":"m","operation":"Update","apiVersion":"v1","fieldsType":"FieldsV1","fieldsV1":${deep('{"f:a":', '', 100_000)}{}${'}'.repeat(100_000)}}]}}`,
    status: 400,
  },
  { claim: 'metadata that is a list', body: '{"metadata":[]}', status: 400, says: /cannot unmarshal array into Go/ },
  { claim: 'labels that are numbers', body: '{"metadata":{"name":"a","labels":{"a":1}}}', status: 400 },
  {
    claim: 'a name that is null',
    body: '{"metadata":{"name":null}}',
    status: 422,
    says: /name or generateName is required/,
  },
  {
    claim: 'a key of Object.prototype',
    body: '{"metadata":{"name":"a","__proto__":{"x":1},"constructor":{"prototype":{"x":1}}}}',
    status: 201,
  },
  { claim: 'labels by the thousand', body: config({ labels: record(20_000, (i) => [`l${i}`, 'v']) }), status: 201 },
  {
    claim: 'labels that are not allowed, by the thousand',
    body: config({ labels: record(5000, (i) => [`l ${i}`, '\u0000']) }),
    status: 422,
  },
  {
    claim: 'annotations beyond 256 KiB',
    body: config({ annotations: record(300, (i) => [`a${i}`, 'x'.repeat(1000)]) }),
    status: 422,
    says: /Too long: may not be more than 262144 bytes/,
  },
  { claim: 'another kind', body: '{"apiVersion":"v1","kind":"Pod"}', status: 400 },
  {
    claim: 'a type nobody reads',
    body: '<a/>',
    type: 'application/xml',
    status: 415,
    says: /the body of the request was in an unknown format - accepted media types include: /,
  },
  {
    claim: 'protobuf that is none',
    body: bytes(0x6b, 0x38, 0x73, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
    type: 'application/vnd.kubernetes.protobuf',
    status: 400,
  },
  {
    claim: 'protobuf without its mark',
    body: bytes(1, 2, 3),
    type: 'application/vnd.kubernetes.protobuf',
    status: 400,
  },
  { claim: 'a patch of no type', method: 'PATCH', path: `${CONFIG_MAPS}/a`, body: '{}', type: json, status: 415 },
  {
    claim: 'an answer nobody writes',
    method: 'GET',
    accept: 'text/html',
    status: 406,
    says: /^406: Not Acceptable/,
  },
  {
    claim: 'a label selector that is none',
    method: 'GET',
    path: `${CONFIG_MAPS}?labelSelector=a%20in%20(`,
    status: 400,
  },
  { claim: 'a field selector that is none', method: 'GET', path: `${CONFIG_MAPS}?fieldSelector=a`, status: 400 },
  {
    claim: 'a field nobody selects by',
    method: 'GET',
    path: `${CONFIG_MAPS}?fieldSelector=data.a%3Db`,
    status: 400,
    says: /^"data.a" is not a known field selector: only "metadata.name", "metadata.namespace"$/,
  },
  { claim: 'a limit that is no number', method: 'GET', path: `${CONFIG_MAPS}?limit=many`, status: 400 },
  { claim: 'a continue token that is none', method: 'GET', path: `${CONFIG_MAPS}?continue=%00%ff`, status: 400 },
  { claim: 'a resource version that is none', method: 'GET', path: `${CONFIG_MAPS}?resourceVersion=x`, status: 400 },
  {
    claim: 'options nobody knows',
    method: 'GET',
    path: `${CONFIG_MAPS}?pretty=true&nonsense=1&__proto__=2`,
    status: 200,
  },
  { claim: 'a dry run of another kind', path: `${CONFIG_MAPS}?dryRun=Some`, body: config(), status: 422 },
  {
    claim: 'a validation of another kind',
    path: `${CONFIG_MAPS}?fieldValidation=Perhaps`,
    body: config(),
    status: 422,
  },
  { claim: 'a path that goes up', method: 'GET', path: '/api/v1/namespaces/../secrets', status: 400 },
  {
    claim: 'an encoded path that goes up',
    method: 'GET',
    path: '/api/v1/namespaces/default/configmaps/%2e%2e',
    status: 400,
  },
  { claim: 'a path of slashes', method: 'GET', path: `/api/v1${'/'.repeat(5000)}pods`, status: 404 },
  { claim: 'a method nobody knows', method: 'BREW', path: `${CONFIG_MAPS}/a`, status: 405 },
];

for (const { claim, method = 'POST', path = CONFIG_MAPS, body, type = json, accept, status, says } of cases) {
  test(`the server answers ${status} to ${claim}, and goes on`, async () => {
    const server = await startedServer();
    const answer: Answer = await server.ask(method, path, body, {
      headers: { 'content-type': type, ...(accept ? { accept } : {}) },
    });
    assert.equal(answer.status, status, answer.text.slice(0, 300));
    if (says) assert.match(answer.body.message, says);
    if (status >= 400) assert.equal(answer.body.kind, 'Status');
    assert.equal((await server.ask('GET', '/api/v1/namespaces/default')).status, 200);
  });
}

/** Of directives that it does not know upstream says so as of a fault of its own. */
const isUpstreamsFault = ({ status, body }: Answer): boolean =>
  status === 500 && body.message.startsWith('unknown patch type: ');

for (const type of [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
]) {
  for (const [claim, patch] of [
    ['null', 'null'],
    ['a text', '"x"'],
    ['an empty body', ''],
    ['operations nobody knows', '[{"op":"burn","path":"/"}]'],
    ['a test that fails', '[{"op":"test","path":"/data/a","value":"no"}]'],
    ['a path into nothing', '[{"op":"replace","path":"/a/b/c/d","value":1}]'],
    ['a path that is none', '[{"op":"add","path":1,"value":1}]'],
    [
      'copies that double',
      JSON.stringify([
        { op: 'add', path: '/metadata/annotations', value: { a: 'x' } },
        ...Array.from({ length: 60 }, () => ({ op: 'copy', from: '/metadata', path: '/metadata/annotations' })),
      ]),
    ],
    ['directives nobody knows', '{"$patch":"burn"}'],
    ['a prototype', '{"__proto__":{"x":1}}'],
    ['depth without end', `{"data":${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}}`],
  ] as const) {
    test(`a ${type} of ${claim} is refused or does nothing, and breaks nothing`, async () => {
      const server = await startedServer();
      await server.make(CONFIG_MAPS, { metadata: { name: 'a' }, data: { a: 'yes' } });
      const answer = await server.ask('PATCH', `${CONFIG_MAPS}/a?fieldManager=me`, patch, {
        headers: { 'content-type': type },
      });
      assert.ok(
        answer.status === 200 || (answer.status >= 400 && answer.status < 500) || isUpstreamsFault(answer),
        `${answer.status} ${answer.text.slice(0, 300)}`,
      );
      assert.equal((await server.ask('GET', `${CONFIG_MAPS}/a`)).body.data.a, 'yes');
      assert.equal(({} as { x?: unknown }).x, undefined);
    });
  }
}

test('warnings stay within what a header may be, in every script', async () => {
  const server = await startedServer();
  const unknown = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`feld-ü-漢-${i}\n`, 1]));
  const answer = await server.ask('POST', CONFIG_MAPS, { metadata: { name: 'a' }, ...unknown });
  const { warning = '' } = answer.headers;
  assert.equal(answer.status, 201);
  assert.ok(warning.length > 0 && warning.length < 16_384, String(warning.length));
  assert.match(warning, /^[\t\x20-\x7e\x80-\xff]+$/);
});

test('DeleteOptions that are none are refused', async () => {
  const server = await startedServer();
  for (const body of [
    '[]',
    '1',
    '{"gracePeriodSeconds":"x"}',
    '{"propagationPolicy":"Burn"}',
    '{"preconditions":[]}',
  ]) {
    await server.ask('POST', CONFIG_MAPS, config());
    const { status, text } = await server.ask('DELETE', `${CONFIG_MAPS}/a`, body);
    assert.ok(status >= 400 && status < 500, `${body}: ${status} ${text}`);
  }
});
