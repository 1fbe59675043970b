import assert from 'node:assert/strict';
import { clusterRoleBinding, configMap, serviceAccount, tokenReview, type TokenReview } from '@navarch/api';
import { hasReason } from '@navarch/machinery';
import { conformanceTest, type TestContext } from '../../conformance-test.ts';
import { outputOfExec } from '../../exec.ts';
import { createPod, logsOf, outputOf, shell, untilOver, untilRunning } from '../../pods.ts';
import { testhost } from '../../testhost.ts';
import { until } from '../../until.ts';
import { watching } from '../../watches.ts';

const SECRETS = '/var/run/secrets/kubernetes.io/serviceaccount';
const ROOT_CA = 'kube-root-ca.crt';
/** What upstream waits for a controller, milliseconds. */
const LONG_MS = 30_000;

const createAccount = (context: TestContext, name: string, automountServiceAccountToken?: boolean): Promise<unknown> =>
  context.api.of(serviceAccount).create({
    metadata: { name, namespace: context.namespace },
    ...(automountServiceAccountToken === undefined ? {} : { automountServiceAccountToken }),
  });

/** The token is good, and its bearer is the account. */
async function reviewed(context: TestContext, token: string, account: string): Promise<TokenReview['status']> {
  const { status } = await context.api.of(tokenReview).create({ spec: { token } });
  assert.equal(status.error ?? '', '');
  assert.equal(status.authenticated, true);
  assert.equal(status.user?.username, `system:serviceaccount:${context.namespace}:${account}`);
  for (const group of [
    'system:authenticated',
    'system:serviceaccounts',
    `system:serviceaccounts:${context.namespace}`,
  ]) {
    assert.ok(status.user?.groups?.includes(group), `${group} is a group of the bearer`);
  }
  return status;
}

export const serviceAccountTests = [
  conformanceTest('[sig-auth] ServiceAccounts should mount an API token into pods', async (context) => {
    await createAccount(context, 'mount-test');
    await createPod(context, 'holder', {
      serviceAccountName: 'mount-test',
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 0,
      containers: [shell('sleep 100000')],
    });
    await untilRunning(context, 'holder');
    const read = (name: string): Promise<string> => outputOfExec(context, 'holder', ['cat', `${SECRETS}/${name}`]);
    const ca = await context.api.of(configMap).get(`${context.namespace}/${ROOT_CA}`);
    assert.equal(await read('ca.crt'), ca.data?.['ca.crt']);
    assert.equal(await read('namespace'), context.namespace);
    await reviewed(context, await read('token'), 'mount-test');
  }),

  conformanceTest('[sig-auth] ServiceAccounts should allow opting out of API token automount', async (context) => {
    await createAccount(context, 'mount', true);
    await createAccount(context, 'nomount', false);
    const table: readonly (readonly [account: string, asked: boolean | undefined, isMounted: boolean])[] = [
      ['default', undefined, true],
      ['mount', undefined, true],
      ['nomount', undefined, false],
      ['default', true, true],
      ['mount', true, true],
      ['nomount', true, true],
      ['default', false, false],
      ['mount', false, false],
      ['nomount', false, false],
    ];
    for (const [account, asked, isMounted] of table) {
      const name = `pod-service-account-${account}-${asked ?? 'unset'}`;
      const made = await createPod(context, name, {
        restartPolicy: 'Never',
        serviceAccountName: account,
        containers: [testhost()],
        ...(asked === undefined ? {} : { automountServiceAccountToken: asked }),
      });
      const mounts = made.spec.containers.flatMap((container) => container.volumeMounts ?? []);
      assert.equal(
        mounts.some(({ mountPath }) => mountPath === SECRETS),
        isMounted,
        name,
      );
    }
  }),

  conformanceTest('[sig-auth] ServiceAccounts should mount projected service account token', async (context) => {
    const output = await outputOf(context, 'reader', {
      containers: [
        {
          ...testhost('mounttest', '--file_content=/test-volume/token'),
          volumeMounts: [{ name: 'token', mountPath: '/test-volume', readOnly: true }],
        },
      ],
      volumes: [
        {
          name: 'token',
          projected: { sources: [{ serviceAccountToken: { path: 'token', expirationSeconds: 3600 } }] },
        },
      ],
    });
    assert.match(output, /content of file "\/test-volume\/token": [\w=-]+\.[\w=-]+\.?[\w.+/=-]*/);
  }),

  conformanceTest(
    '[sig-auth] ServiceAccounts should create a serviceAccountToken and ensure a successful TokenReview',
    async (context) => {
      await createAccount(context, 'e2e');
      const answer = (await context.api.of(serviceAccount).post(`${context.namespace}/e2e`, 'token', {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        spec: {},
      })) as { readonly status: { readonly token: string } };
      assert.notEqual(answer.status.token, '');
      await reviewed(context, answer.status.token, 'e2e');
    },
  ),

  conformanceTest(
    '[sig-auth] ServiceAccounts should guarantee kube-root-ca.crt exist in any namespace',
    async (context) => {
      const maps = context.api.of(configMap);
      const key = `${context.namespace}/${ROOT_CA}`;
      const holds = async (wanted: (data: string | undefined) => boolean): Promise<boolean> => {
        try {
          return wanted((await maps.get(key)).data?.['ca.crt']);
        } catch (error) {
          if (hasReason(error, 'NotFound')) return false;
          throw error;
        }
      };
      await until(context, 'the root certificate', LONG_MS, () => holds(() => true));
      await maps.delete(key, { gracePeriodSeconds: 0 });
      await until(context, 'a new root certificate', LONG_MS, () => holds(() => true));
      const emptied = {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: ROOT_CA, namespace: context.namespace },
        data: { 'ca.crt': '' },
      };
      await maps.replace(emptied as never);
      await until(context, 'the root certificate as it was', LONG_MS, () =>
        holds((data) => data !== undefined && data !== ''),
      );
    },
  ),

  conformanceTest(
    '[sig-auth] ServiceAccounts ServiceAccountIssuerDiscovery should support OIDC discovery of service account issuer',
    async (context) => {
      const role = 'system:service-account-issuer-discovery';
      const name = `${context.namespace}-${role}`;
      context.cleanup(() => context.api.of(clusterRoleBinding).delete(name));
      await context.api.of(clusterRoleBinding).create({
        metadata: { name },
        subjects: [{ kind: 'ServiceAccount', name: 'default', namespace: context.namespace }],
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
      });
      const audience = 'oidc-discovery-test';
      await createPod(context, 'oidc-discovery-validator', {
        restartPolicy: 'Never',
        serviceAccountName: 'default',
        containers: [
          {
            ...testhost(
              'test-service-account-issuer-discovery',
              '--token-path',
              '/var/run/secrets/tokens/sa-token',
              '--audience',
              audience,
            ),
            volumeMounts: [{ name: 'sa-token', mountPath: '/var/run/secrets/tokens', readOnly: true }],
          },
        ],
        volumes: [
          {
            name: 'sa-token',
            projected: { sources: [{ serviceAccountToken: { path: 'sa-token', expirationSeconds: 600, audience } }] },
          },
        ],
      });
      const { status } = await untilOver(context, 'oidc-discovery-validator');
      assert.equal(status.phase, 'Succeeded', await logsOf(context, 'oidc-discovery-validator'));
    },
  ),

  conformanceTest(
    '[sig-auth] ServiceAccounts should run through the lifecycle of a ServiceAccount',
    async (context) => {
      const accounts = context.api.of(serviceAccount);
      const key = `${context.namespace}/testserviceaccount`;
      const label = 'test-serviceaccount-static';
      const { resourceVersion } = await accounts.list({ namespace: context.namespace });
      const made = await accounts.create({
        metadata: { name: 'testserviceaccount', namespace: context.namespace, labels: { [label]: 'true' } },
      });
      assert.equal((await accounts.get(key)).metadata.uid, made.metadata.uid);
      const watch = watching(context, serviceAccount, {
        namespace: context.namespace,
        labelSelector: `${label}=true`,
        after: resourceVersion,
      });
      await watch.next('the account being added', LONG_MS, ({ type }) => type === 'ADDED');
      await accounts.patch(key, { type: 'strategic', body: { automountServiceAccountToken: false } });
      await watch.next('the account being changed', LONG_MS, ({ type }) => type === 'MODIFIED');
      const { items } = await accounts.list({ labelSelector: `${label}=true` });
      const found = items.find(
        ({ metadata }) => metadata.name === 'testserviceaccount' && metadata.namespace === context.namespace,
      );
      assert.equal(found?.automountServiceAccountToken, false);
      await accounts.deleteCollection({ namespace: context.namespace });
      await watch.next('the account being deleted', LONG_MS, ({ type }) => type === 'DELETED');
    },
  ),

  conformanceTest('[sig-auth] ServiceAccounts should update a ServiceAccount', async (context) => {
    const accounts = context.api.of(serviceAccount);
    const name = `e2e-sa-${context.unique}`;
    const made = await accounts.create({
      metadata: { name, namespace: context.namespace },
      automountServiceAccountToken: false,
    });
    assert.equal(made.automountServiceAccountToken, false);
    const updated = await accounts.update(`${context.namespace}/${name}`, (current) => ({
      ...current,
      automountServiceAccountToken: true,
    }));
    assert.equal(updated.automountServiceAccountToken, true);
  }),
];
