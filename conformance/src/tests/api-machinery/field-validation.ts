import assert from 'node:assert/strict';
import { conformanceTest, type TestContext } from '../../conformance-test.ts';
import { anything, define } from '../../custom-resources.ts';
import { type RawAnswer, request } from '../../requests.ts';
import type { Json } from '../../rest.ts';

const STRICT = 'fieldManager=field_validation_mgr&fieldValidation=Strict';

/** A Deployment as text: JSON.stringify would not write a field twice. */
const deployment = (metadata: string, spec: string): string => `{
  "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "my-dep", ${metadata} "labels": {"app": "nginx"}},
  "spec": {${spec} "selector": {"matchLabels": {"app": "nginx"}}, "template": {
    "metadata": {"labels": {"app": "nginx"}}, "spec": {"containers": [{"name": "nginx", "image": "nginx:latest"}]}}}}`;

async function refusedDeployment(context: TestContext, body: string, text: string): Promise<void> {
  const answer = await request(context, {
    method: 'POST',
    path: `/apis/apps/v1/namespaces/${context.namespace}/deployments?${STRICT}`,
    body,
  });
  assert.equal(answer.status, 400);
  const { message } = JSON.parse(answer.text) as { readonly message: string };
  assert.ok(message.includes(text), message);
}

const text = { type: 'string' };
const port = { type: 'integer', format: 'int32' };
const specProperties = {
  foo: text,
  cronSpec: { ...text, pattern: '^(\\d+|\\*)(/\\d+)?(\\s+(\\d+|\\*)(/\\d+)?){4}$' },
  ports: {
    type: 'array',
    'x-kubernetes-list-map-keys': ['containerPort', 'protocol'],
    'x-kubernetes-list-type': 'map',
    items: {
      type: 'object',
      required: ['containerPort', 'protocol'],
      properties: { containerPort: port, hostIP: text, hostPort: port, name: text, protocol: text },
    },
  },
};
const schema = (spec: Json = {}, properties: Json = {}): Json => ({
  type: 'object',
  properties: { spec: { type: 'object', ...spec, properties: { ...properties, ...specProperties } } },
});

const template = {
  type: 'object',
  'x-kubernetes-embedded-resource': true,
  properties: { metadata: { type: 'object', properties: { name: text } }, spec: { type: 'object' } },
};

interface Parts {
  readonly metadata?: string;
  readonly root?: string;
  readonly spec?: string;
}

/** Applies an object of a kind with the schema, strictly, as YAML of which the parts are lines. */
async function apply(
  context: TestContext,
  of: Json,
  { metadata = '', root = '', spec = '' }: Parts,
): Promise<RawAnswer> {
  const group = `mygroup-${context.unique}.example.com`;
  const { objects } = await define(context, {
    group,
    kind: 'WishIHadChosenNoxu',
    scope: 'Cluster',
    versions: ['v1beta1', 'v1beta2'],
    schema: of,
  });
  const path = `${objects()}/mytest`;
  // The finalizer would hold the object, and with it the definition.
  context.cleanup(() =>
    request(
      { ...context, signal: AbortSignal.timeout(10_000) },
      {
        method: 'PATCH',
        path,
        contentType: 'application/merge-patch+json',
        body: { metadata: { finalizers: null } },
      },
    ),
  );
  const body = `
apiVersion: ${group}/v1beta1
kind: WishIHadChosenNoxu
metadata:
  name: mytest
${metadata}  finalizers:
  - test-finalizer
${root}spec:
${spec}  cronSpec: "* * * * */5"
  ports:
  - name: x
    containerPort: 80
    protocol: TCP`;
  return request(context, {
    method: 'PATCH',
    path: `${path}?${STRICT}`,
    contentType: 'application/apply-patch+yaml',
    body,
  });
}

const isMade = (answer: RawAnswer): void => assert.equal(answer.status, 201, answer.text);
const says = ({ status, text: said }: RawAnswer, ...words: readonly string[]): void => {
  assert.ok(status >= 400, said);
  for (const word of words) assert.ok(said.includes(word), said);
};

export const fieldValidationTests = [
  conformanceTest(
    '[sig-api-machinery] FieldValidation should detect unknown and duplicate fields of a typed object',
    (context) =>
      refusedDeployment(
        context,
        deployment('', '"unknownField": "foo", "replicas": 2, "replicas": 3,'),
        'strict decoding error: unknown field "spec.unknownField", duplicate field "spec.replicas"',
      ),
  ),

  conformanceTest(
    '[sig-api-machinery] FieldValidation should detect unknown metadata fields of a typed object',
    (context) =>
      refusedDeployment(
        context,
        deployment('"unknownMeta": "foo",', ''),
        'strict decoding error: unknown field "metadata.unknownMeta"',
      ),
  ),

  conformanceTest(
    '[sig-api-machinery] FieldValidation should create/apply a valid CR for CRD with validation schema',
    async (context) => isMade(await apply(context, schema(), { spec: '  foo: foo1\n' })),
  ),

  conformanceTest(
    '[sig-api-machinery] FieldValidation should create/apply a CR with unknown fields for CRD with no validation schema',
    async (context) => isMade(await apply(context, anything, { spec: '  unknown: uk1\n' })),
  ),

  conformanceTest(
    '[sig-api-machinery] FieldValidation should create/apply an invalid CR with extra properties for CRD with validation schema',
    async (context) =>
      says(
        await apply(context, schema(), { root: 'unknownField: unknown\n', spec: '  foo: foo1\n' }),
        '.unknownField: field not declared in schema',
      ),
  ),

  conformanceTest(
    '[sig-api-machinery] FieldValidation should detect unknown metadata fields in both the root and embedded object of a CR',
    async (context) => {
      const embedded = `  template:
    apiversion: foo/v1
    kind: Sub
    metadata:
        unknownSubMeta: unknown
        name: subobject
        namespace: ${context.namespace}
  foo: foo1
`;
      const answer = await apply(context, schema({ 'x-kubernetes-preserve-unknown-fields': true }, { template }), {
        metadata: '  unknownMeta: unknown\n',
        spec: embedded,
      });
      // Upstream is content with one of the two.
      says(answer);
      assert.match(
        answer.text,
        /\.spec\.template\.metadata\.unknownSubMeta: field not declared in schema|\.metadata\.unknownMeta: field not declared in schema/,
      );
    },
  ),

  conformanceTest(
    '[sig-api-machinery] FieldValidation should detect duplicates in a CR when preserving unknown fields',
    async (context) => {
      const answer = await apply(context, schema({ 'x-kubernetes-preserve-unknown-fields': true }), {
        spec: '  unknown: uk1\n  foo: foo1\n  foo: foo2\n',
      });
      says(answer, 'line 11: key \\"foo\\" already set in map');
    },
  ),
];
