import assert from 'node:assert/strict';
import { manifest, settings } from './manifests.ts';
import { includes, lines, step } from './step.ts';
import { gone, startWeb } from './web.ts';

/** Objects shown, and who may do what. */
export const reading = [
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
