import assert from 'node:assert/strict';
import type { Kubectl } from './command.ts';
import { customResources } from './custom-resources.ts';
import { deployment, manifest, settings } from './manifests.ts';
import { operations } from './operations.ts';
import { refusals } from './refusals.ts';
import { includes, lines, type Step, step } from './step.ts';

/** Creates the deployment `web` and waits until its pods are there. */
async function startWeb({ ok }: Kubectl, replicas = 2): Promise<void> {
  await ok(['apply', '-f', '-'], manifest(deployment('web', { replicas })));
  await ok(['wait', '--for=condition=Available', 'deployment/web', '--timeout=60s']);
}

const gone = ({ ok }: Kubectl, ...what: readonly string[]): Promise<string> =>
  ok(['wait', '--for=delete', ...what, '--timeout=60s']);

const discovery = [
  step('api-versions and api-resources in their forms', async ({ ok }) => {
    includes(await ok(['api-versions']), 'v1\n', 'apps/v1\n', 'rbac.authorization.k8s.io/v1\n');
    const wide = await ok(['api-resources', '-o', 'wide', '--no-headers']);
    assert.match(
      wide,
      /^deployments\s+deploy\s+apps\/v1\s+true\s+Deployment\s+create,delete,deletecollection,get,list,patch,update,watch\s+all$/m,
    );
    assert.deepEqual(lines(await ok(['api-resources', '--api-group=apps', '-o', 'name'])).toSorted(), [
      'controllerrevisions.apps',
      'daemonsets.apps',
      'deployments.apps',
      'replicasets.apps',
      'statefulsets.apps',
    ]);
    assert.ok(!lines(await ok(['api-resources', '--namespaced=true', '-o', 'name'])).includes('nodes'));
    assert.ok(
      lines(await ok(['api-resources', '--verbs=list,watch', '--sort-by=name', '-o', 'name'])).includes('pods'),
    );
    includes(await ok(['api-resources', '--categories=all', '-o', 'name']), 'deployments.apps', 'pods');
  }),
  step('explain --recursive of every resource', async ({ ok }) => {
    for (const line of lines(await ok(['api-resources', '--no-headers', '--sort-by=name']))) {
      const [, resource, version, kind] = /^(\S+).*?(\S+)\s+(?:true|false)\s+(\S+)$/.exec(line) ?? [];
      assert.ok(resource && version && kind, line);
      const output = await ok(['explain', resource, '--recursive', `--api-version=${version}`]);
      includes(
        output,
        `KIND:       ${kind}\n`,
        `VERSION:    ${version.split('/').at(-1)}\n`,
        'DESCRIPTION:',
        'FIELDS:\n',
      );
      if (version.includes('/')) includes(output, `GROUP:      ${version.split('/')[0]}\n`);
      assert.match(output, /^ {2}(?:metadata|kind)\t<\w+>/m);
    }
  }),
  step('explain of a field, in words and by the old document', async ({ ok, fails }) => {
    includes(await ok(['explain', 'deployment.spec.strategy.rollingUpdate.maxSurge']), 'FIELD: maxSurge <IntOrString>');
    includes(
      await ok(['explain', 'pods.spec.containers.resources']),
      'FIELD: resources <ResourceRequirements>',
      'limits\t<map[string]Quantity>',
    );
    includes(await ok(['explain', 'pod', '--output=plaintext-openapiv2']), 'KIND:     Pod', 'spec\t<Object>');
    includes(await fails(['explain', 'pod.spec.nothing']), 'field "nothing" does not exist');
  }),
  step('version, cluster-info and raw requests', async ({ ok }) => {
    const { serverVersion } = JSON.parse(await ok(['version', '-o', 'json'])) as {
      readonly serverVersion: { readonly major: string; readonly minor: string; readonly gitVersion: string };
    };
    assert.deepEqual([serverVersion.major, serverVersion.minor], ['1', '37']);
    includes(await ok(['cluster-info']), 'is running at');
    assert.equal(await ok(['get', '--raw', '/readyz']), 'ok');
    includes(await ok(['get', '--raw', '/livez?verbose']), 'livez check passed');
    includes(await ok(['get', '--raw', '/metrics']), 'apiserver_request_total');
  }),
];

const writing = [
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

const reading = [
  step('get in all forms', async ({ ok, fails }) => {
    await ok(
      ['create', '-f', '-'],
      manifest({ ...settings('a', { k: 'v' }), metadata: { name: 'a', labels: { n: '1' } } }, settings('b', {})),
    );
    const table = await ok(['get', 'cm', 'a', 'b']);
    assert.match(table, /^NAME\s+DATA\s+AGE\na\s+1\s+\d+s\nb\s+0\s+\d+s\n$/);
    assert.match(
      await ok(['get', 'cm', 'a', '--no-headers', '--show-labels', '-L', 'n']),
      /^a\s+1\s+\d+s\s+1\s+n=1\n$/,
    );
    assert.equal(
      (JSON.parse(await ok(['get', 'cm', 'a', '-o', 'json'])) as { readonly kind: string }).kind,
      'ConfigMap',
    );
    includes(await ok(['get', 'cm', 'a', '-o', 'yaml']), 'apiVersion: v1\ndata:\n  k: v\nkind: ConfigMap\n');
    assert.equal(await ok(['get', 'cm', 'a', 'b', '-o', 'name']), 'configmap/a\nconfigmap/b\n');
    assert.equal(await ok(['get', 'cm', 'a', '-o', 'jsonpath={.metadata.name}{"\\t"}{.data.k}']), 'a\tv');
    assert.deepEqual(JSON.parse(await ok(['get', 'cm', 'a', '-o', 'jsonpath-as-json={.data}'])), [{ k: 'v' }]);
    assert.equal(await ok(['get', 'cm', 'a', '-o', 'go-template={{.data.k}}']), 'v');
    assert.match(await ok(['get', 'cm', 'a', '-o', 'custom-columns=N:.metadata.name,K:.data.k']), /^N +K\na +v\n$/);
    assert.match(
      await ok(['get', 'cm', '-o', 'wide', '--sort-by=.metadata.name', '--chunk-size=1', '-l', 'n']),
      /^NAME\s+DATA\s+AGE\na /,
    );
    assert.equal(await ok(['get', 'cm', '--field-selector=metadata.name=b', '-o', 'name']), 'configmap/b\n');
    assert.equal(await ok(['get', 'cm', 'none', '--ignore-not-found']), '');
    includes(await fails(['get', 'cm', 'none']), 'Error from server (NotFound): configmaps "none" not found');
    includes(await fails(['get', 'nothing']), `the server doesn't have a resource type "nothing"`);
    includes(await ok(['get', 'cm,sa', '-o', 'name']), 'configmap/a', 'serviceaccount/default');
    assert.equal(await ok(['get', 'deploy', '--ignore-not-found']), '');
    includes(await ok(['get', 'ns', '-A', '-o', 'wide']), 'kube-system');
  }),
  step('get of every kind as a table, describe of what there is', async ({ ok }) => {
    for (const resource of lines(await ok(['api-resources', '--verbs=list', '-o', 'name']))) {
      await ok(['get', resource, '-A', '-o', 'wide']);
    }
    await ok(['create', 'deployment', 'd', '--image=i', '--replicas=0']);
    await ok(['create', 'job', 'j', '--image=i']);
    for (const kind of ['ns', 'cm', 'sa', 'deploy', 'job', 'rs']) includes(await ok(['describe', kind]), 'Name:');
    includes(await ok(['describe', 'node']), 'Conditions:', 'Allocatable:');
  }),
  step('get --watch shows changes as they come', async ({ ok, start }) => {
    await ok(['create', '-f', '-'], manifest(settings('a', { k: '1' })));
    const watch = start(['get', 'cm', 'a', '--watch', '--output-watch-events']);
    await watch.until(/ADDED/);
    await ok(['patch', 'cm', 'a', '--type=merge', '-p', '{"data":{"k":"2"}}']);
    await watch.until(/MODIFIED/);
    await ok(['delete', 'cm', 'a']);
    await watch.until(/DELETED/);
    await watch.stop();
  }),
  step('wait for conditions, values, creation and the end', async (kubectl) => {
    const { ok, fails, start } = kubectl;
    await startWeb(kubectl);
    assert.equal(
      await ok(['wait', '--for=jsonpath={.status.readyReplicas}=2', 'deploy/web', '--timeout=60s']),
      'deployment.apps/web condition met\n',
    );
    includes(await ok(['wait', '--for=condition=Ready', 'pod', '-l', 'app=web', '--timeout=60s']), 'condition met');
    includes(
      await fails(['wait', '--for=condition=Nothing', 'deploy/web', '--timeout=1s']),
      'timed out waiting for the condition on deployments/web',
    );
    const waiting = start(['wait', '--for=create', 'cm/late', '--timeout=60s']);
    await ok(['create', 'cm', 'late']);
    await waiting.until(/configmap\/late condition met/);
    await ok(['delete', 'cm', 'late', '--wait=false']);
    await gone(kubectl, 'cm/late');
  }),
  step('auth: can-i, whoami, reconcile', async ({ ok, run, namespace }) => {
    assert.equal(await ok(['auth', 'can-i', 'create', 'pods']), 'yes\n');
    const no = await run(['auth', 'can-i', 'create', 'pods', '--as=nobody']);
    assert.deepEqual([no.code, no.output], [1, 'no\n']);
    includes(await ok(['auth', 'can-i', '--list']), '*.*', '[*]');
    includes(await ok(['auth', 'can-i', 'get', 'pods', '--subresource=log']), 'yes');
    includes(await ok(['auth', 'can-i', 'get', '/healthz']), 'yes');
    includes(await ok(['auth', 'whoami']), 'Username', 'Groups');
    const role = {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata: { name: 'r', namespace },
      rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }],
    };
    includes(await ok(['auth', 'reconcile', '-f', '-'], manifest(role)), 'role.rbac.authorization.k8s.io/r reconciled');
  }),
];

const running = [
  step('rollouts: status, history, undo, restart, pause', async (kubectl) => {
    const { ok, fails } = kubectl;
    await startWeb(kubectl);
    assert.equal(await ok(['set', 'image', 'deploy/web', 'main=i:2']), 'deployment.apps/web image updated\n');
    includes(await ok(['rollout', 'status', 'deploy/web', '--timeout=60s']), 'successfully rolled out');
    includes(await ok(['rollout', 'history', 'deploy/web']), 'REVISION', '2 ');
    includes(await ok(['rollout', 'history', 'deploy/web', '--revision=1']), 'i:1');
    includes(await ok(['rollout', 'undo', 'deploy/web']), 'rolled back');
    await ok(['rollout', 'status', 'deploy/web', '--timeout=60s']);
    assert.equal(await ok(['get', 'deploy', 'web', '-o', 'jsonpath={.spec.template.spec.containers[0].image}']), 'i:1');
    includes(await ok(['rollout', 'restart', 'deploy/web']), 'restarted');
    includes(await ok(['rollout', 'pause', 'deploy/web']), 'paused');
    includes(await fails(['rollout', 'restart', 'deploy/web']), "can't restart paused deployment");
    includes(await ok(['rollout', 'resume', 'deploy/web']), 'resumed');
    await ok(['set', 'env', 'deploy/web', 'A=b']);
    await ok(['set', 'resources', 'deploy/web', '--requests=cpu=10m']);
    await ok(['rollout', 'status', 'deploy/web', '--timeout=60s']);
    const described = await ok(['describe', 'deploy', 'web']);
    assert.match(described, /\n\s+A:\s+b\n/);
    includes(described, '10m', 'NewReplicaSet:');
  }),
  step('scale, autoscale, expose, run, events, taint and drain', async (kubectl) => {
    const { ok, fails } = kubectl;
    await startWeb(kubectl);
    assert.equal(await ok(['scale', 'deploy/web', '--replicas=3']), 'deployment.apps/web scaled\n');
    includes(
      await fails(['scale', 'deploy/web', '--current-replicas=9', '--replicas=1']),
      'Expected replicas to be 9, was 3',
    );
    includes(await ok(['autoscale', 'deploy/web', '--min=1', '--max=3', '--cpu-percent=50']), 'autoscaled');
    assert.match(await ok(['get', 'hpa']), /web\s+Deployment\/web\s+cpu: <unknown>\/50%\s+1\s+3/);
    assert.equal(await ok(['expose', 'deploy/web', '--port=80']), 'service/web exposed\n');
    assert.match(await ok(['get', 'svc', 'web']), /web\s+ClusterIP\s+\S+\s+<none>\s+80\/TCP/);
    assert.equal(await ok(['run', 'single', '--image=i', '--restart=Never', '--labels=a=b']), 'pod/single created\n');
    await ok(['wait', '--for=condition=Ready', 'pod/single', '--timeout=60s']);
    assert.match(await ok(['get', 'pod', 'single']), /single\s+1\/1\s+Running\s+0/);
    includes(await ok(['events', '--for=pod/single']), 'Scheduled');
    includes(await ok(['get', 'events', '--field-selector=involvedObject.name=single']), 'pod/single');
    const node = (await ok(['get', 'node', '-o', 'name'])).split('\n')[0]?.replace('node/', '') ?? '';
    includes(await ok(['cordon', node]), 'cordoned');
    assert.match(await ok(['get', 'node', node]), /Ready,SchedulingDisabled/);
    includes(await ok(['uncordon', node]), 'uncordoned');
    includes(await ok(['taint', 'node', node, 'k=v:PreferNoSchedule']), 'tainted');
    includes(await ok(['taint', 'node', node, 'k-']), 'untainted');
  }),
  step('delete with each cascade', async (kubectl) => {
    const { ok } = kubectl;
    const replicaSets = async (): Promise<readonly string[]> =>
      lines(await ok(['get', 'rs', '-l', 'app=web', '-o', 'name']));
    for (const cascade of ['background', 'foreground'] as const) {
      await startWeb(kubectl, 1);
      assert.equal((await replicaSets()).length, 1);
      includes(await ok(['delete', 'deploy', 'web', `--cascade=${cascade}`]), 'deployment.apps "web" deleted');
      await gone(kubectl, 'rs', '-l', 'app=web');
      await gone(kubectl, 'pod', '-l', 'app=web');
    }
    await startWeb(kubectl, 1);
    await ok(['delete', 'deploy', 'web', '--cascade=orphan']);
    const [orphan = ''] = await replicaSets();
    assert.equal(await ok(['get', orphan, '-o', 'jsonpath={.metadata.ownerReferences}']), '');
    await ok(['delete', orphan, '--cascade=orphan']);
    assert.equal(lines(await ok(['get', 'pod', '-l', 'app=web', '-o', 'name'])).length, 1);
    includes(await ok(['delete', 'pod', '-l', 'app=web', '--grace-period=0', '--force']), 'force deleted');
  }),
  step('delete of many, of files, of none', async (kubectl) => {
    const { ok, fails } = kubectl;
    const text = manifest(settings('a', {}), settings('b', {}));
    await ok(['create', '-f', '-'], text);
    includes(await ok(['delete', '-f', '-', '--dry-run=server'], text), 'configmap "a" deleted', '(server dry run)');
    includes(await ok(['delete', '-f', '-'], text), 'configmap "a" deleted', 'configmap "b" deleted');
    includes(await fails(['delete', 'cm', 'a']), 'NotFound');
    assert.equal(await ok(['delete', 'cm', 'a', '--ignore-not-found']), '');
    await ok(['create', '-f', '-'], text);
    await ok(['delete', 'cm', '--all', '--wait=false']);
    await gone(kubectl, 'cm/a', 'cm/b');
  }),
];

/** Everything, in the order in which people meet it. */
export const walk: readonly Step[] = [
  ...discovery,
  ...writing,
  ...reading,
  ...running,
  ...operations,
  ...customResources,
  ...refusals,
];
