import assert from 'node:assert/strict';
import { deployment, manifest, settings } from './manifests.ts';
import { includes, type Step, step } from './step.ts';

const json = (value: unknown): string => JSON.stringify(value);

/** What people read when something is not as it should be. */
export const refusals: readonly Step[] = [
  step('patches that cannot be made, in words', async ({ ok, fails, run }) => {
    await ok(['create', '-f', '-'], manifest(deployment('web', { replicas: 0 })));
    const refused = async (type: string, patch: unknown): Promise<string> =>
      fails(['patch', 'deploy', 'web', `--type=${type}`, '-p', typeof patch === 'string' ? patch : json(patch)]);
    includes(
      await refused('strategic', { spec: { replicas: 'a' } }),
      'The request is invalid: patch: Invalid value: "map[spec:map[replicas:a]]": unrecognized type: int32',
    );
    includes(
      await refused('merge', { spec: { replicas: 'a' } }),
      'The request is invalid: patch: Invalid value: "{',
      'json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32',
    );
    includes(
      await refused('merge', { metadata: { name: 'other' } }),
      'Error from server (BadRequest): the name of the object (other) does not match the name on the URL (web)',
    );
    includes(
      await refused('merge', { metadata: { namespace: 'other' } }),
      'Error from server (BadRequest): the namespace of the provided object does not match the namespace sent on the request',
    );
    includes(
      await refused('merge', { metadata: { uid: 'other' } }),
      'The Deployment "web" is invalid: metadata.uid: Invalid value: "other": field is immutable',
    );
    includes(
      await refused('json', [{ op: 'test', path: '/spec/replicas', value: 5 }]),
      'The request is invalid: the server rejected our request due to an error in our request',
    );
    includes(
      await refused('json', { op: 'add' }),
      'Error from server (BadRequest): error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp',
    );
    includes(
      await fails([
        'patch',
        'deploy',
        'web',
        '--subresource=scale',
        '--type=merge',
        '-p',
        json({ spec: { replicas: -1 } }),
      ]),
      'The Scale "web" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0',
    );
    const warned = await run(['patch', 'deploy', 'web', '--type=merge', '-p', json({ spec: { nope: 1 } })]);
    assert.deepEqual(
      [warned.code, warned.output],
      [0, 'Warning: unknown field "spec.nope"\ndeployment.apps/web patched (no change)\n'],
    );
  }),
  step('objects with several faults are told of all', async ({ fails, ok }) => {
    const pod = (spec: object): string => manifest({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec });
    const wrong = pod({
      containers: [
        {
          name: 'A',
          ports: [{ containerPort: 99_999, protocol: 'X' }],
          resources: { requests: { cpu: '2' }, limits: { cpu: '1' } },
        },
      ],
      restartPolicy: 'Sometimes',
    });
    includes(
      await fails(['create', '-f', '-'], wrong),
      'The Pod "p" is invalid: \n',
      '* spec.containers[0].name: Invalid value: "A": a lowercase RFC 1123 label',
      '* spec.containers[0].image: Required value\n',
      '* spec.containers[0].ports[0].containerPort: Invalid value: 99999: must be between 1 and 65535, inclusive\n',
      '* spec.containers[0].ports[0].protocol: Unsupported value: "X": supported values: "SCTP", "TCP", "UDP"\n',
      '* spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1\n',
      '* spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"',
    );
    includes(
      await fails(
        ['create', '-f', '-'],
        manifest({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'd' } }),
      ),
      'The Deployment "d" is invalid: \n',
      '* spec.selector: Required value\n',
      '* spec.template.metadata.labels: Invalid value: null: `selector` does not match template `labels`\n',
      '* spec.template.spec.containers: Required value',
    );
    const twice = pod({
      containers: [{ name: 'a', image: 'i', command: [true] }],
      initContainers: [{ name: 'b', image: false }],
    });
    includes(
      await fails(['create', '-f', '-'], twice),
      'Error from server (BadRequest)',
      'Pod in version "v1" cannot be handled as a Pod: json: cannot unmarshal bool into Go struct field Container.spec.containers.command of type string',
    );
    includes(
      await fails(
        ['create', '-f', '-'],
        manifest({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, data: { a: 'no base64!' } }),
      ),
      'illegal base64 data at input byte 2',
    );
    includes(
      await fails(['create', 'token', 'default', '--duration=5m']),
      'spec.expirationSeconds: Invalid value: 300: may not specify a duration less than 10 minutes',
    );
    includes(
      await fails(['expose', 'deploy/none', '--port=80']),
      'Error from server (NotFound): deployments.apps "none" not found',
    );
    await ok(['create', 'service', 'nodeport', 'np', '--tcp=80', '--node-port=31999']);
    includes(
      await fails(['create', 'service', 'nodeport', 'np2', '--tcp=80', '--node-port=31999']),
      'spec.ports[0].nodePort: Invalid value: 31999: provided port is already allocated',
    );
    includes(
      await fails(['create', 'service', 'nodeport', 'np2', '--tcp=80', '--node-port=80']),
      'provided port is not in the valid range. The range of valid ports is 30000-32767',
    );
    await ok(['delete', 'service', 'np']);
  }),
  step('selectors, kinds, versions and paths that are not there', async ({ fails, run }) => {
    includes(
      await fails(['get', 'pods', '-l', 'a in b']),
      'Error from server (BadRequest): Unable to find "/v1, Resource=pods" that match label selector "a in b", field selector "": unable to parse requirement: found \'b\' expected: \'(\'',
    );
    includes(await fails(['get', 'pods', '--field-selector=spec.none=x']), 'field label not supported: spec.none');
    includes(
      await fails(['get', 'cm', '--field-selector=data.a=x']),
      '"data.a" is not a known field selector: only "metadata.name", "metadata.namespace"',
    );
    includes(
      await fails(['apply', '-f', '-'], manifest({ apiVersion: 'v2', kind: 'Pod', metadata: { name: 'p' } })),
      'no matches for kind "Pod" in version "v2"\nensure CRDs are installed first',
    );
    includes(
      await fails(['get', '--raw', '/apis/nope']),
      'Error from server (NotFound): the server could not find the requested resource',
    );
    includes(
      await fails(['get', '--raw', '/api/v1/pods?limit=x']),
      'Error from server (BadRequest): strconv.ParseInt: parsing "x": invalid syntax',
    );
    includes(await fails(['logs', 'none']), '(NotFound): pods "none" not found');
    includes(await fails(['exec', 'none', '--', 'ls']), 'Error from server (NotFound): pods "none" not found');
    const old = await run(['get', 'endpoints,componentstatuses']);
    includes(
      old.output,
      'Warning: v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice\n',
      'Warning: v1 ComponentStatus is deprecated in v1.19+\n',
    );
  }),
  step('what somebody else may not do', async ({ ok, fails, namespace, run }) => {
    const as = (user: string, ...args: readonly string[]): Promise<string> => fails([...args, `--as=${user}`]);
    includes(
      await as('bob', 'get', 'pods'),
      `Error from server (Forbidden): pods is forbidden: User "bob" cannot list resource "pods" in API group "" in the namespace "${namespace}"`,
    );
    includes(
      await as('bob', 'get', 'pod', 'x'),
      `pods "x" is forbidden: User "bob" cannot get resource "pods" in API group "" in the namespace "${namespace}"`,
    );
    includes(
      await as('bob', 'delete', 'node', 'x'),
      'nodes "x" is forbidden: User "bob" cannot delete resource "nodes" in API group "" at the cluster scope',
    );
    includes(
      await as('bob', 'get', '--raw', '/metrics'),
      'Error from server (Forbidden): forbidden: User "bob" cannot get path "/metrics"',
    );
    includes(
      await fails(['delete', 'ns', 'default']),
      'Error from server (Forbidden): namespaces "default" is forbidden: this namespace may not be deleted',
    );
    await ok(['create', 'role', 'reader', '--verb=get,list', '--resource=pods']);
    await ok(['create', 'rolebinding', 'readers', '--role=reader', '--user=bob']);
    assert.equal((await run(['get', 'pods', '--as=bob'])).output, `No resources found in ${namespace} namespace.\n`);
    includes(
      await as('bob', 'create', 'role', 'all', '--verb=*', '--resource=pods'),
      'roles.rbac.authorization.k8s.io is forbidden: User "bob" cannot create resource "roles"',
    );
    assert.match(await ok(['auth', 'can-i', '--list', '--as=bob']), /^pods\s+\[\]\s+\[\]\s+\[get list\]$/m);
    await ok(['create', 'quota', 'few', '--hard=configmaps=1,pods=0']);
    await ok(['wait', '--for=jsonpath={.status.used.configmaps}=1', 'quota/few', '--timeout=30s']);
    includes(
      await fails(['create', '-f', '-'], manifest(settings('second', {}))),
      'configmaps "second" is forbidden: exceeded quota: few, requested: configmaps=1, used: configmaps=1, limited: configmaps=1',
    );
    includes(
      await fails(['run', 'p', '--image=i']),
      'pods "p" is forbidden: exceeded quota: few, requested: pods=1, used: pods=0, limited: pods=0',
    );
  }),
  step('warnings of what will not do what it seems to', async ({ run }) => {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p' },
      spec: {
        nodeSelector: { 'beta.kubernetes.io/os': 'linux' },
        volumes: [{ name: 'g', gitRepo: { repository: 'r' } }],
        containers: [
          {
            name: 'a',
            image: 'i',
            env: [
              { name: 'A', value: '1' },
              { name: 'A', value: '2' },
            ],
            ports: [{ containerPort: 80 }, { containerPort: 80 }],
            resources: { requests: { memory: '100m' } },
          },
        ],
      },
    };
    const { code, output } = await run(['create', '-f', '-'], manifest(pod));
    assert.equal(code, 0, output);
    includes(
      output,
      'Warning: spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead\n',
      'Warning: spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply\n',
      'Warning: spec.containers[0].ports[1]: duplicate port definition with spec.containers[0].ports[0]\n',
      'Warning: spec.containers[0].resources.requests[memory]: fractional byte value "100m" is invalid, must be an integer\n',
      'Warning: spec.volumes[0].gitRepo: deprecated in v1.11, and disabled by default in v1.33+\n',
      'pod/p created\n',
    );
  }),
];
