import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asked } from '../testing/ask.ts';

test('requests are counted by what they are about, with their status and how long they took', async () => {
  const { ask } = await asked();
  await ask('GET', '/api/v1/namespaces/d/configmaps');
  await ask('GET', '/api/v1/namespaces/d/configmaps/none');
  await ask('GET', '/apis/nothing/v1/x/y');
  await ask('GET', '/nowhere');
  const { text, headers } = await ask('GET', '/metrics');
  assert.equal(headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
  for (const line of [
    'apiserver_request_total{code="200",component="apiserver",group="",resource="configmaps",scope="namespace",subresource="",verb="LIST",version="v1"} 1',
    'apiserver_request_total{code="404",component="apiserver",group="",resource="configmaps",scope="resource",subresource="",verb="GET",version="v1"} 1',
    'apiserver_request_total{code="201",component="apiserver",group="",resource="namespaces",scope="cluster",subresource="",verb="POST",version="v1"} 1',
    'apiserver_request_total{code="404"} 2',
    'apiserver_request_duration_seconds_count{component="apiserver",group="",resource="configmaps",scope="namespace",subresource="",verb="LIST",version="v1"} 1',
    'apiserver_current_inflight_requests{request_kind="readOnly"} 1',
    'apiserver_resource_objects{group="",resource="namespaces"} 5',
    'apiserver_flowcontrol_nominal_limit_seats{priority_level="global-default"} 49',
  ]) assert.ok(text.split('\n').includes(line), `${line}\n${text}`);
});

test('an open watch is counted while it is open', async () => {
  const { ask, watch } = await asked();
  const open = await watch('/api/v1/namespaces/d/configmaps?watch=1');
  const line = (count: number): RegExp => new RegExp(`^apiserver_longrunning_requests\\{.*resource="configmaps".*verb="WATCH".*\\} ${count}$`, 'm');
  assert.match((await ask('GET', '/metrics')).text, line(1));
  await open.close();
  assert.match((await ask('GET', '/metrics')).text, line(0));
});
