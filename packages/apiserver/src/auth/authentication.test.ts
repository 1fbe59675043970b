import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseFeatureGates } from '../features/feature-gates.ts';
import { type StartedServer, startedServer, START } from '../testing/started-server.ts';

const NS = '/api/v1/namespaces/default';
const REVIEW = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
const TOKENS = `${NS}/serviceaccounts/builder/token`;
const DAY_MS = 24 * 3600 * 1000;

async function withAccount(): Promise<
  StartedServer & { readonly token: (spec?: object) => Promise<string>; readonly who: (token: string) => Promise<any> }
> {
  const server = await startedServer();
  for (const name of ['builder', 'other']) await server.make(`${NS}/serviceaccounts`, { metadata: { name } });
  return {
    ...server,
    token: async (spec = {}) =>
      (await server.make(TOKENS, { spec: { audiences: null, boundObjectRef: null, expirationSeconds: null, ...spec } }))
        .status.token,
    who: async (token) => server.ask('POST', REVIEW, {}, { as: token }),
  };
}
const podNamed = (name: string, serviceAccountName = 'builder') => ({
  metadata: { name },
  spec: { serviceAccountName, containers: [{ name: 'c', image: 'i' }] },
});
const toPod = (name: string, uid?: string) => ({
  boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name, ...(uid ? { uid } : {}) },
});

test('a token that nobody made is 401, never anonymous', async () => {
  const { ask } = await startedServer();
  const { status, body } = await ask('GET', '/version', undefined, { as: 'nonsense' });
  assert.deepEqual([status, body.message, body.reason], [401, 'Unauthorized', 'Unauthorized']);
});

test('who shows a certificate is known by its fingerprint too', async () => {
  const server = await startedServer();
  const certificate = { commonName: 'carol', organizations: ['staff'], fingerprint: 'ab12' };
  const { body } = await server.ask('POST', REVIEW, {}, { as: '', certificate });
  assert.deepEqual(body.status.userInfo, {
    username: 'carol',
    groups: ['staff', 'system:authenticated'],
    extra: { 'authentication.kubernetes.io/credential-id': ['X509SHA256=ab12'] },
  });
});

test('a certificate may say the uid of its user, one and no other', async () => {
  const server = await startedServer([]);
  const ask = async (uids: readonly string[], on = server): Promise<readonly unknown[]> => {
    const { status, body } = await on.ask(
      'POST',
      REVIEW,
      {},
      { as: '', certificate: { commonName: 'carol', organizations: [], uids } },
    );
    return [status, body.status?.userInfo?.uid];
  };
  assert.deepEqual(
    [await ask(['u-1']), (await ask(['u-1', 'u-2']))[0], (await ask(['']))[0]],
    [[201, 'u-1'], 401, 401],
  );
  const off = await startedServer([], { features: parseFeatureGates(['AllowParsingUserUIDFromCertAuth=false']) });
  assert.deepEqual(await ask(['u-1', 'u-2'], off), [201, undefined]);
});

test('a certificate is a proof until it is over, on the same connection too; one of others is none', async () => {
  const server = await startedServer();
  const certificate = { commonName: 'carol', organizations: [], validUntil: START + 1000 };
  assert.equal((await server.ask('POST', REVIEW, {}, { as: '', certificate })).status, 201);
  server.pass(2000);
  assert.equal((await server.ask('POST', REVIEW, {}, { as: '', certificate })).status, 401);
  assert.equal(
    (
      await server.ask('GET', '/version', undefined, {
        as: '',
        certificate: { commonName: '', organizations: [], isRefused: true },
      })
    ).status,
    401,
  );
  assert.equal(
    (await server.ask('POST', REVIEW, {}, { as: 'admin', certificate })).body.status.userInfo.username,
    'admin',
  );
});

test("an account's token is the account with its groups, until it is over", async () => {
  const server = await withAccount();
  const token = await server.token();
  const { userInfo } = (await server.who(token)).body.status;
  assert.equal(userInfo.username, 'system:serviceaccount:default:builder');
  assert.deepEqual(userInfo.groups, [
    'system:serviceaccounts',
    'system:serviceaccounts:default',
    'system:authenticated',
  ]);
  assert.match(userInfo.extra['authentication.kubernetes.io/credential-id'][0], /^JTI=/);
  server.pass(3600_000 + 1);
  assert.equal((await server.who(token)).status, 401);
});

test('no two tokens are the same', async () => {
  const server = await withAccount();
  assert.notEqual(await server.token(), await server.token());
});

test('a token ends with its account, and another of the same name does not wake it', async () => {
  const server = await withAccount();
  const token = await server.token();
  await server.ask('DELETE', `${NS}/serviceaccounts/builder`);
  assert.equal((await server.who(token)).status, 401);
  await server.make(`${NS}/serviceaccounts`, { metadata: { name: 'builder' } });
  assert.equal((await server.who(token)).status, 401);
});

test('a token bound to a pod, secret or node ends with it', async () => {
  const server = await withAccount();
  const made = await server.make(`${NS}/pods`, podNamed('p'));
  await server.make(`${NS}/secrets`, { metadata: { name: 's' } });
  await server.make('/api/v1/nodes', { metadata: { name: 'n' } });
  for (const [ref, path] of [
    [toPod('p', made.metadata.uid), `${NS}/pods/p`],
    [{ boundObjectRef: { kind: 'Secret', apiVersion: 'v1', name: 's' } }, `${NS}/secrets/s`],
    [{ boundObjectRef: { kind: 'Node', apiVersion: 'v1', name: 'n' } }, '/api/v1/nodes/n'],
  ] as const) {
    const token = await server.token(ref);
    assert.equal((await server.who(token)).status, 201, path);
    await server.ask('DELETE', path);
    assert.equal((await server.who(token)).status, 401, path);
  }
});

test("a token is not bound to what is not there, another's, or another of that name", async () => {
  const { ask, make } = await withAccount();
  await make(`${NS}/pods`, podNamed('p', 'other'));
  await make(`${NS}/pods`, podNamed('q'));
  const asked = async (spec: object) => {
    const { status, body } = await ask('POST', TOKENS, { spec });
    return [status, body.message];
  };
  assert.deepEqual(await asked(toPod('p')), [
    400,
    'cannot bind token for serviceaccount "builder" to pod running with different serviceaccount name.',
  ]);
  assert.equal((await asked(toPod('none')))[0], 404);
  assert.equal((await asked(toPod('q', 'wrong')))[0], 409);
  assert.equal((await asked({ boundObjectRef: { kind: 'ConfigMap', apiVersion: 'v1', name: 'x' } }))[0], 400);
  assert.equal((await asked({ expirationSeconds: 599 }))[0], 422);
  assert.equal((await asked({ expirationSeconds: 2 ** 32 + 1 }))[0], 422);
});

test("only a pod's token for this API is good for longer than it was asked for", async () => {
  const server = await withAccount();
  await server.make(`${NS}/pods`, podNamed('p'));
  const long = await server.token({ expirationSeconds: 3607, ...toPod('p') });
  const plain = await server.token({ expirationSeconds: 3607 });
  server.pass(DAY_MS);
  assert.equal((await server.who(long)).status, 201);
  assert.equal((await server.who(plain)).status, 401);
});

test('a token for another audience is not for this API, and a review says for which it is', async () => {
  const server = await withAccount();
  const token = await server.token({ audiences: ['vault', 'x'] });
  assert.equal((await server.who(token)).status, 401);
  const review = (spec: object) => server.ask('POST', '/apis/authentication.k8s.io/v1/tokenreviews', { spec });
  const found = (await review({ token, audiences: ['vault', 'y'] })).body.status;
  assert.deepEqual(
    [found.authenticated, found.audiences, found.user.username],
    [true, ['vault'], 'system:serviceaccount:default:builder'],
  );
  assert.equal((await review({ token })).body.status.authenticated, undefined);
  assert.equal((await review({ token: 'admin', audiences: ['vault'] })).body.status.authenticated, undefined);
  assert.equal((await review({})).status, 400);
});

test('a secret for a token gets one, which ends with the secret', async () => {
  const server = await withAccount();
  const annotations = { 'kubernetes.io/service-account.name': 'builder' };
  const made = await server.make(`${NS}/secrets`, {
    metadata: { name: 's', annotations },
    type: 'kubernetes.io/service-account-token',
  });
  const token = atob(made.data.token);
  assert.deepEqual(
    [atob(made.data.namespace), typeof made.metadata.annotations['kubernetes.io/service-account.uid']],
    ['default', 'string'],
  );
  server.pass(365 * DAY_MS);
  assert.equal((await server.who(token)).body.status.userInfo.username, 'system:serviceaccount:default:builder');
  await server.ask('DELETE', `${NS}/secrets/s`);
  assert.equal((await server.who(token)).status, 401);
});

test('a token in a secret leaves the day of its use there, and is refused when it is marked invalid', async () => {
  const server = await withAccount();
  const annotations = { 'kubernetes.io/service-account.name': 'builder' };
  const made = await server.make(`${NS}/secrets`, {
    metadata: { name: 's', annotations },
    type: 'kubernetes.io/service-account-token',
  });
  const token = atob(made.data.token);
  const labels = async (): Promise<unknown> => (await server.ask('GET', `${NS}/secrets/s`)).body.metadata.labels;
  await server
    .token({ boundObjectRef: { kind: 'Secret', apiVersion: 'v1', name: 's', uid: made.metadata.uid } })
    .then(server.who);
  assert.equal(await labels(), undefined, 'only what lives in the secret is counted');
  await server.who(token);
  const used = (await labels()) as Readonly<Record<string, string>>;
  assert.match(used['kubernetes.io/legacy-token-last-used'] ?? '', /^\d{4}-\d\d-\d\d$/);
  const mark = { 'kubernetes.io/legacy-token-invalid-since': '2026-01-01' };
  server.pass(2 * DAY_MS);
  await server.ask(
    'PATCH',
    `${NS}/secrets/s`,
    { metadata: { labels: mark } },
    { headers: { 'content-type': 'application/merge-patch+json' } },
  );
  assert.equal((await server.who(token)).status, 401);
  const tried = (await labels()) as Readonly<Record<string, string>>;
  assert.ok(
    (tried['kubernetes.io/legacy-token-last-used'] ?? '') > (used['kubernetes.io/legacy-token-last-used'] ?? ''),
  );
});

for (const [claim, data, works] of [
  ['that is as it should be', {}, true],
  ['whose time is over', { expiration: new Date(START - 1).toISOString() }, false],
  ['whose time nobody can read', { expiration: 'tomorrow' }, false],
  ['whose time is to come', { expiration: new Date(START + 1000).toISOString() }, true],
  ['that is not for authentication', { 'usage-bootstrap-authentication': 'false' }, false],
  ['with a group that is no bootstrap group', { 'auth-extra-groups': 'system:bootstrappers:a,system:masters' }, false],
  ['with a group of its own', { 'auth-extra-groups': 'system:bootstrappers:a:b' }, true],
  ['with a badly spelled group', { 'auth-extra-groups': 'system:bootstrappers:A' }, false],
] as const) {
  test(`a bootstrap token ${claim} ${works ? 'is good' : 'is void'}`, async () => {
    const server = await startedServer();
    const stringData = {
      'token-id': 'abcdef',
      'token-secret': '0123456789abcdef',
      'usage-bootstrap-authentication': 'true',
      ...data,
    };
    await server.make('/api/v1/namespaces/kube-system/secrets', {
      metadata: { name: 'bootstrap-token-abcdef' },
      type: 'bootstrap.kubernetes.io/token',
      stringData,
    });
    const answer = await server.ask('POST', REVIEW, {}, { as: 'abcdef.0123456789abcdef' });
    assert.equal(answer.status, works ? 201 : 401);
    if (works) assert.equal(answer.body.status.userInfo.username, 'system:bootstrap:abcdef');
    assert.equal((await server.ask('POST', REVIEW, {}, { as: 'abcdef.0123456789abcdee' })).status, 401);
  });
}
