import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  certificateSigningRequest,
  type CertificateSigningRequest,
  clusterTrustBundle,
  configMap,
  endpointSlice,
  node,
  podCertificateRequest,
  secret,
  SIGNERS,
} from '@navarch/api';
import {
  approvalController,
  bootstrapSignerController,
  clusterDnsController,
  type Controller,
  podRequestCleaningController,
  requestCleaningController,
  type Requester,
  servingApprovalController,
  signingController,
  tokenCleanerController,
  trustBundleController,
} from '@navarch/controllers';
import type { Api } from '@navarch/client';
import { ControlPlane } from '../testing/control-plane.ts';
import { issued, jsonAuthority as authority, STUB_REQUEST, wrapped } from '../testing/json-certificates.ts';

const HOUR_MS = 3_600_000;

const nobodyMay = async (): Promise<boolean> => false;
const all = (review: (requester: Requester, subresource: string) => Promise<boolean>): readonly Controller[] => [
  approvalController({ authority, review }),
  servingApprovalController({ authority }),
  requestCleaningController,
  signingController({
    authorities: {
      [SIGNERS.client]: authority,
      [SIGNERS.kubeletClient]: authority,
      [SIGNERS.kubeletServing]: authority,
    },
  }),
];

const NODE = { commonName: 'system:node:a', organizations: ['system:nodes'] };
const CLIENT = { signerName: SIGNERS.kubeletClient, usages: ['digital signature', 'client auth'] } as const;
const SERVING = { signerName: SIGNERS.kubeletServing, usages: ['digital signature', 'server auth'] } as const;

type Spec = Partial<CertificateSigningRequest['spec']>;

async function ask(
  plane: ControlPlane,
  names: object,
  spec: Spec,
  api = plane.api,
): Promise<CertificateSigningRequest> {
  await api.of(certificateSigningRequest).create({
    metadata: { name: 'r' },
    spec: { request: wrapped(names), ...spec } as CertificateSigningRequest['spec'],
  });
  await plane.clock.advance(1000);
  return plane.api.of(certificateSigningRequest).get('r');
}

const outcome = ({ status }: CertificateSigningRequest): string =>
  [
    ...(status.conditions ?? []).map(({ type, message }) => `${type}: ${message}`),
    status.certificate ? 'issued' : 'not issued',
  ].join('; ');

const nodeApi = (plane: ControlPlane, name: string): Api =>
  plane.as({ name: `system:node:${name}`, groups: ['system:nodes', 'system:authenticated'] });

test('csrapproving approves a kubelet client for whom the review says yes, and csrsigning signs it for a year', async () => {
  const asked: string[] = [];
  await using plane = await ControlPlane.start({
    controllers: all(async ({ username }, subresource) => {
      asked.push(`${username} ${subresource}`);
      return true;
    }),
  });
  const request = await ask(plane, NODE, CLIENT);
  assert.equal(
    outcome(request),
    'Approved: Auto approving kubelet client certificate after SubjectAccessReview.; issued',
  );
  assert.deepEqual(asked, ['system:apiserver nodeclient']);
  assert.deepEqual(issued(request.status), {
    usages: CLIENT.usages,
    minutes: 365 * 24 * 60,
  });
});

test('csrapproving leaves what the review refuses for a person', async () => {
  await using plane = await ControlPlane.start({ controllers: all(nobodyMay) });
  assert.equal(outcome(await ask(plane, NODE, CLIENT)), 'not issued');
  await plane.api.of(certificateSigningRequest).update(
    'r',
    (r) => ({
      ...r,
      status: { conditions: [{ type: 'Approved', status: 'True', reason: 'KubectlApprove', message: 'by hand' }] },
    }),
    { subresource: 'approval' },
  );
  await plane.clock.advance(1000);
  assert.equal(outcome(await plane.api.of(certificateSigningRequest).get('r')), 'Approved: by hand; issued');
});

for (const [names, spec, message] of [
  [{ ...NODE, organizations: ['a'] }, CLIENT, 'subject organization is not system:nodes'],
  [{ ...NODE, dnsNames: ['a'] }, CLIENT, 'DNS subjectAltNames are not allowed'],
  [{ ...NODE, commonName: 'admin' }, CLIENT, 'subject common name does not begin with system:node: '],
  [NODE, { ...CLIENT, usages: ['client auth'] }, 'usages did not match [client auth digital signature]'],
  [NODE, SERVING, 'at least one DNS or IP subjectAltName is required'],
  [NODE, { signerName: SIGNERS.client, usages: ['server auth'] }, 'invalid usage for client certificate: server auth'],
  [
    NODE,
    { signerName: SIGNERS.client, usages: ['digital signature'] },
    'missing required usage for client certificate: client auth',
  ],
] as const) {
  test(`csrsigning fails an approved request with: ${message}`, async () => {
    await using plane = await ControlPlane.start({ controllers: all(nobodyMay) });
    await ask(plane, names, spec as Spec);
    await plane.api
      .of(certificateSigningRequest)
      .update('r', (r) => ({ ...r, status: { conditions: [{ type: 'Approved', status: 'True' }] } }), {
        subresource: 'approval',
      });
    await plane.clock.advance(1000);
    const { status } = await plane.api.of(certificateSigningRequest).get('r');
    const failed = status.conditions?.find(({ type }) => type === 'Failed');
    assert.deepEqual(
      [failed?.reason, failed?.message, status.certificate],
      ['SignerValidationFailure', message, undefined],
    );
  });
}

for (const [expirationSeconds, minutes] of [
  [600, 15],
  [3600, 65],
  [86_400, 1440],
  [10 ** 9, 365 * 24 * 60],
] as const) {
  test(`csrsigning gives ${expirationSeconds} s asked for ${minutes} minutes from the backdated beginning`, async () => {
    await using plane = await ControlPlane.start({ controllers: all(async () => true) });
    const { status } = await ask(plane, NODE, { ...CLIENT, expirationSeconds } as Spec);
    assert.equal(issued(status).minutes, minutes);
  });
}

const withNode = async (plane: ControlPlane, name: string, address: string): Promise<void> => {
  await plane.api.of(node).create({ metadata: { name }, status: { addresses: [{ type: 'InternalIP', address }] } });
};

for (const [what, asker, names, isApproved] of [
  ['its own name and address', 'a', { dnsNames: ['a'], ipAddresses: ['10.0.0.1'] }, true],
  ['an address that it does not have', 'a', { dnsNames: ['a'], ipAddresses: ['10.0.0.9'] }, false],
  ['the address of another node', 'a', { dnsNames: ['a'], ipAddresses: ['10.0.0.2'] }, false],
  ['the name of the API server', 'a', { dnsNames: ['kubernetes.default.svc'] }, false],
  ['another node', 'b', { dnsNames: ['a'], ipAddresses: ['10.0.0.1'] }, false],
] as const) {
  test(`kubelet-serving: node ${asker} asking as node a for ${what} is ${isApproved ? 'approved' : 'left for a person'}`, async () => {
    await using plane = await ControlPlane.start({ controllers: all(nobodyMay) });
    await withNode(plane, 'a', '10.0.0.1');
    await withNode(plane, 'b', '10.0.0.2');
    const request = await ask(plane, { ...NODE, ...names }, SERVING as unknown as Spec, nodeApi(plane, asker));
    assert.equal(request.status.certificate !== undefined, isApproved);
  });
}

test('kubelet-serving: a request that came before the node is approved when the node has registered', async () => {
  await using plane = await ControlPlane.start({ controllers: all(nobodyMay) });
  assert.equal(
    outcome(await ask(plane, { ...NODE, ipAddresses: ['10.0.0.1'] }, SERVING as unknown as Spec, nodeApi(plane, 'a'))),
    'not issued',
  );
  await withNode(plane, 'a', '10.0.0.1');
  await plane.clock.advance(1000);
  assert.ok((await plane.api.of(certificateSigningRequest).get('r')).status.certificate);
});

test('a certificate request says who asked, whatever the asker wrote', async () => {
  await using plane = await ControlPlane.start({ controllers: [] });
  const { spec } = await ask(
    plane,
    NODE,
    { ...CLIENT, username: 'admin', groups: ['system:masters'] } as Spec,
    nodeApi(plane, 'a'),
  );
  assert.deepEqual([spec.username, spec.groups], ['system:node:a', ['system:nodes', 'system:authenticated']]);
});

test('csrcleaner takes decided requests after an hour, waiting ones after a day', async () => {
  await using plane = await ControlPlane.start({
    controllers: all(async ({ username }) => username !== 'system:node:b'),
  });
  await ask(plane, NODE, CLIENT as unknown as Spec);
  await nodeApi(plane, 'b')
    .of(certificateSigningRequest)
    .create({
      metadata: { name: 'waits' },
      spec: { request: wrapped(NODE), ...CLIENT } as unknown as CertificateSigningRequest['spec'],
    });
  const names = async (): Promise<readonly string[]> =>
    (await plane.list(certificateSigningRequest, '')).map(({ metadata }) => metadata.name);
  await plane.clock.advance(HOUR_MS - 60_000);
  assert.deepEqual(await names(), ['r', 'waits']);
  await plane.clock.advance(2 * 60_000);
  assert.deepEqual(await names(), ['waits']);
  await plane.clock.advance(23 * HOUR_MS + 60_000);
  assert.deepEqual(await names(), []);
});

async function addToken(plane: ControlPlane, id: string, fields: Readonly<Record<string, string>>): Promise<void> {
  const all = { 'token-id': id, 'token-secret': '0123456789abcdef', 'usage-bootstrap-signing': 'true', ...fields };
  const data = Object.fromEntries(Object.entries(all).map(([name, value]) => [name, btoa(value)]));
  await plane.api.of(secret).create({
    metadata: { namespace: 'kube-system', name: `bootstrap-token-${id}` },
    type: 'bootstrap.kubernetes.io/token',
    data,
  });
}

test('bootstrap signer: cluster-info carries a signature of every token that may sign, until it expires or goes; the cleaner deletes expired ones', async () => {
  await using plane = await ControlPlane.start({
    controllers: [bootstrapSignerController((text, id, key) => `${id}:${key}:${text}`), tokenCleanerController],
  });
  await plane.api.of(configMap).create({
    metadata: { namespace: 'kube-public', name: 'cluster-info' },
    data: { kubeconfig: 'K', 'jws-kubeconfig-forged': 'x' },
  });
  const inAnHour = new Date(plane.clock.now() + HOUR_MS).toISOString();
  await addToken(plane, 'aaaaaa', { expiration: inAnHour });
  await addToken(plane, 'bbbbbb', {});
  await addToken(plane, 'cccccc', { 'usage-bootstrap-signing': 'false' });
  await addToken(plane, 'dddddd', { expiration: 'whenever' });
  const data = async (): Promise<unknown> => (await plane.api.of(configMap).get('kube-public/cluster-info')).data;
  const signature = (id: string): object => ({ [`jws-kubeconfig-${id}`]: `${id}:0123456789abcdef:K` });
  await plane.clock.advance(1000);
  assert.deepEqual(await data(), { ...signature('aaaaaa'), ...signature('bbbbbb'), kubeconfig: 'K' });
  await plane.clock.advance(HOUR_MS + 1000);
  assert.deepEqual(await data(), { ...signature('bbbbbb'), kubeconfig: 'K' });
  assert.deepEqual(
    (await plane.list(secret, 'kube-system')).map(({ metadata }) => metadata.name),
    ['bootstrap-token-bbbbbb', 'bootstrap-token-cccccc'],
  );
  await plane.api.of(secret).delete('kube-system/bootstrap-token-bbbbbb');
  await plane.clock.advance(1000);
  assert.deepEqual(await data(), { kubeconfig: 'K' });
});

test('cluster DNS: kube-dns has a slice for every node with its address, ready while the node is heard of', async () => {
  await using plane = await ControlPlane.start({ controllers: [clusterDnsController] });
  await withNode(plane, 'a', '10.0.0.1');
  await withNode(plane, 'b', '10.0.0.2');
  await plane.clock.advance(1000);
  await plane.api
    .of(node)
    .update('b', (n) => ({ ...n, status: { ...n.status, conditions: [{ type: 'Ready', status: 'Unknown' }] } }), {
      subresource: 'status',
    });
  await plane.clock.advance(1000);
  const slices = await plane.list(endpointSlice, 'kube-system');
  assert.deepEqual(
    slices.map(({ metadata, endpoints }) => [
      metadata.name,
      metadata.labels?.['kubernetes.io/service-name'],
      endpoints?.[0]?.addresses,
      endpoints?.[0]?.nodeName,
      endpoints?.[0]?.conditions.ready,
    ]),
    [
      ['kube-dns-a', 'kube-dns', ['10.0.0.1'], 'a', true],
      ['kube-dns-b', 'kube-dns', ['10.0.0.2'], 'b', false],
    ],
  );
  await plane.api.of(endpointSlice).delete('kube-system/kube-dns-a');
  await plane.clock.advance(1000);
  assert.equal((await plane.list(endpointSlice, 'kube-system')).length, 2);
});

test('podcertificaterequest-cleaner-controller keeps a request for a quarter of an hour', async () => {
  await using plane = await ControlPlane.start({ controllers: [podRequestCleaningController] });
  const requests = plane.api.of(podCertificateRequest);
  await requests.create({
    metadata: { name: 'r', namespace: 'default' },
    spec: {
      signerName: 'example.com/s',
      podName: 'p',
      podUID: 'u',
      serviceAccountName: 's',
      serviceAccountUID: 'u',
      nodeName: 'n',
      nodeUID: 'u',
      stubPKCS10Request: STUB_REQUEST,
    },
  });
  await plane.clock.advance(14 * 60_000);
  assert.equal((await requests.list()).items.length, 1);
  await plane.clock.advance(2 * 60_000);
  assert.equal((await requests.list()).items.length, 0);
});

test('the trust bundle of the API server is there, the only one of its signer, and as it should be', async () => {
  const pem = '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n';
  await using plane = await ControlPlane.start({ controllers: [trustBundleController(pem)] });
  const bundles = plane.api.of(clusterTrustBundle);
  const signerName = 'kubernetes.io/kube-apiserver-serving';
  await bundles.create({
    metadata: { name: 'kubernetes.io:kube-apiserver-serving:old' },
    spec: { signerName, trustBundle: pem },
  });
  await bundles.create({ metadata: { name: 'mine' }, spec: { trustBundle: pem } });
  const wanted = ['kubernetes.io:kube-apiserver-serving:704bd2ba79e5c2f51ebdbd12', 'mine'];
  const names = async (): Promise<readonly string[]> =>
    (await bundles.list()).items.map(({ metadata }) => metadata.name);
  await plane.clock.advance(1000);
  assert.deepEqual(await names(), wanted);
  await bundles.delete(wanted[0] ?? '');
  await plane.clock.advance(1000);
  assert.deepEqual(await names(), wanted);
  assert.deepEqual((await bundles.get(wanted[0] ?? '')).spec, { signerName, trustBundle: pem });
});
