import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from '../go.ts';
import { deployment, manifest, settings } from './manifests.ts';
import { includes, lines, type Step, step } from './step.ts';

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'navarch-kubectl-'));
  try {
    await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What those who run a cluster do, and what is done less often. */
export const operations: readonly Step[] = [
  step('create by the other generators', async ({ ok, namespace, run }) => {
    const made = async (created: string, ...words: readonly string[]): Promise<void> =>
      assert.equal(await ok(['create', ...words]), `${created} created\n`);
    const cluster = [
      `clusterrole/${namespace}`,
      `clusterrolebinding/${namespace}`,
      `priorityclass/${namespace}`,
      `namespace/${namespace}-more`,
    ];
    try {
      await made(
        'secret/registry',
        'secret',
        'docker-registry',
        'registry',
        '--docker-username=u',
        '--docker-password=p',
        '--docker-server=r.example.com',
      );
      await made('service/balanced', 'service', 'loadbalancer', 'balanced', '--tcp=80');
      await made(
        `clusterrole.rbac.authorization.k8s.io/${namespace}`,
        'clusterrole',
        namespace,
        '--verb=get',
        '--non-resource-url=/logs',
      );
      await made(
        `clusterrolebinding.rbac.authorization.k8s.io/${namespace}`,
        'clusterrolebinding',
        namespace,
        `--clusterrole=${namespace}`,
        '--group=g',
      );
      await made(
        `priorityclass.scheduling.k8s.io/${namespace}`,
        'priorityclass',
        namespace,
        '--value=7',
        '--description=x',
      );
      await made(`namespace/${namespace}-more`, 'namespace', `${namespace}-more`);
      await made('cronjob.batch/hourly', 'cronjob', 'hourly', '--image=i', '--schedule=0 * * * *', '--', 'date');
      await made('job.batch/once', 'job', 'once', '--from=cronjob/hourly');
      assert.equal(
        await ok([
          'get',
          'job',
          'once',
          '-o',
          'jsonpath={.metadata.annotations} {.metadata.ownerReferences[0].kind} {.spec.template.spec.containers[0].command}',
        ]),
        '{"cronjob.kubernetes.io/instantiate":"manual"} CronJob ["date"]',
      );
      assert.match(await ok(['get', 'secret', 'registry']), /registry\s+kubernetes\.io\/dockerconfigjson\s+1\s/);
      // Its address comes when it comes.
      assert.match(
        await ok(['get', 'svc', 'balanced']),
        /balanced\s+LoadBalancer\s+\S+\s+(?:<pending>|[\d.]+)\s+80:\d+\/TCP/,
      );
    } finally {
      await run(['delete', ...cluster, '--wait=false']);
    }
    await inFolder(async (folder) => {
      const [key, cert] = [join(folder, 'k'), join(folder, 'c')];
      const { code, output } = await finished('openssl', [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-keyout',
        key,
        '-out',
        cert,
        '-days',
        '1',
        '-subj',
        '/CN=x',
      ]);
      assert.equal(code, 0, output);
      await made('secret/tls', 'secret', 'tls', 'tls', `--cert=${cert}`, `--key=${key}`);
      assert.match(await ok(['get', 'secret', 'tls']), /tls\s+kubernetes\.io\/tls\s+2\s/);
    });
  }),
  step('edit: a subresource, what was applied last, a refusal that is shown in the editor', async ({ ok, fails }) => {
    const env = (script: string): Readonly<Record<string, string>> => ({ KUBE_EDITOR: `sed -i -e '${script}'` });
    await ok(['apply', '-f', '-'], manifest(deployment('web', { replicas: 0 })));
    await ok(['wait', '--for=jsonpath={.status.observedGeneration}=1', 'deployment/web', '--timeout=30s']);
    await ok(
      ['edit', 'deployment', 'web', '--subresource=status'],
      undefined,
      env('s/^  observedGeneration:/  collisionCount: 3\\n&/'),
    );
    assert.equal(await ok(['get', 'deployment', 'web', '-o', 'jsonpath={.status.collisionCount}']), '3');
    await ok(['apply', 'edit-last-applied', 'deployment/web'], undefined, env('s/i:1/i:2/'));
    includes(await ok(['apply', 'view-last-applied', 'deployment/web']), 'image: i:2');
    assert.equal(
      await ok(['get', 'deployment', 'web', '-o', 'jsonpath={.spec.template.spec.containers[0].image}']),
      'i:1',
    );
    includes(
      await fails(['edit', 'deployment', 'web'], undefined, env('s/replicas: 0/replicas: -5/')),
      'deployments.apps "web" is invalid',
      'A copy of your changes has been stored to',
    );
  }),
  step('get: templates, columns, several kinds, pages', async ({ ok }) => {
    await ok(
      ['create', '-f', '-'],
      manifest(settings('a', { k: '2' }), settings('b', { k: '1' }), settings('c', { k: '3' })),
    );
    const names = ['get', 'configmap', 'a', 'b', 'c'];
    assert.deepEqual(lines(await ok([...names, '--sort-by=.data.k', '-o', 'name'])), [
      'configmap/b',
      'configmap/a',
      'configmap/c',
    ]);
    assert.equal(
      await ok([...names, '-o', 'go-template={{range .items}}{{.metadata.name}}={{.data.k}} {{end}}']),
      'a=2 b=1 c=3 ',
    );
    assert.equal(await ok([...names, '-o', 'jsonpath={range .items[?(@.data.k>"1")]}{.metadata.name} {end}']), 'a c ');
    await inFolder(async (folder) => {
      const file = join(folder, 'columns');
      writeFileSync(file, 'NAME          K\nmetadata.name data.k\n');
      assert.match(await ok([...names, '-o', `custom-columns-file=${file}`]), /^NAME +K\na +2\nb +1\nc +3\n$/);
    });
    assert.equal(lines(await ok(['get', 'configmap', '--chunk-size=1', '--no-headers'])).length, 4);
    includes(await ok(['get', 'cm,sa,endpointslices', '-o', 'wide']), 'configmap/a', 'serviceaccount/default');
    assert.match(
      await ok(['get', 'cm/a', 'sa/default', '--show-kind', '--no-headers']),
      /^configmap\/a\s+1\s+\w+\nserviceaccount\/default\s+\w+\n$/,
    );
    includes(await ok(['get', '--raw', '/apis/apps/v1']), '"kind":"APIResourceList"', '"name":"deployments/scale"');
    assert.match(
      await ok(['get', 'deployments,configmaps', '-A', '--no-headers']),
      /kube-system\s+configmap\/kube-root-ca\.crt\s+1\s/,
    );
  }),
  step('kustomize: a folder of resources is applied and taken away', async ({ ok }) => {
    await inFolder(async (folder) => {
      writeFileSync(join(folder, 'web.json'), manifest(deployment('web', { replicas: 0 })));
      writeFileSync(
        join(folder, 'kustomization.yaml'),
        'resources: [web.json]\nnamePrefix: my-\nconfigMapGenerator: [{name: settings, literals: [a=b]}]\n',
      );
      includes(await ok(['kustomize', folder]), 'name: my-web');
      includes(await ok(['apply', '-k', folder]), 'deployment.apps/my-web created', 'configmap/my-settings-');
      includes(await ok(['get', '-k', folder]), 'deployment.apps/my-web', 'configmap/my-settings-');
      includes(await ok(['delete', '-k', folder]), 'deployment.apps "my-web" deleted');
    });
  }),
  step('certificates: asked for, approved and issued, or denied', async ({ ok, fails, namespace }) => {
    await inFolder(async (folder) => {
      const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
      writeFileSync(join(folder, 'k'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
      const { output } = await finished('openssl', [
        'req',
        '-new',
        '-key',
        join(folder, 'k'),
        '-subj',
        '/CN=jane/O=dev',
      ]);
      const request = Buffer.from(output.slice(output.indexOf('-----BEGIN'))).toString('base64');
      const [good, bad] = [`${namespace}-good`, `${namespace}-bad`];
      for (const name of [good, bad]) {
        await ok(
          ['create', '-f', '-'],
          manifest({
            apiVersion: 'certificates.k8s.io/v1',
            kind: 'CertificateSigningRequest',
            metadata: { name },
            spec: {
              request,
              signerName: 'kubernetes.io/kube-apiserver-client',
              usages: ['client auth'],
              expirationSeconds: 3600,
            },
          }),
        );
      }
      assert.match(
        await ok(['get', 'csr', good]),
        /kubernetes\.io\/kube-apiserver-client\s+kubernetes-admin\s+60m\s+Pending/,
      );
      assert.equal(
        await ok(['certificate', 'approve', good]),
        `certificatesigningrequest.certificates.k8s.io/${good} approved\n`,
      );
      assert.equal(
        await ok(['certificate', 'deny', bad]),
        `certificatesigningrequest.certificates.k8s.io/${bad} denied\n`,
      );
      await ok(['wait', '--for=jsonpath={.status.certificate}', `csr/${good}`, '--timeout=30s']);
      assert.match(await ok(['get', 'csr', good, bad, '--no-headers']), /Approved,Issued\n.*Denied\n$/);
      includes(
        await ok(['describe', 'csr', good]),
        'Status:              Approved,Issued',
        'Common Name:    jane',
        'Organization:   dev',
      );
      includes(await fails(['certificate', 'deny', good]), 'is already Approved');
      await ok(['delete', 'csr', good, bad]);
    });
  }),
  step('nodes are drained, but for what a budget keeps', async ({ ok, run, fails }) => {
    const node = (await ok(['get', 'node', '-o', 'jsonpath={.items[0].metadata.name}'])).trim();
    await ok([
      'run',
      'single',
      '--image=i',
      '--labels=app=single',
      '--overrides={"spec":{"terminationGracePeriodSeconds":1}}',
    ]);
    await ok(['wait', '--for=condition=Ready', 'pod/single', '--timeout=60s']);
    await ok(['create', 'pdb', 'keep', '--selector=app=single', '--min-available=1']);
    await ok(['wait', '--for=jsonpath={.status.currentHealthy}=1', 'pdb/keep', '--timeout=30s']);
    const drain = ['drain', node, '--pod-selector=app=single', '--ignore-daemonsets', '--force'];
    try {
      includes(
        await fails(['drain', node, '--pod-selector=app=single']),
        'cannot delete Pods that declare no controller (use --force to override)',
      );
      includes(
        (await run([...drain, '--timeout=1s'])).output,
        'error when evicting pods/"single"',
        "Cannot evict pod as it would violate the pod's disruption budget.",
        'global timeout reached: 1s',
      );
      await ok(['delete', 'pdb', 'keep']);
      includes(await ok([...drain, '--timeout=60s']), 'pod/single evicted', `node/${node} drained`);
    } finally {
      await ok(['uncordon', node]);
    }
  }),
  step('proxy, top, cluster-info dump, debug of a running pod', async ({ ok, run, start, namespace }) => {
    await ok(['run', 'single', '--image=i']);
    await ok(['wait', '--for=condition=Ready', 'pod/single', '--timeout=60s']);
    await ok(['debug', 'single', '--image=tools', '--target=single', '--container=tools', '--attach=false', '--quiet']);
    assert.equal(
      await ok([
        'get',
        'pod',
        'single',
        '-o',
        'jsonpath={.spec.ephemeralContainers[0].name} {.spec.ephemeralContainers[0].targetContainerName}',
      ]),
      'tools single',
    );
    await ok(['debug', 'single', '--image=tools', '--copy-to=copy', '--same-node', '--attach=false', '--quiet']);
    assert.equal(await ok(['get', 'pod', 'copy', '-o', 'jsonpath={.spec.containers[*].image}']), 'i tools');
    includes((await run(['top', 'pod', 'single'])).output, 'etrics');
    includes(await ok(['cluster-info', 'dump', '--namespaces', namespace]), '"kind": "PodList"', '"name": "single"');
    const proxy = start(['proxy', '--port=0', '--reject-paths=^/never$']);
    try {
      const [, address = ''] = /Starting to serve on (\S+)/.exec(await proxy.until(/Starting to serve on \S+\n/)) ?? [];
      const answer = await fetch(`http://${address}/api/v1/namespaces/${namespace}/pods/single`);
      assert.equal(((await answer.json()) as { readonly kind: string }).kind, 'Pod');
      assert.equal((await fetch(`http://${address}/apis`)).status, 200);
    } finally {
      await proxy.stop();
    }
  }),
  step('set: resources, accounts, selectors, subjects, variables', async ({ ok }) => {
    await ok(['create', '-f', '-'], manifest(deployment('web', { replicas: 0 })));
    assert.equal(
      await ok(['set', 'resources', 'deploy/web', '--limits=cpu=200m,memory=64Mi']),
      'deployment.apps/web resource requirements updated\n',
    );
    assert.equal(
      await ok(['set', 'serviceaccount', 'deploy/web', 'default']),
      'deployment.apps/web serviceaccount updated\n',
    );
    assert.equal(await ok(['set', 'env', 'deploy/web', 'A=b', 'C=d']), 'deployment.apps/web env updated\n');
    assert.equal(await ok(['set', 'env', 'deploy/web', 'C-']), 'deployment.apps/web env updated\n');
    assert.equal(await ok(['set', 'env', 'deploy/web', '--list']), '# Deployment web, container main\nA=b\n');
    assert.equal(
      await ok([
        'get',
        'deploy',
        'web',
        '-o',
        'jsonpath={.spec.template.spec.containers[0].resources} {.spec.template.spec.serviceAccountName}',
      ]),
      '{"limits":{"cpu":"200m","memory":"64Mi"}} default',
    );
    await ok(['create', 'service', 'clusterip', 'web', '--tcp=80']);
    assert.equal(await ok(['set', 'selector', 'service/web', 'x=y']), 'service/web selector updated\n');
    await ok(['create', 'rolebinding', 'rb', '--clusterrole=view', '--user=u']);
    assert.equal(
      await ok(['set', 'subject', 'rolebinding/rb', '--user=v']),
      'rolebinding.rbac.authorization.k8s.io/rb subjects updated\n',
    );
    assert.equal(await ok(['get', 'rolebinding', 'rb', '-o', 'jsonpath={.subjects[*].name}']), 'u v');
  }),
];
