import fc from 'fast-check';

export interface PolicyCase {
  readonly source: string;
  readonly hasParams: boolean;
  readonly hasAuthorizer: boolean;
  readonly isMutating: boolean;
  readonly wanted: readonly string[];
  readonly variables: readonly { readonly name: string; readonly expression: string }[];
}

const sources: readonly string[] = String.raw`
object.spec.replicas > 1
object.spec.replicas
object.metadata.name
object == null || oldObject == null
object.metadata.namespace == 'production'
object.spec.replicas <= params.maxReplicas
params == null
request.operation == 'CREATE'
request.operation == 1
request.userInfo.username.startsWith('system:')
request.userInfo.groups.exists(g, g == 'a')
request.userInfo.extra['k'].size() > 0
request.userInfo.name == 'a'
request.kind.group == '' && request.kind.kind == 'Pod'
request.resource.resource == 'pods' && request.resource.kind == ''
request.dryRun
request.options.x == 1
request.subResource == '' || request.requestSubResource == ''
request.object == null
request.uid == ''
namespaceObject.metadata.name == 'a'
namespaceObject.metadata.labels['a'] == 'b'
namespaceObject.metadata.creationTimestamp < timestamp('2026-01-01T00:00:00Z')
namespaceObject.metadata.uid == ''
namespaceObject.metadata.UID == ''
namespaceObject.spec.finalizers.size() > 0
namespaceObject.status.conditions.all(c, c.type == 'x' && c.lastTransitionTime > timestamp('2026-01-01T00:00:00Z'))
namespaceObject.status.phase
namespaceObject.data == 1
namespace.metadata.name == 'x'
variables.replicas > 1
variables.replicas + 'a' == 'b'
variables.isOdd
variables.isOdd && variables.name == 'x'
variables.name
variables.wrong == 1
variables.absent == 1
variables.names.exists(n, n == 'a')
variables.names.exists(n, n == 1)
variables == 1
variables.amount + 1 == 2
variables.amounts[0].foo == 1
variables.asked.name == 1
authorizer.group('').resource('pods').check('get').allowed()
authorizer.group('').resource('pods').namespace('a').name('b').subresource('c').check('get').reason() == ''
authorizer.path('/healthz').check('get').allowed()
authorizer.path('/healthz').name('a').check('get').allowed()
authorizer.resource('pods').check('get').allowed()
authorizer.serviceAccount('ns', 'name').group('').resource('pods').check('get').errored()
authorizer.requestResource.check('update').allowed()
authorizer.requestResource.fieldSelector('a=b').labelSelector('c=d').check('list').error() == ''
authorizer.requestResource.group('')
authorizer.group(1).resource('pods')
authorizer.foo()
authorizer == authorizer
'a' + object.metadata.name
'a' + 1
object.spec.replicas == 1 ? 'x' : null
null
string(object.spec.replicas)
Object{}
Object{spec: Object.spec{replicas: 1}}
Object{spec: 1}
Object{metadata: Object.metadata{labels: {'a': 'b'}}}
[JSONPatch{op: 'add', path: '/a', value: 1}]
[JSONPatch{op: 'add', path: '/a', value: Object.x{y: 1}}]
[JSONPatch{op: 1}]
[JSONPatch{operation: 'add'}]
[JSONPatch{op: 'test', path: '/' + jsonpatch.escapeKey('a/b')}]
object.spec.replicas > 1 ? [JSONPatch{op: 'add', path: '/a', value: 1}] : []
[]
JSONPatch{op: 'add'}
jsonpatch.escapeKey('a')
quantity(object.spec.x).isLessThan(quantity('1'))
objekt == 1
1 +
dyn(object).spec
true
`
  .split('\n')
  .filter((line) => line !== '');

const variables = [
  { name: 'replicas', expression: 'object.spec.replicas' },
  { name: 'isOdd', expression: 'variables.replicas % 2 == 1' },
  { name: 'name', expression: "'a' + object.metadata.name" },
  { name: 'wrong', expression: '1 + "a"' },
  { name: 'names', expression: "['a', 'b']" },
  { name: 'amount', expression: 'quantity("1")' },
  { name: 'amounts', expression: '[quantity("1")]' },
  { name: 'asked', expression: 'request' },
];

let next = 0;

/** Every expression in turn, where this or that may be used and is wanted. */
export const policyCase: fc.Arbitrary<PolicyCase> = fc
  .tuple(
    fc.boolean(),
    fc.boolean(),
    fc.boolean(),
    fc.boolean(),
    fc.constantFrom(['bool'], ['bool'], ['string'], ['string', 'null_type'], [], ['Object'], ['list(JSONPatch)']),
  )
  .map(([hasParams, hasAuthorizer, isMutating, hasVariables, wanted]) => ({
    source: sources[next++ % sources.length] ?? '',
    hasParams,
    hasAuthorizer,
    isMutating,
    wanted,
    variables: hasVariables ? variables : [],
  }));
