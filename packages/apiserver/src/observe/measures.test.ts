import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asked, settled } from '../testing/ask.ts';

const pod = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } });

/** The lines of that metric. */
const linesOf = (text: string, metric: string): readonly string[] =>
  text.split('\n').filter((line) => line.startsWith(`${metric}{`) || line.startsWith(`${metric} `));

test('who asks, and whether they may, is counted without names that are not known', async () => {
  const { ask } = await asked();
  await ask('GET', '/api/v1/namespaces/d/secrets', undefined, { authorization: 'Bearer bob' });
  await ask('GET', '/api/v1/namespaces/d/secrets', undefined, { authorization: 'Bearer nobody-knows' });
  const { text } = await ask('GET', '/metrics');
  assert.deepEqual(
    linesOf(text, 'authentication_attempts').map((line) => line.replace(/\d+$/, 'N')),
    ['authentication_attempts{result="success"} N', 'authentication_attempts{result="error"} N'],
  );
  assert.deepEqual(
    linesOf(text, 'authenticated_user_requests').map((line) => line.replace(/\d+$/, 'N')),
    ['authenticated_user_requests{username="other"} N', 'authenticated_user_requests{username="admin"} N'],
  );
  assert.ok(
    linesOf(text, 'authorization_attempts_total').includes('authorization_attempts_total{result="no-opinion"} 1'),
  );
  assert.match(text, /^authorization_duration_seconds_count\{result="allowed"\} \d+$/m);
  assert.match(text, /^apiserver_client_certificate_expiration_seconds_count 0$/m);
});

test('admission takes the time of each plugin and of all, by what they do', async () => {
  const { ask } = await asked();
  await ask('POST', '/api/v1/namespaces/d/configmaps', pod('a'));
  await ask('POST', '/api/v1/namespaces/none/configmaps', pod('a'));
  const { text } = await ask('GET', '/metrics');
  for (const line of [
    'apiserver_admission_controller_admission_duration_seconds_count{name="NamespaceLifecycle",operation="CREATE",rejected="true",type="admit"} 1',
    'apiserver_admission_step_admission_duration_seconds_count{operation="CREATE",rejected="true",type="admit"} 1',
    'apiserver_admission_step_admission_duration_seconds_bucket{operation="CREATE",rejected="true",type="admit",le="2.5"} 1',
  ])
    assert.ok(text.split('\n').includes(line), `${line}\n${linesOf(text, line.split('{')[0] ?? '').join('\n')}`);
  assert.match(
    text,
    /^apiserver_admission_step_admission_duration_seconds_count\{operation="CREATE",rejected="false",type="admit"\} \d+$/m,
  );
});

test('writes are counted as the store answers them, and what the authorizers decide by their names', async () => {
  const { ask } = await asked();
  const secret = { metadata: { name: 'a' } };
  await ask('POST', '/api/v1/namespaces/d/secrets', secret);
  await ask('POST', '/api/v1/namespaces/d/secrets', secret);
  await ask('DELETE', '/api/v1/namespaces/d/secrets/a');
  await ask('GET', '/api/v1/namespaces/d/secrets/a', undefined, { authorization: 'Bearer bob' });
  const { text } = await ask('GET', '/metrics');
  assert.deepEqual(
    linesOf(text, 'etcd_requests_total').filter((line) => line.includes('"secrets"')),
    [
      'etcd_requests_total{group="",operation="create",resource="secrets"} 1',
      'etcd_requests_total{group="",operation="delete",resource="secrets"} 1',
    ],
  );
  assert.match(text, /^etcd_request_duration_seconds_count\{group="",operation="create",resource="secrets"\} 1$/m);
  assert.deepEqual(linesOf(text, 'apiserver_authorization_decisions_total'), []);
  await ask('GET', '/version', undefined, { authorization: 'Bearer bob' });
  assert.deepEqual(linesOf((await ask('GET', '/metrics')).text, 'apiserver_authorization_decisions_total'), [
    'apiserver_authorization_decisions_total{decision="allowed",name="rbac",type="RBAC"} 1',
  ]);
});

test('what webhooks take is not counted as the time of the server', async () => {
  const { ask, clock } = await asked({
    webhooks: {
      async post(_address: unknown, body: string) {
        const { request } = JSON.parse(body) as { readonly request: { readonly uid: string } };
        await clock.advance(2_000);
        const response = { uid: request.uid, allowed: true };
        return {
          status: 200,
          body: JSON.stringify({ kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', response }),
        };
      },
    },
  });
  await ask('POST', '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations', {
    metadata: { name: 'w' },
    webhooks: [
      {
        name: 'one.example.com',
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
        clientConfig: { url: 'https://example.com/' },
        rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] }],
      },
    ],
  });
  assert.equal((await ask('POST', '/api/v1/namespaces/d/configmaps', pod('a'))).status, 201);
  const { text } = await ask('GET', '/metrics');
  const sums = (metric: string): readonly string[] =>
    linesOf(text, `${metric}_sum`).flatMap((line) => (/"configmaps".* (\S+)$/.exec(line) ?? []).slice(1));
  assert.deepEqual(
    [sums('apiserver_request_duration_seconds'), sums('apiserver_request_sli_duration_seconds')],
    [['2'], ['0']],
  );
});

test('webhooks are counted by their answers', async () => {
  const answers = [{ allowed: true }, { allowed: false, status: { code: 418, message: 'tea' } }];
  const webhooks = {
    async post(_address: unknown, body: string) {
      const {
        request: { uid },
      } = JSON.parse(body) as { readonly request: { readonly uid: string } };
      const answer = answers.shift();
      if (!answer) throw new Error('nobody there');
      return {
        status: 200,
        body: JSON.stringify({
          kind: 'AdmissionReview',
          apiVersion: 'admission.k8s.io/v1',
          response: { uid, ...answer },
        }),
      };
    },
  };
  const { ask } = await asked({ webhooks });
  const webhook = {
    name: 'one.example.com',
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
    clientConfig: { url: 'https://example.com/' },
    rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] }],
    failurePolicy: 'Fail',
  };
  const made = await ask('POST', '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations', {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: 'w' },
    webhooks: [webhook],
  });
  assert.equal(made.status, 201);
  for (const name of ['a', 'b', 'c']) await ask('POST', '/api/v1/namespaces/d/configmaps', pod(name));
  const { text } = await ask('GET', '/metrics');
  const head = 'name="one.example.com",operation="CREATE"';
  assert.deepEqual(linesOf(text, 'apiserver_admission_webhook_request_total'), [
    `apiserver_admission_webhook_request_total{code="200",${head},rejected="false",type="validating"} 1`,
    `apiserver_admission_webhook_request_total{code="418",${head},rejected="true",type="validating"} 1`,
    `apiserver_admission_webhook_request_total{code="503",${head},rejected="true",type="validating"} 1`,
  ]);
  assert.deepEqual(linesOf(text, 'apiserver_admission_webhook_rejection_count'), [
    `apiserver_admission_webhook_rejection_count{error_type="no_error",${head},rejection_code="418",type="validating"} 1`,
    `apiserver_admission_webhook_rejection_count{error_type="calling_webhook_error",${head},rejection_code="503",type="validating"} 1`,
  ]);
  assert.match(
    text,
    /^apiserver_admission_webhook_admission_duration_seconds_count\{name="one.example.com",operation="CREATE",rejected="true",type="validating"\} 2$/m,
  );
});

test('policies are counted where they find something, by what is done about it', async () => {
  const { ask } = await asked();
  const of = (kind: string, name: string, spec: object) => ({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind,
    metadata: { name },
    spec,
  });
  const rules = [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] }];
  const path = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolic';
  assert.equal(
    (
      await ask(
        'POST',
        `${path}ies`,
        of('ValidatingAdmissionPolicy', 'p', {
          matchConstraints: { resourceRules: rules },
          validations: [{ expression: 'object.metadata.name != "bad"' }],
        }),
      )
    ).status,
    201,
  );
  assert.equal(
    (
      await ask(
        'POST',
        `${path}ybindings`,
        of('ValidatingAdmissionPolicyBinding', 'b', { policyName: 'p', validationActions: ['Warn', 'Audit'] }),
      )
    ).status,
    201,
  );
  for (const name of ['good', 'bad'])
    assert.equal((await ask('POST', '/api/v1/namespaces/d/configmaps', pod(name))).status, 201);
  const { text } = await ask('GET', '/metrics');
  assert.deepEqual(
    linesOf(text, 'apiserver_validating_admission_policy_check_total'),
    ['warn', 'audit'].map(
      (action) =>
        `apiserver_validating_admission_policy_check_total{enforcement_action="${action}",error_type="no_error",policy="p",policy_binding="b"} 1`,
    ),
  );
});

test('watches count what they send, and how long the list took that they began with', async () => {
  const { ask, watch } = await asked();
  await ask('POST', '/api/v1/namespaces/d/configmaps', pod('a'));
  const open = await watch(
    '/api/v1/namespaces/d/configmaps?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true',
  );
  await ask('POST', '/api/v1/namespaces/d/configmaps', pod('b'));
  const { text } = await ask('GET', '/metrics');
  // The object, the bookmark, and what was made since.
  assert.ok(
    linesOf(text, 'apiserver_watch_events_total').includes(
      'apiserver_watch_events_total{group="",resource="configmaps",version="v1"} 3',
    ),
  );
  assert.match(
    text,
    /^apiserver_watch_events_sizes_bucket\{group="",resource="configmaps",version="v1",le="1024"\} 3$/m,
  );
  assert.match(
    text,
    /^apiserver_watch_list_duration_seconds_count\{group="",resource="configmaps",scope="namespace",version="v1"\} 1$/m,
  );
  await open.close();
});

test('flows count the requests that got a seat', async () => {
  const { ask } = await asked();
  await ask('GET', '/api/v1/namespaces/d/configmaps', undefined, { authorization: 'Bearer bob' });
  const { text } = await ask('GET', '/metrics');
  const labels = '{flow_schema="global-default",priority_level="global-default"}';
  assert.deepEqual(
    linesOf(text, 'apiserver_flowcontrol_dispatched_requests_total').filter((line) => line.includes(labels)),
    [`apiserver_flowcontrol_dispatched_requests_total${labels} 1`],
  );
  assert.ok(
    linesOf(text, 'apiserver_flowcontrol_current_executing_requests').includes(
      'apiserver_flowcontrol_current_executing_requests{flow_schema="exempt",priority_level="exempt"} 1',
    ),
  );
  assert.match(
    text,
    /^apiserver_flowcontrol_request_wait_duration_seconds_count\{execute="true",flow_schema="global-default",priority_level="global-default"\} 1$/m,
  );
});

test('lists are counted by how they were found, with what was looked at and what was shown', async () => {
  const { ask } = await asked();
  for (const name of ['a', 'b', 'c'])
    await ask('POST', '/api/v1/namespaces/d/configmaps', { metadata: { name, labels: { x: name } } });
  const before = (await ask('GET', '/metrics')).text;
  await ask('GET', '/api/v1/namespaces/d/configmaps?labelSelector=x%3Da');
  await ask('GET', '/api/v1/namespaces/d/configmaps?limit=2');
  await ask('GET', '/api/v1/pods?fieldSelector=spec.nodeName%3Dn');
  const { text } = await ask('GET', '/metrics');
  const grown = (series: string): number => valueOf(text, series) - valueOf(before, series);
  const kind = 'group="",';
  assert.equal(grown(`apiserver_cache_list_total{${kind}index="",resource="configmaps"}`), 2);
  // By its label one is found; of the page of three the third is seen to be there, and not shown.
  assert.equal(grown(`apiserver_cache_list_fetched_objects_total{${kind}index="",resource="configmaps"}`), 1 + 3);
  assert.equal(grown(`apiserver_cache_list_returned_objects_total{${kind}resource="configmaps"}`), 1 + 2);
  assert.equal(grown(`apiserver_cache_list_total{${kind}index="f:spec.nodeName",resource="pods"}`), 1);
});

test('what is stored is measured: its bytes, its changes, and how far it is', async () => {
  const { ask, server } = await asked();
  const told = async (name: string): Promise<number> =>
    valueOf((await ask('GET', '/metrics')).text, `${name}{group="",resource="configmaps"}`);
  const before = await told('apiserver_resource_size_estimate_bytes');
  const eventsBefore = await told('apiserver_watch_cache_events_received_total');
  const made = await ask('POST', '/api/v1/namespaces/d/configmaps', {
    metadata: { name: 'a' },
    data: { text: 'x'.repeat(1000) },
  });
  assert.equal((await told('apiserver_resource_size_estimate_bytes')) - before, made.text.trimEnd().length);
  assert.equal(await told('apiserver_watch_cache_resource_version'), Number(made.body.metadata.resourceVersion));
  assert.equal((await told('apiserver_watch_cache_events_received_total')) - eventsBefore, 1);
  await ask('DELETE', '/api/v1/namespaces/d/configmaps/a');
  assert.equal(await told('apiserver_resource_size_estimate_bytes'), before);
  assert.equal(valueOf((await ask('GET', '/metrics')).text, 'apiserver_tls_handshake_errors_total'), 0);
  server.handshakeFailed();
  assert.equal(valueOf((await ask('GET', '/metrics')).text, 'apiserver_tls_handshake_errors_total'), 1);
});

test('watches tell what they looked at when they began, and who read too slowly', async () => {
  const { server, ask, watch } = await asked();
  for (const name of ['a', 'b']) await ask('POST', '/api/v1/namespaces/d/configmaps', { metadata: { name } });
  const of = 'group="",resource="configmaps"';
  const open = await watch('/api/v1/namespaces/d/configmaps?watch=true');
  await ask('POST', '/api/v1/namespaces/d/configmaps', { metadata: { name: 'c' } });
  await open.close();
  const slow = await server.handle({
    method: 'GET',
    path: '/api/v1/namespaces/d/configmaps',
    query: new URLSearchParams('watch=true&resourceVersion=1'),
    header: (name) => (name === 'authorization' ? 'Bearer admin' : undefined),
    headerNames: () => ['authorization'],
    body: async () => new Uint8Array(),
    remoteAddress: '',
    signal: new AbortController().signal,
  });
  assert.equal(slow.type, 'stream');
  await slow.run({ write: () => false, drained: async () => undefined }, new AbortController().signal);
  const { text } = await ask('GET', '/metrics');
  assert.equal(valueOf(text, `apiserver_init_events_total{${of}}`), 2);
  assert.equal(valueOf(text, `apiserver_terminated_watchers_total{${of}}`), 1);
});

test('rules of custom resources are timed: once when they are compiled, then for each object', async () => {
  const { ask } = await asked();
  const spec = {
    type: 'object',
    properties: { n: { type: 'integer' } },
    'x-kubernetes-validations': [{ rule: 'self.n > 0' }],
  };
  const made = await ask('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
    metadata: { name: 'counts.e.com' },
    spec: {
      group: 'e.com',
      scope: 'Namespaced',
      names: { plural: 'counts', singular: 'count', kind: 'Count', listKind: 'CountList' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', properties: { spec } } },
        },
      ],
    },
  });
  assert.equal(made.status, 201, made.text);
  await settled();
  const statuses: number[] = [];
  for (const n of [1, 2, -1])
    statuses.push(
      (
        await ask('POST', '/apis/e.com/v1/namespaces/d/counts', {
          apiVersion: 'e.com/v1',
          kind: 'Count',
          metadata: { name: `n${n}` },
          spec: { n },
        })
      ).status,
    );
  assert.deepEqual(statuses, [201, 201, 422]);
  const { text } = await ask('GET', '/metrics');
  assert.equal(valueOf(text, 'apiserver_cel_compilation_duration_seconds_count'), 1);
  assert.equal(valueOf(text, 'apiserver_cel_evaluation_duration_seconds_count'), 3);
});

/** The number of one series; 0 where it is not told. */
const valueOf = (text: string, series: string): number =>
  Number(
    text
      .split('\n')
      .find((line) => line.startsWith(`${series} `))
      ?.slice(series.length + 1) ?? 0,
  );
