import assert from 'node:assert/strict';
import { includes, lines, step } from './step.ts';

/** What the server tells of itself, as kubectl shows it. */
export const discovery = [
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
