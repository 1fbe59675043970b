import assert from 'node:assert/strict';
import { apiService, deployment, pod } from '@navarch/api';
import { hasReason } from '@navarch/machinery';
import { authority, issue, newKey, publicKeyOf } from '../../certificates.ts';
import { conformanceTest, type TestContext } from '../../conformance-test.ts';
import { getJson, request } from '../../requests.ts';
import { type Json, rest } from '../../rest.ts';
import { until } from '../../until.ts';

const GROUP = 'wardle.example.com';
const VERSION = 'v1alpha1';
const NAME = `${VERSION}.${GROUP}`;
const API_SERVICES = '/apis/apiregistration.k8s.io/v1/apiservices';
const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const SERVICE = 'sample-api';
const READY_MS = 180_000;
const REACHED_MS = 60_000;
/** Built by images/recipes; a server of upstream's sample, and the store that it needs beside it. */
const SAMPLE_APISERVER = 'sample-apiserver:1.37';
const ETCD = 'etcd:3.4';

const flunders = `/apis/${GROUP}/${VERSION}/namespaces/default/flunders`;
const labels = { app: 'sample-apiserver', apiserver: 'true' };

/** A key and a certificate for the service, by an authority that only the APIService names. */
function certificates({ namespace }: TestContext): {
  readonly bundle: string;
  readonly certificate: string;
  readonly key: string;
} {
  const begin = Math.floor(Date.now() / 1000) * 1000 - 60_000;
  const signer = authority('e2e-sampleapiserver-ca', begin);
  const key = newKey();
  const name = `${SERVICE}.${namespace}.svc`;
  const certificate = issue(
    { publicKey: publicKeyOf(key), commonName: name, notBefore: begin, notAfter: begin + 86_400_000, dnsNames: [name] },
    signer,
  );
  return { bundle: signer.certificate, certificate, key };
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const forService = (image: string, name: string, more: Json): Json => ({
  name,
  image,
  imagePullPolicy: 'IfNotPresent',
  ...more,
});

/** What the extension server is in the cluster: its secret, its pod with a store beside it, its service. */
async function deploy(
  context: TestContext,
  { certificate, key }: { readonly certificate: string; readonly key: string },
): Promise<void> {
  const { create } = rest(context);
  const { namespace, api } = context;
  const core = `/api/v1/namespaces/${namespace}`;
  await create(`${core}/secrets`, {
    metadata: { name: 'sample-apiserver-secret' },
    type: 'Opaque',
    data: { 'tls.crt': base64(certificate), 'tls.key': base64(key) },
  });
  const mountPath = '/apiserver.local.config/certificates';
  await create(`/apis/apps/v1/namespaces/${namespace}/deployments`, {
    metadata: { name: 'sample-apiserver-deployment', labels },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      strategy: { type: 'RollingUpdate' },
      template: {
        metadata: { labels },
        spec: {
          terminationGracePeriodSeconds: 0,
          volumes: [{ name: 'apiserver-certs', secret: { secretName: 'sample-apiserver-secret' } }],
          containers: [
            forService(SAMPLE_APISERVER, 'sample-apiserver', {
              volumeMounts: [{ name: 'apiserver-certs', readOnly: true, mountPath }],
              args: [
                '--etcd-servers=http://127.0.0.1:2379',
                `--tls-cert-file=${mountPath}/tls.crt`,
                `--tls-private-key-file=${mountPath}/tls.key`,
                '--audit-log-path=-',
                '--audit-log-maxage=0',
                '--audit-log-maxbackup=0',
              ],
              readinessProbe: {
                httpGet: { scheme: 'HTTPS', port: 443, path: '/readyz' },
                initialDelaySeconds: 3,
                periodSeconds: 1,
                failureThreshold: 60,
              },
            }),
            forService(ETCD, 'etcd', {
              command: [
                '/usr/bin/etcd',
                '--listen-client-urls',
                'http://127.0.0.1:2379',
                '--advertise-client-urls',
                'http://127.0.0.1:2379',
              ],
            }),
          ],
        },
      },
    },
  });
  await create(`${core}/services`, {
    metadata: { name: SERVICE, labels: { test: 'aggregator' } },
    spec: { selector: { apiserver: 'true' }, ports: [{ protocol: 'TCP', port: 7443, targetPort: 443 }] },
  });
  await until(context, 'the sample API server being available', READY_MS, async () => {
    const { status } = await api.of(deployment).get(`${namespace}/sample-apiserver-deployment`);
    return status.availableReplicas === 1;
  });
}

/** What the server's account may do: read whom to believe, ask who somebody is and what they may. */
async function allow(context: TestContext): Promise<void> {
  const { create } = rest(context);
  const { namespace, unique } = context;
  const subjects = [{ kind: 'ServiceAccount', name: 'default', namespace }];
  const make = async (path: string, body: Json): Promise<void> => {
    context.cleanup(() =>
      rest({ ...context, signal: AbortSignal.timeout(10_000) }).delete(`${path}/${body.metadata.name}`),
    );
    await create(path, body);
  };
  const binding = (name: string, kind: string, role: string, to: Json = subjects): Json => ({
    metadata: { name: `${name}-${unique}` },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name: role },
    subjects: to,
  });
  await make(`${RBAC}/clusterroles`, {
    metadata: { name: `sample-apiserver-reader-${unique}` },
    rules: [
      { apiGroups: [''], resources: ['namespaces'], verbs: ['get', 'list', 'watch'] },
      { apiGroups: ['admissionregistration.k8s.io'], resources: ['*'], verbs: ['get', 'list', 'watch'] },
      { apiGroups: ['flowcontrol.apiserver.k8s.io'], resources: ['*'], verbs: ['get', 'list', 'watch'] },
      {
        apiGroups: [GROUP],
        resources: ['flunders', 'fischers'],
        verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      },
      { nonResourceURLs: ['*'], verbs: ['get'] },
    ],
  });
  await make(
    `${RBAC}/clusterrolebindings`,
    binding('sample-apiserver-reader', 'ClusterRole', `sample-apiserver-reader-${unique}`),
  );
  await make(`${RBAC}/clusterrolebindings`, binding('wardler', 'ClusterRole', 'system:auth-delegator'));
  await make(
    `${RBAC}/namespaces/kube-system/rolebindings`,
    binding('wardler-auth-reader', 'Role', 'extension-apiserver-authentication-reader'),
  );
}

async function register(context: TestContext, bundle: string): Promise<void> {
  context.cleanup(() => rest({ ...context, signal: AbortSignal.timeout(10_000) }).delete(`${API_SERVICES}/${NAME}`));
  await rest(context).create(API_SERVICES, {
    metadata: { name: NAME },
    spec: {
      service: { namespace: context.namespace, name: SERVICE, port: 7443 },
      group: GROUP,
      version: VERSION,
      caBundle: base64(bundle),
      groupPriorityMinimum: 2000,
      versionPriority: 200,
    },
  });
  let last = '';
  await until(context, 'flunders being served', REACHED_MS, async () => {
    const answer = await request(context, { path: flunders });
    last = `${answer.status} ${answer.text}`;
    return answer.status === 200;
  }).catch(async (error: unknown) => {
    context.log(`last answer: ${last}; ${JSON.stringify((await rest(context).get(`${API_SERVICES}/${NAME}`)).status)}`);
    throw error;
  });
}

/** Flunders are made, read, listed and deleted through us. */
async function writeFlunders(context: TestContext): Promise<void> {
  const { create, get, patch, delete: remove } = rest(context);
  const name = `rest-flunder-${context.unique}`;
  const body = {
    apiVersion: `${GROUP}/${VERSION}`,
    kind: 'Flunder',
    metadata: { name, namespace: 'default', labels: { 'sample-label': 'true' } },
  };
  const made = await request(context, { method: 'POST', path: flunders, body });
  assert.equal(made.status, 201, made.text);
  assert.ok((await context.api.of(pod).list({ namespace: context.namespace })).items.length > 0);
  const listed = await get(flunders);
  assert.deepEqual([listed.kind, listed.items.length, listed.items[0].metadata.name], ['FlunderList', 1, name]);
  await remove(`${flunders}/${name}`);
  assert.equal((await get(flunders)).items.length, 0);

  const dynamic = `dynamic-flunder-${context.unique}`;
  const { resources } = await getJson<Json>(context, `/apis/${GROUP}/${VERSION}`);
  assert.ok(resources.some((resource: Json) => resource.name === 'flunders' && resource.kind === 'Flunder'));
  await create(flunders, { ...body, metadata: { ...body.metadata, name: dynamic } });
  assert.equal((await get(flunders)).items.length, 1);
  const patched = await patch(`${flunders}/${dynamic}`, 'merge', { metadata: { annotations: { patched: 'true' } } });
  assert.equal(patched.metadata.annotations.patched, 'true');
  await remove(`${flunders}/${dynamic}`);
  await assert.rejects(get(`${flunders}/${dynamic}`), (error) => hasReason(error, 'NotFound'));
  assert.match(await context.kubectl(['get', 'flunders', '-n', 'default']), /^$/);
}

/** The APIService itself is read and written in every way, its status too. */
async function writeApiService(context: TestContext): Promise<void> {
  const { get, patch, replace } = rest(context);
  const path = `${API_SERVICES}/${NAME}`;
  const status = await get(`${path}/status`);
  assert.ok(
    status.status.conditions.some((one: Json) => one.type === 'Available' && one.status === 'True'),
    JSON.stringify(status.status),
  );
  await context.kubectl(['patch', 'apiservice', NAME, '-p', '{"spec":{"versionPriority": 400}}']);
  assert.equal((await get(path)).spec.versionPriority, 400);
  assert.equal(
    (await context.api.of(apiService).list()).items.filter(({ metadata }) => metadata.name === NAME).length,
    1,
  );

  const label = { 'e2e-wardle': context.unique };
  const retried = (what: string, write: () => Promise<boolean>): Promise<void> =>
    until(context, what, REACHED_MS, async () => {
      try {
        return await write();
      } catch (error) {
        if (hasReason(error, 'Conflict')) return false;
        throw error;
      }
    });
  await retried('the label', async () => {
    const current = await get(path);
    return (
      (
        await replace(path, {
          ...current,
          metadata: { ...current.metadata, labels: { ...current.metadata.labels, ...label } },
        })
      ).metadata.labels['e2e-wardle'] === context.unique
    );
  });
  await retried('the update of the status', async () => {
    const current = await get(path);
    const condition = { type: 'StatusUpdated', status: 'True', reason: 'E2E', message: 'Set from e2e test' };
    const { conditions } = (
      await replace(`${path}/status`, {
        ...current,
        status: { ...current.status, conditions: [...current.status.conditions, condition] },
      })
    ).status;
    return conditions.some((one: Json) => one.type === 'StatusUpdated' && one.message === condition.message);
  });
  const patched = await patch(`${path}/status`, 'merge', {
    status: { conditions: [{ type: 'StatusPatched', status: 'True', reason: 'E2E', message: 'Set by patch' }] },
  });
  assert.ok(patched.status.conditions.some((one: Json) => one.type === 'StatusPatched'));
  await until(context, 'the Available condition being there again', REACHED_MS, async () =>
    (await get(`${path}/status`)).status.conditions.some(
      (one: Json) => one.type === 'Available' && one.status === 'True',
    ),
  );

  await context.api.of(apiService).deleteCollection({ labelSelector: `e2e-wardle=${context.unique}` });
  await until(context, 'the end of the APIService', REACHED_MS, async () => {
    const { items } = await context.api.of(apiService).list({ labelSelector: `e2e-wardle=${context.unique}` });
    return items.length === 0;
  });
  await until(
    context,
    'the end of its group',
    REACHED_MS,
    async () => (await request(context, { path: `/apis/${GROUP}` })).status === 404,
  );
}

export const aggregatorTests = [
  conformanceTest(
    '[sig-api-machinery] Aggregator Should be able to support the 1.17 Sample API Server using the current Aggregator',
    async (context) => {
      const { bundle, ...server } = certificates(context);
      await allow(context);
      await deploy(context, server);
      await register(context, bundle);
      await writeFlunders(context);
      await writeApiService(context);
    },
    600_000,
  ),
];
