import assert from 'node:assert/strict';
import { deployment, manifest, settings } from './manifests.ts';
import { includes, lines, step } from './step.ts';

/** Objects made, changed and taken away. */
export const writing = [
  step('create of many objects at once, and by generators', async ({ ok, fails }) => {
    includes(
      await ok(['create', '-f', '-'], manifest(settings('a', { k: 'v' }), settings('b', { k: 'v' }))),
      'configmap/a created',
      'configmap/b created',
    );
    includes(
      await fails(['create', '-f', '-'], manifest(settings('a', {}))),
      'Error from server (AlreadyExists)',
      'configmaps "a" already exists',
    );
    const generators: readonly (readonly [words: readonly string[], created: string])[] = [
      [['configmap', 'literal', '--from-literal=x=y'], 'configmap/literal'],
      [['secret', 'generic', 's', '--from-literal=p=q'], 'secret/s'],
      [['deployment', 'd', '--image=i', '--replicas=0'], 'deployment.apps/d'],
      [['service', 'clusterip', 'c', '--tcp=80:8080'], 'service/c'],
      [['service', 'nodeport', 'n', '--tcp=80'], 'service/n'],
      [['service', 'externalname', 'e', '--external-name=example.com'], 'service/e'],
      [['serviceaccount', 'sa'], 'serviceaccount/sa'],
      [['role', 'r', '--verb=get', '--resource=pods'], 'role.rbac.authorization.k8s.io/r'],
      [['rolebinding', 'rb', '--role=r', '--user=u'], 'rolebinding.rbac.authorization.k8s.io/rb'],
      [['quota', 'q', '--hard=pods=10'], 'resourcequota/q'],
      [['pdb', 'p', '--selector=a=b', '--min-available=1'], 'poddisruptionbudget.policy/p'],
      [['job', 'j', '--image=i'], 'job.batch/j'],
      [['cronjob', 'cj', '--image=i', '--schedule=0 0 1 1 *'], 'cronjob.batch/cj'],
      [['ingress', 'in', '--rule=h.example.com/p=svc:80'], 'ingress.networking.k8s.io/in'],
    ];
    for (const [words, created] of generators) assert.equal(await ok(['create', ...words]), `${created} created\n`);
    assert.match(await ok(['create', 'token', 'sa', '--duration=10m']), /^[\w-]+\.[\w-]+\.[\w-]+\s*$/);
    includes(await ok(['create', 'configmap', 'dry', '--dry-run=server', '-o', 'yaml']), 'name: dry', 'uid:');
    includes(await fails(['get', 'configmap', 'dry']), 'NotFound');
  }),
  step("unknown fields, wrong types and invalid values are told in upstream's words", async ({ fails, ok }) => {
    includes(
      await fails(['create', '-f', '-'], manifest({ ...settings('a', {}), extra: 1 })),
      'strict decoding error: unknown field "extra"',
    );
    includes(
      await fails(['create', '-f', '-'], manifest(deployment('web', { replicas: 'two' }))),
      'cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32',
    );
    includes(
      await fails(['create', '-f', '-'], manifest(deployment('Web', {}))),
      'The Deployment "Web" is invalid: metadata.name: Invalid value: "Web"',
    );
    includes(
      await ok(['create', '--validate=warn', '-f', '-'], manifest({ ...settings('warned', {}), extra: 1 })),
      'configmap/warned created',
    );
  }),
  step('apply: created, unchanged, configured, pruned', async ({ ok }) => {
    const text = manifest(settings('a', { k: 'v' }));
    assert.equal(await ok(['apply', '-f', '-'], text), 'configmap/a created\n');
    assert.equal(await ok(['apply', '-f', '-'], text), 'configmap/a unchanged\n');
    assert.equal(await ok(['apply', '-f', '-'], manifest(settings('a', { other: 'w' }))), 'configmap/a configured\n');
    assert.equal(await ok(['get', 'cm', 'a', '-o', 'jsonpath={.data}']), '{"other":"w"}');
    includes(await ok(['apply', 'view-last-applied', 'cm/a']), 'other: w');
    await ok(['apply', 'set-last-applied', '-f', '-'], manifest(settings('a', { other: 'w', more: 'x' })));
    const labelled = (name: string): object => ({ ...settings(name, {}), metadata: { name, labels: { set: 'one' } } });
    await ok(['apply', '-f', '-'], manifest(labelled('x'), labelled('y')));
    includes(
      await ok(
        ['apply', '-f', '-', '--prune', '-l', 'set=one', '--prune-allowlist=core/v1/ConfigMap'],
        manifest(labelled('x')),
      ),
      'configmap/y pruned',
    );
  }),
  step('apply --server-side: owners, conflicts and force', async ({ ok, fails }) => {
    const text = (replicas: number): string => manifest(deployment('web', { replicas, image: 'i:1' }));
    assert.equal(
      await ok(['apply', '--server-side', '--field-manager=one', '-f', '-'], text(0)),
      'deployment.apps/web serverside-applied\n',
    );
    const refused = await fails(['apply', '--server-side', '--field-manager=two', '-f', '-'], text(1));
    includes(refused, 'Apply failed with 1 conflict: conflict with "one": .spec.replicas', '--force-conflicts');
    assert.equal(
      await ok(['apply', '--server-side', '--field-manager=two', '--force-conflicts', '-f', '-'], text(1)),
      'deployment.apps/web serverside-applied\n',
    );
    const owners = await ok([
      'get',
      'deploy',
      'web',
      '--show-managed-fields',
      '-o',
      'jsonpath={range .metadata.managedFields[?(@.operation=="Apply")]}{.manager}:{.fieldsV1.f:spec.f:replicas}{"\\n"}{end}',
    ]);
    assert.deepEqual(lines(owners).toSorted(), ['one:', 'two:{}']);
    includes(
      await ok(['apply', '--server-side', '--dry-run=server', '--field-manager=two', '-f', '-'], text(2)),
      'serverside-applied (server dry run)',
    );
    assert.equal(await ok(['get', 'deploy', 'web', '-o', 'jsonpath={.spec.replicas}']), '1');
  }),
  step('apply --server-side takes over what was applied by the client', async ({ ok }) => {
    await ok(['apply', '-f', '-'], manifest(settings('a', { k: 'v', l: 'w' })));
    await ok(['apply', '--server-side', '-f', '-'], manifest(settings('a', { k: 'v' })));
    assert.equal(await ok(['get', 'cm', 'a', '-o', 'jsonpath={.data}']), '{"k":"v"}');
    const managers = await ok([
      'get',
      'cm',
      'a',
      '--show-managed-fields',
      '-o',
      'jsonpath={.metadata.managedFields[*].manager}',
    ]);
    assert.deepEqual(
      managers.split(' ').filter((manager) => manager !== 'kubectl-last-applied'),
      ['kubectl'],
    );
  }),
  step('edit by a scripted editor', async ({ ok, fails, run }) => {
    await ok(['create', '-f', '-'], manifest(settings('a', { colour: 'red' })));
    const env = (script: string): Readonly<Record<string, string>> => ({ KUBE_EDITOR: `sed -i -e ${script}` });
    assert.equal(await ok(['edit', 'cm', 'a'], undefined, env('s/red/blue/')), 'configmap/a edited\n');
    assert.equal(await ok(['get', 'cm', 'a', '-o', 'jsonpath={.data.colour}']), 'blue');
    includes(
      (await run(['edit', 'cm', 'a'], undefined, env('s/none/none/'))).output,
      'Edit cancelled, no changes made.',
    );
    includes(
      await fails(['edit', 'cm', 'a'], undefined, env('s/^data:/dataX:/')),
      'configmaps "a" is invalid',
      'A copy of your changes has been stored to',
    );
  }),
  step('patch of all types, and of subresources', async ({ ok, fails }) => {
    await ok(['create', '-f', '-'], manifest(deployment('web', { replicas: 0, image: 'i:1' })));
    const image = (tag: string): object => ({
      spec: { template: { spec: { containers: [{ name: 'main', image: tag }] } } },
    });
    const json = (value: unknown): string => JSON.stringify(value);
    assert.equal(await ok(['patch', 'deploy', 'web', '-p', json(image('i:2'))]), 'deployment.apps/web patched\n');
    assert.equal(
      await ok(['patch', 'deploy', 'web', '-p', json(image('i:2'))]),
      'deployment.apps/web patched (no change)\n',
    );
    await ok(['patch', 'deploy', 'web', '--type=merge', '-p', json({ metadata: { labels: { a: 'b' } } })]);
    await ok([
      'patch',
      'deploy',
      'web',
      '--type=json',
      '-p',
      json([
        { op: 'test', path: '/metadata/labels/a', value: 'b' },
        { op: 'remove', path: '/metadata/labels/a' },
      ]),
    ]);
    includes(
      await fails([
        'patch',
        'deploy',
        'web',
        '--type=json',
        '-p',
        json([{ op: 'remove', path: '/metadata/labels/none' }]),
      ]),
      'the server rejected our request',
    );
    await ok(['patch', 'deploy', 'web', '--subresource=scale', '--type=merge', '-p', json({ spec: { replicas: 1 } })]);
    assert.equal(
      await ok([
        'get',
        'deploy',
        'web',
        '-o',
        'jsonpath={.spec.replicas} {.spec.template.spec.containers[0].image} {.metadata.labels.a}',
      ]),
      '1 i:2 ',
    );
    includes(
      await fails(['patch', 'deploy', 'web', '-p', json({ spec: { selector: { matchLabels: { x: 'y' } } } })]),
      'field is immutable',
    );
  }),
  step('diff tells by its exit code and in lines', async ({ ok, run }) => {
    await ok(['create', '-f', '-'], manifest(settings('a', { k: 'old' })));
    for (const extra of [[], ['--server-side', '--force-conflicts']]) {
      const same = await run(['diff', ...extra, '-f', '-'], manifest(settings('a', { k: 'old' })));
      const other = await run(['diff', ...extra, '-f', '-'], manifest(settings('a', { k: 'new' })));
      assert.deepEqual([same.code, other.code], [0, 1], same.output);
      includes(other.output, '-  k: old', '+  k: new');
    }
  }),
  step('replace, with its conflicts and by force', async ({ ok, fails }) => {
    await ok(['create', '-f', '-'], manifest(settings('a', { k: '1' })));
    const before = await ok(['get', 'cm', 'a', '-o', 'json']);
    assert.equal(await ok(['replace', '-f', '-'], manifest(settings('a', { k: '2' }))), 'configmap/a replaced\n');
    includes(
      await fails(['replace', '-f', '-'], before),
      'Error from server (Conflict)',
      'the object has been modified; please apply your changes to the latest version and try again',
    );
    includes(
      await ok(['replace', '--force', '-f', '-'], manifest(settings('a', { k: '3' }))),
      'configmap "a" deleted',
      'configmap/a replaced',
    );
    includes(await fails(['replace', '-f', '-'], manifest(settings('none', {}))), 'Error from server (NotFound)');
  }),
  step('label and annotate', async ({ ok, fails }) => {
    await ok(['create', '-f', '-'], manifest(settings('a', {}), settings('b', {})));
    for (const command of ['label', 'annotate'] as const) {
      const done = command === 'label' ? 'labeled' : 'annotated';
      assert.equal(await ok([command, 'cm', 'a', 'x=1']), `configmap/a ${done}\n`);
      includes(await fails([command, 'cm', 'a', 'x=2']), 'already has a value (1)', '--overwrite is false');
      assert.equal(await ok([command, 'cm', 'a', 'x=2', '--overwrite']), `configmap/a ${done}\n`);
      includes(await fails([command, 'cm', 'a', 'x=3', '--overwrite', '--resource-version=1']), 'Conflict');
      includes(await ok([command, 'cm', 'a', 'b', 'y=z']), `configmap/a ${done}`, `configmap/b ${done}`);
      await ok([command, 'cm', 'a', 'y-']);
    }
    includes(await ok(['label', 'cm', 'a', '--list']), 'x=2');
    assert.equal(await ok(['get', 'cm', '-l', 'y=z', '-o', 'name']), 'configmap/b\n');
    includes(await fails(['label', 'cm', 'a', 'bad=not valid']), 'invalid label value');
  }),
];
