import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asked } from '../testing/ask.ts';

test('requests are counted by what they are about, with their status and how long they took', async () => {
  const { ask } = await asked();
  await ask('GET', '/api/v1/namespaces/d/configmaps');
  await ask('GET', '/api/v1/namespaces/d/configmaps/none');
  await ask('GET', '/apis/nothing/v1/x/y');
  await ask('GET', '/nowhere');
  await ask('GET', '/readyz');
  await ask('GET', '/api/v1/endpoints');
  await ask('POST', '/api/v1/namespaces/d/configmaps?dryRun=All', { metadata: { name: 'x' } });
  await ask(
    'PATCH',
    '/api/v1/namespaces/d/configmaps/y?fieldManager=m',
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'y' } },
    { 'content-type': 'application/apply-patch+yaml' },
  );
  const { text, headers } = await ask('GET', '/metrics');
  assert.equal(headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8; escaping=underscores');
  for (const line of [
    '# HELP apiserver_request_total [STABLE] Counter of apiserver requests broken out for each verb, dry run value, group, version, resource, scope, component, and HTTP response code.',
    'apiserver_request_total{code="200",component="apiserver",dry_run="",group="",resource="configmaps",scope="namespace",subresource="",verb="LIST",version="v1"} 1',
    'apiserver_request_total{code="404",component="apiserver",dry_run="",group="",resource="configmaps",scope="resource",subresource="",verb="GET",version="v1"} 1',
    'apiserver_request_total{code="201",component="apiserver",dry_run="",group="",resource="namespaces",scope="resource",subresource="",verb="POST",version="v1"} 1',
    'apiserver_request_total{code="201",component="apiserver",dry_run="All",group="",resource="configmaps",scope="resource",subresource="",verb="POST",version="v1"} 1',
    'apiserver_request_total{code="201",component="apiserver",dry_run="",group="",resource="configmaps",scope="resource",subresource="",verb="APPLY",version="v1"} 1',
    'apiserver_request_total{code="200",component="",dry_run="",group="",resource="",scope="",subresource="/readyz",verb="GET",version=""} 1',
    'apiserver_request_duration_seconds_count{component="apiserver",dry_run="",group="",resource="configmaps",scope="namespace",subresource="",verb="LIST",version="v1"} 1',
    'apiserver_request_sli_duration_seconds_bucket{component="apiserver",group="",resource="configmaps",scope="namespace",subresource="",verb="LIST",version="v1",le="0.05"} 1',
    'apiserver_request_sli_duration_seconds_count{component="apiserver",group="",resource="configmaps",scope="resource",subresource="",verb="APPLY",version="v1"} 1',
    'apiserver_response_sizes_bucket{component="apiserver",group="",resource="configmaps",scope="namespace",subresource="",verb="LIST",version="v1",le="1000"} 1',
    'apiserver_response_sizes_bucket{component="apiserver",group="",resource="configmaps",scope="namespace",subresource="",verb="LIST",version="v1",le="1e+06"} 1',
    'apiserver_requested_deprecated_apis{group="",removed_release="",resource="endpoints",subresource="",version="v1"} 1',
    'apiserver_current_inflight_requests{request_kind="readOnly"} 1',
    'apiserver_resource_objects{group="",resource="namespaces"} 5',
    'apiserver_storage_events_received_total{group="",resource="namespaces"} 5',
    'apiserver_flowcontrol_nominal_limit_seats{priority_level="global-default"} 49',
  ])
    assert.ok(text.split('\n').includes(line), `${line}\n${text}`);
});

test('an open watch is counted while it is open', async () => {
  const { ask, watch } = await asked();
  const open = await watch('/api/v1/namespaces/d/configmaps?watch=1');
  const line = (count: number): RegExp =>
    new RegExp(`^apiserver_longrunning_requests\\{.*resource="configmaps".*verb="WATCH".*\\} ${count}$`, 'm');
  assert.match((await ask('GET', '/metrics')).text, line(1));
  const total = /^apiserver_request_total\{.*code="200".*resource="configmaps".*verb="WATCH".*\} 1$/m;
  assert.doesNotMatch((await ask('GET', '/metrics')).text, total);
  await open.close();
  assert.match((await ask('GET', '/metrics')).text, line(0));
  assert.match((await ask('GET', '/metrics')).text, total);
});

test('what is not served, may not be asked, or has a verb of its own makes no labels', async () => {
  const { ask } = await asked();
  for (let i = 0; i < 50; i++) {
    await ask('GET', `/apis/group${i}/v1/namespaces/d/things${i}/x`);
    await ask(`ODD${i}`, '/api/v1/namespaces/d/configmaps/x');
    await ask('GET', `/api/v1/namespaces/d${i}/configmaps/x/part${i}`);
    await ask('GET', `/api/v1/namespaces/d/secrets/x${i}`, undefined, { authorization: 'Bearer bob' });
    await ask('GET', `/version${'/'.repeat(i)}`);
    await ask('GET', `/healthz/ping${i}`);
  }
  const { text } = await ask('GET', '/metrics');
  const counted = text
    .split('\n')
    .filter((line) => line.startsWith('apiserver_request_total{') && !line.includes('verb="POST"'));
  assert.deepEqual(counted, [
    'apiserver_request_total{code="405",component="apiserver",dry_run="",group="",resource="configmaps",scope="resource",subresource="",verb="other",version="v1"} 50',
  ]);
});
