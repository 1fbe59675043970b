import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asked } from './testing/ask.ts';
import { startedServer } from './testing/started-server.ts';

const pods = '/api/v1/namespaces/d/pods';
const pod = { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i' }] } };

test('events are kept for as long as it says', async () => {
  const { ask, clock } = await asked({ tuning: { eventTtlMs: 5000 } });
  const event = { metadata: { name: 'e' }, involvedObject: { kind: 'Pod', name: 'p', namespace: 'd' } };
  assert.equal((await ask('POST', '/api/v1/namespaces/d/events', event)).status, 201);
  await clock.advance(4000);
  assert.equal((await ask('GET', '/api/v1/namespaces/d/events/e')).status, 200);
  await clock.advance(7000);
  assert.equal((await ask('GET', '/api/v1/namespaces/d/events/e')).status, 404);
});

test('pods outlive the absence of their node by as long as it says', async () => {
  const { ask } = await asked({ tuning: { toleratedSeconds: { notReady: 7, unreachable: 9 } } });
  await ask('POST', '/api/v1/namespaces/d/serviceaccounts', { metadata: { name: 'default' } });
  assert.deepEqual(
    (await ask('POST', pods, pod)).body.spec.tolerations.map(
      ({ key, tolerationSeconds }: { key: string; tolerationSeconds: number }) => [key, tolerationSeconds],
    ),
    [
      ['node.kubernetes.io/not-ready', 7],
      ['node.kubernetes.io/unreachable', 9],
    ],
  );
});

test('a token lives no longer than it says, and whoever asked for more is told', async () => {
  const { ask } = await startedServer([], { tuning: { tokenSecondsMax: 7200 } });
  await ask('POST', '/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'a' } });
  const path = '/api/v1/namespaces/default/serviceaccounts/a/token';
  const long = await ask('POST', path, { spec: { expirationSeconds: 10_000 } });
  assert.equal(long.body.spec.expirationSeconds, 7200);
  assert.equal(long.headers['warning'], '299 - "requested expiration of 10000 seconds shortened to 7200 seconds"');
  const short = await ask('POST', path, { spec: { expirationSeconds: 7200 } });
  assert.deepEqual([short.body.spec.expirationSeconds, short.headers['warning']], [7200, undefined]);
});

test('every answer tells browsers to stay with HTTPS, where that is wanted', async () => {
  const { ask } = await asked({ tuning: { transportSecurity: ['max-age=31536000', 'includeSubDomains'] } });
  for (const path of ['/version', pods, '/nothing'])
    assert.equal((await ask('GET', path)).headers['strict-transport-security'], 'max-age=31536000; includeSubDomains');
  assert.equal((await (await asked()).ask('GET', '/version')).headers['strict-transport-security'], undefined);
});

test('others find the server and the keys of tokens where it says', async () => {
  const configuration = '/.well-known/openid-configuration';
  const named = await asked({ tuning: { externalHost: 'api.example' } });
  assert.equal((await named.ask('GET', '/api')).body.serverAddressByClientCIDRs[0].serverAddress, 'api.example:6443');
  assert.equal((await named.ask('GET', configuration)).body.jwks_uri, 'https://api.example:6443/openid/v1/jwks');
  const keysUri = 'https://keys.example/jwks';
  const elsewhere = await asked({ tuning: { keysUri } });
  assert.equal((await elsewhere.ask('GET', configuration)).body.jwks_uri, keysUri);
});

test('a request is worked on for no longer than it says, whatever its client would wait', async () => {
  const { ask, clock } = await asked({
    tuning: { requestMsMax: 2000 },
    webhooks: { post: () => new Promise(() => undefined) },
  });
  await ask('POST', '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations', {
    metadata: { name: 'slow' },
    webhooks: [
      {
        name: 'slow.example.com',
        clientConfig: { url: 'https://example.com' },
        rules: [{ apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'], operations: ['CREATE'] }],
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
        timeoutSeconds: 30,
      },
    ],
  });
  const answer = ask('POST', '/api/v1/namespaces/d/configmaps?timeout=20s', { metadata: { name: 'c' } });
  await clock.advance(2500);
  assert.equal((await answer).status, 504);
});
